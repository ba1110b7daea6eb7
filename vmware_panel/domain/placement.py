"""The join of the two books: where each instance stands, and where the books do not agree.

    server -> compute service -> node -> cluster (moref and vCenter uuid)
           -> VM (instanceUuid, managedBy) -> ESX host -> datastores

What Nova says and what vCenter says stay apart in the result; `Remark`s name the differences.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from vmware_panel.domain.cloud import ComputeService, Hypervisor, NodeName, Server, parse_node_name
from vmware_panel.domain.inventory import (
    Cluster,
    Datastore,
    EsxHost,
    Inventory,
    ResourcePool,
    VirtualMachine,
)
from vmware_panel.domain.lineage import Lineage, trace_disks
from vmware_panel.domain.remarks import (
    Found,
    Remark,
    RemarkKind,
    Severity,
    node_without_cluster,
    remarks_on,
)

__all__ = [
    "Books",
    "Overview",
    "Placement",
    "Remark",
    "RemarkKind",
    "Severity",
    "Whereabouts",
    "join",
    "overview",
    "place",
]


class Whereabouts(StrEnum):
    """What is known of where an instance stands."""

    ON_VCENTER = "on_vcenter"  # a VM was found
    MISSING = "missing"  # its vCenter answered, and no VM there carries its id
    BUILDING = "building"  # as MISSING, but Nova is still at it
    NOT_ON_VCENTER = "not_on_vcenter"  # its node is another driver's
    NOT_PLACED = "not_placed"  # Nova has no node for it: not scheduled, failed, shelved
    UNCONFIGURED = "unconfigured"  # every configured vCenter answered; its node names another
    UNKNOWN = "unknown"  # a vCenter that could know did not answer, or not since Nova was at it


@dataclass(frozen=True)
class Placement:
    """Where one instance stands. Everything below `inventory` is vCenter's book.

    `nova_cluster` is the cluster that Nova's node names; `cluster` the one that the VM runs in.
    """

    server: Server
    whereabouts: Whereabouts
    service: ComputeService | None = None
    hypervisor: Hypervisor | None = None
    nova_cluster: Cluster | None = None
    inventory: Inventory | None = None
    vm: VirtualMachine | None = None
    cluster: Cluster | None = None
    host: EsxHost | None = None
    pool: ResourcePool | None = None
    datastores: tuple[Datastore, ...] = ()
    unnamed_datastores: int = 0  # the VM has them, the account may not see them
    remarks: tuple[Remark, ...] = ()

    @property
    def disagrees(self) -> bool:
        return any(r.severity is Severity.DISAGREEMENT for r in self.remarks)

    @cached_property
    def disks(self) -> tuple[Lineage, ...]:
        """Each disk with what it stands on; empty without a VM."""
        if not self.vm or not self.inventory:
            return ()
        return trace_disks(self.server, self.vm, self.inventory)


@dataclass(frozen=True)
class Books:
    """vCenter's side of the join: the inventories that could be had.

    `complete` is False where a configured vCenter did not answer: then an instance that is not
    found is unknown, not missing.
    """

    inventories: Sequence[Inventory] = ()
    complete: bool = True

    @cached_property
    def by_vcenter_uuid(self) -> Mapping[str, Inventory]:
        return {i.vcenter.instance_uuid.lower(): i for i in self.inventories}

    def carriers(self, instance_uuid: str) -> list[tuple[Inventory, VirtualMachine]]:
        """Every VM of every vCenter that carries the id; templates are not instances."""
        key = instance_uuid.lower()
        return [
            (inventory, vm)
            for inventory in self.inventories
            for vm in inventory.vms_by_instance_uuid.get(key, ())
            if not vm.is_template
        ]


def join(
    servers: Iterable[Server],
    books: Books,
    services: Mapping[str, ComputeService] | None = None,
    hypervisors: Mapping[str, Hypervisor] | None = None,
) -> tuple[Placement, ...]:
    """Places every server, in their order.

    `services` by compute host, `hypervisors` by node name; either may be empty where Nova did not
    tell, the join then does without.
    """
    by_host = services or {}
    by_node = hypervisors or {}
    return tuple(
        place(
            server,
            books,
            by_host.get(server.compute_host or ""),
            by_node.get(server.node or ""),
        )
        for server in servers
    )


def place(
    server: Server,
    books: Books,
    service: ComputeService | None = None,
    hypervisor: Hypervisor | None = None,
) -> Placement:
    """Joins one server with vCenter's books."""
    node = parse_node_name(server.node) if server.node else None
    of_node = books.by_vcenter_uuid.get(node.vcenter_uuid) if node else None
    carriers = books.carriers(server.id)
    if not carriers:
        return _without_vm(server, books, service, hypervisor, node, of_node)
    inventory, vm = min(carriers, key=lambda found: _preference(server, node, *found))
    found = Found(
        server=server,
        node=node,
        of_node=of_node,
        nova_cluster=of_node.cluster_by_ref.get(node.cluster) if node and of_node else None,
        inventory=inventory,
        vm=vm,
        carriers=carriers,
        cluster=inventory.cluster_of_vm(vm),
        host=inventory.host_by_ref.get(vm.host) if vm.host else None,
        pool=inventory.pool_by_ref.get(vm.resource_pool) if vm.resource_pool else None,
        datastores=tuple(
            datastore
            for ref in vm.datastores
            if (datastore := inventory.datastore_by_ref.get(ref))
        ),
    )
    return Placement(
        server=server,
        whereabouts=Whereabouts.ON_VCENTER,
        service=service,
        hypervisor=hypervisor,
        nova_cluster=found.nova_cluster,
        inventory=inventory,
        vm=vm,
        cluster=found.cluster,
        host=found.host,
        pool=found.pool,
        datastores=found.datastores,
        unnamed_datastores=len(vm.datastores) - len(found.datastores),
        remarks=remarks_on(found),
    )


