"""One list as a query string asks for it: filtered, in order, and cut into pages."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from operator import attrgetter
from typing import Any

from django.core.paginator import Page, Paginator
from django.http import QueryDict
from django.utils.translation import gettext as _

from vmware_panel.domain.kept import Kept
from vmware_panel.panels.listing.columns import ListingTable, Sort
from vmware_panel.panels.listing.filters import FilterForm
from vmware_panel.panels.listing.ordering import sort_rows

SORT, PAGE, SIZE = "sort", "page", "size"
PAGE_SIZES = (20, 50, 100, 200, 500)


@dataclass(frozen=True, slots=True)
class Problem:
    """A value in the query string that cannot be followed: of which field, and what would do."""

    field: str
    message: str

    def __str__(self) -> str:
        return f"{self.field}: {self.message}"


class Listing:
    """The rows that a query string asks for. What it asks wrongly is in `problems`, not raised.

    `known` are values that a filter allows though no row has them; `default_size` the page size
    where the query string names none; `ties` the columns that decide between equal rows.
    """

    def __init__(
        self,
        table_class: type[ListingTable],
        filter_class: type[FilterForm],
        rows: Kept[Any],
        query: QueryDict,
        *,
        default_sort: Sort,
        default_size: int = PAGE_SIZES[0],
        known: Mapping[str, Iterable[str]] | None = None,
        ties: Sequence[str] = (),
    ) -> None:
        self.query = query
        self.total = len(rows)
        self.problems: list[Problem] = []
        self.form = filter_class(query, rows, known)
        self._table_class = table_class
        self._report_unknown_names()
        self._report_filters()
        self.sort = self._read_sort(default_sort)
        self.sort_given = self.sort != default_sort
        self.default_size = default_size
        self.sizes = sorted({*PAGE_SIZES, default_size})
        self.size = self._read_size(default_size)
        # All rows in order first: that is kept for the next page, and no filter changes an order.
        self.rows, self.undecided = self.form.split(self._ordered(rows, ties))
        self.page = self._read_page()

    @property
    def chosen(self) -> list[str]:
        """The names of the filters in use."""
        return [name for name in self.form.fields if self.query.get(name)]

    @cached_property
    def table(self) -> ListingTable:
        """The page's rows; no other row is rendered."""
        return self._table_class(list(self.page.object_list), sort=self.sort, href=self.href)

    @property
    def pages(self) -> list[int | str]:
        """The numbers of the pages to link to, with "…" between those that are apart."""
        return list(self.page.paginator.get_elided_page_range(self.page.number, on_ends=1))

    def href(self, changes: Mapping[str, object]) -> str:
        """This list, from its first page on, with other values of some parameters; None removes."""
        query = self.query.copy()
        query.pop(PAGE, None)
        for name, value in changes.items():
            if value is None:
                query.pop(name, None)
            else:
                query[name] = str(value)
        return f"?{query.urlencode()}"

    @property
    def previous_href(self) -> str:
        return self.href({PAGE: self.page.previous_page_number()}) if self._has(-1) else ""

    @property
    def next_href(self) -> str:
        return self.href({PAGE: self.page.next_page_number()}) if self._has(1) else ""

    @property
    def page_hrefs(self) -> list[tuple[int | str, str]]:
        return [(n, self.href({PAGE: n}) if isinstance(n, int) else "") for n in self.pages]

    @property
    def selection(self) -> str:
        """The filters and the order as a query string, for the exports."""
        return self.href({SIZE: None})

    def _ordered(self, rows: Kept[Any], ties: Sequence[str]) -> Sequence[Any]:
        column = self._table_class.base_columns[self.sort.column]
        value = column.order_value or attrgetter(self.sort.column)
        tied = [attrgetter(name) for name in ties]
        key = ("order", self._table_class, str(self.sort), tuple(ties))

        def places() -> Sequence[int]:
            order = sort_rows(
                enumerate(rows),
                lambda its: value(its[1]),
                descending=self.sort.descending,
                ties=[lambda its, tie=tie: tie(its[1]) for tie in tied],  # type: ignore[misc]
            )
            return [place for place, _ in order]

        def order() -> Sequence[Any]:
            found = rows.digested(
                (*key, "places"), lambda row: (value(row), *(tie(row) for tie in tied)), places
            )
            return [rows[place] for place in found]

        return rows.derived(key, order)

    def _has(self, step: int) -> bool:
        return self.page.has_next() if step > 0 else self.page.has_previous()

    def _report_unknown_names(self) -> None:
        allowed = [*self.form.fields, SORT, PAGE, SIZE]
        for name in self.query:
            if name not in allowed:
                self.problems.append(
                    Problem(
                        name[:60],
                        _("there is no such parameter. Allowed: %s") % ", ".join(allowed),
                    )
                )

    def _report_filters(self) -> None:
        for name, errors in self.form.errors.items():
            label = str(self.form.fields[name].label)
            self.problems.extend(Problem(label, str(message)) for message in errors)

    def _read_sort(self, default: Sort) -> Sort:
        text = self.query.get(SORT, "")
        shown = self._table_class.shown_columns()
        columns = [name for name, column in shown.items() if column.sortable]
        name = text.removeprefix("-")
        if not text:
            return default
        if name in columns:
            return Sort(name, descending=text.startswith("-"))
        allowed = ", ".join(columns)
        self._misread(
            _("Sort"),
            text,
            _("Allowed: %s, each with - in front for descending order.") % allowed,
        )
        return default

    def _read_size(self, default: int) -> int:
        text = self.query.get(SIZE, "")
        if not text:
            return default
        if text in map(str, self.sizes):
            return int(text)
        allowed = ", ".join(map(str, self.sizes))
        self._misread(_("Rows a page"), text, _("Allowed: %s.") % allowed)
        return default

    def _read_page(self) -> Page:
        pages = Paginator(self.rows, self.size)
        text = self.query.get(PAGE, "")
        if not text:
            return pages.page(1)
        number = int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0
        if 1 <= number <= pages.num_pages:
            return pages.page(number)
        self._misread(_("Page"), text, _("Allowed: 1 to %(last)d.") % {"last": pages.num_pages})
        return pages.page(pages.num_pages if number else 1)

    def _misread(self, field: str, text: str, remedy: str) -> None:
        fault = _("“%s” cannot be used.") % text[:60]
        self.problems.append(Problem(field, f"{fault} {remedy}"))
