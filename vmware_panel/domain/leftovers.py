"""What interrupted or forgotten work left on the datastores.

Nova removes what it stages (`vmware_temp`, `OSTACK_IMG_*`, `OSTACK_SNAP_*`) after success only, and
a compute that is gone, or has another `cache_prefix` now, leaves its cache root. What can not be
told from the books at hand is undecided and not listed.

Source: `nova/virt/vmwareapi/vmops.py` and `images.py`.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import cached_property

from vmware_panel.domain.cache_memory import CacheMemory
from vmware_panel.domain.cache_roots import CacheComputes, root_named
from vmware_panel.domain.datastore_files import Scan, TopFolder
from vmware_panel.domain.folders_held import Holders, holders_of
from vmware_panel.domain.image_cache import Leftover, LeftoverKind, Ownership
from vmware_panel.domain.inventory import Inventory, MoRef
from vmware_panel.domain.leavings import Leavings, leavings_of, leftover_folder
from vmware_panel.domain.shared_datastores import SharedDatastores

NAMED_BY_VM = frozenset({"VMFS", "NFS", "NFS41"})
"""Types whose top folders bear the VM's name. vSAN's and vVols' are objects with ids of their own."""


class Doubt(StrEnum):
    """Why leftovers of a kind are not told for a datastore."""

    ROOT_UNTOLD = "root_untold"  # the settings do not tell every compute's cache root
    NO_VCENTER = "no_vcenter"  # a vCenter's book is not there, or is not whole
    OLDER_BOOK = "older_book"  # a book is older than the search
    NO_NOVA = "no_nova"  # Nova did not list its servers, or which it deleted since the search
    OTHER_CLOUDS = "other_clouds"  # other regions' instances may be there, which are not asked
    OTHER_TYPE = "other_type"  # a datastore whose folders do not bear instances' ids


@dataclass(frozen=True, slots=True)
class Undecided:
    kind: LeftoverKind
    vcenter: str
    datastore: MoRef
    datastore_name: str
    why: Doubt


@dataclass(frozen=True)
class Leftovers:
    found: tuple[Leftover, ...] = ()
    undecided: tuple[Undecided, ...] = ()


@dataclass(frozen=True)
class NovasInstances:
    """Nova's instances. `ids` (in lower case) None: it did not list them. `alone` False: the same
    vCenter serves clouds or regions that were not asked.
    """

    ids: Set[str] | None = None
    read_at: datetime | None = None
    alone: bool = True


@dataclass(frozen=True)
class LeftoverBooks:
    """`inventories` are the region's; `others` those of further vCenters in the settings, which may
    mount the same datastores. `inventories_complete` False: one of either is not there.
    """

    scans: Sequence[Scan] = ()
    inventories: Sequence[Inventory] = ()
    computes: CacheComputes = CacheComputes()
    instances: NovasInstances = field(default=NovasInstances(), repr=False)
    inventories_complete: bool = True
    others: Sequence[Inventory] = ()
    memory: CacheMemory = field(default_factory=CacheMemory, repr=False, compare=False)

    @cached_property
    def every(self) -> tuple[Inventory, ...]:
        return (*self.inventories, *self.others)

    @cached_property
    def _shared(self) -> SharedDatastores:
        return SharedDatastores(self.every)

    @cached_property
    def _holders(self) -> Mapping[str, Holders]:
        names = {inventory.vcenter.name: inventory for inventory in self.every}
        return {
            name: holders_of(inventory, self.memory.holders[name])
            for name, inventory in names.items()
        }

    @cached_property
    def carried(self) -> Sequence[Set[str]]:
        """The instances' ids that VMs carry, in lower case, by vCenter."""
        return [its.instance_ids for its in self._holders.values()]

    def places(self, scan: Scan) -> tuple[tuple[str, MoRef], ...]:
        """The datastore in every vCenter that has it, by the vCenter's name and its id there."""
        here = (scan.vcenter, scan.datastore)
        return (here, *self._shared.others(*here))

    def held(self, scan: Scan) -> Set[str]:
        """Its top folders in which any VM has a file, of whichever vCenter."""
        each = (
            self._holders.get(vcenter, Holders()).folders.get(datastore, frozenset())
            for vcenter, datastore in self.places(scan)
        )
        return frozenset().union(*each)


def leftovers(books: LeftoverBooks) -> Leftovers:
    """Of every scan, by kind, datastore and path.

    Those of gone instances have still to be settled by what Nova deleted lately: see `without`.
    """
    found: list[Leftover] = []
    undecided: list[Undecided] = []
    leavings = books.memory.leavings.all(
        (((scan.vcenter, scan.datastore), scan, None) for scan in books.scans), leavings_of
    )
    for scan, left in zip(books.scans, leavings, strict=True):
        inventory = next((i for i in books.inventories if i.vcenter.name == scan.vcenter), None)
        its = _OfScan(scan, left, inventory, books)
        found.extend(its.found())
        undecided.extend(its.undecided)
    order = list(LeftoverKind).index
    found.sort(key=lambda o: (order(o.kind), o.vcenter, o.datastore_name, o.datastore, o.path))
    return Leftovers(tuple(found), tuple(undecided))


