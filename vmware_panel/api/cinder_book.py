"""Cinder's book of all projects, kept for those of equal rights, with what was known before it.

The other books are looked at first: what they hold then and what they hold when the page is made
together tell what is missing for good, and what was merely made or deleted in between (`Seen`).
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from vmware_panel.domain.cloud import Volume, VolumeSnapshot
from vmware_panel.domain.outcome import Trouble
from vmware_panel.domain.volumes import Seen
from vmware_panel.openstack import Access, Service, cinder
from vmware_panel.openstack.errors import CloudError
from vmware_panel.openstack.memo import Memo

VOLUMES_AGE_S = 20.0


@dataclass(frozen=True)
class ListedVolumes:
    """`snapshots` None: Cinder failed to list them, as `trouble` says."""

    read_at: datetime
    seen: Seen
    volumes: tuple[Volume, ...]
    snapshots: tuple[VolumeSnapshot, ...] | None
    trouble: Trouble | None = None


MEMO: Memo[ListedVolumes] = Memo(Service.CINDER, VOLUMES_AGE_S)


def listed_volumes(access: Access, scope: str, look: Callable[[], Seen]) -> ListedVolumes:
    """The volumes and snapshots of all projects: one call for each 1,000 of either, none where
    they were listed less than `VOLUMES_AGE_S` ago. `look` is called before them.

    Raises `CloudError`.
    """

    def read() -> ListedVolumes:
        seen = look()
        read_at = datetime.now(UTC)
        volumes = cinder.list_volumes(access, all_projects=True)
        try:
            snapshots = cinder.list_snapshots(access, all_projects=True)
        except CloudError as error:
            return ListedVolumes(read_at, seen, volumes, None, error.trouble)
        return ListedVolumes(read_at, seen, volumes, snapshots)

    return MEMO.get(scope, read).value
