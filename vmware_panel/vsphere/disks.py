"""A VM's virtual disks out of its list of devices."""

from collections.abc import Iterable, Iterator

from pyVmomi import vim

from vmware_panel.domain.inventory import VirtualDisk
from vmware_panel.vsphere.rows import moref_of

MAX_CHAIN = 256  # vSphere allows 32 snapshots of a VM; anything near this is a loop


def disks_of(devices: Iterable[object]) -> tuple[VirtualDisk, ...]:
    """In the order of vCenter, which is that of controllers and units."""
    return tuple(
        _disk(device) for device in devices if isinstance(device, vim.vm.device.VirtualDisk)
    )


def _disk(device: vim.vm.device.VirtualDisk) -> VirtualDisk:
    backing = device.backing
    return VirtualDisk(
        key=int(device.key),
        label=str(device.deviceInfo.label) if device.deviceInfo else "",
        path=_path(backing),
        datastore=moref_of(getattr(backing, "datastore", None)),
        capacity_bytes=_capacity_bytes(device),
        thin=getattr(backing, "thinProvisioned", None),
        backing_uuid=getattr(backing, "uuid", None),
        parent_paths=tuple(_path(parent) for parent in _parents(backing)),
    )


def _capacity_bytes(device: vim.vm.device.VirtualDisk) -> int | None:
    if device.capacityInBytes:
        return int(device.capacityInBytes)
    return int(device.capacityInKB) * 1024 if device.capacityInKB else None


def _path(backing: object) -> str:
    """`fileName`, which a raw device of a single host has not: that one has a device name."""
    return str(getattr(backing, "fileName", None) or getattr(backing, "deviceName", None) or "")


def _parents(backing: object) -> Iterator[object]:
    """The chain below, nearest first; not every kind of backing has a parent."""
    at = getattr(backing, "parent", None)
    for _ in range(MAX_CHAIN):
        if at is None:
            return
        yield at
        at = getattr(at, "parent", None)
