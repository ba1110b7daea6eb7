"""The ledger of the image cache: what lies on the datastores, whose it is, and who stands on it.

    scans -> roots (whose?) -> image folders -> Glance's image
                                             -> VMs by their backing chains, servers by Nova's rule
                                             -> Nova's marker, and when it may delete

Source of the marker: `nova/virt/vmwareapi/imagecache.py`.
"""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property

from vmware_panel.domain.cache_roots import CacheComputes, deleted_after, root_named, roots_of
from vmware_panel.domain.cache_users import (
    FolderKey,
    ServersOfImages,
    Standers,
    standers_of,
    unread_vms,
)
from vmware_panel.domain.cloud import Image, Server
from vmware_panel.domain.datastore_files import CACHE_SUFFIX, DatastoreFile, FileKind, Scan
from vmware_panel.domain.datastore_paths import MARKER, MARKER_FORMAT, MARKER_PREFIX
from vmware_panel.domain.ids import is_uuid
from vmware_panel.domain.image_cache import (
    CachedImage,
    CacheRoot,
    GlanceState,
    SizedCopy,
    Stander,
)
from vmware_panel.domain.inventory import Inventory, MoRef, VirtualMachine
from vmware_panel.domain.shared_datastores import SharedDatastores

_COPY = re.compile(r"(?:\.(?P<gb>[0-9]{1,9}))?\.vmdk")


@dataclass(frozen=True)
class LedgerBooks:
    """Everything that the ledger is made of. None: that book could not be had.

    `images` are all that Glance has, hidden ones included, by id. `inventories` are the region's;
    `others` those of the further vCenters in the settings, which may mount the same datastores;
    `silent_vcenters` those of both whose book is not there.
    """

    scans: Sequence[Scan] = ()
    inventories: Sequence[Inventory] = ()
    computes: CacheComputes = CacheComputes()
    servers: Sequence[Server] | None = None
    images: Mapping[str, Image] | None = None
    others: Sequence[Inventory] = ()
    silent_vcenters: tuple[str, ...] = ()

    @cached_property
    def inventory_of(self) -> Mapping[str, Inventory]:
        return {inventory.vcenter.name: inventory for inventory in self.inventories}

    @cached_property
    def server_by_id(self) -> Mapping[str, Server]:
        return {server.id.lower(): server for server in self.servers or ()}

    @cached_property
    def servers_of_images(self) -> ServersOfImages:
        return ServersOfImages(self.servers, self.computes)

    @cached_property
    def unread_vms(self) -> Mapping[str, tuple[VirtualMachine, ...]]:
        every = (*self.inventories, *self.others)
        return {inventory.vcenter.name: unread_vms(inventory) for inventory in every}

    @cached_property
    def standers(self) -> Standers:
        """Of every vCenter of the region whose book is there, each by the folder as it names it."""
        return self._standers_of(self.inventories)

    @cached_property
    def _all_standers(self) -> Standers:
        return {**self.standers, **self._standers_of(self.others)}

    def _standers_of(self, inventories: Sequence[Inventory]) -> Standers:
        servers = None if self.servers is None else self.server_by_id
        found: dict[FolderKey, tuple[Stander, ...]] = {}
        for inventory in inventories:
            found.update(standers_of(inventory, servers))
        return found

    @cached_property
    def _shared(self) -> SharedDatastores:
        return SharedDatastores((*self.inventories, *self.others))

    def same_datastores(self, vcenter: str, datastore: MoRef) -> tuple[tuple[str, MoRef], ...]:
        """This one and its other objects, each by its vCenter's name and its id there."""
        return ((vcenter, datastore), *self._shared.others(vcenter, datastore))

    def standers_on(self, key: FolderKey) -> tuple[Stander, ...]:
        """Of all vCenters, however they call the datastore."""
        found: dict[Stander, None] = {}
        for vcenter, datastore in self.same_datastores(key.vcenter, key.datastore):
            its = replace(key, vcenter=vcenter, datastore=datastore)
            for stander in self._all_standers.get(its, ()):
                elsewhere = vcenter != key.vcenter
                found[replace(stander, vcenter=vcenter) if elsewhere else stander] = None
        return tuple(found)


def cached_images(books: LedgerBooks) -> tuple[CachedImage, ...]:
    """Every image folder of every cache root that the scans found, by datastore, root and image."""
    return tuple(
        image
        for scan in sorted(books.scans, key=lambda s: (s.vcenter, s.datastore_name, s.datastore))
        for image in _images_of(scan, books)
    )


def _images_of(scan: Scan, books: LedgerBooks) -> list[CachedImage]:
    inventory = books.inventory_of.get(scan.vcenter)
    folders = image_folders(scan)
    unread_vm_names = tuple(
        vm.name
        for vcenter, datastore in books.same_datastores(scan.vcenter, scan.datastore)
        for vm in books.unread_vms.get(vcenter, ())
        if datastore in vm.datastores or not vm.datastores
    )
    return [
        _image(root, image_id, folders[root.name, image_id], books, scan.unread, unread_vm_names)
        for root in roots_of(scan, inventory, books.computes)
        for image_id in sorted(image for name, image in folders if name == root.name)
    ]


