"""The columns of a list: one declaration for the page, the CSV and the JSON."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import groupby
from typing import Any, TypeAlias

import django_tables2 as tables
from django.contrib.humanize.templatetags.humanize import naturaltime
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from vmware_panel.panels.listing.ordering import is_nothing
from vmware_panel.wording import foreign

Text: TypeAlias = str | Promise


class Book(StrEnum):
    """Who says what stands in a column."""

    CINDER = "Cinder"
    GLANCE = "Glance"
    KEYSTONE = "Keystone"
    NOVA = "Nova"
    PLACEMENT = "Placement"
    SETTINGS = "settings"
    VCENTER = "vCenter"
    BOTH = "both"
    JOB = "job"  # what a worker has written down

    @property
    def label(self) -> Text:
        if self is Book.SETTINGS:
            return gettext_lazy("Settings")
        if self is Book.JOB:
            return gettext_lazy("Journal of jobs")
        return gettext_lazy("Both books") if self is Book.BOTH else self.value


LISTING_CLASS = "table table-striped table-hover vmware-listing"
DENSE = {"class": f"{LISTING_CLASS} vmware-dense"}
"""The attributes of a table with so many columns that their heads have to wrap."""


@dataclass(frozen=True, slots=True)
class Sort:
    """The column that a list is in the order of."""

    column: str
    descending: bool = False

    def __str__(self) -> str:
        return f"-{self.column}" if self.descending else self.column


class Column(tables.Column):
    """One value of a row, read from the attribute of the column's own name.

    It is shown on the page and exported; `visible=False` exports it only. `row_header` marks the
    column that names the row. `order` reads what rows are sorted by, where that is another value;
    a list is never in the order of one that is not `sortable`.
    """

    empty_values = ()

    def __init__(
        self,
        verbose_name: Text = "",
        *,
        book: Book = Book.NOVA,
        order: Callable[[Any], Any] | None = None,
        row_header: bool = False,
        sortable: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(verbose_name, **kwargs)
        self.book = book
        self.order_value = order
        self.row_header = row_header
        self.sortable = sortable

    def render(self, value: Any) -> str:
        return shown(value)

    def as_json(self, value: Any) -> Any:
        """What stands in the JSON: None is unknown."""
        return list(value) if isinstance(value, tuple) else value

    def as_text(self, value: Any) -> str:
        """What stands in the CSV, before it is made safe for a spreadsheet."""
        if value is None:
            return "unknown"
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, tuple):
            return "; ".join(self.as_text(part) for part in value)
        return str(value)


class MomentColumn(Column):
    """A `datetime`: how long ago on the page, in ISO 8601 in the exports."""

    def as_json(self, value: Any) -> Any:
        return value.isoformat() if isinstance(value, datetime) else value

    def as_text(self, value: Any) -> str:
        return value.isoformat() if isinstance(value, datetime) else super().as_text(value)

    def render(self, value: Any) -> str:
        return moment(value) if isinstance(value, datetime) else shown(value)


def moment(value: datetime) -> SafeString:
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        value.isoformat(),
        value.isoformat(" ", timespec="seconds"),
        naturaltime(value),
    )


def shown(value: Any) -> str:
    """A value on the page; unknown is said so, nothing is a dash."""
    if value is None:
        return unknown()
    if is_nothing(value):
        return nothing()
    if isinstance(value, tuple):
        return ", ".join(_("unknown") if part is None else foreign(part) for part in value)
    return foreign(str(value))


def unknown() -> SafeString:
    return format_html('<span class="vmware-quiet">{}</span>', _("unknown"))


def nothing() -> SafeString:
    """A dash, which a screen reader reads as words."""
    return format_html(
        '<span class="vmware-quiet" aria-hidden="true">–</span><span class="sr-only">{}</span>',
        _("none"),
    )


@dataclass(frozen=True, slots=True)
class Header:
    """One column's head: `aria_sort` is empty for a column that the list is not in the order of,
    `href` for one that it never is.
    """

    label: str
    href: str
    aria_sort: str


@dataclass(frozen=True, slots=True)
class HeaderGroup:
    """Columns side by side that come from one book."""

    label: str
    span: int


class ListingTable(tables.Table):
    """The rows of one page, in an order that is already theirs.

    `href` makes the link of the same list in another order.
    """

    caption: Text = ""

    class Meta:
        orderable = False  # by django-tables2: it would order the page, not the list
        template_name = "vmware_panel/_listing_table.html"
        attrs = {"class": LISTING_CLASS}

    def __init__(
        self,
        rows: Sequence[Any],
        *,
        sort: Sort,
        href: Callable[[Mapping[str, object]], str],
        **kwargs: Any,
    ) -> None:
        super().__init__(rows, **kwargs)
        self.sort = sort
        self._href = href

    @property
    def groups(self) -> list[HeaderGroup]:
        books = (bound.column.book for bound in self.columns)
        return [HeaderGroup(str(book.label), len(list(run))) for book, run in groupby(books)]

    @property
    def headers(self) -> list[Header]:
        return [
            self._header(bound.name, str(bound.header))
            if bound.column.sortable
            else Header(str(bound.header), "", "")
            for bound in self.columns
        ]

    def _header(self, name: str, label: str) -> Header:
        ours = self.sort.column == name
        following = Sort(name, descending=ours and not self.sort.descending)
        direction = "descending" if self.sort.descending else "ascending"
        return Header(label, self._href({"sort": following}), direction if ours else "")

    @classmethod
    def shown_columns(cls) -> Mapping[str, Column]:
        """Those of the page, by name."""
        return {name: column for name, column in cls.base_columns.items() if column.visible}

    @classmethod
    def exported_columns(cls) -> Mapping[str, Column]:
        """Those of the exports, by the name that they have there."""
        columns: Iterable[tuple[str, Column]] = cls.base_columns.items()
        return {name: column for name, column in columns if not column.exclude_from_export}
