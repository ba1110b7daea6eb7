"""What Nova's VMware driver reports of a cluster, by its own sums over vCenter's inventory.

Repeated from nova 34 (`nova/virt/vmwareapi/`), so that a figure in Placement can be traced back:

- `driver.VMwareVCDriver.update_provider_tree`: what goes to Placement;
- `vm_util.get_stats_from_cluster`: which hosts count (connected and not in maintenance), the sum
  of their logical CPUs and of their memory, each host's in whole MiB;
- `ds_util.get_available_datastores` and `_is_datastore_valid`: which datastores count;
- `ds_util._select_datastore`: which of them is taken for a disk, the one with most free bytes;
- `host.VCState.update_status`: what os-hypervisors shows, whose disk is that one datastore;
- `compute.utils.convert_mb_to_ceil_gb`: the reserved disk.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from vmware_panel.domain.inventory import Cluster, Datastore, EsxHost, Inventory, MoRef

MIB_BYTES = 1 << 20
GIB_BYTES = 1 << 30

VSAN = "vsan"
DATASTORE_TYPES = frozenset({"VMFS", "NFS", "NFS41", VSAN})
"""`ds_util.ALL_SUPPORTED_DS_TYPES`."""


class Resource(StrEnum):
    """Placement's classes that the driver reports. VCPU counts logical CPUs."""

    VCPU = "VCPU"
    MEMORY_MB = "MEMORY_MB"
    DISK_GB = "DISK_GB"


@dataclass(frozen=True, slots=True)
class DriverSettings:
    """What the compute's nova.conf says and no API tells. None: not told, so unknown.

    `datastore_regex` is matched at the start of the name; one that matches every name stands for
    a nova.conf without one.
    """

    datastore_regex: re.Pattern[str] | None = None
    reserved_cpus: int | None = None
    reserved_memory_mb: int | None = None
    reserved_disk_mb: int | None = None


UNTOLD = DriverSettings()


class DatastoreRejection(StrEnum):
    """Why the driver does not count a datastore, or does not take it for a disk."""

    NOT_ACCESSIBLE = "not_accessible"
    IN_MAINTENANCE = "in_maintenance"
    TYPE = "type"  # of a kind that the driver does not know
    REGEX = "regex"  # `[vmware] datastore_regex` does not match its name
    REGEX_UNKNOWN = "regex_unknown"  # the settings do not tell the regex
    SIZE_UNKNOWN = "size_unknown"
    VSAN_IMAGE = "vsan_image"  # only streamOptimized images go to vSAN
    LESS_FREE = "less_free"  # counted, but another has more free space


@dataclass(frozen=True, slots=True)
class RejectedDatastore:
    datastore: Datastore
    why: DatastoreRejection


@dataclass(frozen=True, slots=True)
class DatastoreSum:
    """The datastores of a cluster as the driver sees them.

    `known` False: the regex or a size is not known, and so is whether some of `rejected` count.
    """

    counted: tuple[Datastore, ...] = ()
    rejected: tuple[RejectedDatastore, ...] = ()
    known: bool = True

    @property
    def capacity_bytes(self) -> int:
        return sum(datastore.capacity_bytes or 0 for datastore in self.counted)

    @property
    def picked(self) -> Datastore | None:
        """The one that the driver takes for a disk of any type: the first with most free bytes."""
        return most_free(self.counted)


@dataclass(frozen=True, slots=True)
class DriverRecord:
    """What the driver reports of one resource. None is unknown; `min_unit` and `step_size` are 1.

    Units are Placement's: logical CPUs, MiB, GiB.
    """

    resource: Resource
    total: int | None = None
    reserved: int | None = None
    max_unit: int | None = None
    min_unit: int = 1
    step_size: int = 1


@dataclass(frozen=True, slots=True)
class DriverReport:
    """One cluster's report.

    `fails`: no datastore counts, which makes the driver's update raise, so that Placement keeps
    what it had, of every resource (`max([])` in `update_provider_tree`). `shown_disk_gb` is what
    os-hypervisors shows: the capacity of `datastores.picked` alone.
    """

    vcpu: DriverRecord
    memory: DriverRecord
    disk: DriverRecord
    datastores: DatastoreSum
    usable: tuple[EsxHost, ...] = ()
    left_out: tuple[EsxHost, ...] = ()
    undecided: tuple[EsxHost, ...] = ()
    fails: bool = False
    shown_disk_gb: int | None = None

    def of(self, resource: Resource) -> DriverRecord:
        return {
            Resource.VCPU: self.vcpu,
            Resource.MEMORY_MB: self.memory,
            Resource.DISK_GB: self.disk,
        }[resource]


