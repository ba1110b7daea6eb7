"""A process that collects tells when a part of it ended or hangs."""

import threading
from collections.abc import Callable

import pytest

from vmware_panel.collecting import external
from vmware_panel.collecting.external import Collection
from vmware_panel.config import VCenterConfig
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
