"""One cluster's capacity in three books, and every difference between them with its causes.

The driver's sums (`driver_sums`) are what nova-compute reports at its next update; Placement's
record is what it last reported, and what the scheduler goes by; vCenter's figures are what there
is. They are never blended: each figure says whose it is.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from vmware_panel.domain.cloud import (
    Allocation,
    ComputeService,
    Hypervisor,
    ResourceInventory,
    ResourceProvider,
    Server,
)
from vmware_panel.domain.driver_sums import (
    UNTOLD,
    DriverRecord,
    DriverReport,
    DriverSettings,
    Resource,
    report_of,
)
from vmware_panel.domain.inventory import Cluster, Inventory
from vmware_panel.domain.usage import Usage


class Figure(StrEnum):
    """What is compared, and whose it is."""

    DRIVER_TOTAL = "driver_total"
    DRIVER_RESERVED = "driver_reserved"
    DRIVER_MAX_UNIT = "driver_max_unit"
    DRIVER_MIN_UNIT = "driver_min_unit"
    DRIVER_STEP_SIZE = "driver_step_size"
    PLACEMENT_TOTAL = "placement_total"
    PLACEMENT_RESERVED = "placement_reserved"
    PLACEMENT_MAX_UNIT = "placement_max_unit"
    PLACEMENT_MIN_UNIT = "placement_min_unit"
    PLACEMENT_STEP_SIZE = "placement_step_size"
    PLACEMENT_CAPACITY = "placement_capacity"  # (total - reserved) * ratio
    PLACEMENT_USED = "placement_used"
    PLACEMENT_FREE = "placement_free"
    ALLOCATED = "allocated"  # the sum over Placement's consumers
    NOVA_SHOWN = "nova_shown"  # os-hypervisors
    VCENTER_TOTAL = "vcenter_total"  # every host or datastore
    VCENTER_EFFECTIVE = "vcenter_effective"
    VCENTER_AFTER_HA = "vcenter_after_ha"
    VCENTER_INSTANCES = "vcenter_instances"  # the sum over Nova's VMs in the cluster
    VCENTER_LARGEST_FREE = "vcenter_largest_free"
    VCENTER_UNSHARED = "vcenter_unshared"  # what no other cluster counts as well


class CauseKind(StrEnum):
    HOST_IN_MAINTENANCE = "host_in_maintenance"
    HOST_DISCONNECTED = "host_disconnected"
    DATASTORE_REGEX = "datastore_regex"
    DATASTORE_UNUSABLE = "datastore_unusable"  # not accessible, in maintenance, unknown type
    DATASTORE_SHARED = "datastore_shared"  # `detail`: the clusters that count it as well
    HA_RESERVE = "ha_reserve"
    HYPERVISOR_OVERHEAD = "hypervisor_overhead"  # what ESX keeps for itself
    RESERVED = "reserved"  # nova.conf's reserved_host_*
    RATIO = "ratio"  # the allocation ratio; `detail` is it
    STALE = "stale"  # nova-compute is down since `since`: nothing is reported
    NO_DATASTORE = "no_datastore"  # nova-compute's update fails
    NOT_YET_REPORTED = "not_yet_reported"  # as before `subject` changed
    DATASTORE_NOT_REPORTED = "datastore_not_reported"  # the regex differs, or as above
    FREE_SPACE_MOVED = "free_space_moved"  # since nova-compute's last update
    REGEX_DIFFERS = "regex_differs"  # it reports as if it had no datastore_regex
    SETTING_DIFFERS = "setting_differs"  # nova.conf has another value than the settings tell
    SET_ELSEWHERE = "set_elsewhere"  # a record that the driver does not write
    SINGLE_DATASTORE = "single_datastore"  # os-hypervisors shows `subject` alone
    LARGEST_FREE = "largest_free"  # a disk needs one datastore: `subject` has most room
    READ_APART = "read_apart"  # two reads, not of the same instant
    ALLOCATION_GONE = "allocation_gone"  # no instance has this id
    ALLOCATION_ELSEWHERE = "allocation_elsewhere"  # Nova has the instance on another node
    VM_ELSEWHERE = "vm_elsewhere"  # vCenter has the VM in another cluster
    VM_GONE = "vm_gone"  # vCenter has no VM for it
    VM_FROM_ELSEWHERE = "vm_from_elsewhere"  # a VM here whose instance Nova has elsewhere
    VM_UNKNOWN = "vm_unknown"  # a VM here that Nova does not know
    NO_ALLOCATION = "no_allocation"  # Nova has it here, Placement counts nothing
    SIZE_DIFFERS = "size_differs"  # the VM is not of the size that is allocated
    UNEXPLAINED = "unexplained"


@dataclass(frozen=True, slots=True)
class Cause:
    """A part of a difference: `amount` in the resource's unit, with its sign.

    `alike` are others that would explain it just as well as `subject`.
    """

    kind: CauseKind
    amount: int = 0
    subject: str = ""
    detail: str = ""
    since: datetime | None = None
    alike: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Difference:
    """Two figures that one might take for the same. The causes add up to `amount`."""

    left: Figure
    left_value: int
    right: Figure
    right_value: int
    causes: tuple[Cause, ...] = ()

    @property
    def amount(self) -> int:
        return self.left_value - self.right_value

    @property
    def explained(self) -> bool:
        return all(cause.kind is not CauseKind.UNEXPLAINED for cause in self.causes)


@dataclass(frozen=True, slots=True)
class VCenterRecord:
    """vCenter's own figures, in Placement's units: logical CPUs, MiB, GiB. None is unknown.

    `total` is of every host, or of every datastore that one of them mounts; `usable` of the hosts
    that are connected and not in maintenance, or of the datastores that are accessible; `after_ha`
    what is left of it when HA's reserve is kept. `effective` is vCenter's own sum of what VMs may
    use (memory alone). `used` is what the usable hosts, or the datastores, use at present;
    `instances` what Nova's VMs in the cluster are sized to, whatever their power state.
    """

    total: int | None = None
    usable: int | None = None
    effective: int | None = None
    ha_reserve: int | None = None
    used: int | None = None
    instances: int | None = None
    largest_free: int | None = None

    @property
    def after_ha(self) -> int | None:
        if self.usable is None or self.ha_reserve is None:
            return None
        return self.usable - self.ha_reserve


@dataclass(frozen=True, slots=True)
class CapacityRow:
    """One resource. `shown` is os-hypervisors' total."""

    resource: Resource
    driver: DriverRecord
    placement: ResourceInventory | None
    vcenter: VCenterRecord
    shown: int | None = None
    allocated: int | None = None
    differences: tuple[Difference, ...] = ()

    @property
    def placement_total(self) -> int | None:
        return self.placement.total if self.placement else None


