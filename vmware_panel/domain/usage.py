"""What hosts and clusters use, sampled: figures that move all the time and are not watched.

`None` is unknown. CPU is in MHz and memory in MiB, as vCenter counts them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from vmware_panel.domain.inventory import MoRef


@dataclass(frozen=True, slots=True)
class HostUsage:
    """`HostSystem.summary.quickStats`."""

    host: MoRef
    cpu_used_mhz: int | None = None
    memory_used_mb: int | None = None
    uptime_s: int | None = None


@dataclass(frozen=True, slots=True)
class ClusterUsage:
    """`ClusterComputeResource.summary`: what vCenter itself counts of a cluster.

    "Effective" is what VMs may use: hosts that are connected and not in maintenance, without what
    the hypervisors need for themselves. The two failover figures are the percentages that HA finds
    free for a failover at present (`admissionControlInfo`), None where it says nothing. "Demand" is
    what the VMs would take if nothing held them back (`usageSummary`).
    """

    cluster: MoRef
    hosts: int | None = None
    effective_hosts: int | None = None
    total_cpu_mhz: int | None = None
    effective_cpu_mhz: int | None = None
    total_memory_bytes: int | None = None
    effective_memory_mb: int | None = None
    cpu_failover_percent: int | None = None
    memory_failover_percent: int | None = None
    drs_score: int | None = None
    cpu_demand_mhz: int | None = None
    memory_demand_mb: int | None = None


@dataclass(frozen=True)
class Usage:
    """One sample of one vCenter."""

    vcenter: str
    read_at: datetime
    hosts: tuple[HostUsage, ...] = ()
    clusters: tuple[ClusterUsage, ...] = ()

    @cached_property
    def by_host(self) -> Mapping[MoRef, HostUsage]:
        return {usage.host: usage for usage in self.hosts}

    @cached_property
    def by_cluster(self) -> Mapping[MoRef, ClusterUsage]:
        return {usage.cluster: usage for usage in self.clusters}
