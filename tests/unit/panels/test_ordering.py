from collections.abc import Sequence
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmware_panel.panels.listing.ordering import is_nothing, natural_key, sort_rows


@dataclass(frozen=True)
class Row:
    id: int
    value: object


def ordered(values: Sequence[object], descending: bool = False) -> list[object]:
    rows = [Row(number, value) for number, value in enumerate(values)]
    return [row.value for row in sort_rows(rows, lambda r: r.value, descending=descending)]


def test_numbers_in_names_count_as_numbers() -> None:
    assert ordered(["esx-10", "esx-2", "ESX-1"]) == ["ESX-1", "esx-2", "esx-10"]


def test_nothing_and_unknown_come_last_in_both_directions() -> None:
    values = [None, "b", "", "a"]
    assert ordered(values) == ["a", "b", "", None]
    assert ordered(values, descending=True) == ["b", "a", "", None]


def test_several_values_sort_by_the_first_of_them_and_unknown_ones_last() -> None:
    values = [(None,), ("ds10",), (), ("ds9", "ds2"), None, ("ds3", None)]
    assert ordered(values) == [("ds9", "ds2"), ("ds3", None), ("ds10",), (), (None,), None]


def test_ties_are_decided_in_ascending_order_in_both_directions() -> None:
    rows = [Row(2, "a"), Row(1, "a"), Row(3, "b")]
    for descending, expected in ((False, [1, 2, 3]), (True, [3, 1, 2])):
        got = sort_rows(rows, lambda r: r.value, descending=descending, ties=[lambda r: r.id])
        assert [row.id for row in got] == expected


@pytest.mark.parametrize("text", ["9" * 5000, "", "²", "٣", "\x00", "a" * 10 + "9" * 30])
def test_any_name_has_a_place(text: str) -> None:
    assert sorted([text, "esx-1"], key=natural_key)


texts = st.text(alphabet="aB09-é", max_size=6) | st.none()
values = texts | st.just("")


@given(st.lists(values), st.booleans())
def test_no_row_is_lost_and_the_known_are_in_order(its: list[object], descending: bool) -> None:
    rows = [Row(number, value) for number, value in enumerate(its)]
    got = sort_rows(rows, lambda r: r.value, descending=descending)
    assert sorted(row.id for row in got) == list(range(len(its)))
    ranks = [2 if r.value is None else 1 if is_nothing(r.value) else 0 for r in got]
    assert ranks == sorted(ranks)
    keys = [natural_key(str(row.value)) for row in got if row.value]
    assert keys == sorted(keys, reverse=descending)


@given(st.lists(st.lists(texts, max_size=3).map(tuple) | st.none()), st.booleans())
def test_rows_of_several_values_compare_whatever_is_unknown(
    its: list[object], descending: bool
) -> None:
    assert len(ordered(its, descending)) == len(its)
