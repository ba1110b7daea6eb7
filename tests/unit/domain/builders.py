"""Small real objects of both books, for tests that say only what matters to them."""

from datetime import UTC, datetime
from uuid import UUID

from vmware_panel.domain.cloud import NovaPower, Server
from vmware_panel.domain.inventory import (
    NOVA_EXTENSION,
    Cluster,
    Datastore,
    EsxHost,
    HostConnection,
    Inventory,
    MoRef,
    ResourcePool,
    VCenter,
    VirtualDisk,
    VirtualMachine,
    VmPower,
)

VCENTER_UUID = "9d51f082-58a4-4449-beed-6fd205a5726b"
READ_AT = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
IMAGE_ID = "0cf7fc42-0f5a-4a59-8a4a-8d0d2a1b2c3d"


def uuid_of(number: int) -> str:
    return str(UUID(int=number))


def vcenter(name: str = "lab", instance_uuid: str = VCENTER_UUID) -> VCenter:
    return VCenter(name=name, host="vc.example.org", port=443, instance_uuid=instance_uuid)


def node_name(cluster: str = "domain-c1", vcenter_uuid: str = VCENTER_UUID) -> str:
    return f"{cluster}.{vcenter_uuid}"


def server(number: int = 1, **changes: object) -> Server:
    fields: dict[str, object] = {
        "id": uuid_of(number),
        "name": f"web-{number}",
        "project_id": "p1",
        "status": "ACTIVE",
        "power": NovaPower.RUNNING,
        "compute_host": "compute-1",
        "node": node_name(),
        "image_id": IMAGE_ID,
    }
    return Server(**{**fields, **changes})  # type: ignore[arg-type]


def vm(number: int = 1, **changes: object) -> VirtualMachine:
    server_id = uuid_of(number)
    fields: dict[str, object] = {
        "moref": MoRef(f"vm-{number}"),
        "name": f"web-{number} ({server_id})",
        "instance_uuid": server_id,
        "manager_key": NOVA_EXTENSION,
        "manager_type": "instance",
        "power": VmPower.ON,
        "connection": "connected",
        "host": MoRef("host-1"),
        "resource_pool": MoRef("resgroup-1"),
        "vm_path": f"[ds1] {server_id}/{server_id}.vmx",
        "datastores": (MoRef("datastore-1"),),
        "disks": (disk(f"[ds1] {server_id}/{server_id}.vmdk"),),
    }
    return VirtualMachine(**{**fields, **changes})  # type: ignore[arg-type]


def disk(path: str, **changes: object) -> VirtualDisk:
    fields: dict[str, object] = {
        "key": 2000,
        "label": "Hard disk 1",
        "path": path,
        "datastore": MoRef("datastore-1"),
    }
    return VirtualDisk(**{**fields, **changes})  # type: ignore[arg-type]


def inventory(*vms: VirtualMachine, **changes: object) -> Inventory:
    """Two clusters of one host each, two datastores of which the second has little left."""
    fields: dict[str, object] = {
        "vcenter": vcenter(),
        "read_at": READ_AT,
        "clusters": (
            Cluster(MoRef("domain-c1"), "blue", root_pool=MoRef("resgroup-1")),
            Cluster(MoRef("domain-c2"), "green", root_pool=MoRef("resgroup-2")),
        ),
        "hosts": (esx_host(1), esx_host(2)),
        "resource_pools": (
            pool("resgroup-1", "domain-c1"),
            pool("resgroup-2", "domain-c2"),
            pool("resgroup-3", "domain-c1", name="gold", parent="resgroup-1"),
        ),
        "datastores": (
            Datastore(MoRef("datastore-1"), "ds1", capacity_bytes=100, free_bytes=50),
            Datastore(MoRef("datastore-2"), "ds2", capacity_bytes=100, free_bytes=50),
        ),
        "vms": vms,
    }
    return Inventory(**{**fields, **changes})  # type: ignore[arg-type]


def esx_host(number: int, **changes: object) -> EsxHost:
    fields: dict[str, object] = {
        "moref": MoRef(f"host-{number}"),
        "name": f"esx-{number}",
        "cluster": MoRef(f"domain-c{number}"),
        "connection": HostConnection.CONNECTED,
        "in_maintenance": False,
    }
    return EsxHost(**{**fields, **changes})  # type: ignore[arg-type]


def pool(
    moref: str, owner: str, name: str = "Resources", parent: str | None = None
) -> ResourcePool:
    return ResourcePool(MoRef(moref), name, MoRef(parent) if parent else None, MoRef(owner))
