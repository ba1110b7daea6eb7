"""What does not agree between the two books about one instance, and what else is worth knowing."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from vmware_panel.domain.cloud import NodeName, NovaPower, Server
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
from vmware_panel.domain.lineage import datastore_name, trace_disks

NEARLY_FULL = 0.95
"""The used fraction of a datastore from which on an instance's page speaks of it."""


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


def node_without_cluster(server: Server, inventory: Inventory) -> Remark:
    return Remark(
        RemarkKind.NODE_WITHOUT_CLUSTER, nova=server.node or "", vcenter=inventory.vcenter.name
    )


@dataclass(frozen=True, slots=True)
class Found:
    """The VM that was found for a server, and what each book says of its place.

    `of_node` is the inventory of the vCenter that Nova's node names, `carriers` are all VMs that
    carry the server's id.
    """

    server: Server
    node: NodeName | None
    of_node: Inventory | None
    nova_cluster: Cluster | None
    inventory: Inventory
    vm: VirtualMachine
    carriers: Sequence[tuple[Inventory, VirtualMachine]]
    cluster: Cluster | None
    host: EsxHost | None
    pool: ResourcePool | None
    datastores: tuple[Datastore, ...]


def remarks_on(found: Found) -> tuple[Remark, ...]:
    """Everything there is to say, the gravest first."""
    return (
        *_where(found),
        *_identity(found),
        *_power(found.server, found.vm, found.inventory),
        *_storage(found),
        *_host(found.host, found.vm),
    )


def _where(found: Found) -> Iterable[Remark]:
    """Cluster and pool: Nova's node against the VM's own place."""
    server, node, inventory, cluster = found.server, found.node, found.inventory, found.cluster
    if server.node is None:
        return
    if node is None:
        yield Remark(RemarkKind.UNEXPECTED_VM, nova=server.node, vcenter=inventory.vcenter.name)
        return
    if inventory.vcenter.instance_uuid.lower() != node.vcenter_uuid:
        nova_says = found.of_node.vcenter.name if found.of_node else node.vcenter_uuid
        yield Remark(RemarkKind.OTHER_VCENTER, nova=nova_says, vcenter=inventory.vcenter.name)
        return
    if found.nova_cluster is None:
        yield node_without_cluster(server, inventory)
    if cluster is None:
        return
    if cluster.moref != node.cluster:
        nova_says = found.nova_cluster.name if found.nova_cluster else node.cluster
        yield Remark(RemarkKind.OTHER_CLUSTER, nova=nova_says, vcenter=cluster.name)
    elif found.pool and cluster.root_pool and found.pool.moref != cluster.root_pool:
        yield Remark(RemarkKind.CHILD_POOL, nova=cluster.name, vcenter=found.pool.name)


def _identity(found: Found) -> Iterable[Remark]:
    server, vm = found.server, found.vm
    if not vm.managed_by_nova:
        yield Remark(RemarkKind.NOT_MANAGED, vcenter=vm.manager_key)
    for _inventory, other in found.carriers:
        if other is not vm:
            yield Remark(RemarkKind.DUPLICATE_ID, subject=other.name, vcenter=other.moref)
    # Nova's fallback look-up goes by nvp.vm-uuid, which every clone keeps (vm_util.get_vm_ref)
    carrying = {other.moref for _inventory, other in found.carriers}
    for other in found.inventory.vms_by_claimed_uuid.get(server.id.lower(), ()):
        if other.moref not in carrying and not other.is_template:
            yield Remark(RemarkKind.CLONE_CLAIMS_ID, subject=other.name, vcenter=other.moref)
    # Nova names a VM `<display name> (<id>)` (vm_util.rename_vm), and `<id>` until it is spawned
    if server.id.lower() not in vm.name.lower():
        yield Remark(RemarkKind.RENAMED, vcenter=vm.name)


_SAME_POWER = {
    NovaPower.RUNNING: VmPower.ON,
    NovaPower.SHUTDOWN: VmPower.OFF,
    NovaPower.SUSPENDED: VmPower.SUSPENDED,
}
"""Nova's states that the VMware driver reports (`vmwareapi/constants.py`, POWER_STATES)."""


def _power(server: Server, vm: VirtualMachine, inventory: Inventory) -> Iterable[Remark]:
    expected = _SAME_POWER.get(server.power) if server.power is not None else None
    at_work = server.task_state or server.changed_since(inventory.read_at)
    if expected and vm.power and vm.power is not expected and not at_work:
        yield Remark(
            RemarkKind.POWER_STATE,
            nova=server.power.name if server.power is not None else "",
            vcenter=vm.power.value,
        )


def _storage(found: Found) -> Iterable[Remark]:
    vm = found.vm
    home = datastore_name(vm.vm_path)
    if home and any(datastore_name(disk.path) != home for disk in vm.disks):
        for lineage in trace_disks(found.server, vm, found.inventory):
            away = datastore_name(lineage.disk.path)
            if away != home and lineage.volume_id is None:
                yield Remark(RemarkKind.DISK_APART, subject=lineage.disk.label, vcenter=away)
    for datastore in found.datastores:
        if datastore.accessible is False:
            yield Remark(RemarkKind.DATASTORE_NOT_ACCESSIBLE, subject=datastore.name)
        elif (datastore.used_fraction or 0) >= NEARLY_FULL:
            yield Remark(RemarkKind.DATASTORE_NEARLY_FULL, subject=datastore.name)


def _host(host: EsxHost | None, vm: VirtualMachine) -> Iterable[Remark]:
    away = host.connection if host and host.connection is not HostConnection.CONNECTED else None
    if host and away:
        yield Remark(RemarkKind.HOST_NOT_CONNECTED, subject=host.name, vcenter=away.value)
    if host and host.in_maintenance:
        yield Remark(RemarkKind.HOST_MAINTENANCE, subject=host.name)
    # every VM of a host that is not connected is disconnected: said once is enough
    expected = {"connected", "disconnected"} if away else {"connected"}
    if vm.connection and vm.connection not in expected:
        yield Remark(RemarkKind.VM_NOT_CONNECTED, vcenter=vm.connection)
