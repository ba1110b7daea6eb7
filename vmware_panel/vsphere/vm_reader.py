# mypy: allow-untyped-calls
"""The targeted read: one instance's VM and what it stands on, in two calls."""

from datetime import datetime

from pyVmomi import vim

from vmware_panel.domain.inventory import Inventory, MoRef
from vmware_panel.vsphere.inventory_rows import InventoryBuilder
from vmware_panel.vsphere.login import Connected
from vmware_panel.vsphere.property_reader import (
    ObjectSpec,
    SelectionSpec,
    read_rows,
    traversal,
)
from vmware_panel.vsphere.property_sets import ONE_VM

_UPWARDS = "upwards"


def read_vm(
    connected: Connected, instance_uuid: str, node_cluster: MoRef | None, now: datetime
) -> Inventory:
    """Every VM that carries the id, with host, cluster, pools, folders and datastores.

    `node_cluster`, the cluster that Nova's book names, is read as well; when it is not there (any
    more) the inventory is without it. The inventory is not `whole`: besides these it says nothing.
    A datastore's `hosts` in it are those of the hosts read that mount it. Two calls; raises
    `VSphereError`.
    """
    # vCenter never pages this one. Whether "none" is true the next call tells: it reads the session.
    found = connected.search.FindAllByUuid(None, instance_uuid, True, True)
    start = [ObjectSpec(obj=vm, skip=False, selectSet=_from_vm()) for vm in found or ()]
    if node_cluster is not None:
        cluster = vim.ClusterComputeResource(node_cluster)
        start.append(ObjectSpec(obj=cluster, skip=False))
    builder = InventoryBuilder()
    read_rows(connected, start, ONE_VM, builder.keep)
    return builder.inventory(connected.vcenter, now, whole=False)


def _from_vm() -> list[SelectionSpec]:
    """From the VM to what it refers to, and from there up to the root folder."""
    return [
        traversal("host", vim.VirtualMachine, "runtime.host", [_again()]),
        traversal("pool", vim.VirtualMachine, "resourcePool", [_again()]),
        traversal("datastores", vim.VirtualMachine, "datastore"),
        traversal(_UPWARDS, vim.ManagedEntity, "parent", [_again()]),
    ]


def _again() -> SelectionSpec:
    return SelectionSpec(name=_UPWARDS)
