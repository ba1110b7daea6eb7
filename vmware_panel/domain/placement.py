"""The join of the two books: where each instance stands, and where the books do not agree.

    server -> compute service -> node -> cluster (moref and vCenter uuid)
           -> VM (instanceUuid, managedBy) -> ESX host -> datastores

What Nova says and what vCenter says stay apart in the result; `Remark`s name the differences.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property

from vmware_panel.domain.cloud import (
    ComputeService,
    Hypervisor,
    NodeName,
    NovaPower,
    Server,
    parse_node_name,
)
from vmware_panel.domain.inventory import (
    Cluster,
    Datastore,
    EsxHost,
    HostConnection,
    Inventory,
    ResourcePool,
    VirtualMachine,
    VmPower,
)
from vmware_panel.domain.lineage import Lineage, datastore_name, trace_disks

NEARLY_FULL = 0.95
"""The used fraction of a datastore from which on an instance's page speaks of it."""


class Whereabouts(StrEnum):
    """What is known of where an instance stands."""

    ON_VCENTER = "on_vcenter"  # a VM was found
    MISSING = "missing"  # its vCenter answered, and no VM there carries its id
    BUILDING = "building"  # as MISSING, but Nova is still at it
    NOT_ON_VCENTER = "not_on_vcenter"  # its node is another driver's
    NOT_PLACED = "not_placed"  # Nova has no node for it: not scheduled, failed, shelved
    UNCONFIGURED = "unconfigured"  # every configured vCenter answered; its node names another
    UNKNOWN = "unknown"  # a vCenter that could know did not answer


class RemarkKind(StrEnum):
    """What an instance's page has to say about it."""

    NO_VM = "no_vm"
    UNEXPECTED_VM = "unexpected_vm"
    OTHER_CLUSTER = "other_cluster"
    OTHER_VCENTER = "other_vcenter"
    CHILD_POOL = "child_pool"
    NOT_MANAGED = "not_managed"
    DUPLICATE_ID = "duplicate_id"
    CLONE_CLAIMS_ID = "clone_claims_id"
    POWER_STATE = "power_state"
    NODE_WITHOUT_CLUSTER = "node_without_cluster"
    DISK_APART = "disk_apart"
    RENAMED = "renamed"
    HOST_MAINTENANCE = "host_maintenance"
    HOST_NOT_CONNECTED = "host_not_connected"
    VM_NOT_CONNECTED = "vm_not_connected"
    DATASTORE_NOT_ACCESSIBLE = "datastore_not_accessible"
    DATASTORE_NEARLY_FULL = "datastore_nearly_full"


class Severity(StrEnum):
    DISAGREEMENT = "disagreement"  # the two books cannot both be right
    NOTICE = "notice"  # true in vCenter's book, and worth knowing at 3 a.m.


_NOTICES = frozenset(
    {
        RemarkKind.DISK_APART,
        RemarkKind.RENAMED,
        RemarkKind.HOST_MAINTENANCE,
        RemarkKind.HOST_NOT_CONNECTED,
        RemarkKind.VM_NOT_CONNECTED,
        RemarkKind.DATASTORE_NOT_ACCESSIBLE,
        RemarkKind.DATASTORE_NEARLY_FULL,
    }
)


@dataclass(frozen=True, slots=True)
class Remark:
    """One difference or notice. `nova` and `vcenter` are what each book says, as names.

    `subject` is what it is about where that is not the instance itself: a host, a datastore, the
    other VM.
    """

    kind: RemarkKind
    subject: str = ""
    nova: str = ""
    vcenter: str = ""

    @property
    def severity(self) -> Severity:
        return Severity.NOTICE if self.kind in _NOTICES else Severity.DISAGREEMENT


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
    host = inventory.host_by_ref.get(vm.host) if vm.host else None
    datastores = tuple(
        found for ref in vm.datastores if (found := inventory.datastore_by_ref.get(ref))
    )
    nova_cluster = of_node.cluster_by_ref.get(node.cluster) if node and of_node else None
    cluster = inventory.cluster_of_vm(vm)
    pool = inventory.pool_by_ref.get(vm.resource_pool) if vm.resource_pool else None
    placement = Placement(
        server=server,
        whereabouts=Whereabouts.ON_VCENTER,
        service=service,
        hypervisor=hypervisor,
        nova_cluster=nova_cluster,
        inventory=inventory,
        vm=vm,
        cluster=cluster,
        host=host,
        pool=pool,
        datastores=datastores,
        unnamed_datastores=len(vm.datastores) - len(datastores),
    )
    remarks = (
        *_where_remarks(placement, node, of_node),
        *_identity_remarks(placement, vm, carriers),
        *_power_remarks(server, vm),
        *_storage_remarks(placement),
        *_host_remarks(host, vm),
    )
    return replace(placement, remarks=remarks)


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
    else:
        whereabouts = Whereabouts.MISSING
        remarks = (Remark(RemarkKind.NO_VM, nova=server.node, vcenter=inventory.vcenter.name),)
    if node and inventory and not nova_cluster:
        remarks += (_node_without_cluster(server, inventory),)
    return Placement(
        server=server,
        whereabouts=whereabouts,
        service=service,
        hypervisor=hypervisor,
        nova_cluster=nova_cluster,
        inventory=inventory,
        remarks=remarks,
    )


