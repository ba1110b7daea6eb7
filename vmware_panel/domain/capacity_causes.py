"""Why the books of one cluster differ: every difference gets its causes, and none is hidden.

What no known cause accounts for is `CauseKind.UNEXPLAINED`, with its amount.
"""

from collections.abc import Iterable, Iterator

from vmware_panel.domain.capacity import (
    CapacityBooks,
    CapacityRow,
    Cause,
    CauseKind,
    ClusterCapacity,
    Difference,
    Figure,
    VCenterRecord,
    allocated,
    driver_report,
    placement_capacity,
    record_of,
    shown_by_nova,
)
from vmware_panel.domain.capacity_consumers import consumer_causes
from vmware_panel.domain.capacity_reports import why_not_as_reported
from vmware_panel.domain.capacity_vcenter import cpu_figures, threads_of, vcenter_record
from vmware_panel.domain.cloud import ResourceInventory
from vmware_panel.domain.driver_sums import (
    GIB_BYTES,
    DatastoreRejection,
    DriverRecord,
    DriverReport,
    Resource,
    datastores_of,
    memory_mb_of,
    rejection_of,
)
from vmware_panel.domain.inventory import Datastore, HostConnection


def capacity_of(books: CapacityBooks) -> ClusterCapacity:
    """The three books of one cluster, side by side, with what they differ in and why."""
    report = driver_report(books)
    rows = tuple(_row(books, report, resource) for resource in Resource)
    return ClusterCapacity(books, report, rows, cpu_figures(books, report))


def _row(books: CapacityBooks, report: DriverReport, resource: Resource) -> CapacityRow:
    row = CapacityRow(
        resource,
        driver=report.of(resource),
        placement=record_of(books.provider, resource),
        vcenter=vcenter_record(books, report, resource),
        shown=shown_by_nova(books.hypervisor, resource),
        allocated=allocated(books, resource),
    )
    differences = (
        *_of_hardware(books, report, row),
        *_of_reports(books, report, row),
        *_of_use(books, row),
    )
    return CapacityRow(
        row.resource, row.driver, row.placement, row.vcenter, row.shown, row.allocated, differences
    )


def difference(
    left: Figure,
    left_value: int | None,
    right: Figure,
    right_value: int | None,
    causes: Iterable[Cause],
) -> Iterator[Difference]:
    """None where a figure is unknown or both agree. What the causes leave over is unexplained."""
    if left_value is None or right_value is None or left_value == right_value:
        return
    found = tuple(causes)
    rest = left_value - right_value - sum(cause.amount for cause in found)
    if rest:
        found = (*found, Cause(CauseKind.UNEXPLAINED, rest))
    yield Difference(left, left_value, right, right_value, found)


# -- what there is, against what the driver counts -------------------------------------------


def _of_hardware(
    books: CapacityBooks, report: DriverReport, row: CapacityRow
) -> Iterator[Difference]:
    driver, vcenter = row.driver, row.vcenter
    disk = row.resource is Resource.DISK_GB
    left_out = _rejected_datastores(report, vcenter) if disk else _hosts_out(report, row.resource)
    yield from difference(
        Figure.VCENTER_TOTAL, vcenter.total, Figure.DRIVER_TOTAL, driver.total, left_out
    )
    if disk:
        yield from _of_datastores(books, report, driver)
        return
    reserve = vcenter.ha_reserve or 0
    kept = [Cause(CauseKind.HA_RESERVE, reserve)] if reserve else []
    yield from difference(
        Figure.DRIVER_TOTAL, driver.total, Figure.VCENTER_AFTER_HA, vcenter.after_ha, kept
    )
    if driver.total is not None and vcenter.effective is not None:
        overhead = driver.total - vcenter.effective
        own = [Cause(CauseKind.HYPERVISOR_OVERHEAD, overhead)] if overhead > 0 else []
        yield from difference(
            Figure.DRIVER_TOTAL, driver.total, Figure.VCENTER_EFFECTIVE, vcenter.effective, own
        )


def _hosts_out(report: DriverReport, resource: Resource) -> Iterator[Cause]:
    size = threads_of if resource is Resource.VCPU else memory_mb_of
    for host in report.left_out:
        connected = host.connection is HostConnection.CONNECTED
        kind = CauseKind.HOST_IN_MAINTENANCE if connected else CauseKind.HOST_DISCONNECTED
        yield Cause(kind, size(host) or 0, host.name)


def _rejected_datastores(report: DriverReport, vcenter: VCenterRecord) -> list[Cause]:
    """In GiB that add up: the driver cuts its sum and not each datastore, and so is this."""
    total, counted = vcenter.total, report.disk.total
    if total is None or counted is None:
        return []
    causes = []
    before = report.datastores.capacity_bytes
    for rejected in report.datastores.rejected:
        after = before + (rejected.datastore.capacity_bytes or 0)
        by_regex = rejected.why is DatastoreRejection.REGEX
        kind = CauseKind.DATASTORE_REGEX if by_regex else CauseKind.DATASTORE_UNUSABLE
        amount = after // GIB_BYTES - before // GIB_BYTES
        causes.append(Cause(kind, amount, rejected.datastore.name, rejected.why.value))
        before = after
    return causes