def without(left: Leftovers, lately: Set[str] | None) -> Leftovers:
    """Without the folders of instances that Nova has or deleted since the oldest search, which the
    search may have seen. `lately` are their ids in lower case; None: Nova did not tell them.
    """
    kind = LeftoverKind.GONE_INSTANCE
    if lately is None:
        doubts = dict.fromkeys(
            Undecided(kind, o.vcenter, o.datastore, o.datastore_name, Doubt.NO_NOVA)
            for o in left.found
            if o.kind is kind
        )
        found = tuple(o for o in left.found if o.kind is not kind)
        return Leftovers(found, (*left.undecided, *doubts))
    return Leftovers(
        tuple(o for o in left.found if o.kind is not kind or o.folder.lower() not in lately),
        left.undecided,
    )


class _OfScan:
    """The leftovers of one datastore."""

    def __init__(
        self,
        scan: Scan,
        left: Leavings,
        inventory: Inventory | None,
        books: LeftoverBooks,
    ) -> None:
        self._scan, self._left, self._inventory, self._books = scan, left, inventory, books
        self._held = books.held(scan)
        self.undecided: list[Undecided] = []

    def found(self) -> Iterator[Leftover]:
        yield from self._roots()
        yield from self._left.found
        yield from self._working_vms()
        yield from self._gone_instances()

    def _doubt(self, kind: LeftoverKind, why: Doubt) -> None:
        scan = self._scan
        self.undecided.append(
            Undecided(kind, scan.vcenter, scan.datastore, scan.datastore_name, why)
        )

    def _roots(self) -> Iterator[Leftover]:
        kind = LeftoverKind.OWNERLESS_ROOT
        scan = self._scan
        unknown = False
        for name, its in self._left.roots.items():
            root = root_named(
                name,
                scan.vcenter,
                scan.datastore,
                scan.datastore_name,
                self._inventory,
                self._books.computes,
            )
            if root.ownership is Ownership.OWNERLESS:
                yield its
            unknown = unknown or root.ownership is Ownership.UNKNOWN
        if unknown:
            self._doubt(kind, Doubt.ROOT_UNTOLD)

    def _working_vms(self) -> Iterator[Leftover]:
        why = self._doubt_of_book()
        for kind, folders in self._left.working.items():
            if folders and why:
                self._doubt(kind, why)
                continue
            yield from self._not_held(kind, folders)

    def _gone_instances(self) -> Iterator[Leftover]:
        kind = LeftoverKind.GONE_INSTANCE
        folders: Sequence[tuple[str, TopFolder]] = self._left.of_instances
        if not folders:
            return
        if why := self._doubt_of_type() or self._doubt_of_book() or self._doubt_of_nova():
            self._doubt(kind, why)
            return
        known = (self._books.instances.ids or frozenset(), *self._books.carried)
        for ids in known:
            folders = [each for each in folders if each[0] not in ids]
        yield from self._not_held(kind, [folder for _, folder in folders])

    def _not_held(self, kind: LeftoverKind, folders: Iterable[TopFolder]) -> Iterator[Leftover]:
        for folder in folders:
            if folder.name not in self._held:
                yield leftover_folder(kind, folder, self._scan)

    def _doubt_of_type(self) -> Doubt | None:
        inventory = self._inventory
        its = inventory.datastore_by_ref.get(self._scan.datastore) if inventory else None
        return None if its and its.type in NAMED_BY_VM else Doubt.OTHER_TYPE

    def _doubt_of_book(self) -> Doubt | None:
        books = self._books
        if self._inventory is None or not books.inventories_complete:
            return Doubt.NO_VCENTER
        if not all(inventory.whole for inventory in books.every):
            return Doubt.NO_VCENTER
        having = {vcenter for vcenter, _ in books.places(self._scan)}
        older = any(
            inventory.read_at < self._scan.read_at
            for inventory in books.every
            if inventory.vcenter.name in having
        )
        return Doubt.OLDER_BOOK if older else None

    def _doubt_of_nova(self) -> Doubt | None:
        instances = self._books.instances
        if not instances.alone:
            return Doubt.OTHER_CLOUDS
        if instances.ids is None or instances.read_at is None:
            return Doubt.NO_NOVA
        return Doubt.OLDER_BOOK if instances.read_at < self._scan.read_at else None