@dataclass(frozen=True, slots=True)
class CpuFigures:
    """vCenter's CPU in MHz, which no other book counts."""

    total_mhz: int | None = None
    effective_mhz: int | None = None
    used_mhz: int | None = None


@dataclass(frozen=True)
class CapacityBooks:
    """All that is known of one cluster. None is unknown: the source was not asked, or failed.

    `others` are the clusters of the same vCenter that a nova-compute drives too, with their
    settings; `servers` every server of the region by its id.
    """

    cluster: Cluster
    inventory: Inventory
    settings: DriverSettings = UNTOLD
    hypervisor: Hypervisor | None = None
    service: ComputeService | None = None
    provider: ResourceProvider | None = None
    allocations: tuple[Allocation, ...] | None = None
    servers: Mapping[str, Server] | None = None
    usage: Usage | None = None
    others: tuple[tuple[Cluster, DriverSettings], ...] = ()


@dataclass(frozen=True, slots=True)
class ClusterCapacity:
    books: CapacityBooks
    report: DriverReport
    rows: tuple[CapacityRow, ...]
    cpu: CpuFigures

    @property
    def differences(self) -> tuple[Difference, ...]:
        return tuple(difference for row in self.rows for difference in row.differences)

    @property
    def unexplained(self) -> tuple[Difference, ...]:
        return tuple(d for d in self.differences if not d.explained)


def placement_capacity(record: ResourceInventory, ratio: float | None = None) -> int:
    """What may be allocated, as Placement counts it: a fraction of a unit serves nobody.

    `ratio` in the place of the record's own. Source: `placement/objects/inventory.py`,
    `Inventory.capacity`.
    """
    its = record.allocation_ratio if ratio is None else ratio
    return int((record.total - record.reserved) * its)


def record_of(provider: ResourceProvider | None, name: str) -> ResourceInventory | None:
    inventories = provider.inventories if provider else ()
    return next((one for one in inventories if one.resource_class == name), None)


def shown_by_nova(hypervisor: Hypervisor | None, resource: Resource) -> int | None:
    if hypervisor is None:
        return None
    return {
        Resource.VCPU: hypervisor.vcpus,
        Resource.MEMORY_MB: hypervisor.memory_mb,
        Resource.DISK_GB: hypervisor.disk_gb,
    }[resource]


def allocated(books: CapacityBooks, resource: Resource) -> int | None:
    if books.allocations is None:
        return None
    return sum(one.resources.get(resource.value, 0) for one in books.allocations)


def driver_report(books: CapacityBooks) -> DriverReport:
    return report_of(books.cluster, books.inventory, books.settings)
