# mypy: allow-untyped-calls
"""One cluster, live: its hosts, pools and datastores, what it uses, and vCenter's own sums."""

from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from pyVmomi import vim

from vmware_panel.domain.cluster_detail import ClusterDetail, NumaNode, ResourceUsage
from vmware_panel.domain.inventory import MoRef
from vmware_panel.domain.usage import ClusterUsage, HostUsage, Usage
from vmware_panel.vsphere import drs
from vmware_panel.vsphere.errors import ObjectGone, SessionLost, VSphereError
from vmware_panel.vsphere.inventory_rows import InventoryBuilder
from vmware_panel.vsphere.login import Connected
from vmware_panel.vsphere.property_reader import (
    ObjectSpec,
    SelectionSpec,
    read_rows,
    traversal,
)
from vmware_panel.vsphere.property_sets import NUMA_PATH, ONE_CLUSTER
from vmware_panel.vsphere.rows import Row
from vmware_panel.vsphere.usage_reader import cluster_usage_of, host_usage_of

T = TypeVar("T")

_UPWARDS, _POOLS = "upwards", "pools"
RESOURCES, DRS = "resources", "drs"  # parts that may be refused by themselves


def read_cluster(connected: Connected, cluster: MoRef, now: datetime) -> ClusterDetail:
    """Three calls. Raises `VSphereError`, `ObjectGone` among them."""
    builder = InventoryBuilder()
    hosts: list[HostUsage] = []
    clusters: list[ClusterUsage] = []
    numa: dict[MoRef, tuple[NumaNode, ...]] = {}

    def keep(row: Row) -> None:
        builder.keep(row)
        if issubclass(row.kind, vim.HostSystem):
            hosts.append(host_usage_of(row))
            numa[row.moref] = row.all(NUMA_PATH, NumaNode)
        elif issubclass(row.kind, vim.ClusterComputeResource):
            clusters.append(cluster_usage_of(row))

    read_rows(connected, [_start(cluster)], ONE_CLUSTER, keep)
    if not clusters:
        raise ObjectGone(cluster, source=connected.vcenter.name)
    refused: dict[str, str] = {}
    resources = _unless_refused(refused, RESOURCES, lambda: _resources(connected, cluster))
    state = _unless_refused(refused, DRS, lambda: drs.read_state(connected, cluster))
    return ClusterDetail(
        inventory=builder.inventory(connected.vcenter, now, whole=False),
        usage=Usage(connected.vcenter.name, now, tuple(hosts), tuple(clusters)),
        rules=state.rules if state else (),
        groups=state.groups if state else (),
        overrides=state.overrides if state else (),
        recommendations=state.recommendations if state else (),
        resources=resources,
        numa=numa,
        refused=refused,
    )


def _resources(connected: Connected, cluster: MoRef) -> ResourceUsage | None:
    said = connected.managed(vim.ClusterComputeResource, cluster).GetResourceUsage()
    if said is None:
        return None
    return ResourceUsage(
        cpu_used_mhz=said.cpuUsedMHz,
        cpu_capacity_mhz=said.cpuCapacityMHz,
        memory_used_mb=said.memUsedMB,
        memory_capacity_mb=said.memCapacityMB,
        storage_used_mb=said.storageUsedMB,
        storage_capacity_mb=said.storageCapacityMB,
    )


def _unless_refused(refused: dict[str, str], part: str, read: Callable[[], T | None]) -> T | None:
    """None where vCenter answers that it does not do this, or not for this account."""
    try:
        return read()
    except (SessionLost, ObjectGone):
        raise
    except VSphereError as error:
        if not error.fault:
            raise
        refused[part] = error.detail
        return None


def _start(cluster: MoRef) -> ObjectSpec:
    again = SelectionSpec(name=_POOLS)
    hosts = traversal("hosts", vim.ComputeResource, "host")
    hosts.selectSet.append(traversal("datastores", vim.HostSystem, "datastore"))
    pools = traversal(_POOLS, vim.ResourcePool, "resourcePool", [again])
    root_pool = traversal("root pool", vim.ComputeResource, "resourcePool", [pools])
    upwards = traversal(_UPWARDS, vim.ManagedEntity, "parent", [SelectionSpec(name=_UPWARDS)])
    return ObjectSpec(
        obj=vim.ClusterComputeResource(cluster), skip=False, selectSet=[hosts, root_pool, upwards]
    )
