"""Reports for the panels' tests: the real join over small real books of both sides."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from tests.unit.domain import builders
from vmware_panel.api.placement import InstancesReport
from vmware_panel.domain.cloud import (
    ComputeService,
    Hypervisor,
    NovaPower,
    Server,
    ServiceState,
)
from vmware_panel.domain.inventory import EsxHost, Inventory, MoRef, VmPower
from vmware_panel.domain.kept import Kept
from vmware_panel.domain.outcome import Trouble
from vmware_panel.domain.placement import Books, join, overview

PROJECTS = {"p1": "alpha", "p2": "beta"}
OTHER_NODE = "kvm-1.example.org"
SERVICES = {
    "compute-1": ComputeService("1", "compute-1", state=ServiceState.UP),
    "compute-2": ComputeService(
        "2", "compute-2", enabled=False, disabled_reason="patching", state=ServiceState.UP
    ),
    "kvm-1": ComputeService("3", "kvm-1", state=ServiceState.DOWN),
}
HYPERVISORS = {
    builders.node_name(): Hypervisor("11", builders.node_name(), "VMware vCenter Server"),
    OTHER_NODE: Hypervisor("12", OTHER_NODE, "QEMU"),
}


def servers() -> list[Server]:
    """web-1 and web-10 sound, web-2 stopped in vCenter only, web-3 without VM, one on KVM."""
    return [
        builders.server(1),
        builders.server(10, project_id="p2"),
        builders.server(2),
        builders.server(3, status="ERROR"),
        builders.server(4, name="on-kvm", compute_host="kvm-1", node=OTHER_NODE),
    ]


def inventory() -> Inventory:
    return builders.inventory(
        builders.vm(1),
        builders.vm(10, datastores=(MoRef("datastore-1"), MoRef("datastore-2"))),
        builders.vm(2, power=VmPower.OFF),
        hosts=(builders.esx_host(1), builders.esx_host(2), empty_host()),
    )


def empty_host() -> EsxHost:
    return builders.esx_host(3, name="esx-empty")


def report(
    its_servers: Iterable[Server] | None = None,
    *inventories: Inventory,
    troubles: tuple[Trouble, ...] = (),
    complete: bool = True,
    configured: bool = True,
    services: bool = True,
    project_names: dict[str, str] | None = None,
) -> InstancesReport:
    placements = Kept(
        join(
            servers() if its_servers is None else its_servers,
            Books(inventories, complete=complete),
            SERVICES if services else {},
            HYPERVISORS,
        )
    )
    return InstancesReport(
        placements=placements,
        overview=overview(placements),
        project_names=PROJECTS if project_names is None else project_names,
        inventories=inventories,
        troubles=troubles,
        configured=configured,
    )


def sound() -> InstancesReport:
    return report(None, inventory())


def many(count: int, host_count: int = 25) -> InstancesReport:
    """As many instances, over the ESX hosts of one cluster in turn; every 50th disagrees."""
    hosts = tuple(
        builders.esx_host(n, cluster=MoRef("domain-c1"), name=f"esx-{n}")
        for n in range(1, host_count + 1)
    )
    vms = [
        builders.vm(
            n,
            host=MoRef(f"host-{n % host_count + 1}"),
            power=VmPower.OFF if n % 50 == 0 else VmPower.ON,
        )
        for n in range(1, count + 1)
    ]
    all_servers = [
        builders.server(n, power=NovaPower.RUNNING, project_id=f"p{n % 2 + 1}")
        for n in range(1, count + 1)
    ]
    fresh = datetime.now(UTC) - timedelta(seconds=7)
    return report(all_servers, builders.inventory(*vms, hosts=hosts, read_at=fresh))