def _preference(
    server: Server, node: NodeName | None, inventory: Inventory, vm: VirtualMachine
) -> tuple[bool, bool, bool, bool, str]:
    """Among several VMs with the id: the one that Nova would call its own comes first."""
    cluster = inventory.cluster_of_vm(vm)
    return (
        not vm.managed_by_nova,
        bool(node) and inventory.vcenter.instance_uuid.lower() != (node and node.vcenter_uuid),
        bool(node) and (cluster and cluster.moref) != (node and node.cluster),
        server.id not in vm.vm_path,
        vm.moref,
    )


def _without_vm(
    server: Server,
    books: Books,
    service: ComputeService | None,
    hypervisor: Hypervisor | None,
    node: NodeName | None,
    inventory: Inventory | None,
) -> Placement:
    nova_cluster = inventory.cluster_by_ref.get(node.cluster) if node and inventory else None
    remarks: tuple[Remark, ...] = ()
    if server.node == "":
        whereabouts = Whereabouts.NOT_PLACED
    elif server.node is None:  # hidden by Nova's policy, so what was not found may be anywhere
        whereabouts = Whereabouts.UNKNOWN
    elif node is None:
        whereabouts = Whereabouts.NOT_ON_VCENTER
    elif inventory is None:
        whereabouts = Whereabouts.UNCONFIGURED if books.complete else Whereabouts.UNKNOWN
    elif server.status == "BUILD":
        whereabouts = Whereabouts.BUILDING
    elif server.changed_since(inventory.read_at):
        whereabouts = Whereabouts.UNKNOWN
    else:
        whereabouts = Whereabouts.MISSING
        remarks = (Remark(RemarkKind.NO_VM, nova=server.node, vcenter=inventory.vcenter.name),)
    if node and inventory and not nova_cluster:
        remarks += (node_without_cluster(server, inventory),)
    return Placement(
        server=server,
        whereabouts=whereabouts,
        service=service,
        hypervisor=hypervisor,
        nova_cluster=nova_cluster,
        inventory=inventory,
        remarks=remarks,
    )


@dataclass(frozen=True, slots=True)
class Overview:
    """Counts over a set of placements. `hosts` counts the ESX hosts that carry any of them."""

    instances: int
    on_vcenter: int
    hosts: int
    disagreeing: int
    unknown: int


def overview(placements: Iterable[Placement]) -> Overview:
    rows = tuple(placements)
    hosts = {
        (p.inventory.vcenter.instance_uuid, p.host.moref) for p in rows if p.inventory and p.host
    }
    return Overview(
        instances=len(rows),
        on_vcenter=sum(p.whereabouts is Whereabouts.ON_VCENTER for p in rows),
        hosts=len(hosts),
        disagreeing=sum(p.disagrees for p in rows),
        unknown=sum(p.whereabouts is Whereabouts.UNKNOWN for p in rows),
    )