def _node_without_cluster(server: Server, inventory: Inventory) -> Remark:
    return Remark(
        RemarkKind.NODE_WITHOUT_CLUSTER, nova=server.node or "", vcenter=inventory.vcenter.name
    )


def _where_remarks(
    placement: Placement, node: NodeName | None, of_node: Inventory | None
) -> Iterable[Remark]:
    """Cluster and pool: Nova's node against the VM's own place."""
    inventory, cluster = placement.inventory, placement.cluster
    if inventory is None or placement.server.node is None:
        return
    if node is None:
        yield Remark(
            RemarkKind.UNEXPECTED_VM, nova=placement.server.node, vcenter=inventory.vcenter.name
        )
        return
    if inventory.vcenter.instance_uuid.lower() != node.vcenter_uuid:
        nova_says = of_node.vcenter.name if of_node else node.vcenter_uuid
        yield Remark(RemarkKind.OTHER_VCENTER, nova=nova_says, vcenter=inventory.vcenter.name)
        return
    if placement.nova_cluster is None:
        yield _node_without_cluster(placement.server, inventory)
    if cluster is None:
        return
    if cluster.moref != node.cluster:
        nova_says = placement.nova_cluster.name if placement.nova_cluster else node.cluster
        yield Remark(RemarkKind.OTHER_CLUSTER, nova=nova_says, vcenter=cluster.name)
    elif placement.pool and cluster.root_pool and placement.pool.moref != cluster.root_pool:
        yield Remark(RemarkKind.CHILD_POOL, nova=cluster.name, vcenter=placement.pool.name)


def _identity_remarks(
    placement: Placement,
    vm: VirtualMachine,
    carriers: Sequence[tuple[Inventory, VirtualMachine]],
) -> Iterable[Remark]:
    if not vm.managed_by_nova:
        yield Remark(RemarkKind.NOT_MANAGED, vcenter=vm.manager_key)
    for _inventory, other in carriers:
        if other is not vm:
            yield Remark(RemarkKind.DUPLICATE_ID, subject=other.name, vcenter=other.moref)
    if placement.inventory:
        # Nova's fallback look-up goes by nvp.vm-uuid, which every clone keeps (vm_util.get_vm_ref)
        claimants = placement.inventory.vms_by_claimed_uuid.get(placement.server.id.lower(), ())
        carrying = {other.moref for _inventory, other in carriers}
        for other in claimants:
            if other.moref not in carrying and not other.is_template:
                yield Remark(RemarkKind.CLONE_CLAIMS_ID, subject=other.name, vcenter=other.moref)
    # Nova names a VM `<display name> (<id>)` (vm_util.rename_vm), and `<id>` until it is spawned
    if placement.server.id.lower() not in vm.name.lower():
        yield Remark(RemarkKind.RENAMED, vcenter=vm.name)


_SAME_POWER = {
    NovaPower.RUNNING: VmPower.ON,
    NovaPower.SHUTDOWN: VmPower.OFF,
    NovaPower.SUSPENDED: VmPower.SUSPENDED,
}
"""Nova's states that the VMware driver reports (`vmwareapi/constants.py`, POWER_STATES)."""


def _power_remarks(server: Server, vm: VirtualMachine) -> Iterable[Remark]:
    expected = _SAME_POWER.get(server.power) if server.power is not None else None
    if expected and vm.power and vm.power is not expected and not server.task_state:
        yield Remark(
            RemarkKind.POWER_STATE,
            nova=server.power.name if server.power is not None else "",
            vcenter=vm.power.value,
        )


def _storage_remarks(placement: Placement) -> Iterable[Remark]:
    vm = placement.vm
    home = datastore_name(vm.vm_path) if vm else ""
    if vm and home and any(datastore_name(disk.path) != home for disk in vm.disks):
        for lineage in placement.disks:
            away = datastore_name(lineage.disk.path)
            if away != home and lineage.volume_id is None:
                yield Remark(RemarkKind.DISK_APART, subject=lineage.disk.label, vcenter=away)
    for datastore in placement.datastores:
        if datastore.accessible is False:
            yield Remark(RemarkKind.DATASTORE_NOT_ACCESSIBLE, subject=datastore.name)
        elif (datastore.used_fraction or 0) >= NEARLY_FULL:
            yield Remark(RemarkKind.DATASTORE_NEARLY_FULL, subject=datastore.name)


def _host_remarks(host: EsxHost | None, vm: VirtualMachine) -> Iterable[Remark]:
    if host and host.connection and host.connection is not HostConnection.CONNECTED:
        yield Remark(
            RemarkKind.HOST_NOT_CONNECTED, subject=host.name, vcenter=host.connection.value
        )
    if host and host.in_maintenance:
        yield Remark(RemarkKind.HOST_MAINTENANCE, subject=host.name)
    if vm.connection and vm.connection != "connected":
        yield Remark(RemarkKind.VM_NOT_CONNECTED, vcenter=vm.connection)


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
