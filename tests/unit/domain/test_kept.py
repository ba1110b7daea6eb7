"""What is kept beside things, and handed on to those that take their place."""

from itertools import groupby

from hypothesis import given
from hypothesis import strategies as st

from vmware_panel.domain.kept import MOST_KEPT, Kept, Latest, Line, OfEach

STATES = st.lists(st.lists(st.integers(0, 5), max_size=6), max_size=5)


@given(STATES, st.integers(1, 3))
def test_what_goes_by_a_digest_is_made_anew_only_if_that_is_another(
    states: list[list[int]], modulus: int
) -> None:
    line = Line()
    digests = [[number % modulus for number in state] for state in states]
    made: list[int] = []
    for number, state in enumerate(states):

        def make(of: int = number) -> list[int]:
            made.append(of)
            return digests[of]

        items = Kept(state, line)
        assert items.digested("key", lambda its: its % modulus, make) == digests[number]
        assert items.digested("key", lambda its: its % modulus, make) == digests[number]
    assert len(made) == len(list(groupby(digests)))


@given(STATES)
def test_without_a_line_everything_is_made_of_each_tuple(states: list[list[int]]) -> None:
    made = [Kept(state).digested("key", lambda its: 0, lambda s=state: len(s)) for state in states]  # type: ignore[misc]
    assert made == [len(state) for state in states]


def test_a_line_hands_on_no_more_than_a_tuple_keeps() -> None:
    line = Line()
    for number in range(MOST_KEPT + 1):
        Kept((1,), line).digested(number, lambda its: its, lambda: "first")
    again = Kept((1,), line)
    assert again.digested(MOST_KEPT, lambda its: its, lambda: "second") == "first"
    assert again.digested(0, lambda its: its, lambda: "second") == "second"


@given(STATES)
def test_of_each_gives_what_is_made_of_nothing_and_equal_results_as_the_same_objects(
    states: list[list[int]],
) -> None:
    kept: OfEach[int, tuple[int, ...]] = OfEach()
    before: dict[int, tuple[int, ...]] = {}
    for state in states:
        found = kept.all(((place, its, None) for place, its in enumerate(state)), _halved)
        assert found == [_halved(its) for its in state]
        for place, its in enumerate(found):
            if its == before.get(place):
                assert its is before[place]
        before = dict(enumerate(found))


def _halved(number: int) -> tuple[int, ...]:
    return (number // 2, number // 2)


def test_the_latest_is_made_anew_of_other_parts_only() -> None:
    latest: Latest[list[int]] = Latest()
    assert latest.value is None
    first = latest.of([1, 2], lambda: [1])
    assert latest.of([1, 2], lambda: [2]) is first
    assert latest.of([1, 3], lambda: [2]) == latest.value == [2]
