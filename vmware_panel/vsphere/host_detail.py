# mypy: allow-untyped-calls
"""One ESX host, live: what it is made of and uses, and every VM that stands on it."""

from datetime import datetime

from pyVmomi import vim

from vmware_panel.domain.cluster_detail import NumaNode
from vmware_panel.domain.host_detail import HostDetail, NetworkAdapter
from vmware_panel.domain.inventory import MoRef
from vmware_panel.vsphere.errors import ObjectGone
from vmware_panel.vsphere.inventory_rows import InventoryBuilder
from vmware_panel.vsphere.login import Connected
from vmware_panel.vsphere.property_reader import (
    ObjectSpec,
    SelectionSpec,
    read_rows,
    traversal,
)
from vmware_panel.vsphere.property_sets import (
    ADAPTERS_PATH,
    NUMA_PATH,
    ONE_HOST,
    POWER_POLICY_PATH,
)
from vmware_panel.vsphere.rows import Row
from vmware_panel.vsphere.usage_reader import host_usage_of

_UPWARDS = "upwards"


def read_host(connected: Connected, host: MoRef, now: datetime) -> HostDetail:
    """One call, unless vCenter pages it. Raises `VSphereError`, `ObjectGone` among them."""
    builder = InventoryBuilder()
    rows: list[Row] = []

    def keep(row: Row) -> None:
        builder.keep(row)
        if issubclass(row.kind, vim.HostSystem):
            rows.append(row)

    read_rows(connected, [_start(host)], ONE_HOST, keep)
    if not rows:
        raise ObjectGone(host, source=connected.vcenter.name)
    (row,) = rows
    inventory = builder.inventory(connected.vcenter, now, whole=False)
    return HostDetail(
        inventory=inventory,
        host=inventory.host_by_ref[host],
        usage=host_usage_of(row),
        vendor=row.text("summary.hardware.vendor") or "",
        model=row.text("summary.hardware.model") or "",
        cpu_model=row.text("summary.hardware.cpuModel") or "",
        product=row.text("summary.config.product.fullName") or "",
        power_policy=row.text(POWER_POLICY_PATH) or "",
        numa=row.all(NUMA_PATH, NumaNode),
        adapters=row.all(ADAPTERS_PATH, NetworkAdapter) if ADAPTERS_PATH in row.values else None,
    )


def _start(host: MoRef) -> ObjectSpec:
    again = SelectionSpec(name=_UPWARDS)
    vms = traversal("vms", vim.HostSystem, "vm", [again])
    vms.selectSet.append(traversal("pool", vim.VirtualMachine, "resourcePool", [again]))
    return ObjectSpec(
        obj=vim.HostSystem(host),
        skip=False,
        selectSet=[
            traversal(_UPWARDS, vim.ManagedEntity, "parent", [again]),
            traversal("datastores", vim.HostSystem, "datastore"),
            vms,
        ],
    )
