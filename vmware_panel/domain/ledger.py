"""vCenter's book while it is kept current: what changed is written into it, and never guessed."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeVar, cast

from vmware_panel.domain.inventory import (
    Cluster,
    Datacenter,
    Datastore,
    EsxHost,
    Folder,
    Inventory,
    MoRef,
    ResourcePool,
    VCenter,
    VirtualMachine,
)

Entity = Datacenter | Folder | ResourcePool | Cluster | EsxHost | Datastore | VirtualMachine
T = TypeVar("T")

KINDS: tuple[type[Entity], ...] = (
    Datacenter,
    Folder,
    ResourcePool,
    Cluster,
    EsxHost,
    Datastore,
    VirtualMachine,
)


@dataclass(frozen=True, slots=True)
class Delta:
    """What is different since: objects as they are now, new ones among them, and those gone."""

    changed: tuple[Entity, ...] = ()
    gone: tuple[MoRef, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.changed or self.gone)

    def __len__(self) -> int:
        return len(self.changed) + len(self.gone)


class Ledger:
    """All objects of one vCenter by their ids, in the order in which they came.

    Not safe to share between threads; the inventories that it gives are.
    """

    def __init__(self, objects: Iterable[Entity] = ()) -> None:
        self._by_kind: dict[type[Entity], dict[MoRef, Any]] = {kind: {} for kind in KINDS}
        self.apply(Delta(tuple(objects)))

    def __len__(self) -> int:
        return sum(map(len, self._by_kind.values()))

    def get(self, moref: MoRef) -> Entity | None:
        for known in self._by_kind.values():
            if (found := known.get(moref)) is not None:
                return cast(Entity, found)
        return None

    def apply(self, delta: Delta) -> None:
        """What is gone is taken out before what changed is put in; unknown ids are let be."""
        for moref in delta.gone:
            for known in self._by_kind.values():
                known.pop(moref, None)
        for item in delta.changed:
            self._by_kind[type(item)][item.moref] = item

    def inventory(self, vcenter: VCenter, read_at: datetime, *, whole: bool = True) -> Inventory:
        """The book as it stands now; a later change does not touch it."""
        hosts = self._all(EsxHost)
        return Inventory(
            vcenter=vcenter,
            read_at=read_at,
            whole=whole,
            datacenters=self._all(Datacenter),
            folders=self._all(Folder),
            resource_pools=self._all(ResourcePool),
            clusters=self._all(Cluster),
            hosts=hosts,
            datastores=_mounted(self._all(Datastore), hosts),
            vms=self._all(VirtualMachine),
        )

    def _all(self, kind: type[T]) -> tuple[T, ...]:
        return tuple(self._by_kind[cast(type[Entity], kind)].values())


def _mounted(
    datastores: tuple[Datastore, ...], hosts: tuple[EsxHost, ...]
) -> tuple[Datastore, ...]:
    """Adds the mounting hosts, as the hosts say; a datastore's own list is many times larger."""
    mounts: defaultdict[MoRef, list[MoRef]] = defaultdict(list)
    for host in hosts:
        for datastore in host.datastores:
            mounts[datastore].append(host.moref)
    return tuple(replace(d, hosts=tuple(mounts[d.moref])) for d in datastores)
