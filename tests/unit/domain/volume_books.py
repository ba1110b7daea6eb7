"""Small books of volumes and shadow VMs, as Cinder's VMDK driver makes them."""

from datetime import timedelta

from tests.unit.domain import builders
from tests.unit.domain.builders import READ_AT, disk, uuid_of
from vmware_panel.domain.cloud import Server, StoragePool, Volume, VolumeSnapshot
from vmware_panel.domain.inventory import (
    CINDER_EXTENSION,
    Inventory,
    MoRef,
    VirtualMachine,
    VmPower,
)
from vmware_panel.domain.placement import Books
from vmware_panel.domain.volume_disks import seen_in
from vmware_panel.domain.volume_join import join_volumes
from vmware_panel.domain.volumes import CinderBook, VolumeEntry

GIB = 1024**3
BACKEND = "cinder@vmware#vmware"
POOLS = (StoragePool(BACKEND, "vmdk", "VMware"),)
LONG_AGO = READ_AT - timedelta(days=3)


def volume(number: int = 1, **changes: object) -> Volume:
    fields: dict[str, object] = {
        "id": uuid_of(1000 + number),
        "name": f"data-{number}",
        "status": "available",
        "size_gb": 2,
        "project_id": "p1",
        "backend_host": BACKEND,
        "created": LONG_AGO,
        "updated": LONG_AGO,
    }
    return Volume(**{**fields, **changes})  # type: ignore[arg-type]


def attached(number: int = 1, server: int = 1, **changes: object) -> Volume:
    return volume(number, **{"status": "in-use", "server_ids": (uuid_of(server),), **changes})


def snapshot(number: int = 1, **changes: object) -> VolumeSnapshot:
    fields: dict[str, object] = {"id": uuid_of(2000 + number), "name": f"snap-{number}"}
    return VolumeSnapshot(**{**fields, **changes})  # type: ignore[arg-type]


def path_of(number: int = 1, datastore: str = "ds1") -> str:
    name = f"volume-{uuid_of(1000 + number)}"
    return f"[{datastore}] {name}/{name}.vmdk"


def volume_disk(number: int = 1, **changes: object) -> object:
    path = changes.pop("path", path_of(number))
    fields = {
        "label": "Hard disk 2",
        "key": 2001,
        "capacity_bytes": 2 * GIB,
        "backing_uuid": uuid_of(1000 + number),
    }
    return disk(str(path), **{**fields, **changes})


def shadow(number: int = 1, **changes: object) -> VirtualMachine:
    volume_id = uuid_of(1000 + number)
    fields: dict[str, object] = {
        "moref": MoRef(f"vm-{1000 + number}"),
        "name": f"volume-{volume_id}",
        "instance_uuid": volume_id,
        "manager_key": CINDER_EXTENSION,
        "manager_type": "volume",
        "power": VmPower.OFF,
        "vm_path": f"[ds1] volume-{volume_id}/volume-{volume_id}.vmx",
        "disks": (volume_disk(number),),
    }
    return builders.vm(number, **{**fields, **changes})


def template(number: int = 1, **changes: object) -> VirtualMachine:
    fields: dict[str, object] = {
        "moref": MoRef(f"vm-{2000 + number}"),
        "name": f"snapshot-{uuid_of(2000 + number)}",
        "instance_uuid": uuid_of(3000 + number),
        "is_template": True,
    }
    return shadow(number, **{**fields, **changes})


def instance(number: int = 1, *disks: object, **changes: object) -> VirtualMachine:
    """The VM of a server with these disks besides its root disk."""
    root = disk(f"[ds1] {uuid_of(number)}/{uuid_of(number)}.vmdk")
    return builders.vm(number, **{"disks": (root, *disks), **changes})


def cinder(
    *volumes: Volume, before: Books | None = None, servers: object = (), **changes: object
) -> CinderBook:
    """Asked right after vCenter was read as in `before`."""
    known = servers if servers is None else [server.id for server in servers]  # type: ignore
    fields: dict[str, object] = {
        "read_at": READ_AT + timedelta(seconds=1),
        "volumes": volumes,
        "snapshots": (),
        "pools": POOLS,
    }
    if before is not None:
        fields["seen"] = seen_in(before, known)
    return CinderBook(**{**fields, **changes})  # type: ignore[arg-type]


def joined(
    *volumes: Volume,
    vms: tuple[VirtualMachine, ...] = (),
    servers: tuple[Server, ...] | None = (builders.server(1), builders.server(2)),
    inventory: Inventory | None = None,
    complete: bool = True,
    **changes: object,
) -> tuple[VolumeEntry, ...]:
    """The join of books that nobody changed between their reads."""
    books = Books((inventory or builders.inventory(*vms),), complete=complete)
    by_id = None if servers is None else {server.id: server for server in servers}
    return join_volumes(cinder(*volumes, before=books, servers=servers, **changes), books, by_id)


def one(*volumes: Volume, **more: object) -> VolumeEntry:
    (entry,) = joined(*volumes, **more)  # type: ignore[arg-type]
    return entry
