"""The ledger of the image cache: what lies on the datastores, whose it is, and who stands on it.

scans -> roots (whose?) -> image folders -> Glance's image
                                         -> VMs by their backing chains, servers by Nova's rule
                                         -> Nova's marker, and when it may delete
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property
from itertools import chain

from vmware_panel.domain.cache_folders import CacheFolder, CacheFolders, cache_folders
from vmware_panel.domain.cache_memory import CacheMemory, OfDatastore, OfImage, Place
from vmware_panel.domain.cache_roots import CacheComputes, deleted_after, root_named
from vmware_panel.domain.cache_users import (
    ImagePlace,
    OnDatastore,
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

_NEVER = datetime.min.replace(tzinfo=UTC)


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
        servers = self.servers or ()
        return self.memory.server_by_id.of(
            servers, lambda: {server.id.lower(): server for server in servers}
        )

    @cached_property
    def servers_of_images(self) -> ServersOfImages:
        kept = self.memory.servers_of_images
        return kept.of(
            (self.servers, self.computes),
            lambda: ServersOfImages(self.servers, self.computes, kept.value),
        )

    @cached_property
    def unread_vms(self) -> Mapping[str, tuple[VirtualMachine, ...]]:
        every = (*self.inventories, *self.others)
        return {inventory.vcenter.name: unread_vms(inventory) for inventory in every}

    @cached_property
    def standers(self) -> Mapping[str, Standers]:
        """Of every vCenter of the region whose book is there, by its name."""
        return self._standers_of(self.inventories)

    @cached_property
    def _all_standers(self) -> Mapping[str, Standers]:
        return {**self.standers, **self._standers_of(self.others)}

    def _standers_of(self, inventories: Sequence[Inventory]) -> Mapping[str, Standers]:
        servers = None if self.servers is None else self.server_by_id
        return {
            (name := inventory.vcenter.name): standers_of(
                inventory, servers, self.memory.standers[name]
            )
            for inventory in inventories
        }

    @cached_property
    def _shared(self) -> SharedDatastores:
        return SharedDatastores((*self.inventories, *self.others))

    def same_datastores(self, vcenter: str, datastore: MoRef) -> tuple[Place, ...]:
        """This one and its other objects, each by its vCenter's name and its id there."""
        return ((vcenter, datastore), *self._shared.others(vcenter, datastore))

    def standers_by_object(
        self, vcenter: str, datastore: MoRef
    ) -> tuple[tuple[str, OnDatastore], ...]:
        """Of all vCenters, however they call the datastore: each with those of one object of it."""
        return tuple(
            (name, its)
            for name, moref in self.same_datastores(vcenter, datastore)
            if (its := self._all_standers.get(name, {}).get(moref))
        )


def cached_images(books: LedgerBooks) -> tuple[CachedImage, ...]:
    """Every image folder of every cache root that the scans found, by datastore, root and image."""
    memory = books.memory
    scans = sorted(books.scans, key=lambda s: (s.vcenter, s.datastore_name, s.datastore))
    folders = memory.folders.all(
        (((scan.vcenter, scan.datastore), scan, None) for scan in scans), cache_folders
    )
    parts = [_of_datastore(scan, its, books) for scan, its in zip(scans, folders, strict=True)]
    found = memory.images.all(
        ((its.place, its, None) for its in parts),
        lambda its: tuple(
            memory.images_on[its.place].all(
                (((each.root.name, each.image_id), each, None) for each in _of_images(its)), _image
            )
        ),
    )
    for place in set(memory.images_on).difference(its.place for its in parts):
        memory.images_on.pop(place, None)
    return tuple(chain.from_iterable(found))


def _of_datastore(scan: Scan, folders: CacheFolders, books: LedgerBooks) -> OfDatastore:
    vcenter, moref = scan.vcenter, scan.datastore
    inventory = books.inventory_of.get(vcenter)
    return OfDatastore(
        place=(vcenter, moref),
        folders=folders,
        roots=tuple(
            root_named(name, vcenter, moref, scan.datastore_name, inventory, books.computes)
            for name in folders
        ),
        standers=books.standers_by_object(vcenter, moref),
        servers=books.servers_of_images,
        images=books.images,
        whole=inventory is not None and inventory.whole,
        unread_vms=tuple(
            vm.name
            for name, datastore in books.same_datastores(vcenter, moref)
            for vm in books.unread_vms.get(name, ())
            if datastore in vm.datastores or not vm.datastores
        ),
        silent_vcenters=tuple(name for name in books.silent_vcenters if name != vcenter),
    )


def _of_images(its: OfDatastore) -> Iterator[OfImage]:
    for root in its.roots:
        for image_id, folder in its.folders[root.name].items():
            yield _of_image(root, image_id, folder, its)


def _of_image(root: CacheRoot, image_id: str, folder: CacheFolder, its: OfDatastore) -> OfImage:
    standers: tuple[Stander, ...] | None = _standers_on((root.name, image_id), its)
    if not standers and not its.whole:
        standers = None
    return OfImage(
        root,
        image_id,
        folder,
        standers,
        its.servers.users(image_id, root),
        *state_of(image_id, its.images),
        its.unread_vms,
        its.silent_vcenters,
    )


def _standers_on(folder: ImagePlace, its: OfDatastore) -> tuple[Stander, ...]:
    """Of all vCenters, however they call the datastore."""
    own = its.place[0]
    if len(its.standers) == 1 and its.standers[0][0] == own:
        return its.standers[0][1].get(folder, ())
    return tuple(
        {
            stander if vcenter == own else replace(stander, vcenter=vcenter): None
            for vcenter, standers in its.standers
            for stander in standers.get(folder, ())
        }
    )


def image_not_searched(
    vcenter: str, datastore: MoRef, folder: ImagePlace, books: LedgerBooks
) -> CachedImage:
    """An image folder that no scan lists, but some VM stands on: its files are not known."""
    inventory = books.inventory_of.get(vcenter)
    its = inventory.datastore_by_ref.get(datastore) if inventory else None
    nothing = Scan(vcenter, datastore, its.name if its else "", _NEVER)
    root_name, image_id = folder
    grounds = _of_datastore(nothing, {root_name: {image_id: CacheFolder()}}, books)
    (only,) = _of_images(grounds._replace(unread_vms=()))
    return _image(only)


def _image(its: OfImage) -> CachedImage:
    folder = its.folder
    return CachedImage(
        root=its.root,
        image_id=its.image_id,
        state=its.state,
        image=its.image,
        size_bytes=folder.size_bytes,
        files=folder.files,
        copies=folder.copies,
        since=folder.since,
        standers=its.standers,
        servers=its.servers,
        marker=folder.marker,
        marked_at=folder.marked_at,
        deleted_after=deleted_after(folder.marked_at, its.root.ageing),
        unread_vms=its.unread_vms,
        silent_vcenters=its.silent_vcenters,
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
