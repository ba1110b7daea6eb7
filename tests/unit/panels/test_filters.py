"""The filter form by itself, over small rows of its own."""

from dataclasses import dataclass

import pytest
from django.http import QueryDict
from hypothesis import given
from hypothesis import strategies as st

from vmware_panel.domain.kept import Kept
from vmware_panel.panels.listing.filters import (
    MOST_OPTIONS,
    MOST_SUGGESTIONS,
    ChoiceFilter,
    FilterForm,
    TextFilter,
)


@dataclass(frozen=True)
class Row:
    name: str = ""
    host: str | None = "esx-1"
    stores: tuple[str | None, ...] | None = ()
    project: str = "p1"


class Filters(FilterForm):
    q = TextFilter("Search", lambda row: (row.name, row.host))
    host = ChoiceFilter("ESX host", lambda row: row.host)
    store = ChoiceFilter("Datastore", lambda row: row.stores)
    state = ChoiceFilter("State", lambda row: "on", fixed={"on": "switched on", "off": "off"})
    project = ChoiceFilter(
        "Project",
        lambda row: row.project,
        labels=lambda row: {"p1": "alpha"}.get(row.project, "b"),
    )


def form(query: str, rows: list[Row], **known: list[str]) -> Filters:
    return Filters(QueryDict(query), Kept(rows), known)


def names(query: str, rows: list[Row]) -> list[str]:
    its = form(query, rows)
    belonging, _undecided = its.split(rows)
    assert not its.errors
    return [row.name for row in belonging]


ROWS = [
    Row("a", "esx-1", ("ds1",)),
    Row("b", "esx-10", ("ds1", "ds2")),
    Row("c", "", ()),
]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["a", "b", "c"]),
        ("host=esx-1", ["a"]),
        ("host=esx-1*", ["a", "b"]),
        ("host=*SX-10", ["b"]),
        ("host=~none", ["c"]),
        ("store=ds1", ["a", "b"]),
        ("store=ds2&host=*", ["b"]),
        ("store=~none", ["c"]),
        ("q=ESX-1", ["a", "b"]),
        ("q=b+esx", ["b"]),
        ("project=p1", ["a", "b", "c"]),
        ("project=alpha", ["a", "b", "c"]),
        ("host=+", ["a", "b", "c"]),
        ("host=esx-1+", ["a"]),
    ],
)
def test_rows_that_belong(query: str, expected: list[str]) -> None:
    assert names(query, ROWS) == expected


def test_a_value_that_is_not_there_is_named_with_those_that_are() -> None:
    its = form("host=esx-2&store=ds2", ROWS)
    (message,) = its.errors["host"]
    assert "“esx-2”" in message and "esx-1, esx-10" in message and "*" in message
    assert [row.name for row in its.split(ROWS)[0]] == ["b"], "the other filter still works"


def test_of_many_allowed_values_the_message_names_those_that_are_close() -> None:
    rows = [Row(host=f"esx-{number}") for number in range(1, 501)]
    (message,) = form("host=sx-49", rows).errors["host"]
    assert "esx-49, esx-490" in message and "esx-1," not in message and "492 more" in message


def test_a_value_that_exists_but_no_row_has_is_no_mistake() -> None:
    its = form("host=esx-9&state=off", ROWS, host=["esx-9"])
    assert its.split(ROWS) == ([], 0)
    assert not its.errors


def test_a_row_that_nobody_can_tell_of_is_counted_and_not_shown() -> None:
    rows = [Row("a"), Row("b", None), Row("c", "esx-2", None), Row("d", None, ("ds9",))]
    assert names("host=~unknown", rows) == ["b", "d"]
    its = form("host=esx-1", rows)
    assert ([row.name for row in its.split(rows)[0]], its.split(rows)[1]) == (["a"], 2)
    its = form("host=esx-1&store=ds9", rows)
    assert its.split(rows) == ([], 1), "b has no datastore, so only d may belong"


def test_while_values_are_unknown_none_is_refused() -> None:
    its = form("host=esx-77", [Row("a", None), Row("b", "esx-1")])
    assert not its.errors


def test_a_value_with_an_unknown_part_may_be_the_one() -> None:
    rows = [Row("a", stores=("ds1", None))]
    assert names("store=ds1", rows) == ["a"]
    assert names("store=~unknown", rows) == ["a"]
    assert form("store=ds2", rows).split(rows) == ([], 1)


def test_names_that_look_like_special_choices_are_names() -> None:
    rows = [
        Row("a", "~unknown"),
        Row("b", "esx-*"),
        Row("c", "esx-1"),
        Row("d", "[a]"),
        Row("e", "a"),
    ]
    assert names("host=~~unknown", rows) == ["a"]
    assert names("host=esx-*", rows) == ["b"], "a whole name goes before a part"
    assert names("host=[a]*", rows) == ["d"]


def test_two_projects_of_one_name_are_told_apart() -> None:
    rows = [Row("a", project="p2"), Row("b", project="p3")]
    assert "b (p2)" in str(form("", rows)["project"]) and "b (p3)" in str(
        form("", rows)["project"]
    )


def test_few_choices_open_and_many_are_typed() -> None:
    few = form("", [Row(host=f"esx-{n}") for n in range(MOST_OPTIONS)])
    assert "<select" in str(few["host"])
    many = form("host=esx-3", [Row(host=f"esx-{n}") for n in range(2500)])
    assert "<select" not in str(many["host"]) and 'list="filter_host_values"' in str(many["host"])
    assert len(many.fields["host"].suggestions) <= MOST_SUGGESTIONS
    assert many.fields["host"].suggestions[1].label == "esx-1", "in natural order"


def test_a_choice_that_a_link_brought_stays_chosen() -> None:
    assert '<option value="off" selected>off</option>' in str(form("state=off", ROWS)["state"])
    assert '<option value="&lt;b&gt;" selected>&lt;b&gt;</option>' in str(
        form("host=<b>", ROWS)["host"]
    )


def test_one_form_does_not_learn_from_another() -> None:
    form("", [Row(host="esx-99")])
    assert "esx-99" not in str(form("", ROWS)["host"])


@pytest.mark.parametrize("query", ["q=" + "x" * 300, "host=" + "x" * 300, "q=%00", "host=%00"])
def test_a_senseless_value_is_an_error_of_its_field(query: str) -> None:
    its = form(query, ROWS)
    assert list(its.errors) == [query.partition("=")[0]]
    assert len(its.split(ROWS)[0]) == len(ROWS)


hosts = st.sampled_from(["esx-1", "esx-2", "esx-10", "~unknown", "", None])
rows_of_hosts = st.lists(st.builds(Row, host=hosts), max_size=12)


@given(rows_of_hosts)
def test_every_row_is_found_by_its_own_choice(rows: list[Row]) -> None:
    offered = form("", rows).fields["host"]
    values = [choice.value for choice in (*offered.special, *offered._choices)]
    found: list[Row] = []
    for value in values:
        query = QueryDict(mutable=True)
        query["host"] = value
        belonging, _undecided = Filters(query, Kept(rows)).split(rows)
        assert belonging, f"{value} is offered and finds nothing"
        found += belonging
    assert sorted(map(id, found)) == sorted(map(id, rows))


@given(rows_of_hosts, st.text(max_size=8))
def test_any_text_is_an_answer_or_an_error(rows: list[Row], text: str) -> None:
    query = QueryDict(mutable=True)
    query["host"] = query["q"] = text
    its = Filters(query, Kept(rows))
    belonging, undecided = its.split(rows)
    assert len(belonging) + undecided <= len(rows)