def _of_datastores(
    books: CapacityBooks, report: DriverReport, driver: DriverRecord
) -> Iterator[Difference]:
    if driver.total is None:
        return
    own_bytes = report.datastores.capacity_bytes
    causes = []
    for datastore in report.datastores.counted:
        others = _counted_by_others(books, datastore)
        if others:
            left_bytes = own_bytes - (datastore.capacity_bytes or 0)
            amount = own_bytes // GIB_BYTES - left_bytes // GIB_BYTES
            shared = ", ".join(others)
            causes.append(Cause(CauseKind.DATASTORE_SHARED, amount, datastore.name, detail=shared))
            own_bytes = left_bytes
    yield from difference(
        Figure.DRIVER_TOTAL,
        driver.total,
        Figure.VCENTER_UNSHARED,
        own_bytes // GIB_BYTES,
        causes,
    )


def _counted_by_others(books: CapacityBooks, datastore: Datastore) -> list[str]:
    """Names of other clusters that Nova drives and whose driver counts it, as far as is known."""
    return sorted(
        other.name
        for other, settings in books.others
        if datastore in datastores_of(other, books.inventory)
        and rejection_of(datastore, settings.datastore_regex) is None
    )


# -- what the driver counts, against what Placement and os-hypervisors hold ------------------


def _of_reports(
    books: CapacityBooks, report: DriverReport, row: CapacityRow
) -> Iterator[Difference]:
    driver, placement = row.driver, row.placement
    if placement is None:
        return
    pairs = (
        (Figure.DRIVER_TOTAL, driver.total, Figure.PLACEMENT_TOTAL, placement.total),
        (Figure.DRIVER_MAX_UNIT, driver.max_unit, Figure.PLACEMENT_MAX_UNIT, placement.max_unit),
        (Figure.DRIVER_RESERVED, driver.reserved, Figure.PLACEMENT_RESERVED, placement.reserved),
        (Figure.DRIVER_MIN_UNIT, driver.min_unit, Figure.PLACEMENT_MIN_UNIT, placement.min_unit),
        (
            Figure.DRIVER_STEP_SIZE,
            driver.step_size,
            Figure.PLACEMENT_STEP_SIZE,
            placement.step_size,
        ),
    )
    for ours, our_value, theirs, their_value in pairs:
        causes = why_not_as_reported(books, report, row, ours, (our_value, their_value))
        yield from difference(ours, our_value, theirs, their_value, causes)
    if report.fails and row.resource is Resource.DISK_GB:
        failing = Cause(CauseKind.NO_DATASTORE, -placement.total)
        yield from difference(
            Figure.DRIVER_TOTAL, 0, Figure.PLACEMENT_TOTAL, placement.total, [failing]
        )
    shown_causes = why_not_as_reported(
        books, report, row, Figure.NOVA_SHOWN, (placement.total, row.shown)
    )
    yield from difference(
        Figure.PLACEMENT_TOTAL, placement.total, Figure.NOVA_SHOWN, row.shown, shown_causes
    )
    yield from _of_settings(placement)


def _of_settings(placement: ResourceInventory) -> Iterator[Difference]:
    capacity = placement_capacity(placement)
    causes = []
    if placement.reserved:
        causes.append(Cause(CauseKind.RESERVED, placement.reserved))
    by_ratio = placement.total - placement.reserved - capacity
    if by_ratio:
        ratio = f"{placement.allocation_ratio:g}"
        causes.append(Cause(CauseKind.RATIO, by_ratio, detail=ratio))
    yield from difference(
        Figure.PLACEMENT_TOTAL,
        placement.total,
        Figure.PLACEMENT_CAPACITY,
        capacity,
        causes,
    )


# -- what is used ----------------------------------------------------------------------------


def _of_use(books: CapacityBooks, row: CapacityRow) -> Iterator[Difference]:
    placement = row.placement
    if placement is None:
        return
    used = placement.used
    if used is not None and row.allocated is not None:
        apart = [Cause(CauseKind.READ_APART, used - row.allocated)]
        yield from difference(Figure.PLACEMENT_USED, used, Figure.ALLOCATED, row.allocated, apart)
    if row.resource is not Resource.DISK_GB:
        yield from difference(
            Figure.ALLOCATED,
            row.allocated,
            Figure.VCENTER_INSTANCES,
            row.vcenter.instances,
            consumer_causes(books, row.resource),
        )
    elif used is not None and row.vcenter.largest_free is not None:
        free = max(0, placement_capacity(placement) - used)
        if free > row.vcenter.largest_free:
            name = picked.name if (picked := driver_report(books).datastores.picked) else ""
            one = Cause(CauseKind.LARGEST_FREE, free - row.vcenter.largest_free, name)
            yield from difference(
                Figure.PLACEMENT_FREE,
                free,
                Figure.VCENTER_LARGEST_FREE,
                row.vcenter.largest_free,
                [one],
            )
