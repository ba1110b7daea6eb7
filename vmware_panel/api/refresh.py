"""How the collectors of a region are doing, and asking them for a pass out of turn."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass

from django.http import HttpRequest

from vmware_panel.api import cloud
from vmware_panel.api.context import scope_of, vcenters_of
from vmware_panel.api.inventories import inventory_source, snapshot_store
from vmware_panel.domain.outcome import Trouble
from vmware_panel.domain.snapshot import CollectorState, Snapshot
from vmware_panel.store import StoreError

__all__ = ["Progress", "ask_refresh", "progress", "progress_of"]

NOVA = "nova"

LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Progress:
    """One vCenter, or Nova. While `listing`, `listed` objects of `expected` are read; None: nobody knows
    how many there are. `refreshing`: a pass was asked for and is not through.
    """

    source: str
    listing: bool = False
    listed: int = 0
    expected: int | None = None
    refreshing: bool = False
    trouble: Trouble | None = None

    @property
    def under_way(self) -> bool:
        """True if the page will have something newer to show soon."""
        return self.listing or (self.refreshing and self.trouble is None)


def ask_refresh(request: HttpRequest) -> tuple[Trouble, ...]:
    """Has every vCenter of the region read afresh, and OpenStack's lists.

    Returns what kept a collector from being asked. A pass that is pending is not asked for twice. Raises `ConfigError`.
    """
    store = snapshot_store()
    troubles: dict[Trouble, None] = {}
    cloud.refresh(scope_of(request))
    if store is None:
        return ()  # nobody collects: every page reads afresh anyway
    vcenters = vcenters_of(request)
    for vcenter in vcenters:
        try:
            store.ask_refresh(vcenter.name)
        except StoreError as error:
            troubles[error.trouble] = None
    names = ", ".join(vcenter.name for vcenter in vcenters)
    LOG.info("User %s asked for a fresh inventory of %s", request.user.id, names)
    return tuple(troubles)


def progress(request: HttpRequest) -> tuple[Progress, ...]:
    """Each vCenter of the region, as the store has it, and Nova while its first list is read.

    Asks neither, unless the store is broken and this process never read it. Raises `ConfigError`.
    """
    vcenters = vcenters_of(request)
    listed = cloud.servers_listed_so_far(scope_of(request))
    of_nova = () if listed is None else (Progress(NOVA, listing=True, listed=listed),)
    if snapshot_store() is None:
        return of_nova
    reading = inventory_source().read(vcenters)
    names = [vcenter.name for vcenter in vcenters]
    troubles = {t.source: t for t in reading.troubles}
    return (*of_nova, *progress_of(names, reading.snapshots, troubles))


def progress_of(
    names: list[str], snapshots: Mapping[str, Snapshot], troubles: Mapping[str, Trouble]
) -> tuple[Progress, ...]:
    return tuple(_progress(name, snapshots.get(name), troubles.get(name)) for name in names)


def _progress(name: str, snapshot: Snapshot | None, trouble: Trouble | None) -> Progress:
    if snapshot is None:
        return Progress(name, trouble=trouble)
    status = snapshot.status
    return Progress(
        source=name,
        listing=status.state is CollectorState.LISTING
        or (status.state is CollectorState.CONNECTING and not status.trouble),
        listed=status.listed,
        expected=status.expected,
        refreshing=snapshot.refreshing,
        trouble=trouble,
    )