def report_of(
    cluster: Cluster, inventory: Inventory, settings: DriverSettings = UNTOLD
) -> DriverReport:
    """What the driver of this cluster reports at its next update, by this inventory."""
    hosts = inventory.hosts_by_cluster.get(cluster.moref, ())
    usable = tuple(host for host in hosts if host.usable)
    undecided = tuple(host for host in hosts if host.usable is None)
    datastores = datastore_sum(datastores_of(cluster, inventory), settings.datastore_regex)
    threads = None if undecided else _all(host.cpu_threads for host in usable)
    memory_mb = None if undecided else _all(memory_mb_of(host) for host in usable)
    fails = datastores.known and not datastores.counted
    picked = datastores.picked
    shown_bytes = picked.capacity_bytes if picked else 0
    return DriverReport(
        vcpu=DriverRecord(
            Resource.VCPU,
            total=None if threads is None else sum(threads),
            reserved=settings.reserved_cpus,
            max_unit=None if threads is None else max(threads, default=0),
        ),
        memory=DriverRecord(
            Resource.MEMORY_MB,
            total=None if memory_mb is None else sum(memory_mb),
            reserved=settings.reserved_memory_mb,
            max_unit=None if memory_mb is None else max(memory_mb, default=0),
        ),
        disk=_disk_record(datastores, settings),
        datastores=datastores,
        usable=usable,
        left_out=tuple(host for host in hosts if host.usable is False),
        undecided=undecided,
        fails=fails,
        shown_disk_gb=(shown_bytes or 0) // GIB_BYTES if datastores.known else None,
    )


def _disk_record(datastores: DatastoreSum, settings: DriverSettings) -> DriverRecord:
    reserved_mb = settings.reserved_disk_mb
    reserved = None if reserved_mb is None else -(-reserved_mb // 1024)
    if not datastores.known or not datastores.counted:
        return DriverRecord(Resource.DISK_GB, reserved=reserved)
    picked = datastores.picked
    free_bytes = picked.free_bytes if picked else None
    return DriverRecord(
        Resource.DISK_GB,
        total=datastores.capacity_bytes // GIB_BYTES,
        reserved=reserved,
        max_unit=None if free_bytes is None else free_bytes // GIB_BYTES,
    )


def datastores_of(cluster: Cluster, inventory: Inventory) -> tuple[Datastore, ...]:
    """Those that any host of the cluster mounts (`ComputeResource.datastore`)."""
    hosts = inventory.hosts_by_cluster.get(cluster.moref, ())
    mounted: set[MoRef] = {ref for host in hosts for ref in host.datastores}
    return tuple(d for d in inventory.datastores if d.moref in mounted)


def datastore_sum(
    datastores: Iterable[Datastore],
    regex: re.Pattern[str] | None,
    types: frozenset[str] = DATASTORE_TYPES,
) -> DatastoreSum:
    """Which of them count, and why not the others."""
    counted, rejected = [], []
    for datastore in datastores:
        why = rejection_of(datastore, regex, types)
        if why is None:
            counted.append(datastore)
        else:
            rejected.append(RejectedDatastore(datastore, why))
    unsure = {DatastoreRejection.REGEX_UNKNOWN, DatastoreRejection.SIZE_UNKNOWN}
    known = not any(each.why in unsure for each in rejected)
    return DatastoreSum(tuple(counted), tuple(rejected), known)


def rejection_of(
    datastore: Datastore,
    regex: re.Pattern[str] | None,
    types: frozenset[str] = DATASTORE_TYPES,
) -> DatastoreRejection | None:
    """Why it does not count, in the driver's order of questions; None if it does."""
    if not datastore.accessible:  # as the driver: what vCenter does not say is not accessible
        return DatastoreRejection.NOT_ACCESSIBLE
    if datastore.maintenance_mode not in (None, "normal"):
        return DatastoreRejection.IN_MAINTENANCE
    if datastore.type not in types:
        of_image = datastore.type in DATASTORE_TYPES
        return DatastoreRejection.VSAN_IMAGE if of_image else DatastoreRejection.TYPE
    if regex is None:
        return DatastoreRejection.REGEX_UNKNOWN
    if not regex.match(datastore.name):
        return DatastoreRejection.REGEX
    if datastore.capacity_bytes is None or datastore.free_bytes is None:
        return DatastoreRejection.SIZE_UNKNOWN
    return None


def most_free(datastores: Iterable[Datastore]) -> Datastore | None:
    """The driver's choice: most free bytes; of equals the first that vCenter names."""
    return max(datastores, key=lambda datastore: datastore.free_bytes or 0, default=None)


def memory_mb_of(host: EsxHost) -> int | None:
    """Whole MiB, each host's for itself, as the driver sums them."""
    return None if host.memory_bytes is None else host.memory_bytes // MIB_BYTES


def _all(figures: Iterable[int | None]) -> list[int] | None:
    """The figures, or None where one is unknown."""
    found = []
    for figure in figures:
        if figure is None:
            return None
        found.append(figure)
    return found
