"""Reports of clusters and hosts for the pages' tests: the real joins over small real books."""

from collections.abc import Sequence
from datetime import UTC, datetime

from tests.unit.domain import builders
from tests.unit.panels import clouds
from vmware_panel.api.clusters import (
    ClusterReport,
    ClustersReport,
    HostsReport,
    entries_of,
    host_entry,
)
from vmware_panel.domain.cloud import Hypervisor, ResourceInventory, ResourceProvider
from vmware_panel.domain.inventory import (
    Cluster,
    EsxHost,
    HostConnection,
    Inventory,
    MoRef,
    VirtualMachine,
)
from vmware_panel.domain.kept import Kept
from vmware_panel.domain.outcome import Trouble
from vmware_panel.domain.placement import Books, join
from vmware_panel.domain.usage import HostUsage, Usage

GIB_MB = 1024
GIB = 1024**3
HYPERVISOR = Hypervisor(
    "11", builders.node_name(), "VMware vCenter Server", service_host="compute-1"
)
GONE = Hypervisor(
    "13", builders.node_name("domain-c9"), "VMware vCenter Server", service_host="compute-2"
)
BLUE = Cluster(
    MoRef("domain-c1"),
    "blue",
    root_pool=MoRef("resgroup-1"),
    drs_enabled=True,
    drs_behavior="fullyAutomated",
    ha_enabled=False,
)
GREEN = Cluster(MoRef("domain-c2"), "green", drs_enabled=False, ha_enabled=None)


def host(number: int, cluster: str = "domain-c1", **changes: object) -> EsxHost:
    fields: dict[str, object] = {
        "cluster": MoRef(cluster),
        "power": "poweredOn",
        "cpu_packages": 2,
        "cpu_cores": 16,
        "cpu_threads": 32,
        "cpu_mhz": 2000,
        "memory_bytes": 64 * GIB,
        "numa_nodes": 2,
        "version": "8.0.3",
        "datastores": (MoRef("datastore-1"),),
    }
    return builders.esx_host(number, **{**fields, **changes})


HOSTS = (
    host(1),
    host(2, in_maintenance=True),
    host(3, connection=HostConnection.DISCONNECTED),
)


def inventory(
    *vms: VirtualMachine,
    clusters: Sequence[Cluster] = (BLUE, GREEN),
    hosts: Sequence[EsxHost] = HOSTS,
) -> Inventory:
    """Blue with three hosts, one of which can be used; green without any."""
    its = vms or (
        builders.vm(1, memory_mb=8 * GIB_MB, vcpus=2),
        builders.vm(2, memory_mb=4 * GIB_MB, vcpus=1),
        builders.vm(50, name="other", manager_key="", instance_uuid="", memory_mb=2 * GIB_MB),
    )
    now = datetime.now(UTC)
    return builders.inventory(*its, clusters=tuple(clusters), hosts=tuple(hosts), read_at=now)


def usage(*hosts: EsxHost, used_mb: int = 16 * GIB_MB) -> Usage:
    return Usage(
        "lab",
        datetime.now(UTC),
        hosts=tuple(
            HostUsage(its.moref, cpu_used_mhz=8000, memory_used_mb=used_mb, uptime_s=90000)
            for its in hosts or HOSTS
        ),
    )


def provider(**changes: int | None) -> ResourceProvider:
    used = {"vcpu": 5, "memory": 12 * GIB_MB, **changes}
    return ResourceProvider(
        "11",
        builders.node_name(),
        1,
        (
            ResourceInventory("VCPU", 32, 0, 4.0, 1, 16, 1, used["vcpu"]),
            ResourceInventory("MEMORY_MB", 65536, 512, 1.0, 1, 65536, 1, used["memory"]),
        ),
    )


def clusters_report(
    *inventories: Inventory,
    hypervisors: tuple[Hypervisor, ...] | None = (HYPERVISOR,),
    providers: tuple[ResourceProvider, ...] | None = (provider(),),
    usages: dict[str, Usage] | None = None,
    troubles: tuple[Trouble, ...] = (),
    complete: bool = True,
    servers: bool = True,
) -> ClustersReport:
    placements = None
    if servers:
        ours = [builders.server(1), builders.server(2), builders.server(3)]
        placements = Kept(
            join(ours, Books(inventories, complete=complete), clouds.SERVICES, clouds.HYPERVISORS)
        )
    entries = None
    if inventories or hypervisors is not None:
        entries = entries_of(
            inventories,
            hypervisors,
            tuple(clouds.SERVICES.values()),
            providers,
            placements,
            {"lab": usage()} if usages is None else usages,
            complete=complete,
        )
    return ClustersReport(
        entries=entries,
        placements=placements,
        project_names=clouds.PROJECTS,
        inventories=inventories,
        troubles=troubles,
    )


def cluster_report(whole: ClustersReport, moref: str = "domain-c1") -> ClusterReport:
    inventory = next(iter(whole.inventories), None)
    entries = whole.entries or ()
    return ClusterReport(
        "lab",
        MoRef(moref),
        inventory=inventory,
        entry=next((e for e in entries if e.books.moref == moref), None),
        whole=whole,
        client_url="https://vc.example.org/ui/app/cluster",
    )


def hosts_report(*inventories: Inventory, troubles: tuple[Trouble, ...] = ()) -> HostsReport:
    entries = tuple(host_entry(i, its, usage(*i.hosts)) for i in inventories for its in i.hosts)
    return HostsReport(
        entries if inventories else None, inventories=inventories, troubles=troubles
    )
