"""Clusters in both books: which of vCenter's clusters which of Nova's nodes drives."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from vmware_panel.domain.cloud import ComputeService, Hypervisor, parse_node_name
from vmware_panel.domain.cluster_sums import (
    HostCounts,
    Largest,
    ResourceSums,
    cpu_sums,
    host_counts,
    largest_on_hosts,
    memory_sums,
)
from vmware_panel.domain.inventory import Cluster, EsxHost, Inventory, MoRef, VirtualMachine
from vmware_panel.domain.placement import Placement, Whereabouts
from vmware_panel.domain.usage import Usage


class Driven(StrEnum):
    """How Nova and the cluster stand to each other."""

    DRIVEN = "driven"  # a node of Nova's names the cluster, and it is there
    UNDRIVEN = "undriven"  # no node names it
    GONE = "gone"  # a node names it; its vCenter answered, and it is not there
    UNCONFIGURED = "unconfigured"  # a node names it; its vCenter is not in the settings
    UNKNOWN = "unknown"  # one of the books could not be had


@dataclass(frozen=True)
class ClusterBooks:
    """One cluster: vCenter's side (`inventory`, `cluster`) and Nova's (`hypervisor`, `service`).

    `vcenter` is the name in the settings, empty where nobody knows. Nova may run several nodes on
    one cluster by mistake: `more_nodes` are those besides `hypervisor`.
    """

    vcenter: str
    moref: MoRef
    driven: Driven
    inventory: Inventory | None = None
    cluster: Cluster | None = None
    hypervisor: Hypervisor | None = None
    service: ComputeService | None = None
    more_nodes: tuple[Hypervisor, ...] = ()

    @property
    def hosts(self) -> tuple[EsxHost, ...] | None:
        """Its ESX hosts; None where vCenter's book is not there."""
        if self.inventory is None or self.cluster is None:
            return None
        return self.inventory.hosts_by_cluster.get(self.moref, ())


def join_clusters(
    inventories: Sequence[Inventory],
    hypervisors: Iterable[Hypervisor] | None,
    services: Mapping[str, ComputeService],
    *,
    complete: bool,
) -> tuple[ClusterBooks, ...]:
    """Every cluster of vCenter's, and after them the nodes of Nova's whose cluster is not there.

    `hypervisors` None: Nova did not tell. `services` by compute host. `complete` is False where a
    configured vCenter did not answer: then a node's vCenter may be that one.
    """
    nodes: dict[tuple[str, MoRef], list[Hypervisor]] = {}
    for hypervisor in hypervisors or ():
        if name := parse_node_name(hypervisor.node):
            nodes.setdefault((name.vcenter_uuid, name.cluster), []).append(hypervisor)
    absent = Driven.UNKNOWN if hypervisors is None else Driven.UNDRIVEN
    rows: list[ClusterBooks] = []
    by_uuid = {inventory.vcenter.instance_uuid.lower(): inventory for inventory in inventories}
    found: set[tuple[str, MoRef]] = set()
    for inventory in inventories:  # two settings may lead to one vCenter
        for cluster in inventory.clusters:
            key = (inventory.vcenter.instance_uuid.lower(), cluster.moref)
            found.add(key)
            its = nodes.get(key, [])
            rows.append(
                ClusterBooks(
                    vcenter=inventory.vcenter.name,
                    moref=cluster.moref,
                    driven=Driven.DRIVEN if its else absent,
                    inventory=inventory,
                    cluster=cluster,
                    hypervisor=its[0] if its else None,
                    service=services.get(its[0].service_host) if its else None,
                    more_nodes=tuple(its[1:]),
                )
            )
    for (uuid, moref), its in nodes.items():
        if (uuid, moref) in found:
            continue
        inventory_there = by_uuid.get(uuid)
        if inventory_there is not None:
            driven = Driven.GONE if inventory_there.whole else Driven.UNKNOWN
        else:
            driven = Driven.UNCONFIGURED if complete else Driven.UNKNOWN
        rows.append(
            ClusterBooks(
                vcenter=inventory_there.vcenter.name if inventory_there else "",
                moref=moref,
                driven=driven,
                inventory=inventory_there,
                hypervisor=its[0],
                service=services.get(its[0].service_host),
                more_nodes=tuple(its[1:]),
            )
        )
    return tuple(rows)


@dataclass(frozen=True, slots=True)
class ClusterFigures:
    """What vCenter's book says of one cluster. `instances` are the VMs that Nova manages,
    `other_vms` the rest, templates included.
    """

    hosts: HostCounts
    cpu: ResourceSums
    memory: ResourceSums
    largest: Largest
    instances: int
    other_vms: int


def figures_of(books: ClusterBooks, usage: Usage | None) -> ClusterFigures | None:
    """None where vCenter's book is not there."""
    hosts = books.hosts
    if hosts is None or books.cluster is None or books.inventory is None:
        return None
    vms = books.inventory.vms_by_cluster.get(books.moref, ())
    instances = sum(is_instance(vm) for vm in vms)
    return ClusterFigures(
        hosts=host_counts(hosts),
        cpu=cpu_sums(books.cluster, hosts, usage),
        memory=memory_sums(books.cluster, hosts, usage),
        largest=largest_on_hosts(hosts, usage),
        instances=instances,
        other_vms=len(vms) - instances,
    )


def is_instance(vm: VirtualMachine) -> bool:
    return vm.managed_by_nova and not vm.is_template


@dataclass(frozen=True, slots=True)
class NodeCounts:
    """Nova's instances on one node: how many, and how many of them disagree or are unknown."""

    servers: int = 0
    disagreeing: int = 0
    unknown: int = 0


def counts_by_node(placements: Iterable[Placement]) -> Mapping[str, NodeCounts]:
    servers: Counter[str] = Counter()
    disagreeing: Counter[str] = Counter()
    unknown: Counter[str] = Counter()
    for placement in placements:
        node = placement.server.node or ""
        servers[node] += 1
        disagreeing[node] += placement.disagrees
        unknown[node] += placement.whereabouts is Whereabouts.UNKNOWN
    return {node: NodeCounts(n, disagreeing[node], unknown[node]) for node, n in servers.items()}
