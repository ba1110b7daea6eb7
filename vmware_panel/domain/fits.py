"""How many more instances of a flavor fit a cluster, by each book, and which bound bites.

The rules, which the page repeats:

- Placement: of each resource class (total - reserved) x ratio, without what is used, divided by
  what one instance takes; none where one takes more than `max_unit` or not a multiple of
  `step_size` (`nova.scheduler.utils.resources_from_flavor` says what it takes).
- Hosts: each usable host for itself, since an instance does not spread over two: its memory
  without what it uses now, divided by the flavor's; none on a host with fewer logical CPUs than the
  flavor has vCPUs, or whose CPU is used up.
- HA: the same, and all of them together leave HA's reserve of the memory free.
- Datastores: the flavor's whole disk, each time on the one with most free space, as Nova's driver
  chooses. Thin disks and linked clones take less at first, and may grow to that.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from vmware_panel.domain.capacity import placement_capacity
from vmware_panel.domain.capacity_vcenter import free_memory_mb
from vmware_panel.domain.cloud import Flavor, ResourceInventory, ResourceProvider
from vmware_panel.domain.driver_sums import (
    GIB_BYTES,
    DatastoreSum,
    DriverReport,
    Resource,
    memory_mb_of,
)
from vmware_panel.domain.ha import ha_holds_back, ha_reserve
from vmware_panel.domain.inventory import Cluster, EsxHost, HaPolicyKind, MoRef
from vmware_panel.domain.usage import Usage

_RESOURCE_SPEC = "resources:"


class Bound(StrEnum):
    """Who says how many, in the order of the page."""

    PLACEMENT = "placement"
    HOSTS = "hosts"
    HA = "ha"
    DATASTORES = "datastores"


@dataclass(frozen=True, slots=True)
class Room:
    """What one cluster has, for every flavor alike. `free_mb` are the usable hosts', by host.

    `ha_reserve_mb` None and `free_mb` None for a host: unknown.
    """

    cluster: Cluster
    provider: ResourceProvider | None
    hosts: tuple[EsxHost, ...]
    undecided: bool
    free_mb: Mapping[MoRef, int | None]
    cpu_free_mhz: Mapping[MoRef, int | None]
    datastores: DatastoreSum
    ha_reserve_mb: int | None


@dataclass(frozen=True, slots=True)
class Fit:
    """How many more by each bound. None is unknown; a bound that does not bind is left out."""

    counts: Mapping[Bound, int | None]

    @property
    def count(self) -> int | None:
        """The least of those that are known; None if none is."""
        return min((one for one in self.counts.values() if one is not None), default=None)

    @property
    def certain(self) -> bool:
        """False: it may be fewer, since a bound is unknown."""
        return self.count == 0 or all(one is not None for one in self.counts.values())

    @property
    def biting(self) -> tuple[Bound, ...]:
        """The bounds that give that count; HA's only where its reserve is what makes it."""
        least = self.count
        found = [bound for bound, one in self.counts.items() if one is not None and one == least]
        return tuple(b for b in found if b is not Bound.HA or Bound.HOSTS not in found)


@dataclass(frozen=True, slots=True)
class LargestInstance:
    """The largest single instance by memory: on which host, and what else it can have there."""

    memory_mb: int
    vcpus: int | None
    disk_gb: int | None
    host: str


def room_of(
    cluster: Cluster, report: DriverReport, provider: ResourceProvider | None, usage: Usage | None
) -> Room:
    """`usage` None: what the hosts use is unknown."""
    free = {h.moref: free_memory_mb(h, usage) if usage else None for h in report.usable}
    return Room(
        cluster=cluster,
        provider=provider,
        hosts=report.usable,
        undecided=bool(report.undecided),
        free_mb=free,
        cpu_free_mhz={h.moref: _cpu_free_mhz(h, usage) for h in report.usable},
        datastores=report.datastores,
        ha_reserve_mb=ha_reserve(cluster, report.usable, Resource.MEMORY_MB, memory_mb_of),
    )


def fit_of(flavor: Flavor, room: Room) -> Fit:
    counts: dict[Bound, int | None] = {
        Bound.PLACEMENT: by_placement(flavor, room.provider),
        Bound.HOSTS: by_hosts(flavor, room),
    }
    if ha_holds_back(room.cluster) is not False:
        counts[Bound.HA] = after_ha(flavor, room)
    if disk_gb_of(flavor):
        counts[Bound.DATASTORES] = by_datastores(flavor, room.datastores)
    return Fit(counts)


def resources_of(flavor: Flavor) -> dict[str, int]:
    """What one instance takes of each resource class; what it takes none of is left out.

    Extra specs `resources:CLASS` take the place of the flavor's own figure.
    """
    taken = {
        Resource.VCPU.value: flavor.vcpus,
        Resource.MEMORY_MB.value: flavor.ram_mb,
        Resource.DISK_GB.value: disk_gb_of(flavor),
    }
    if flavor.extra_specs.get("hw:cpu_policy") == "dedicated":
        taken["PCPU"] = taken.pop(Resource.VCPU.value)  # which no VMware cluster has
    for key, value in flavor.extra_specs.items():
        name = key.removeprefix(_RESOURCE_SPEC)
        if name != key and value.isdigit():
            taken[name] = int(value)
    return {name: amount for name, amount in taken.items() if amount}