def image_folders(scan: Scan) -> Mapping[tuple[str, str], tuple[DatastoreFile, ...]]:
    """By root and image: what lies below the image's folder, folders included."""
    found: defaultdict[tuple[str, str], list[DatastoreFile]] = defaultdict(list)
    for file in scan.files:
        root, _, rest = file.path.partition("/")
        image, slash, _ = rest.partition("/")
        if not root.endswith(CACHE_SUFFIX) or not image:
            continue
        if slash:
            found[root, image].append(file)
        elif file.kind is FileKind.FOLDER:
            found.setdefault((root, image), [])
    return {place: tuple(files) for place, files in found.items()}


def image_not_searched(key: FolderKey, datastore_name: str, books: LedgerBooks) -> CachedImage:
    """An image folder that no scan lists, but some VM stands on: its files are not known."""
    inventory = books.inventory_of.get(key.vcenter)
    root = root_named(
        key.root, key.vcenter, key.datastore, datastore_name, inventory, books.computes
    )
    return _image(root, key.image_id, None, books, (), ())


def _image(
    root: CacheRoot,
    image_id: str,
    files: Sequence[DatastoreFile] | None,
    books: LedgerBooks,
    unread: Sequence[str],
    unread_vm_names: tuple[str, ...],
) -> CachedImage:
    key = FolderKey(root.vcenter, root.datastore, root.name, image_id)
    inventory = books.inventory_of.get(root.vcenter)
    standers: tuple[Stander, ...] | None = books.standers_on(key)
    if not standers and (inventory is None or not inventory.whole):
        standers = None
    below = f"{root.name}/{image_id}/"
    marker = marker_of(files or (), below)
    marked_at = marked_when(marker)
    state, image = state_of(image_id, books.images)
    listed = [file for file in files or () if file.kind is not FileKind.FOLDER]
    whole = files is not None and not any(_touches(path, below) for path in unread)
    return CachedImage(
        root=root,
        image_id=image_id,
        state=state,
        image=image,
        size_bytes=sum_of(listed) if whole else None,
        files=tuple(files or ()),
        copies=sized_copies(image_id, listed, below),
        since=min((file.modified for file in listed if file.modified), default=None),
        standers=standers,
        servers=books.servers_of_images.users(image_id, root),
        marker=marker,
        marked_at=marked_at,
        deleted_after=deleted_after(marked_at, root.ageing),
        unread_vms=unread_vm_names,
        silent_vcenters=tuple(name for name in books.silent_vcenters if name != root.vcenter),
    )


def sum_of(files: Sequence[DatastoreFile]) -> int | None:
    """None where one of the sizes is not known."""
    sizes = [file.size_bytes for file in files]
    known = [size for size in sizes if size is not None]
    return sum(known) if len(known) == len(sizes) else None


def marker_of(files: Sequence[DatastoreFile], below: str) -> str:
    """The name of Nova's marker right below the image's folder; of several the oldest.

    Nova takes the first that vCenter names, whichever that is.
    """
    names = [file.path.removeprefix(below) for file in files if file.path.startswith(below)]
    return min((n for n in names if n.startswith(MARKER_PREFIX) and "/" not in n), default="")


def marked_when(marker: str) -> datetime | None:
    """Nova writes the time of its own host, in UTC; None for a name that it would not write."""
    if not MARKER.fullmatch(marker):
        return None
    try:
        return datetime.strptime(marker, MARKER_PREFIX + MARKER_FORMAT).replace(tzinfo=UTC)
    except ValueError:  # a 13th month
        return None


def sized_copies(
    image_id: str, files: Sequence[DatastoreFile], below: str
) -> tuple[SizedCopy, ...]:
    """`<image>.vmdk` first, then `<image>.<root_gb>.vmdk` by size (`vmops.py`,
    `_use_disk_image_as_linked_clone`), each with its `-flat.vmdk` where that is listed apart.
    """
    by_name = {file.path.removeprefix(below): file for file in files}
    copies = [
        SizedCopy(
            file=file,
            root_gb=int(match["gb"]) if match["gb"] else None,
            size_bytes=sum_of([file, *_extent(name, by_name)]),
        )
        for name, file in by_name.items()
        if name.startswith(image_id) and (match := _COPY.fullmatch(name, len(image_id)))
    ]
    return tuple(sorted(copies, key=lambda copy: (copy.root_gb or 0, copy.file.path)))


def _extent(name: str, by_name: Mapping[str, DatastoreFile]) -> list[DatastoreFile]:
    extent = by_name.get(f"{name.removesuffix('.vmdk')}-flat.vmdk")
    return [extent] if extent else []


def state_of(
    image_id: str, images: Mapping[str, Image] | None
) -> tuple[GlanceState, Image | None]:
    """`images` are all that Glance has, or None."""
    if not is_uuid(image_id):
        return GlanceState.NO_IMAGE, None
    if images is None:
        return GlanceState.UNKNOWN, None
    image = images.get(image_id)
    if image is None:
        return GlanceState.GONE, None
    if image.status == "deactivated":
        return GlanceState.DEACTIVATED, image
    if image.status != "active":
        return GlanceState.OTHER, image
    return (GlanceState.HIDDEN if image.hidden else GlanceState.ACTIVE), image


def _touches(unread: str, below: str) -> bool:
    """Whether a folder that could not be listed holds the image's, or lies in it."""
    folder = f"{unread.strip('/')}/"
    return below.startswith(folder) or folder.startswith(below)
