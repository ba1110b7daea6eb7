"""Why Placement and os-hypervisors do not hold what the driver reports by the books of now."""

from collections.abc import Iterator

from vmware_panel.domain.capacity import CapacityBooks, CapacityRow, Cause, CauseKind, Figure
from vmware_panel.domain.capacity_vcenter import threads_of
from vmware_panel.domain.cloud import ServiceState
from vmware_panel.domain.driver_sums import (
    GIB_BYTES,
    DatastoreRejection,
    DriverReport,
    Resource,
    memory_mb_of,
)
from vmware_panel.domain.inventory import Datastore


def why_not_as_reported(
    books: CapacityBooks,
    report: DriverReport,
    row: CapacityRow,
    figure: Figure,
    values: tuple[int | None, int | None],
) -> tuple[Cause, ...]:
    """The one cause of a difference between two such values, the first without the second.

    Nothing where none is found, which leaves the difference unexplained.
    """
    ours, theirs = values
    if ours is None or theirs is None or ours == theirs:
        return ()
    amount = ours - theirs
    if figure is Figure.NOVA_SHOWN:
        return _as_shown(books, report, row, amount)
    if figure is Figure.DRIVER_RESERVED:
        return (Cause(CauseKind.SETTING_DIFFERS, amount),)
    if figure in (Figure.DRIVER_MIN_UNIT, Figure.DRIVER_STEP_SIZE):
        return (Cause(CauseKind.SET_ELSEWHERE, amount),)
    if stale := _stale(books, report, amount):
        return stale
    if figure is Figure.DRIVER_TOTAL:
        return _not_yet(report, row.resource, theirs, amount)
    return _largest_not_yet(report, row.resource, theirs, amount)


def _stale(books: CapacityBooks, report: DriverReport, amount: int) -> tuple[Cause, ...]:
    if report.fails:
        return (Cause(CauseKind.NO_DATASTORE, amount),)
    service = books.service
    if service is not None and service.state is ServiceState.DOWN:
        return (Cause(CauseKind.STALE, amount, service.host, since=service.updated),)
    return ()


def _not_yet(
    report: DriverReport, resource: Resource, theirs: int, amount: int
) -> tuple[Cause, ...]:
    """A total as it was before one thing changed that vCenter shows by now."""
    changed = [name for name, before in _totals_before(report, resource) if before == theirs]
    if changed:
        return _named(CauseKind.NOT_YET_REPORTED, amount, changed)
    if resource is Resource.DISK_GB:
        whole = report.datastores.capacity_bytes
        missing = [
            datastore.name
            for datastore in report.datastores.counted
            if (whole - _bytes(datastore)) // GIB_BYTES == theirs
        ]
        if missing:
            return _named(CauseKind.DATASTORE_NOT_REPORTED, amount, missing)
    if resource is Resource.DISK_GB and theirs == _without_regex(report):
        return (Cause(CauseKind.REGEX_DIFFERS, amount),)
    return ()


def _totals_before(report: DriverReport, resource: Resource) -> Iterator[tuple[str, int]]:
    """What the driver would have reported before one host or datastore went or came, or all."""
    if resource is Resource.DISK_GB:
        yield from _disk_totals_before(report)
        return
    size = threads_of if resource is Resource.VCPU else memory_mb_of
    total = report.of(resource).total or 0
    for host in report.left_out:
        yield host.name, total + (size(host) or 0)
    for host in report.usable:
        yield host.name, total - (size(host) or 0)
    if len(report.left_out) > 1:
        names = ", ".join(host.name for host in report.left_out)
        yield names, total + sum(size(host) or 0 for host in report.left_out)


def _disk_totals_before(report: DriverReport) -> Iterator[tuple[str, int]]:
    counted_bytes = report.datastores.capacity_bytes
    for rejected in report.datastores.rejected:
        if rejected.why is not DatastoreRejection.REGEX:
            after = counted_bytes + _bytes(rejected.datastore)
            yield rejected.datastore.name, after // GIB_BYTES


def _without_regex(report: DriverReport) -> int:
    by_regex = [
        rejected.datastore
        for rejected in report.datastores.rejected
        if rejected.why is DatastoreRejection.REGEX
    ]
    counted_bytes = report.datastores.capacity_bytes
    return (counted_bytes + sum(_bytes(datastore) for datastore in by_regex)) // GIB_BYTES


def _largest_not_yet(
    report: DriverReport, resource: Resource, theirs: int, amount: int
) -> tuple[Cause, ...]:
    """A largest unit as it was before one host went or came, or before space was used."""
    if resource is Resource.DISK_GB:
        return (Cause(CauseKind.FREE_SPACE_MOVED, amount),)
    size = threads_of if resource is Resource.VCPU else memory_mb_of
    hosts = (*report.left_out, *report.usable)
    changed = [host.name for host in hosts if size(host) == theirs]
    return _named(CauseKind.NOT_YET_REPORTED, amount, changed) if changed else ()


def _named(kind: CauseKind, amount: int, names: list[str]) -> tuple[Cause, ...]:
    first, *alike = dict.fromkeys(names)
    return (Cause(kind, amount, first, alike=tuple(alike)),)


def _as_shown(
    books: CapacityBooks, report: DriverReport, row: CapacityRow, amount: int
) -> tuple[Cause, ...]:
    """Placement's total against that of os-hypervisors: of the disk it shows one datastore."""
    if row.resource is Resource.DISK_GB:
        for datastore in _pick_first(report):
            if _bytes(datastore) // GIB_BYTES == row.shown:
                return (Cause(CauseKind.SINGLE_DATASTORE, amount, datastore.name),)
        return _stale(books, report, amount)
    if stale := _stale(books, report, amount):
        return stale
    if row.driver.total is not None and row.driver.total in (row.shown, row.placement_total):
        return (Cause(CauseKind.NOT_YET_REPORTED, amount),)
    return ()


def _pick_first(report: DriverReport) -> list[Datastore]:
    """The present pick, then the others: at the last update another may have had most room.

    Where the regex is not known, any that may count.
    """
    unknown = (DatastoreRejection.REGEX_UNKNOWN, DatastoreRejection.REGEX)
    sums = report.datastores
    may_count = [each.datastore for each in sums.rejected if each.why in unknown]
    picked = [sums.picked] if sums.picked else []
    return [*picked, *sums.counted, *may_count]


def _bytes(datastore: Datastore) -> int:
    return datastore.capacity_bytes or 0
