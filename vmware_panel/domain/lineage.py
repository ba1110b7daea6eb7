"""What each disk of an instance stands on.

A root disk goes back to a cached image (linked clone) or was copied from one (full clone) and so to
a Glance image; a volume's disk goes back to a Cinder volume.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

from vmware_panel.domain.cloud import Server
from vmware_panel.domain.ids import UUID
from vmware_panel.domain.inventory import Datastore, Inventory, VirtualDisk, VirtualMachine


class DiskOrigin(StrEnum):
    LINKED_CLONE = "linked_clone"  # stands on a file in the image cache
    FULL_CLONE = "full_clone"  # copied from the image, stands alone
    VOLUME = "volume"  # a Cinder volume's own file
    EPHEMERAL = "ephemeral"
    SWAP = "swap"
    RESCUE = "rescue"
    UNKNOWN = "unknown"  # named in a way that Nova does not


_CACHED = re.compile(
    rf"\[(?P<datastore>[^\]]*)\] ?(?P<root>[^/]*_base)/(?P<image>{UUID})/"
    rf"(?P=image)(?:\.(?P<gb>\d+))?\.vmdk"
)

_VOLUME_FOLDER = re.compile(rf"volume-(?P<id>{UUID})")


@dataclass(frozen=True, slots=True)
class CachedImageFile:
    """A file of Nova's image cache: `[datastore] root/image/image[.root_gb].vmdk`.

    Source: `nova/virt/vmwareapi/imagecache.py` and `vmops.VMwareVMOps._use_disk_image_as_linked_clone`.
    """

    path: str
    datastore: str
    root: str
    image_id: str
    root_gb: int | None = None


@dataclass(frozen=True, slots=True)
class Lineage:
    """One disk and what it stands on; None and `UNKNOWN` where that cannot be told."""

    disk: VirtualDisk
    origin: DiskOrigin
    datastore: Datastore | None = None
    cached: CachedImageFile | None = None
    image_id: str | None = None
    volume_id: str | None = None


def split_path(path: str) -> tuple[str, str]:
    """The datastore and the rest of `[datastore] folder/file`; of another form, nothing and all."""
    name, bracket, rest = path.partition("]")
    if not bracket or name[:1] != "[":
        return "", path
    return name[1:], rest[1:] if rest[:1] == " " else rest


def datastore_name(path: str) -> str:
    """The datastore of `[datastore] folder/file`, or nothing if the path is of another form."""
    return split_path(path)[0]


def file_path(path: str) -> str:
    """The part of `[datastore] folder/file` after the datastore."""
    return split_path(path)[1]


def parse_cached_image(path: str) -> CachedImageFile | None:
    """The parts of a file of Nova's image cache, or None if the path is no such file."""
    match = _CACHED.fullmatch(path)
    if not match:
        return None
    gb = match["gb"]
    return CachedImageFile(
        path=path,
        datastore=match["datastore"],
        root=match["root"],
        image_id=match["image"].lower(),
        root_gb=int(gb) if gb else None,
    )


def trace_disks(server: Server, vm: VirtualMachine, inventory: Inventory) -> tuple[Lineage, ...]:
    """The lineage of every disk of the server's VM, in the VM's order."""
    return tuple(_trace(disk, server, vm, inventory) for disk in vm.disks)


def _trace(disk: VirtualDisk, server: Server, vm: VirtualMachine, inventory: Inventory) -> Lineage:
    datastore = inventory.datastore_by_ref.get(disk.datastore) if disk.datastore else None
    if volume_id := volume_of(disk, server, vm, inventory):
        return Lineage(disk, DiskOrigin.VOLUME, datastore, volume_id=volume_id)
    chain = (disk.path, *disk.parent_paths)
    for path in chain:
        if cached := parse_cached_image(path):
            return Lineage(
                disk, DiskOrigin.LINKED_CLONE, datastore, cached, image_id=cached.image_id
            )
    # below snapshots, if there are any: the file that Nova named
    origin = _origin_by_name(file_path(chain[-1]).rpartition("/")[2], server)
    image_id = server.image_id if origin is DiskOrigin.FULL_CLONE else None
    return Lineage(disk, origin, datastore, image_id=image_id)


def _origin_by_name(name: str, server: Server) -> DiskOrigin:
    """Names that `nova/virt/vmwareapi/vmops.py` gives to a VM's own files."""
    if name == f"{server.id}.vmdk":
        return DiskOrigin.FULL_CLONE if server.image_id else DiskOrigin.UNKNOWN
    if re.fullmatch(r"ephemeral_\d+\.vmdk", name):
        return DiskOrigin.EPHEMERAL
    if name == "swap.vmdk":
        return DiskOrigin.SWAP
    if name.endswith("-rescue.vmdk"):
        return DiskOrigin.RESCUE
    return DiskOrigin.UNKNOWN


def volume_of(
    disk: VirtualDisk, server: Server, vm: VirtualMachine, inventory: Inventory
) -> str | None:
    """The id of the Cinder volume that the disk is, or None.

    In this order: Nova's note on the VM (`volume-<id>` = the disk's uuid, `volumeops.py`), the
    shadow VM that has the same file, the volume's folder name, if Nova lists the volume as attached.
    """
    if disk.backing_uuid:
        wanted = _plain(disk.backing_uuid)
        for key, value in vm.extra_config.items():
            match = _VOLUME_FOLDER.fullmatch(key)
            if match and _plain(value) == wanted:
                return match["id"].lower()
    for other in inventory.vms_by_disk_path.get(disk.path, ()):
        if other.managed_by_cinder and other.instance_uuid:
            return other.instance_uuid.lower()
    if match := _VOLUME_FOLDER.match(file_path(disk.path)):
        if match["id"].lower() in {v.lower() for v in server.volume_ids}:
            return match["id"].lower()
    return None


def _plain(uuid: str) -> str:
    return uuid.replace("-", "").replace(" ", "").lower()
