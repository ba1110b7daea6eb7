"""One cluster's capacity as lines of a table: a figure, and what each book says of it."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from vmware_panel.domain.capacity import (
    CapacityRow,
    ClusterCapacity,
    Difference,
    placement_capacity,
)
from vmware_panel.domain.driver_sums import DatastoreSum, Resource
from vmware_panel.domain.inventory import Datastore
from vmware_panel.panels.links import datastore_url
from vmware_panel.wording import (
    bytes_of,
    cause_sentence,
    count_text,
    datastore_reason,
    figure_label,
    foreign,
    resource_label,
    signed_text,
)

NO_FIGURE = ""
"""The book has no such figure: a dash on the page."""


@dataclass(frozen=True, slots=True)
class Line:
    """One figure in each book, as text; `NO_FIGURE` where the book has none."""

    label: str | Promise
    nova: str = NO_FIGURE
    placement: str = NO_FIGURE
    vcenter: str = NO_FIGURE


@dataclass(frozen=True, slots=True)
class CauseLine:
    amount: str
    sentence: str
    unexplained: bool = False


@dataclass(frozen=True, slots=True)
class DifferenceLine:
    """`left` - `right` = `amount`, and why."""

    left: str
    left_value: str
    right: str
    right_value: str
    amount: str
    causes: tuple[CauseLine, ...]
    explained: bool


@dataclass(frozen=True, slots=True)
class ResourceTable:
    slug: str
    title: str
    lines: tuple[Line, ...]
    differences: tuple[DifferenceLine, ...]


@dataclass(frozen=True, slots=True)
class DatastoreLine:
    name: str
    type: str
    capacity: str
    free: str
    counted: bool
    picked: bool
    reason: str
    url: str = ""


def tables_of(capacity: ClusterCapacity) -> tuple[ResourceTable, ...]:
    return tuple(
        ResourceTable(
            slug=row.resource.value.lower(),
            title=resource_label(row.resource),
            lines=tuple(lines_of(row)),
            differences=tuple(difference_line(each) for each in row.differences),
        )
        for row in capacity.rows
    )


_TOTAL_OF: dict[bool, str | Promise] = {
    True: gettext_lazy("Total (vCenter: every datastore that a host mounts)"),
    False: gettext_lazy("Total (vCenter: every host)"),
}
_USABLE: dict[bool, str | Promise] = {
    True: gettext_lazy("Of it accessible"),
    False: gettext_lazy("Of it connected and not in maintenance mode"),
}


def lines_of(row: CapacityRow) -> Iterable[Line]:
    """In the order of the page."""
    disk = row.resource is Resource.DISK_GB
    driver, vcenter, record = row.driver, row.vcenter, row.placement
    told = record is not None
    yield Line(
        _TOTAL_OF[disk],
        count_text(driver.total),
        count_text(record.total if record else None),
        count_text(vcenter.total),
    )
    yield Line(_USABLE[disk], vcenter=count_text(vcenter.usable))
    if row.resource is Resource.MEMORY_MB:
        yield Line(_("Of it left to VMs by ESX"), vcenter=count_text(vcenter.effective))
    if not disk:
        yield Line(_("Held back by HA"), vcenter=count_text(vcenter.ha_reserve))
        yield Line(_("Usable without HA's reserve"), vcenter=count_text(vcenter.after_ha))
    yield Line(
        _("Reserved"),
        count_text(driver.reserved),
        count_text(record.reserved if record else None),
    )
    ratio = f"{record.allocation_ratio:g}" if record else count_text(None)
    given = placement_capacity(record) if record else None
    used = record.used if record else None
    yield Line(_("Allocation ratio"), placement=ratio)
    yield Line(_("Given out at most: (total − reserved) × ratio"), placement=count_text(given))
    yield Line(
        _("Used"),
        placement=count_text(used),
        vcenter=NO_FIGURE if row.resource is Resource.VCPU else count_text(vcenter.used),
    )
    left = given - used if given is not None and used is not None else None
    yield Line(_("Left"), placement=count_text(left))
    yield Line(
        _("Sum over the instances"),
        placement=count_text(row.allocated),
        vcenter=NO_FIGURE if disk else count_text(vcenter.instances),
    )
    yield Line(
        _("Largest unit (vCenter: most free in one place)"),
        count_text(driver.max_unit),
        count_text(record.max_unit if told and record else None),
        NO_FIGURE if row.resource is Resource.VCPU else count_text(vcenter.largest_free),
    )
    yield Line(
        _("Smallest unit and step"),
        f"{count_text(driver.min_unit)}, {count_text(driver.step_size)}",
        f"{count_text(record.min_unit)}, {count_text(record.step_size)}"
        if record
        else count_text(None),
    )
    yield Line(_("Shown by os-hypervisors"), count_text(row.shown))


def difference_line(difference: Difference) -> DifferenceLine:
    return DifferenceLine(
        left=figure_label(difference.left),
        left_value=count_text(difference.left_value),
        right=figure_label(difference.right),
        right_value=count_text(difference.right_value),
        amount=signed_text(difference.amount),
        causes=tuple(
            CauseLine(
                signed_text(cause.amount), cause_sentence(cause), cause.kind == "unexplained"
            )
            for cause in difference.causes
        ),
        explained=difference.explained,
    )


def datastore_lines(sums: DatastoreSum, vcenter: str) -> tuple[DatastoreLine, ...]:
    """Those that count first, the one with most free space at their head."""
    picked = sums.picked if sums.known else None
    counted = sorted(sums.counted, key=lambda d: -(d.free_bytes or 0))
    lines = [_datastore_line(vcenter, d, counted=True, picked=d == picked) for d in counted]
    lines += [
        _datastore_line(vcenter, each.datastore, reason=datastore_reason(each.why))
        for each in sums.rejected
    ]
    return tuple(lines)


def _datastore_line(
    vcenter: str,
    datastore: Datastore,
    *,
    counted: bool = False,
    picked: bool = False,
    reason: str = "",
) -> DatastoreLine:
    return DatastoreLine(
        name=foreign(datastore.name),
        type=foreign(datastore.type or ""),
        capacity=bytes_of(datastore.capacity_bytes),
        free=bytes_of(datastore.free_bytes),
        counted=counted,
        picked=picked,
        reason=reason,
        url=datastore_url(vcenter, datastore.moref),
    )
