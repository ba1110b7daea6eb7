"""What is asked once for several pages: its age, its failures, its scopes."""

import threading
from datetime import UTC, datetime, timedelta

import pytest

from vmware_panel.domain.outcome import TroubleKind
from vmware_panel.openstack import CloudError, gather
from vmware_panel.openstack.errors import cloud_error
from vmware_panel.openstack.memo import Memo

START = datetime(2026, 11, 22, 16, tzinfo=UTC)


class Source:
    """Counts what it is asked, and fails when told to."""

    def __init__(self) -> None:
        self.now = START
        self.asked = 0
        self.fails = False
        self.memo: Memo[int] = Memo("nova", max_age_s=5, most_scopes=2)

    def read(self) -> int:
        self.asked += 1
        if self.fails:
            raise cloud_error("nova", TroubleKind.OVERLOADED, "busy")
        return self.asked

    def get(self, scope: str = "admin") -> tuple[int, datetime]:
        kept = self.memo.get(scope, self.read, now=lambda: self.now)
        return kept.value, kept.read_at


def test_a_value_serves_until_its_age_and_says_when_it_was_read() -> None:
    source = Source()
    assert source.get() == (1, START)
    source.now += timedelta(seconds=4.9)
    assert source.get() == (1, START)
    source.now += timedelta(seconds=0.1)
    assert source.get() == (2, source.now)


def test_beyond_its_age_it_does_not_stand_in_for_a_failure() -> None:
    source = Source()
    source.get()
    source.now += timedelta(seconds=6)
    source.fails = True
    for _ in range(2):
        with pytest.raises(CloudError):
            source.get()
    assert source.asked == 3, "a failure is not kept"
    source.fails = False
    assert source.get() == (4, source.now)


def test_a_clock_that_was_put_back_does_not_keep_it_young() -> None:
    source = Source()
    source.get()
    source.now -= timedelta(hours=1)
    assert source.get() == (2, source.now)


def test_scopes_are_apart_and_few() -> None:
    source = Source()
    for number, scope in enumerate(("a", "b", "c"), start=1):
        assert source.get(scope)[0] == number
    assert source.get("c")[0] == 3
    assert source.get("a")[0] == 4, "the oldest made room"


def test_forgotten_it_is_asked_for() -> None:
    source = Source()
    source.get()
    source.memo.forget("admin")
    source.memo.forget("never seen")
    assert source.get()[0] == 2


def test_who_asks_meanwhile_waits_no_longer_than_the_own_deadline() -> None:
    memo: Memo[int] = Memo("nova", max_age_s=5)
    may_end, asked = threading.Event(), []

    def read() -> int:
        asked.append(1)
        may_end.wait(10)
        return 7

    page = {"services": lambda: memo.get("admin", read).value}
    for _ in range(2):
        trouble = gather(page, timeout_s=0.05)["services"].trouble
        assert trouble and trouble.kind is TroubleKind.TIMEOUT
    may_end.set()
    assert gather(page, timeout_s=5)["services"].value == 7
    assert len(asked) == 1
