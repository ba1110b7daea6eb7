"""A process that collects tells when a part of it ended or hangs."""

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from vmware_panel.collecting import external
from vmware_panel.collecting.external import Collection, Report
from vmware_panel.collecting.keeper import KeeperState
from vmware_panel.config import VCenterConfig
from vmware_panel.domain.outcome import Trouble, TroubleKind
from vmware_panel.domain.snapshot import CollectorState, CollectorStatus
from vmware_panel.secret import Secret
from vmware_panel.store import Lease, MemoryStore

WAIT_S = 30


class Store(MemoryStore):
    """Its lease does what the test says. No real store raises anything but `StoreError`."""

    def __init__(self, acquire: Callable[[], bool]) -> None:
        super().__init__()
        self._acquire = acquire

    def lease(self, name: str, holder: str, ttl_s: float) -> Lease:
        lease = super().lease(name, holder, ttl_s)
        lease.acquire = self._acquire  # type: ignore[method-assign]
        return lease


def collection(acquire: Callable[[], bool]) -> Collection:
    nowhere = VCenterConfig("west", "vcenter.invalid", "u", Secret("p"))
    return Collection([nowhere], Store(acquire), 3600.0)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_it_ends_when_a_keeper_ended_by_a_fault_in_the_code() -> None:
    def fault() -> bool:
        raise RuntimeError("a fault in the code")

    stopping = threading.Event()
    collection(fault).run(stopping, lambda reports: None)
    assert not stopping.is_set(), "nobody asked for the end"


def test_a_keeper_that_hangs_is_not_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    hangs, stopping = threading.Event(), threading.Event()
    seen: list[bool] = []

    def hang() -> bool:
        hangs.wait(WAIT_S)
        return False

    collecting = collection(hang)
    monkeypatch.setattr(external, "STUCK_S", 0.5)

    def look(reports: object) -> None:
        seen.append(collecting.alive)
        hangs.set()
        stopping.set()

    collecting.run(stopping, look)
    assert seen[0] is False


def test_it_is_ready_when_the_store_has_the_book_or_another_collects() -> None:
    now = datetime(2026, 11, 23, tzinfo=UTC)
    watches = CollectorStatus(CollectorState.WATCHING, now)
    report = Report("west", KeeperState.COLLECTING, watches, published=1)
    assert report.ready
    assert not replace(report, published=0).ready, "no page can read the book yet"
    assert not replace(report, status=None).ready
    lists = CollectorStatus(CollectorState.LISTING, now)
    assert not replace(report, status=lists).ready
    away = Trouble("store", TroubleKind.UNREACHABLE)
    assert not replace(report, store_trouble=away).ready
    assert Report("west", KeeperState.STANDBY).ready
