"""A cluster as a row of the list: every value is one thing, whose book is its column's.

As everywhere in a list, `None` is unknown and `""` is nothing.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from vmware_panel.api.clusters import ClusterEntry
from vmware_panel.domain.capacity import placement_capacity
from vmware_panel.domain.cloud import ComputeService, ResourceInventory
from vmware_panel.domain.cluster_sums import (
    HostCounts,
    Largest,
    ResourceSums,
    largest_by_placement,
)
from vmware_panel.domain.clusters import Driven, NodeCounts
from vmware_panel.panels.compute_services import state_of, status_of
from vmware_panel.panels.drawing.bars import used_percent
from vmware_panel.wording import drs_mode, ha_mode

HOST_STATES = ("usable", "in_maintenance", "disconnected", "unknown")


@dataclass(frozen=True)
class ClusterRow:
    """One cluster. `name` is vCenter's; for a cluster that it does not show, its id in Nova's node.

    Attributes that no field holds are read from `entry`.
    """

    entry: ClusterEntry
    vcenter: str | None
    moref: str
    name: str

    @property
    def id(self) -> str:
        return f"{self.vcenter or ''}/{self.moref}"

    @property
    def driven(self) -> Driven:
        return self.entry.books.driven

    @property
    def there(self) -> bool:
        """vCenter has it, so it has a page."""
        return self.entry.books.cluster is not None

    @property
    def lost(self) -> Any:
        """For what vCenter would say: unknown where its book is not there, nothing where it has
        no such cluster.
        """
        return "" if self.driven is Driven.GONE else None

    # Nova's book

    @property
    def service(self) -> ComputeService | None:
        return self.entry.books.service

    @property
    def compute(self) -> str | None:
        node = self.entry.books.hypervisor
        if node is None:
            return "" if self.driven is Driven.UNDRIVEN else None
        return node.service_host or None

    @property
    def compute_state(self) -> str | None:
        return state_of(self.compute, self.service)

    @property
    def compute_status(self) -> str | None:
        return status_of(self.compute, self.service)

    @property
    def disabled_reason(self) -> str | None:
        if not self.compute:
            return self.compute
        return self.service.disabled_reason if self.service else None

    @property
    def node(self) -> str | None:
        its = self.entry.books.hypervisor
        return its.node if its else self.compute

    @property
    def counts(self) -> NodeCounts | None:
        return self.entry.counts

    @property
    def servers(self) -> Any:
        if self.compute == "":
            return ""
        return self.counts.servers if self.counts else None

    @property
    def disagreeing(self) -> Any:
        """Nova's instances here of which the books do not agree; unknown if one of them is."""
        if self.compute == "":
            return ""
        if self.counts is None or (self.counts.unknown and not self.counts.disagreeing):
            return None
        return self.counts.disagreeing

    # vCenter's book

    @cached_property
    def host_counts(self) -> HostCounts | None:
        return self.entry.figures.hosts if self.entry.figures else None

    def _hosts(self, state: str) -> Any:
        return getattr(self.host_counts, state) if self.host_counts else self.lost

    @property
    def hosts(self) -> Any:
        return self._hosts("all")

    @property
    def hosts_usable(self) -> Any:
        return self._hosts("usable")

    @property
    def hosts_in_maintenance(self) -> Any:
        return self._hosts("in_maintenance")

    @property
    def hosts_disconnected(self) -> Any:
        return self._hosts("disconnected")

    @property
    def hosts_unknown(self) -> Any:
        return self._hosts("unknown")

    @property
    def host_states(self) -> tuple[str, ...] | None:
        """Those that some host is in, for the filter."""
        if self.host_counts is None:
            return () if self.lost == "" else None
        return tuple(state for state in HOST_STATES if getattr(self.host_counts, state))

    @property
    def drs(self) -> str | None:
        cluster = self.entry.books.cluster
        return drs_mode(cluster) if cluster else self.lost

    @property
    def ha(self) -> str | None:
        cluster = self.entry.books.cluster
        return ha_mode(cluster) if cluster else self.lost

    @property
    def vms(self) -> Any:
        return self.entry.figures.instances if self.entry.figures else self.lost

    @property
    def other_vms(self) -> Any:
        return self.entry.figures.other_vms if self.entry.figures else self.lost

    @property
    def memory(self) -> ResourceSums | None:
        return self.entry.figures.memory if self.entry.figures else None

    @property
    def cpu(self) -> ResourceSums | None:
        return self.entry.figures.cpu if self.entry.figures else None

    @property
    def memory_used_percent(self) -> Any:
        return _percent(self.memory) if self.memory else self.lost

    @property
    def cpu_used_percent(self) -> Any:
        return _percent(self.cpu) if self.cpu else self.lost

    def _sum(self, resource: ResourceSums | None, part: str) -> Any:
        return getattr(resource, part).exact if resource else self.lost

    @property
    def memory_total_mb(self) -> Any:
        return self._sum(self.memory, "total")

    @property
    def memory_usable_mb(self) -> Any:
        return self._sum(self.memory, "usable")

    @property
    def memory_used_mb(self) -> Any:
        return self._sum(self.memory, "used")

    @property
    def memory_free_mb(self) -> Any:
        return self._sum(self.memory, "free")

    @property
    def memory_ha_reserved_mb(self) -> Any:
        return self.memory.reserved if self.memory else self.lost

    @property
    def cpu_total_mhz(self) -> Any:
        return self._sum(self.cpu, "total")

    @property
    def cpu_usable_mhz(self) -> Any:
        return self._sum(self.cpu, "usable")

    @property
    def cpu_used_mhz(self) -> Any:
        return self._sum(self.cpu, "used")

    @property
    def cpu_free_mhz(self) -> Any:
        return self._sum(self.cpu, "free")

    @property
    def cpu_ha_reserved_mhz(self) -> Any:
        return self.cpu.reserved if self.cpu else self.lost

    @property
    def fits(self) -> Largest | None:
        return self.entry.figures.largest if self.entry.figures else None

    @property
    def fits_memory_mb(self) -> Any:
        return self.fits.memory_mb if self.fits else self.lost

    @property
    def fits_vcpus(self) -> Any:
        return self.fits.vcpus if self.fits else self.lost

    # Placement's book

    def record(self, resource_class: str) -> ResourceInventory | None:
        if self.entry.provider is None:
            return None
        inventories = self.entry.provider.inventories
        return next((i for i in inventories if i.resource_class == resource_class), None)

    def _granted(self, resource_class: str, used: bool) -> Any:
        """Nothing where no node drives the cluster, or Placement has no provider of the node."""
        record = self.record(resource_class)
        if record is None:
            return "" if self.compute == "" or self.entry.provider_known else None
        return record.used if used else placement_capacity(record)

    @property
    def placement_vcpus_used(self) -> Any:
        return self._granted("VCPU", used=True)

    @property
    def placement_vcpus(self) -> Any:
        return self._granted("VCPU", used=False)

    @property
    def placement_memory_used_mb(self) -> Any:
        return self._granted("MEMORY_MB", used=True)

    @property
    def placement_memory_mb(self) -> Any:
        return self._granted("MEMORY_MB", used=False)

    @cached_property
    def placement_fits(self) -> Largest | None:
        return largest_by_placement(self.entry.provider) if self.entry.provider else None

    @property
    def placement_fits_memory_mb(self) -> Any:
        if self.placement_fits is None:
            return "" if self.compute == "" or self.entry.provider_known else None
        return self.placement_fits.memory_mb

    @property
    def placement_fits_vcpus(self) -> Any:
        if self.placement_fits is None:
            return "" if self.compute == "" or self.entry.provider_known else None
        return self.placement_fits.vcpus

    @property
    def texts(self) -> tuple[str | None, ...]:
        """What the free search looks through."""
        return (
            self.name,
            self.moref,
            self.vcenter,
            self.compute,
            self.node,
            self.disabled_reason,
            self.drs,
            self.ha,
        )


def row_of(entry: ClusterEntry) -> ClusterRow:
    books = entry.books
    return ClusterRow(
        entry=entry,
        vcenter=books.vcenter or None,
        moref=books.moref,
        name=books.cluster.name if books.cluster else books.moref,
    )


def _percent(sums: ResourceSums) -> float | None:
    percent = used_percent(sums)
    return None if percent is None else round(percent, 1)
