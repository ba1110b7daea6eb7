"""VMs whose parent disk a nova-compute may delete that does not count them.

A cache manager goes by the instances of its own compute. A linked clone that was moved to another
compute keeps its parent where it was, in the root of the compute that it came from.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from vmware_panel.domain.cache_ledger import LedgerBooks, image_not_searched
from vmware_panel.domain.cache_memory import Place, RisksOfDatastore, StoodOn
from vmware_panel.domain.cache_roots import CacheComputes
from vmware_panel.domain.cache_users import ImagePlace
from vmware_panel.domain.image_cache import (
    CachedImage,
    CacheRoot,
    Ownership,
    ParentRisk,
    Stander,
)

_NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Risks:
    """`found`: those that are off first, then those with the least time. `undecided` are VMs of
    which it is not known whether their compute owns the root that they stand on.
    """

    found: tuple[ParentRisk, ...] = ()
    undecided: tuple[Stander, ...] = ()


def parent_risks(images: Iterable[CachedImage], books: LedgerBooks) -> Risks:
    """`images` are the ledger's, by `cached_images`. A parent in a folder that no scan lists counts
    as well: vCenter's book names it.
    """
    memory = books.memory
    computes = None if books.servers is None else books.computes
    parts = memory.risks.all(
        ((place, stood_on, None) for place, stood_on in _stood_on(images, books)),
        lambda stood_on: _risks_on(stood_on, computes),
        computes,
    )
    found = memory.risks_in_order.of(
        [its for its, _ in parts],
        lambda: tuple(sorted((risk for its, _ in parts for risk in its), key=_order)),
    )
    undecided = [stander for _, its in parts for stander in its]
    return Risks(found, tuple(sorted(undecided, key=lambda s: (s.vm_name, s.vm, s.path))))


def _stood_on(
    images: Iterable[CachedImage], books: LedgerBooks
) -> Iterator[tuple[Place, StoodOn]]:
    listed: defaultdict[Place, dict[ImagePlace, CachedImage]] = defaultdict(dict)
    for image in images:
        root = image.root
        listed[root.vcenter, root.datastore][root.name, image.image_id] = image
    searched = {(scan.vcenter, scan.datastore) for scan in books.scans}
    for vcenter, standers in books.standers.items():
        for datastore, on in standers.items():
            its = listed[vcenter, datastore]
            cached = tuple(
                its.get(folder) or image_not_searched(vcenter, datastore, folder, books)
                for folder in on
            )
            place = (vcenter, datastore)
            yield place, StoodOn(on, cached, place in searched)


def _risks_on(stood_on: StoodOn, computes: CacheComputes | None) -> RisksOfDatastore:
    found: list[ParentRisk] = []
    undecided: list[Stander] = []
    for standers, cached in zip(stood_on.standers.values(), stood_on.images, strict=True):
        at = f"[{cached.root.datastore_name}] "
        for stander in standers:
            own = stands_on_own(stander, cached.root, computes)
            if own is None:
                undecided.append(stander)
            elif not own:
                paths = (f"{at}{file.path}" for file in cached.files)
                there = stander.path in paths if stood_on.searched else None
                found.append(ParentRisk(stander, cached, cached.deleted_after, there))
    return tuple(found), tuple(undecided)


def stands_on_own(
    stander: Stander, root: CacheRoot, computes: CacheComputes | None
) -> bool | None:
    """Whether the root is the one of the compute that has the VM among its instances; None: not
    known. `computes` None: Nova did not list its servers.
    """
    if computes is None:
        return None
    if not stander.known_to_nova:  # no instance, or another cloud's
        return False if root.ownership is Ownership.OWNED else None
    compute = computes.by_host.get(stander.compute_host)
    if compute is None or compute.root is None:
        return None
    return compute.root == root.name


def _order(risk: ParentRisk) -> tuple[int, datetime, str, str, str, str]:
    off = {False: 0, None: 1, True: 2}[risk.stander.powered_on]
    stander = risk.stander
    until = risk.time_left_until or _NEVER
    return (off, until, stander.vm_name, stander.vm, stander.path, risk.cached.key)
