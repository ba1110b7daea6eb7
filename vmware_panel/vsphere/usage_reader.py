# mypy: allow-untyped-calls
"""Samples what the hosts and clusters of one vCenter use: figures that are not watched."""

from datetime import datetime

from pyVmomi import vim

from vmware_panel.domain.usage import ClusterUsage, HostUsage, Usage
from vmware_panel.vsphere.login import Connected
from vmware_panel.vsphere.property_reader import (
    ObjectSpec,
    SelectionSpec,
    read_rows,
    traversal,
)
from vmware_panel.vsphere.property_sets import CLUSTER_SUMMARY_PATH, USAGE
from vmware_panel.vsphere.rows import ClusterSummary, Row

_FOLDERS = "folders"


def read_usage(connected: Connected, now: datetime) -> Usage:
    """Of all hosts and clusters: one call, unless vCenter pages it. Raises `VSphereError`.

    No view is made for it: from the root folder only the folders of hosts are walked, so that the
    VMs cost vCenter nothing.
    """
    hosts: list[HostUsage] = []
    clusters: list[ClusterUsage] = []

    def keep(row: Row) -> None:
        if issubclass(row.kind, vim.HostSystem):
            hosts.append(host_usage_of(row))
        elif issubclass(row.kind, vim.ClusterComputeResource):
            clusters.append(cluster_usage_of(row))

    read_rows(connected, [_start(connected)], USAGE, keep)
    return Usage(connected.vcenter.name, now, tuple(hosts), tuple(clusters))


def host_usage_of(row: Row) -> HostUsage:
    return HostUsage(
        host=row.moref,
        cpu_used_mhz=row.number("summary.quickStats.overallCpuUsage"),
        memory_used_mb=row.number("summary.quickStats.overallMemoryUsage"),
        uptime_s=row.number("summary.quickStats.uptime"),
    )


def cluster_usage_of(row: Row) -> ClusterUsage:
    summary = row.one(CLUSTER_SUMMARY_PATH, ClusterSummary)
    return ClusterUsage(row.moref, **(summary._asdict() if summary else {}))


def _start(connected: Connected) -> ObjectSpec:
    again = SelectionSpec(name=_FOLDERS)
    hosts = traversal("hosts", vim.ComputeResource, "host")
    datacenters = traversal("datacenters", vim.Datacenter, "hostFolder", [again])
    datacenters.selectSet.append(hosts)
    folders = traversal(_FOLDERS, vim.Folder, "childEntity", [again])
    folders.selectSet += [datacenters, hosts]
    return ObjectSpec(obj=connected.root_folder, skip=True, selectSet=[folders])
