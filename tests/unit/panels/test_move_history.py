"""The history of moves: what narrows it, and the picture of its days."""

from datetime import UTC, datetime, timedelta

import pytest
from django.http import QueryDict
from hypothesis import given
from hypothesis import strategies as st

from vmware_panel.domain.tasks import Move, MoveKind
from vmware_panel.panels.clusters.move_chart import BAR_WIDTH, HEIGHT, move_chart
from vmware_panel.panels.clusters.move_filters import DAYS, MoveFilters, move_filters

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def move(hours: float = 1, kind: MoveKind = MoveKind.DRS, name: str = "web-1") -> Move:
    return Move(NOW - timedelta(hours=hours), kind, None, name, "esx-1", "esx-2")


@pytest.mark.parametrize("days", ["0", "31", "-1", "7.5", "seven", "1e1", "9" * 30])
def test_days_that_cannot_be_are_named_and_left_aside(days):
    told = move_filters(QueryDict(f"days={days}"))
    assert told.days == DAYS
    assert len(told.errors) == 1 and told.errors[0].startswith("days:")


def test_someone_unknown_is_named_and_left_aside():
    told = move_filters(QueryDict("by=gremlins"))
    assert told.by == "" and told.errors[0].startswith("by:")


def test_what_is_right_is_taken():
    told = move_filters(QueryDict("days=30&by=user&vm=+WEB+&host=esx-1"))
    assert told == MoveFilters(days=30, host="esx-1", vm="WEB", by="user")


def test_moves_are_narrowed_by_vm_host_and_who():
    drs, user = move(), move(kind=MoveKind.MIGRATED, name="db-1")
    assert MoveFilters(vm="WEB").narrowed([drs, user]) == [drs]
    assert MoveFilters(by="user").narrowed([drs, user]) == [user]
    assert MoveFilters(by="drs").narrowed([drs, user]) == [drs]
    assert MoveFilters(host="ESX-2").narrowed([drs, user]) == [drs, user]
    assert MoveFilters(host="esx-9").narrowed([drs, user]) == []


moves = st.lists(
    st.builds(move, st.floats(0, 24 * 6), st.sampled_from(list(MoveKind))), max_size=40
)


@given(moves)
def test_the_picture_has_every_day_and_every_move_once_and_stays_in_its_frame(made):
    chart = move_chart(made, NOW - timedelta(days=7), NOW)
    assert len(chart.bars) == 8
    assert sum(bar.moves for bar in chart.bars) == len(made)
    by_drs = sum(move.kind in (MoveKind.DRS, MoveKind.POWERED_ON) for move in made)
    assert sum(bar.by_drs for bar in chart.bars) == by_drs
    for bar in chart.bars:
        assert 0 <= bar.others_y <= bar.drs_y <= HEIGHT
        assert bar.drs_y + bar.drs_height == pytest.approx(HEIGHT)
        assert bar.others_y + bar.others_height == pytest.approx(bar.drs_y)
        assert bar.x + BAR_WIDTH <= chart.width


def test_no_move_is_a_picture_of_empty_days():
    chart = move_chart([], NOW - timedelta(days=1), NOW)
    assert chart.most == 0 and {bar.moves for bar in chart.bars} == {0}
