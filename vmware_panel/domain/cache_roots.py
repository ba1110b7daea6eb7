"""Whose cache a folder is: the roots on a datastore, and the nova-computes that look after them.

Who has which root stands in each compute's nova.conf, and only the settings tell. Nothing is
guessed: a root that nobody claims has no owner only if the settings tell the root of every compute.

Source: `nova/virt/vmwareapi/vmops.py` (`_get_base_folder`; `manage_image_cache` looks at the
datastores of the compute's cluster whose names `datastore_regex` matches, and at no others).
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from vmware_panel.domain.datastore_files import CACHE_SUFFIX, Scan
from vmware_panel.domain.driver_sums import DATASTORE_TYPES
from vmware_panel.domain.image_cache import Ageing, CacheRoot, Ownership
from vmware_panel.domain.inventory import Datastore, Inventory, MoRef


@dataclass(frozen=True, slots=True)
class CacheCompute:
    """A nova-compute of the VMware driver, with what the settings tell of its image cache.

    `vcenter` (its name in the settings) and `cluster` are by its node's name; empty and None where
    Nova lists no such node: then only the settings know of it. `other_root` is what its root may be
    instead, by what the settings leave open.
    """

    host: str
    vcenter: str = ""
    cluster: MoRef | None = None
    root: str | None = None
    datastore_regex: re.Pattern[str] | None = None
    ageing: Ageing = Ageing()
    other_root: str | None = None


@dataclass(frozen=True)
class CacheComputes:
    """All that are known. `complete` False: there may be others, which Nova did not tell of."""

    all: tuple[CacheCompute, ...] = ()
    complete: bool = False

    @cached_property
    def by_host(self) -> Mapping[str, CacheCompute]:
        return {compute.host: compute for compute in self.all}

    @cached_property
    def all_told(self) -> bool:
        """Whether the settings tell the root of every compute that there is."""
        return self.complete and all(compute.root is not None for compute in self.all)


def root_names(scan: Scan) -> list[str]:
    """The datastore's cache roots, in order."""
    names = {folder.name for folder in scan.folders}
    names.update(file.path.partition("/")[0] for file in scan.files)
    return sorted(name for name in names if name.endswith(CACHE_SUFFIX))


def root_named(
    name: str,
    vcenter: str,
    datastore: MoRef,
    datastore_name: str,
    inventory: Inventory | None,
    computes: CacheComputes,
) -> CacheRoot:
    """The root of that name on that datastore, whether or not it is there."""
    its = inventory.datastore_by_ref.get(datastore) if inventory else None
    claims = [
        (compute, looks_after(compute, its, inventory))
        for compute in computes.all
        if compute.root == name
    ]
    claims += [
        (compute, None)
        for compute in computes.all
        if compute.other_root == name and looks_after(compute, its, inventory) is not False
    ]
    owners = [compute for compute, does in claims if does is not False]
    if any(does for _, does in claims):
        ownership = Ownership.OWNED
    elif owners or not computes.all_told:
        ownership = Ownership.UNKNOWN
    else:
        ownership = Ownership.OWNERLESS
    ageing = soonest([compute.ageing for compute in owners])
    if ageing.removes is False and not computes.all_told:
        ageing = Ageing()  # one that is not told may share the root, and remove
    return CacheRoot(
        vcenter=vcenter,
        datastore=datastore,
        datastore_name=datastore_name,
        name=name,
        ownership=ownership,
        owners=tuple(compute.host for compute in owners),
        ageing=ageing,
    )


def looks_after(
    compute: CacheCompute, datastore: Datastore | None, inventory: Inventory | None
) -> bool | None:
    """Whether the compute's cache manager looks at this datastore; None: nobody can tell.

    One that is inaccessible or in maintenance counts: Nova leaves it out for that time only.
    """
    if inventory is None or datastore is None or compute.cluster is None:
        return None
    if compute.vcenter != inventory.vcenter.name:
        return None  # two vCenters may mount one NFS share
    hosts = inventory.hosts_by_cluster.get(compute.cluster, ())
    if not any(datastore.moref in host.datastores for host in hosts):
        return False if inventory.whole and compute.cluster in inventory.cluster_by_ref else None
    if datastore.type is not None and datastore.type not in DATASTORE_TYPES:
        return False
    if compute.datastore_regex is None:
        return None
    return compute.datastore_regex.match(datastore.name) is not None


def soonest(ageings: Sequence[Ageing]) -> Ageing:
    """Of several computes that look after one root: each figure as the quickest has it."""
    active = [ageing for ageing in ageings if ageing.removes is not False]
    if ageings and not active:
        return Ageing(removes=False)
    return Ageing(
        removes=True if any(a.removes for a in active) else None,
        minimum_age_s=_least(a.minimum_age_s for a in active),
        interval_s=_least(a.interval_s for a in active),
    )


def deleted_after(marked_at: datetime | None, ageing: Ageing) -> datetime | None:
    """When Nova may delete a marked image at the earliest; None: never, or not known."""
    if marked_at is None or ageing.removes is False or ageing.minimum_age_s is None:
        return None
    return marked_at + timedelta(seconds=ageing.minimum_age_s)


def _least(figures: Iterable[int | None]) -> int | None:
    """None where one is not told, or there is none."""
    told = list(figures)
    known = [figure for figure in told if figure is not None]
    return min(known) if known and len(known) == len(told) else None
