"""The ledger of the image cache: what lies on the datastores, whose it is, and who stands on it.

scans -> roots (whose?) -> image folders -> Glance's image
                                         -> VMs by their backing chains, servers by Nova's rule
                                         -> Nova's marker, and when it may delete
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from vmware_panel.domain.cache_folders import CacheFolder, CacheFolders, cache_folders
from vmware_panel.domain.cache_memory import CacheMemory
from vmware_panel.domain.cache_roots import CacheComputes, deleted_after, root_named, roots_of
from vmware_panel.domain.cache_users import (
    FolderKey,
    ServersOfImages,
    Standers,
    standers_of,
    unread_vms,
)
from vmware_panel.domain.cloud import Image, Server
from vmware_panel.domain.datastore_files import Scan
from vmware_panel.domain.ids import is_uuid
from vmware_panel.domain.image_cache import (
    CachedImage,
    CacheRoot,
    GlanceState,
    Stander,
)
from vmware_panel.domain.inventory import Inventory, MoRef, VirtualMachine
from vmware_panel.domain.shared_datastores import SharedDatastores


@dataclass(frozen=True)
class LedgerBooks:
    """Everything that the ledger is made of. None: that book could not be had.

    `images` are all that Glance has, hidden ones included, by id. `inventories` are the region's;
    `others` those of the further vCenters in the settings, which may mount the same datastores;
    `silent_vcenters` those of both whose book is not there. `memory` is what earlier ledgers made of
    the same objects.
    """

    scans: Sequence[Scan] = ()
    inventories: Sequence[Inventory] = ()
    computes: CacheComputes = CacheComputes()
    servers: Sequence[Server] | None = None
    images: Mapping[str, Image] | None = None
    others: Sequence[Inventory] = ()
    silent_vcenters: tuple[str, ...] = ()
    memory: CacheMemory = field(default_factory=CacheMemory, repr=False, compare=False)

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
            kept = self.memory.stands[inventory.vcenter.name]
            found.update(standers_of(inventory, servers, kept))
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
    scans = sorted(books.scans, key=lambda s: (s.vcenter, s.datastore_name, s.datastore))
    named = (((scan.vcenter, scan.datastore), scan, None) for scan in scans)
    folders = books.memory.folders.all(named, cache_folders)
    return tuple(
        image
        for scan, its in zip(scans, folders, strict=True)
        for image in _images_of(scan, its, books)
    )


def _images_of(scan: Scan, folders: CacheFolders, books: LedgerBooks) -> Iterator[CachedImage]:
    inventory = books.inventory_of.get(scan.vcenter)
    unread_vm_names = tuple(
        vm.name
        for vcenter, datastore in books.same_datastores(scan.vcenter, scan.datastore)
        for vm in books.unread_vms.get(vcenter, ())
        if datastore in vm.datastores or not vm.datastores
    )
    for root in roots_of(scan, inventory, books.computes):
        for image_id, folder in folders.get(root.name, {}).items():
            yield _image(root, image_id, folder, books, unread_vm_names)


def image_not_searched(key: FolderKey, datastore_name: str, books: LedgerBooks) -> CachedImage:
    """An image folder that no scan lists, but some VM stands on: its files are not known."""
    inventory = books.inventory_of.get(key.vcenter)
    root = root_named(
        key.root, key.vcenter, key.datastore, datastore_name, inventory, books.computes
    )
    return _image(root, key.image_id, CacheFolder(), books, ())


def _image(
    root: CacheRoot,
    image_id: str,
    folder: CacheFolder,
    books: LedgerBooks,
    unread_vm_names: tuple[str, ...],
) -> CachedImage:
    key = FolderKey(root.vcenter, root.datastore, root.name, image_id)
    inventory = books.inventory_of.get(root.vcenter)
    standers: tuple[Stander, ...] | None = books.standers_on(key)
    if not standers and (inventory is None or not inventory.whole):
        standers = None
    state, image = state_of(image_id, books.images)
    return CachedImage(
        root=root,
        image_id=image_id,
        state=state,
        image=image,
        size_bytes=folder.size_bytes,
        files=folder.files,
        copies=folder.copies,
        since=folder.since,
        standers=standers,
        servers=books.servers_of_images.users(image_id, root),
        marker=folder.marker,
        marked_at=folder.marked_at,
        deleted_after=deleted_after(folder.marked_at, root.ageing),
        unread_vms=unread_vm_names,
        silent_vcenters=tuple(name for name in books.silent_vcenters if name != root.vcenter),
    )


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
