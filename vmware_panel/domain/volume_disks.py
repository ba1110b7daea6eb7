"""Cinder's VMs in vCenter's book, and the disk of an instance's VM that is a given volume."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from enum import StrEnum

from vmware_panel.domain.cloud import StoragePool
from vmware_panel.domain.ids import UUID, is_uuid
from vmware_panel.domain.inventory import VirtualDisk, VirtualMachine
from vmware_panel.domain.placement import Books
from vmware_panel.domain.volumes import Backend, DiskState, Seen, ShadowVm

GIB = 1024**3

_VOLUME_NAME = re.compile(rf"volume-({UUID})", re.IGNORECASE)
_SNAPSHOT_NAME = re.compile(rf"snapshot-({UUID})", re.IGNORECASE)
_PROJECT = re.compile(r"Project \((.+)\)", re.DOTALL)
_LAST_ID = re.compile(rf"({UUID})$")


class Role(StrEnum):
    """What Cinder made a VM for."""

    VOLUME = "volume"
    SNAPSHOT = "snapshot"
    TEMPORARY = "temporary"


def cinders(books: Books) -> Iterator[ShadowVm]:
    """Every VM that says of itself that Cinder manages it."""
    for inventory in books.inventories:
        for vm in inventory.vms:
            if vm.managed_by_cinder:
                yield ShadowVm(inventory, vm)


def shadows_of(books: Books, volume_ids: Iterable[str]) -> Mapping[str, ShadowVm]:
    """The shadow VMs of some volumes, by the volume's id as it is given; of a few, for one page."""
    found: dict[str, ShadowVm] = {}
    for volume_id in volume_ids:
        for inventory, vm in books.carriers(volume_id):
            if vm.managed_by_cinder:
                found.setdefault(volume_id, ShadowVm(inventory, vm))
    return found


def role_of(vm: VirtualMachine) -> Role:
    """By what the driver does: a snapshot is a template (`_create_snapshot_template_format`), a
    copy under way bears a bare uuid (`tmp_name`); `managedBy.type` is `volume` for all of them.
    """
    if vm.is_template or _SNAPSHOT_NAME.fullmatch(vm.name):
        return Role.SNAPSHOT
    return Role.TEMPORARY if is_uuid(vm.name) else Role.VOLUME


def snapshot_id(vm: VirtualMachine) -> str:
    """The id in the template's name (`snapshot_name_template`); empty where there is none."""
    match = _LAST_ID.search(vm.name)
    return match[1].lower() if match else ""


def named_volume(vm: VirtualMachine) -> str:
    """The id in a name that the driver gives (`volume_name_template` as it comes); else empty."""
    match = _VOLUME_NAME.fullmatch(vm.name)
    return match[1].lower() if match else ""


def project_of(shadow: ShadowVm) -> str:
    """The project's id in the name of a folder above the VM, or nothing: Cinder's folders are
    `OpenStack/Project (<id>)/Volumes` (`_get_volume_group_folder`).
    """
    for name in shadow.inventory.folder_path(shadow.vm.folder):
        if match := _PROJECT.fullmatch(name):
            return match[1]
    return ""


def seen_in(books: Books, servers: Iterable[str] | None) -> Seen:
    """What is to be remembered of the books before Cinder is asked; see `Seen`."""
    shadows = tuple(cinders(books))
    own = {shadow.key for shadow in shadows}
    paths = {disk.path for shadow in shadows for disk in shadow.vm.disks}
    held: set[str] = set()
    carried: set[str] = set()
    for inventory in books.inventories:
        uuid = inventory.vcenter.instance_uuid.lower()
        for vm in inventory.vms:
            carried.update(filter(None, (vm.instance_uuid.lower(), named_volume(vm))))
            if (uuid, vm.moref) not in own:
                held.update(disk.path for disk in vm.disks if disk.path in paths)
    return Seen(
        complete=books.complete
        and bool(books.inventories)
        and all(inventory.whole for inventory in books.inventories),
        shadows=frozenset(own),
        carried=frozenset(carried),
        held=frozenset(held),
        servers=None if servers is None else frozenset(server.lower() for server in servers),
    )


def backends_of(pools: Iterable[StoragePool]) -> Mapping[str, Backend]:
    """By `host@backend`. The drivers tell `vmdk` or `vstorageobject` (`cinder/common/constants.py`);
    a pool that tells nothing is left out.
    """
    found: dict[str, Backend] = {}
    for pool in pools:
        if pool.protocol:
            known = {"vmdk": Backend.VMDK, "vstorageobject": Backend.FCD}
            found[backend_name(pool.name)] = known.get(pool.protocol, Backend.OTHER)
    return found


def backend_name(pool: str) -> str:
    """`host@backend` of `host@backend#pool`."""
    return pool.partition("#")[0]


def disk_of(
    vm: VirtualMachine, volume_ids: Collection[str], shadow: VirtualDisk | None
) -> VirtualDisk | None:
    """The disk of an instance's VM that is the volume, or None.

    In this order: the shadow VM's own file; Nova's note on the VM; the uuid of the disk, by which
    Nova finds it at a detach and which Cinder sets to the volume's id; a file that the volume's id
    names, or that stands on one. `volume_ids` in lower case.
    """
    if shadow is not None:
        for disk in vm.disks:
            if agreement(disk, shadow) is DiskState.AGREES:
                return disk
    notes = (vm.extra_config.get(f"volume-{volume_id}", "") for volume_id in volume_ids)
    ours = shadow.backing_uuid if shadow is not None and shadow.backing_uuid else ""
    wanted = {plain(uuid) for uuid in (*notes, ours, *volume_ids) if uuid}
    for disk in vm.disks:
        if disk.backing_uuid and plain(disk.backing_uuid) in wanted:
            return disk
    for disk in vm.disks:
        paths = " ".join((disk.path, *disk.parent_paths)).lower()
        if any(volume_id in paths for volume_id in volume_ids):
            return disk
    return None


def agreement(disk: VirtualDisk, shadow: VirtualDisk) -> DiskState:
    """Whether an instance's disk is the shadow VM's file, or stands on it (the VM has snapshots).

    Nova compares the paths alone (`volumeops._consolidate_vmdk_volume`); here two datastores of one
    name, in two datacenters, are told apart.
    """
    if shadow.path in disk.parent_paths:
        return DiskState.AGREES
    if disk.path != shadow.path:
        return DiskState.MOVED
    known = disk.datastore is not None and shadow.datastore is not None
    return DiskState.MOVED if known and disk.datastore != shadow.datastore else DiskState.AGREES


def folder_of(path: str) -> str:
    """`[datastore] folder` of `[datastore] folder/file`; nothing for a file of no folder."""
    return path.rpartition("/")[0]


def size_gb(disk: VirtualDisk) -> int | None:
    """What Cinder would call its size: whole GiB, rounded up (`manage_existing_get_size`)."""
    return None if disk.capacity_bytes is None else -(-disk.capacity_bytes // GIB)


def plain(uuid: str) -> str:
    """Without what vCenter's many ways to write a uuid differ in."""
    return uuid.replace("-", "").replace(" ", "").lower()
