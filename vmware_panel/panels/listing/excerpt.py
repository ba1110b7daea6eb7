"""The beginning of a list within another page, with links to the whole of it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from django.utils.http import urlencode

from vmware_panel.panels.listing.columns import ListingTable, Sort
from vmware_panel.panels.listing.listing import SORT
from vmware_panel.panels.listing.ordering import sort_rows

MOST_ROWS = 50


@dataclass(frozen=True)
class Excerpt:
    """`href` leads to the whole list, with the filters that make it this one."""

    table: ListingTable
    shown: int
    total: int
    href: str


def excerpt(
    table_class: type[ListingTable],
    rows: Iterable[Any],
    address: str,
    filters: Mapping[str, str],
    *,
    ties: Iterable[str] = ("name",),
) -> Excerpt:
    """The first rows by name. The heads of its columns lead to the whole list in that order."""
    ordered = sort_rows(rows, attrgetter("name"), ties=[attrgetter(name) for name in ties])

    def href(changes: Mapping[str, object]) -> str:
        return f"{address}?{urlencode({**filters, SORT: str(changes[SORT])})}"

    shown = ordered[:MOST_ROWS]
    table = table_class(shown, sort=Sort("name"), href=href)
    return Excerpt(table, len(shown), len(ordered), f"{address}?{urlencode(filters)}")