def disk_gb_of(flavor: Flavor) -> int:
    """Root, ephemeral and swap, the last in whole GiB, as Nova asks Placement."""
    return flavor.disk_gb + flavor.ephemeral_gb + -(-flavor.swap_mb // 1024)


def by_placement(flavor: Flavor, provider: ResourceProvider | None) -> int | None:
    if provider is None:
        return None
    records = {record.resource_class: record for record in provider.inventories}
    counts: list[int | None] = [
        _fits_record(amount, records[name]) if name in records else 0
        for name, amount in resources_of(flavor).items()
    ]
    return _least(counts)


def _fits_record(amount: int, record: ResourceInventory) -> int | None:
    if not record.min_unit <= amount <= record.max_unit or amount % record.step_size:
        return 0
    if record.used is None:
        return None
    return max(0, placement_capacity(record) - record.used) // amount


def by_hosts(flavor: Flavor, room: Room, hosts: Iterable[EsxHost] | None = None) -> int | None:
    if room.undecided:
        return None
    return _total(
        fits_host(flavor, host, room) for host in (room.hosts if hosts is None else hosts)
    )


def fits_host(flavor: Flavor, host: EsxHost, room: Room) -> int | None:
    if host.cpu_threads is not None and host.cpu_threads < flavor.vcpus:
        return 0
    if room.cpu_free_mhz.get(host.moref) == 0:
        return 0
    free_mb = room.free_mb.get(host.moref)
    if free_mb is not None and free_mb < flavor.ram_mb:
        return 0
    if free_mb is None or host.cpu_threads is None:
        return None
    return free_mb // max(1, flavor.ram_mb)


def after_ha(flavor: Flavor, room: Room) -> int | None:
    """Failover hosts take nothing; of the rest all together leave the reserve free."""
    policy = room.cluster.ha_policy
    if policy is not None and policy.kind is HaPolicyKind.FAILOVER_HOSTS:
        rest = [host for host in room.hosts if host.moref not in policy.failover_hosts]
        return by_hosts(flavor, room, rest)
    whole = by_hosts(flavor, room)
    free_mb = _total(room.free_mb.values())
    if whole is None or free_mb is None or room.ha_reserve_mb is None:
        return 0 if whole == 0 else None
    return min(whole, max(0, free_mb - room.ha_reserve_mb) // max(1, flavor.ram_mb))


def by_datastores(flavor: Flavor, datastores: DatastoreSum) -> int | None:
    """Taking the one with most room each time ends when none has room for one more: so it is the
    sum of how many each holds.
    """
    if not datastores.known:
        return None
    size_bytes = max(1, disk_gb_of(flavor)) * GIB_BYTES
    return sum((datastore.free_bytes or 0) // size_bytes for datastore in datastores.counted)


def largest_instance(room: Room) -> LargestInstance | None:
    """None where what the hosts use is unknown, or no host is usable."""
    known = [(free, h) for h in room.hosts if (free := room.free_mb.get(h.moref)) is not None]
    if len(known) < len(room.hosts) or not known or room.undecided:
        return None
    free_mb, host = max(known, key=lambda one: one[0])
    picked = room.datastores.picked if room.datastores.known else None
    disk_gb = picked.free_bytes // GIB_BYTES if picked and picked.free_bytes is not None else None
    memory_mb = _within(free_mb, Resource.MEMORY_MB, room.provider)
    return LargestInstance(
        memory_mb=memory_mb if memory_mb is not None else free_mb,
        vcpus=_within(host.cpu_threads, Resource.VCPU, room.provider),
        disk_gb=_within(disk_gb, Resource.DISK_GB, room.provider),
        host=host.name,
    )


def _within(
    amount: int | None, resource: Resource, provider: ResourceProvider | None
) -> int | None:
    """As much of it as Placement would give to one."""
    records = provider.inventories if provider else ()
    for record in records:
        if record.resource_class == resource and amount is not None and record.used is not None:
            free = max(0, placement_capacity(record) - record.used)
            return min(amount, record.max_unit, free)
    return amount


def _cpu_free_mhz(host: EsxHost, usage: Usage | None) -> int | None:
    found = usage.by_host.get(host.moref) if usage else None
    if found is None or found.cpu_used_mhz is None or not host.cpu_cores or not host.cpu_mhz:
        return None
    return max(0, host.cpu_cores * host.cpu_mhz - found.cpu_used_mhz)


def _least(counts: Iterable[int | None]) -> int | None:
    """The least; unknown where one is unknown, unless another is 0."""
    found = list(counts)
    if 0 in found:
        return 0
    known = [one for one in found if one is not None]
    return min(known) if known and len(known) == len(found) else None


def _total(counts: Iterable[int | None]) -> int | None:
    total = 0
    for one in counts:
        if one is None:
            return None
        total += one
    return total
