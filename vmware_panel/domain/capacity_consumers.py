"""Placement's consumers against the VMs of the cluster, one by one: who makes the difference."""

from collections.abc import Iterator

from vmware_panel.domain.capacity import CapacityBooks, Cause, CauseKind
from vmware_panel.domain.capacity_vcenter import instance_vms, vm_amount
from vmware_panel.domain.cloud import Server, parse_node_name
from vmware_panel.domain.driver_sums import Resource
from vmware_panel.domain.inventory import VirtualMachine


def consumer_causes(books: CapacityBooks, resource: Resource) -> tuple[Cause, ...]:
    """One cause for each instance or VM that counts otherwise in the two books.

    Nothing where the allocations or Nova's servers are not known: then nobody can be named.
    """
    if books.allocations is None or books.servers is None:
        return ()
    here: dict[str, list[VirtualMachine]] = {}
    for vm in instance_vms(books):
        here.setdefault(vm.instance_uuid.lower(), []).append(vm)
    causes = []
    for allocation in books.allocations:
        vms = here.pop(allocation.consumer.lower(), [])
        held = allocation.resources.get(resource.value, 0)
        sized = sum(vm_amount(vm, resource) or 0 for vm in vms)
        if held == sized:
            continue
        server = books.servers.get(allocation.consumer)
        kind, detail = (
            (CauseKind.SIZE_DIFFERS, vms[0].name)
            if vms
            else _held_for_nobody(books, allocation.consumer, server)
        )
        causes.append(Cause(kind, held - sized, _name(server, allocation.consumer), detail))
    causes += _not_allocated(books, resource, here)
    return tuple(causes)


def _held_for_nobody(
    books: CapacityBooks, consumer: str, server: Server | None
) -> tuple[CauseKind, str]:
    """Why a consumer has no VM in the cluster."""
    inventory = books.inventory
    if server is None:
        return CauseKind.ALLOCATION_GONE, ""
    if server.node and not _on_this_node(books, server):
        return CauseKind.ALLOCATION_ELSEWHERE, server.compute_host or server.node
    for vm in inventory.vms_by_instance_uuid.get(consumer.lower(), ()):
        cluster = inventory.cluster_of_vm(vm)
        if vm.managed_by_nova and cluster is not None:
            return CauseKind.VM_ELSEWHERE, cluster.name
    return CauseKind.VM_GONE, server.status


def _not_allocated(
    books: CapacityBooks, resource: Resource, left: dict[str, list[VirtualMachine]]
) -> Iterator[Cause]:
    servers = books.servers or {}
    for instance_uuid, vms in left.items():
        server = servers.get(instance_uuid)
        if server is None:
            kind, detail = CauseKind.VM_UNKNOWN, ""
        elif _on_this_node(books, server):
            kind, detail = CauseKind.NO_ALLOCATION, ""
        else:
            kind, detail = CauseKind.VM_FROM_ELSEWHERE, server.compute_host or ""
        for vm in vms:
            amount = vm_amount(vm, resource) or 0
            if amount:
                yield Cause(kind, -amount, _name(server, vm.name), detail)


def _on_this_node(books: CapacityBooks, server: Server) -> bool:
    node = parse_node_name(server.node or "")
    own = books.inventory.vcenter.instance_uuid.lower()
    return node is not None and (node.cluster, node.vcenter_uuid) == (books.cluster.moref, own)


def _name(server: Server | None, otherwise: str) -> str:
    return server.name if server and server.name else otherwise
