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

from vmware_panel.domain.cache_roots import CacheComputes, roots_of
from vmware_panel.domain.cache_users import chain_of, datastores_named
from vmware_panel.domain.datastore_files import (
    CACHE_SUFFIX,
    IMAGE_VM_PREFIX,
    SNAPSHOT_VM_PREFIX,
    TEMP_FOLDER,
    DatastoreFile,
    FileKind,
    Scan,
    TopFolder,
)
from vmware_panel.domain.ids import is_uuid
from vmware_panel.domain.image_cache import Leftover, LeftoverKind, Ownership
from vmware_panel.domain.inventory import Inventory, MoRef
from vmware_panel.domain.lineage import file_path
from vmware_panel.domain.shared_datastores import SharedDatastores

BROKEN_DOWNLOAD_BYTES = 4_096_000
"""What an interrupted download leaves of a disk, whatever the image."""

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

    @cached_property
    def every(self) -> tuple[Inventory, ...]:
        return (*self.inventories, *self.others)

    @cached_property
    def _shared(self) -> SharedDatastores:
        return SharedDatastores(self.every)

    @cached_property
    def _held(self) -> Mapping[str, Mapping[MoRef, Set[str]]]:
        return {inventory.vcenter.name: folders_held(inventory) for inventory in self.every}

    def places(self, scan: Scan) -> tuple[tuple[str, MoRef], ...]:
        """The datastore in every vCenter that has it, by the vCenter's name and its id there."""
        here = (scan.vcenter, scan.datastore)
        return (here, *self._shared.others(*here))

    def held(self, scan: Scan) -> Set[str]:
        """Its top folders in which any VM has a file, of whichever vCenter."""
        each = (
            self._held.get(vcenter, {}).get(datastore, frozenset())
            for vcenter, datastore in self.places(scan)
        )
        return frozenset().union(*each)


def leftovers(books: LeftoverBooks) -> Leftovers:
    """Of every scan, by kind, datastore and path.

    Those of gone instances have still to be settled by what Nova deleted lately: see `without`.
    """
    found: list[Leftover] = []
    undecided: list[Undecided] = []
    carried = {vm.instance_uuid.lower() for i in books.every for vm in i.vms if vm.instance_uuid}
    for scan in books.scans:
        inventory = next((i for i in books.inventories if i.vcenter.name == scan.vcenter), None)
        its = _OfScan(scan, inventory, books, carried)
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


def folders_held(inventory: Inventory) -> Mapping[MoRef, Set[str]]:
    """By datastore: the top folders in which any VM has its configuration or a disk's file."""
    found: dict[MoRef, set[str]] = {}
    for vm in inventory.vms:
        paths = [vm.vm_path, *(path for disk in vm.disks for path in chain_of(disk))]
        for path in filter(None, paths):
            top = file_path(path).partition("/")[0]
            for datastore in datastores_named(path, vm, inventory):
                found.setdefault(datastore, set()).add(top)
    return found


