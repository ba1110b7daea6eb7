"""What the hosts of a cluster come to in vCenter's book, and the largest instance that still fits.

Sums over hosts of which some are unknown say so: they are "at least", never less by a silent zero.
CPU is in MHz and memory in MiB. Placement's figures are its own and stay apart.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from vmware_panel.domain.capacity import placement_capacity
from vmware_panel.domain.cloud import ResourceInventory, ResourceProvider
from vmware_panel.domain.driver_sums import Resource, memory_mb_of
from vmware_panel.domain.ha import ha_holds_back, ha_reserve
from vmware_panel.domain.inventory import Cluster, EsxHost, HostConnection
from vmware_panel.domain.usage import HostUsage, Usage

Size = Callable[[EsxHost], int | None]


@dataclass(frozen=True, slots=True)
class Sum:
    """`known` is what `told` summands come to; of `missing` more nobody said anything."""

    known: int = 0
    told: int = 0
    missing: int = 0

    @property
    def exact(self) -> int | None:
        return None if self.missing else self.known

    @property
    def at_least(self) -> int | None:
        """None where nothing at all is known."""
        return None if self.missing and not self.told else self.known


def total(values: Iterable[int | None]) -> Sum:
    known = told = missing = 0
    for value in values:
        if value is None:
            missing += 1
        else:
            known += value
            told += 1
    return Sum(known, told, missing)


@dataclass(frozen=True, slots=True)
class HostCounts:
    """Each host once: a host that is not connected counts as that, in maintenance or not."""

    usable: int = 0
    in_maintenance: int = 0
    disconnected: int = 0
    unknown: int = 0

    @property
    def all(self) -> int:
        return self.usable + self.in_maintenance + self.disconnected + self.unknown


@dataclass(frozen=True, slots=True)
class ResourceSums:
    """One resource of a cluster's hosts.

    `total` is of all hosts; `usable`, `used` and `free` of those that can be used, of which each
    has its size less what is used as free. `reserved` is what HA holds back for a failover: 0 if
    it holds nothing back, None if nobody knows.
    """

    total: Sum = Sum()
    usable: Sum = Sum()
    used: Sum = Sum()
    free: Sum = Sum()
    reserved: int | None = None

    @property
    def free_beside_ha(self) -> Sum:
        """What is free without touching what HA holds back; all of it where nobody knows that."""
        if self.reserved is None or self.free.at_least is None:
            return self.free
        return replace(self.free, known=max(0, self.free.known - self.reserved))


@dataclass(frozen=True, slots=True)
class Largest:
    """The largest single instance that still fits; 0 if none does, None if nobody knows.

    `at_least`: a host of which little is known may have more room.
    """

    vcpus: int | None = None
    memory_mb: int | None = None
    at_least: bool = False


def host_counts(hosts: Iterable[EsxHost]) -> HostCounts:
    usable = in_maintenance = disconnected = unknown = 0
    for host in hosts:
        if host.connection not in (None, HostConnection.CONNECTED):
            disconnected += 1
        elif host.usable is None:
            unknown += 1
        elif host.usable:
            usable += 1
        else:
            in_maintenance += 1
    return HostCounts(usable, in_maintenance, disconnected, unknown)


def cpu_mhz(host: EsxHost) -> int | None:
    """All cores at their nominal speed; hyper-threading adds nothing to it."""
    if host.cpu_cores is None or host.cpu_mhz is None:
        return None
    return host.cpu_cores * host.cpu_mhz


def free_mb(host: EsxHost, usage: HostUsage | None) -> int | None:
    return _less(memory_mb_of(host), usage.memory_used_mb if usage else None)


def cpu_sums(cluster: Cluster, hosts: Sequence[EsxHost], usage: Usage | None) -> ResourceSums:
    return _sums(cluster, hosts, usage, cpu_mhz, lambda its: its.cpu_used_mhz)


def memory_sums(cluster: Cluster, hosts: Sequence[EsxHost], usage: Usage | None) -> ResourceSums:
    return _sums(cluster, hosts, usage, memory_mb_of, lambda its: its.memory_used_mb)


def _sums(
    cluster: Cluster,
    hosts: Sequence[EsxHost],
    usage: Usage | None,
    size: Size,
    used_of: Callable[[HostUsage], int | None],
) -> ResourceSums:
    def used(host: EsxHost) -> int | None:
        its = usage.by_host.get(host.moref) if usage else None
        return used_of(its) if its else None

    def where_usable(value: Size) -> Sum:
        """A host of which nobody knows whether it can be used is a summand nobody told."""
        return total(value(h) if h.usable else None for h in hosts if h.usable is not False)

    return ResourceSums(
        total=total(map(size, hosts)),
        usable=where_usable(size),
        used=where_usable(used),
        free=where_usable(lambda host: _less(size(host), used(host))),
        reserved=_reserved(cluster, hosts, size),
    )


def _reserved(cluster: Cluster, hosts: Sequence[EsxHost], size: Size) -> int | None:
    """Unknown too where nobody knows of some host whether it can be used."""
    if any(host.usable is None for host in hosts) and ha_holds_back(cluster):
        return None
    resource = Resource.VCPU if size is cpu_mhz else Resource.MEMORY_MB
    return ha_reserve(cluster, [host for host in hosts if host.usable], resource, size)


def largest_on_hosts(hosts: Sequence[EsxHost], usage: Usage | None) -> Largest:
    """By vCenter's book: the host with the most free memory, and its threads.

    ESXi starts no VM with more vCPUs than its host has threads.
    """
    best: tuple[int, EsxHost] | None = None
    unsure = False
    for host in hosts:
        if host.usable is False:
            continue
        free = free_mb(host, usage.by_host.get(host.moref) if usage else None)
        if not host.usable or free is None:
            unsure = True
        elif best is None or free > best[0]:
            best = (free, host)
    if best is None:
        return Largest() if unsure else Largest(0, 0)
    return Largest(best[1].cpu_threads, best[0], at_least=unsure)


def largest_in(record: ResourceInventory) -> int | None:
    """The largest amount that one consumer may still get; None where the usage is unknown."""
    if record.used is None:
        return None
    left = min(record.max_unit, placement_capacity(record) - record.used)
    left -= left % record.step_size
    return left if left >= max(1, record.min_unit) else 0


def largest_by_placement(provider: ResourceProvider) -> Largest:
    records = {record.resource_class: record for record in provider.inventories}

    def of(resource_class: str) -> int:
        """Without an inventory nothing fits."""
        record = records.get(resource_class)
        return 0 if record is None else (largest_in(record) or 0)

    unknown = any(r.used is None for r in records.values() if r.resource_class in _SIZES)
    return Largest() if unknown else Largest(of("VCPU"), of("MEMORY_MB"))


_SIZES = ("VCPU", "MEMORY_MB")


def _less(size: int | None, used: int | None) -> int | None:
    """What is left; used may exceed the size for a moment."""
    return None if size is None or used is None else max(0, size - used)
