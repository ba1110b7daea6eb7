"""Reports of one instance, joined by the domain itself from real objects of both books."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from tests.unit.domain import builders
from vmware_panel.api.placement import InstanceReport
from vmware_panel.domain.cloud import ComputeService, Image, Server, ServiceState, Volume
from vmware_panel.domain.inventory import Datastore, MoRef, ToolsStatus, VirtualMachine
from vmware_panel.domain.outcome import Trouble, TroubleKind
from vmware_panel.domain.placement import Books, Placement, place

VOLUME_ID = "aaaaaaaa-0000-4000-8000-00000000000a"
HOSTILE = "<script>alert(1)</script>\"'{{ x }}{% now 'Y' %}{$ 1+1 $}\u202e\u05d0"
CACHED = f"[ds1] 10.0.0.11_base/{builders.IMAGE_ID}/{builders.IMAGE_ID}.40.vmdk"
GIB = 1024**3


def server(**changes: Any) -> Server:
    fields: dict[str, Any] = {
        "flavor_name": "m1.medium",
        "flavor_vcpus": 4,
        "flavor_ram_mb": 4096,
        "flavor_disk_gb": 40,
        "volume_ids": (VOLUME_ID,),
        "availability_zone": "nova",
    }
    return builders.server(**{**fields, **changes})


def vm(**changes: Any) -> VirtualMachine:
    """Three disks: a linked clone, a volume, and an ephemeral one."""
    its_id = builders.uuid_of(1)
    fields: dict[str, Any] = {
        "vcpus": 4,
        "cores_per_socket": 2,
        "memory_mb": 4096,
        "tools": ToolsStatus.RUNNING,
        "hardware_version": "vmx-19",
        "datastores": (MoRef("datastore-1"), MoRef("datastore-2")),
        "disks": (
            builders.disk(
                f"[ds1] {its_id}/{its_id}.vmdk",
                capacity_bytes=40 * GIB,
                thin=True,
                parent_paths=(CACHED,),
            ),
            builders.disk(
                "[ds2] volume-x/volume-x.vmdk",
                key=2001,
                label="Hard disk 2",
                datastore=MoRef("datastore-2"),
                capacity_bytes=10 * GIB,
                thin=False,
                backing_uuid=VOLUME_ID,
            ),
            builders.disk(f"[ds1] {its_id}/ephemeral_0.vmdk", key=2002, label="Hard disk 3"),
        ),
        "extra_config": {f"volume-{VOLUME_ID}": VOLUME_ID},
    }
    return builders.vm(**{**fields, **changes})


def report(
    its_vm: VirtualMachine | None = None,
    its_server: Server | None = None,
    troubles: Iterable[Trouble] = (),
    **inventory: object,
) -> InstanceReport:
    its_server = its_server or server()
    books = Books((builders.inventory(its_vm or vm(), **inventory),))
    return InstanceReport(
        placement=place(its_server, books, service() if its_server.compute_host else None),
        read_at=builders.READ_AT,
        images={builders.IMAGE_ID: Image(builders.IMAGE_ID, "ubuntu-24.04", status="active")},
        volumes={VOLUME_ID: Volume(VOLUME_ID, "db-data", status="in-use", size_gb=10)},
        client_url="https://vc.example.org/ui/app/vm;nav=h/urn:vmomi:VirtualMachine:vm-1:x/summary",
        troubles=tuple(troubles),
    )


def unread(*troubles: Trouble, its_server: Server | None = None) -> InstanceReport:
    """No vCenter answered."""
    return InstanceReport(
        placement=place(its_server or server(), Books((), complete=False), service()),
        read_at=builders.READ_AT,
        troubles=troubles,
    )


def hostile_report() -> InstanceReport:
    """Every name that a server gives is hostile."""
    name = HOSTILE
    disks = tuple(
        replace(disk, label=name, path=f"[{name}] {name}/x.vmdk") for disk in vm().disks[1:]
    )
    root = replace(
        vm().disks[0], label=name, path=f"[ds1] {name}.vmdk", parent_paths=(f"[d] {name}", CACHED)
    )
    inventory: dict[str, object] = {
        "vcenter": replace(builders.vcenter(name), full_name=name),
        "clusters": tuple(replace(c, name=name) for c in builders.inventory().clusters),
        "hosts": (builders.esx_host(1, name=name, in_maintenance=True), builders.esx_host(2)),
        "resource_pools": tuple(
            replace(pool, name=name) for pool in builders.inventory().resource_pools
        ),
        "datastores": (
            Datastore(MoRef("datastore-1"), name, type=name, accessible=False),
            Datastore(MoRef("datastore-2"), name, capacity_bytes=100, free_bytes=1),
        ),
    }
    its_vm = vm(
        name=name,
        hardware_version=name,
        guest_id=name,
        manager_key=name,
        connection=name,
        disks=(root, *disks),
    )
    its_server = server(name=name, flavor_name=name, availability_zone=name, task_state=None)
    made = report(
        its_vm, its_server, [Trouble(name, kind, name) for kind in TroubleKind], **inventory
    )
    placement = replace(
        made.placement,
        service=ComputeService("1", name, disabled_reason=name, enabled=False),
    )
    return replace(
        made,
        placement=placement,
        images={builders.IMAGE_ID: Image(builders.IMAGE_ID, name, status=name)},
        volumes={VOLUME_ID: Volume(VOLUME_ID, name, status=name)},
        client_url=f"https://vc.example.org/{name}",
    )


def service(**changes: object) -> ComputeService:
    fields: dict[str, object] = {"id": "1", "host": "compute-1", "state": ServiceState.UP}
    return ComputeService(**{**fields, **changes})  # type: ignore[arg-type]


def placement(**changes: Any) -> Placement:
    return report(vm(**changes)).placement