class _OfScan:
    """The leftovers of one datastore."""

    def __init__(
        self,
        scan: Scan,
        inventory: Inventory | None,
        books: LeftoverBooks,
        carried: Set[str],
    ) -> None:
        self._scan, self._inventory, self._books = scan, inventory, books
        self._held = books.held(scan)
        self._carried = carried
        self.undecided: list[Undecided] = []

    def found(self) -> Iterator[Leftover]:
        yield from self._roots()
        yield from self._in_cache()
        yield from self._temp()
        yield from self._working_vms()
        yield from self._gone_instances()

    def _leftover(
        self,
        kind: LeftoverKind,
        path: str,
        size_bytes: int | None,
        age_from: datetime | None,
        detail: str = "",
    ) -> Leftover:
        scan = self._scan
        full = f"[{scan.datastore_name}] {path}"
        return Leftover(
            kind,
            scan.vcenter,
            scan.datastore,
            scan.datastore_name,
            full,
            size_bytes,
            age_from,
            detail,
        )

    def _doubt(self, kind: LeftoverKind, why: Doubt) -> None:
        scan = self._scan
        self.undecided.append(
            Undecided(kind, scan.vcenter, scan.datastore, scan.datastore_name, why)
        )

    def _whole(self, folder: TopFolder) -> TopFolder:
        """Without its size where a part of it could not be listed."""
        at = f"{folder.name}/"
        if any(f"{path}/".startswith(at) for path in self._scan.unread):
            return TopFolder(folder.name, None, folder.files, folder.newest, folder.holds_vm)
        return folder

    def _roots(self) -> Iterator[Leftover]:
        kind = LeftoverKind.OWNERLESS_ROOT
        folders = {folder.name: self._whole(folder) for folder in self._scan.folders}
        unknown = False
        for root in roots_of(self._scan, self._inventory, self._books.computes):
            if root.ownership is Ownership.OWNERLESS:
                folder = folders.get(root.name) or TopFolder(root.name)
                yield self._leftover(kind, root.name, folder.size_bytes, folder.newest)
            unknown = unknown or root.ownership is Ownership.UNKNOWN
        if unknown:
            self._doubt(kind, Doubt.ROOT_UNTOLD)

    def _in_cache(self) -> Iterator[Leftover]:
        for file in self._scan.files:
            top = file.path.partition("/")[0]
            broken = file.size_bytes == BROKEN_DOWNLOAD_BYTES and file.path.endswith(".vmdk")
            if broken and top.endswith(CACHE_SUFFIX):
                yield self._leftover(
                    LeftoverKind.BROKEN_DOWNLOAD, file.path, file.size_bytes, file.modified
                )

    def _temp(self) -> Iterator[Leftover]:
        """One for each thing right below `vmware_temp`, with all that lies in it."""
        things: dict[str, list[DatastoreFile]] = {}
        for file in self._scan.files:
            top, _, rest = file.path.partition("/")
            if top == TEMP_FOLDER and rest:
                things.setdefault(f"{top}/{rest.partition('/')[0]}", []).append(file)
        for path, files in things.items():
            sizes = [f.size_bytes for f in files if f.kind is not FileKind.FOLDER]
            known = [size for size in sizes if size is not None]
            at = f"{path}/"
            whole = len(known) == len(sizes) and not any(
                f"{u}/".startswith(at) or at.startswith(f"{u}/") for u in self._scan.unread
            )
            newest = max((f.modified for f in files if f.modified), default=None)
            yield self._leftover(LeftoverKind.TEMP, path, sum(known) if whole else None, newest)

    def _working_vms(self) -> Iterator[Leftover]:
        prefixes = {
            LeftoverKind.IMAGE_VM: IMAGE_VM_PREFIX,
            LeftoverKind.SNAPSHOT_VM: SNAPSHOT_VM_PREFIX,
        }
        why = self._doubt_of_book()
        for kind, prefix in prefixes.items():
            folders = [f for f in self._scan.folders if f.name.startswith(prefix)]
            if folders and why:
                self._doubt(kind, why)
                continue
            yield from self._not_held(kind, folders)

    def _gone_instances(self) -> Iterator[Leftover]:
        kind = LeftoverKind.GONE_INSTANCE
        folders = [f for f in self._scan.folders if is_uuid(f.name)]
        if not folders:
            return
        if why := self._doubt_of_type() or self._doubt_of_book() or self._doubt_of_nova():
            self._doubt(kind, why)
            return
        instances = self._books.instances
        known = (instances.ids or frozenset(), self._carried)
        gone = [f for f in folders if not any(f.name.lower() in ids for ids in known)]
        yield from self._not_held(kind, gone)

    def _not_held(self, kind: LeftoverKind, folders: Iterable[TopFolder]) -> Iterator[Leftover]:
        for folder in folders:
            if folder.name not in self._held:
                its = self._whole(folder)
                yield self._leftover(kind, its.name, its.size_bytes, its.newest)

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
