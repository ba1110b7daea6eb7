"""Order and pages over real rows of the instances' list."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from django.http import QueryDict
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.panels import clouds
from vmware_panel.domain.kept import Kept, Line
from vmware_panel.panels.instances.filters import InstanceFilters
from vmware_panel.panels.instances.rows import InstanceRow, row_of
from vmware_panel.panels.instances.tables import InstancesTable
from vmware_panel.panels.listing.columns import Sort
from vmware_panel.panels.listing.listing import Listing
from vmware_panel.panels.listing.ordering import sort_rows

COLUMNS = list(InstancesTable.shown_columns())
ROWS = [
    row_of(placement, clouds.PROJECTS)
    for report in (clouds.many(60), clouds.sound())
    for placement in report.placements or ()
]


def listing(query: str, rows: Sequence[InstanceRow] | None = None, size: int = 20) -> Listing:
    return Listing(
        InstancesTable,
        InstanceFilters,
        rows if isinstance(rows, Kept) else Kept(ROWS if rows is None else rows),
        QueryDict(query),
        default_sort=Sort("name"),
        default_size=size,
        ties=("name", "id"),
    )


def messages(its: Listing) -> str:
    return "\n".join(map(str, its.problems))


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(
    st.sampled_from(COLUMNS),
    st.booleans(),
    st.sampled_from([20, 50, 100]),
    st.sampled_from(["", "disagreement=any", "host=esx-1*", "project=p2", "q=web", "host=~none"]),
)
def test_the_pages_together_are_all_rows_in_order(
    column: str, descending: bool, size: int, filters: str
) -> None:
    sort = str(Sort(column, descending))
    first = listing(f"{filters}&sort={sort}&size={size}")
    pages = range(1, first.page.paginator.num_pages + 1)
    got = [
        row
        for page in pages
        for row in listing(f"{filters}&sort={sort}&size={size}&page={page}").page.object_list
    ]
    assert got == first.rows
    assert len({id(row) for row in got}) == len(got)
    its = InstancesTable.base_columns[column]
    value = its.order_value or (lambda row: getattr(row, column))
    assert got == sort_rows(
        got, value, descending=descending, ties=[lambda r: r.name, lambda r: r.id]
    )
    assert not first.problems


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(
    st.lists(st.lists(st.sampled_from(range(12)), unique=True, max_size=12), max_size=4),
    st.sampled_from(COLUMNS),
    st.booleans(),
)
def test_rows_that_follow_others_are_listed_as_if_there_had_been_none(
    histories: list[list[int]], column: str, descending: bool
) -> None:
    line = Line()
    sort = str(Sort(column, descending))
    for numbers in [*histories, range(12)]:
        rows = [ROWS[number] for number in numbers]
        rows += [replace(row) for row in ROWS[12:20]]  # others, and equal
        here = listing(f"sort={sort}", Kept(rows, line))
        alone = listing(f"sort={sort}", Kept(rows))
        assert [id(row) for row in here.rows] == [id(row) for row in alone.rows]
        assert here.form.as_p() == alone.form.as_p()


def test_the_order_is_that_of_all_rows_and_not_of_the_page() -> None:
    first = listing("sort=-host&size=20").page.object_list
    assert {row.host for row in first} <= {f"esx-{number}" for number in range(16, 26)}


@pytest.mark.parametrize(
    ("query", "field", "allowed"),
    [
        ("sort=nonsense", "Sort", "project, name"),
        ("sort=--host", "Sort", "project, name"),
        ("size=33", "Rows a page", "20, 50, 100, 200, 500"),
        ("size=-1", "Rows a page", "20, 50"),
        ("page=0", "Page", "1 to 4"),
        ("page=99", "Page", "1 to 4"),
        ("page=٣", "Page", "1 to 4"),
        ("page=" + "9" * 5000, "Page", "1 to 4"),
        ("clutser=blue", "clutser", "cluster"),
    ],
)
def test_a_value_that_cannot_be_followed_is_named_with_what_would_do(
    query: str, field: str, allowed: str
) -> None:
    its = listing(query + "&status=ACTIVE")
    assert [problem.field for problem in its.problems] == [field]
    assert allowed in messages(its)
    assert its.total == 65 and len(its.rows) == 64, "the rest of the query string is followed"
    assert its.page.object_list


def test_the_users_own_page_size_is_offered_and_the_default() -> None:
    its = listing("", size=7)
    assert its.size == 7 and its.sizes[:2] == [7, 20]
    assert len(listing("size=20", size=7).page.object_list) == 20


def test_links_keep_the_rest_and_go_back_to_the_first_page() -> None:
    its = listing("cluster=blue&size=20&sort=-host&page=2")
    assert its.next_href == "?cluster=blue&size=20&sort=-host&page=3"
    header = next(h for h in its.table.headers if h.label == "Name")
    assert header.href == "?cluster=blue&size=20&sort=name"
    assert its.selection == "?cluster=blue&sort=-host"


def test_a_columns_link_turns_the_order_it_is_already_in() -> None:
    headers = {header.label: header for header in listing("sort=host").table.headers}
    assert headers["ESX host"].href == "?sort=-host"
    assert headers["ESX host"].aria_sort == "ascending"
    assert headers["Name"].aria_sort == ""


def test_the_columns_stand_under_the_book_that_they_come_from() -> None:
    groups = [(group.label, group.span) for group in listing("").table.groups]
    assert groups == [("Keystone", 1), ("Nova", 3), ("vCenter", 4), ("Both books", 1)]


def test_only_the_pages_rows_are_rendered() -> None:
    its = listing("size=20")
    assert len(its.table.rows) == 20 and len(its.rows) == 65


def test_a_list_without_rows_has_one_empty_page() -> None:
    its = listing("", rows=[])
    assert (its.total, list(its.page.object_list), its.pages) == (0, [], [1])
