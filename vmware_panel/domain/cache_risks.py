"""VMs whose parent disk a nova-compute may delete that does not count them.

A cache manager goes by the instances of its own compute. A linked clone that was moved to another
compute keeps its parent where it was, in the root of the compute that it came from.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from vmware_panel.domain.cache_ledger import LedgerBooks, image_not_searched
from vmware_panel.domain.cache_users import FolderKey
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
    listed = {key_of(image): image for image in images}
    searched = {(scan.vcenter, scan.datastore) for scan in books.scans}
    found: list[ParentRisk] = []
    undecided: list[Stander] = []
    for key, standers in books.standers.items():
        cached = listed.get(key) or image_not_searched(key, _datastore_name(key, books), books)
        paths = {f"[{cached.root.datastore_name}] {file.path}" for file in cached.files}
        for stander in standers:
            own = stands_on_own(stander, cached.root, books)
            if own is None:
                undecided.append(stander)
            elif not own:
                risk = ParentRisk(stander, cached, cached.deleted_after)
                if (key.vcenter, key.datastore) in searched:
                    risk = replace(risk, parent_listed=stander.path in paths)
                found.append(risk)
    return Risks(
        tuple(sorted(found, key=_order)),
        tuple(sorted(undecided, key=lambda s: (s.vm_name, s.vm, s.path))),
    )


def stands_on_own(stander: Stander, root: CacheRoot, books: LedgerBooks) -> bool | None:
    """Whether the root is the one of the compute that has the VM among its instances; None: not
    known.
    """
    if books.servers is None:
        return None
    if stander.server_id not in books.server_by_id:  # no instance, or another cloud's
        return False if root.ownership is Ownership.OWNED else None
    compute = books.computes.by_host.get(stander.compute_host)
    if compute is None or compute.root is None:
        return None
    return compute.root == root.name


def key_of(image: CachedImage) -> FolderKey:
    root = image.root
    return FolderKey(root.vcenter, root.datastore, root.name, image.image_id)


def _datastore_name(key: FolderKey, books: LedgerBooks) -> str:
    inventory = books.inventory_of.get(key.vcenter)
    datastore = inventory.datastore_by_ref.get(key.datastore) if inventory else None
    return datastore.name if datastore else ""


def _order(risk: ParentRisk) -> tuple[int, datetime, str, str, str]:
    off = {False: 0, None: 1, True: 2}[risk.stander.powered_on]
    stander = risk.stander
    return (off, risk.time_left_until or _NEVER, stander.vm_name, stander.vm, stander.path)
