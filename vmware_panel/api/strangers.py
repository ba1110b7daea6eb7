"""VMs of Nova's driver that this Nova does not have: those of another cloud, or of another region.

No API tells which cache root another cloud's compute has. That one of its VMs stands on a root shows
it.
"""

from collections.abc import Iterable

from vmware_panel.domain.file_use import FileUser
from vmware_panel.domain.outcome import TroubleKind
from vmware_panel.openstack import Access, CloudError, nova

MOST_ASKED_ONE_BY_ONE = 20


class Strangers:
    """What one job has learnt; each instance is asked for once."""

    def __init__(self) -> None:
        self._ours: set[str] = set()

    def among(self, users: Iterable[FileUser], access: Access) -> FileUser | None:
        """The first that this Nova does not have; None: it has them all.

        Raises `CloudError`: then nobody knows.
        """
        asked = [user for user in users if user.managed_by_nova and self._not_known(user)]
        if len(asked) > MOST_ASKED_ONE_BY_ONE:
            self._ours.update(s.id.lower() for s in nova.list_servers(access, all_projects=True))
        for user in asked:
            # One by one, as a list may leave some out: one that is not in it is not yet a stranger.
            if not user.instance_uuid or (
                self._not_known(user) and not _there(user.instance_uuid, access)
            ):
                return user
            self._ours.add(user.instance_uuid.lower())
        return None

    def _not_known(self, user: FileUser) -> bool:
        return user.instance_uuid.lower() not in self._ours


def _there(server_id: str, access: Access) -> bool:
    try:
        nova.get_server(access, server_id)
    except CloudError as error:
        if error.trouble.kind is TroubleKind.NOT_FOUND:
            return False
        raise
    return True
