"""Where an image that is to be cached may come from: a cache folder that has it whole, or Glance."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from vmware_panel.domain.datastore_files import DatastoreFile
from vmware_panel.domain.driver_image import DiskKind, DriverImage
from vmware_panel.domain.inventory import Datastore, MoRef
from vmware_panel.domain.leftovers import NAMED_BY_VM

BROKEN_BYTES = 4_096_000
"""What an upload by Nova that broke off leaves of a VMDK."""


class SourceKind(StrEnum):
    COPY = "copy"  # by vCenter, from a datastore that has it
    GLANCE = "glance"  # streamed through this machine; a streamOptimized disk by a lease


@dataclass(frozen=True, slots=True)
class ImageFolder:
    """A folder `[datastore] root/image` as vCenter just listed it, in the datacenter it is in.

    `files` None: there is no such folder.
    """

    datastore: MoRef
    datastore_name: str
    datacenter: MoRef
    root: str
    image_id: str
    files: tuple[DatastoreFile, ...] | None = None

    @property
    def path(self) -> str:
        return f"[{self.datastore_name}] {self.root}/{self.image_id}"

    def file(self, name: str) -> DatastoreFile | None:
        return next((file for file in self.files or () if file.name == name), None)

    @property
    def marked(self) -> bool:
        """Nova means to delete it."""
        return any(file.name.startswith("ts-") for file in self.files or ())


@dataclass(frozen=True, slots=True)
class SeedSource:
    """`path` is the file to copy, empty for Glance's. `disk_bytes` is the disk's capacity (an ISO's
    size), None: not known before it is there. `sent_bytes` is what goes over the wire.
    """

    kind: SourceKind
    path: str = ""
    datacenter: MoRef | None = None
    datastore: MoRef | None = None
    disk_bytes: int | None = None
    sent_bytes: int = 0
    imported: bool = False  # by a lease, as a VM: see `domain.imports`


def whole_bytes(folder: ImageFolder, fit: DriverImage) -> int | None:
    """The capacity of the disk that lies there whole, or an ISO's size; None: it is not whole.

    A flat image's extent has just the bytes that Glance has.
    """
    file = folder.file(fit.file_name)
    if file is None or not file.size_bytes or file.size_bytes == BROKEN_BYTES:
        return None
    if fit.kind is DiskKind.ISO:
        return file.size_bytes if file.size_bytes == fit.image.size_bytes else None
    extent = folder.file(fit.file_name.replace(".vmdk", "-flat.vmdk"))
    size = extent.size_bytes if extent else file.size_bytes
    if not size or size == BROKEN_BYTES:
        return None
    if fit.kind is DiskKind.FLAT and extent and size != fit.image.size_bytes:
        return None
    return size


def best_source(
    fit: DriverImage, folders: Iterable[ImageFolder], target: MoRef
) -> SeedSource | None:
    """Of those that have it whole: on the same datastore first, one that Nova means to delete last."""
    whole = [(f, size) for f in folders if (size := whole_bytes(f, fit)) is not None]
    ranked = sorted(whole, key=lambda f: (f[0].marked, f[0].datastore != target, f[0].path))
    if not ranked:
        return None
    folder, size = ranked[0]
    path = f"{folder.path}/{fit.file_name}"
    return SeedSource(SourceKind.COPY, path, folder.datacenter, folder.datastore, size)


def glance_source(fit: DriverImage, datastore: Datastore) -> SeedSource | None:
    """None: such an image is imported as a VM, and on this datastore that VM's folder does not bear
    its name, so that its disk could not be told from others'.
    """
    if fit.kind is DiskKind.STREAM and datastore.type not in NAMED_BY_VM:
        return None
    size = fit.image.size_bytes or 0
    disk_bytes = None if fit.kind in (DiskKind.SPARSE, DiskKind.STREAM) else size
    imported = fit.kind is DiskKind.STREAM
    return SeedSource(SourceKind.GLANCE, disk_bytes=disk_bytes, sent_bytes=size, imported=imported)
