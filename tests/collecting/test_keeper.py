"""One collector a vCenter, whoever else would run one."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext

import pytest

from tests.simulator import RunningSimulator, running_simulator
from tests.vsphere.rig import endpoint_of
from vmware_panel.collecting.keeper import FREE_S, TICK_S, Keeper, KeeperState
from vmware_panel.collecting.scanner import ScanTimes
from vmware_panel.domain.outcome import TroubleKind
from vmware_panel.domain.snapshot import CollectorState
from vmware_panel.store import Lease, MemoryStore, StoreError
from vmware_panel.vsphere import Collector, VCenterClient

pytestmark = pytest.mark.simulator

VCENTER = "west"
WAIT_S = 60


class Shared(MemoryStore):
    """One store of several keepers, as a cache is: its lease is held by one of them at a time.

    What a cache's lease does is tested in tests/store with real caches.
    """

    def __init__(self) -> None:
        super().__init__()
        self.owner = ""
        self.broken = False

    def lease(self, name: str, holder: str, ttl_s: float) -> Lease:
        return _SharedLease(self, holder)


class _SharedLease:
    def __init__(self, store: Shared, holder: str) -> None:
        self._store = store
        self._holder = holder

    @property
    def held(self) -> bool:
        return self._store.owner == self._holder

    def free(self) -> bool:
        return not self._store.owner

    def acquire(self) -> bool:
        if self._store.broken:
            raise StoreError(TroubleKind.UNREACHABLE, "the cache is down")
        self._store.owner = self._store.owner or self._holder
        return self.held

    def release(self) -> None:
        if self.held:
            self._store.owner = ""


@pytest.fixture(scope="module")
def simulator() -> Iterator[RunningSimulator]:
    with running_simulator(nova_vms=4) as running:
        yield running


@pytest.fixture
def client(simulator: RunningSimulator) -> Iterator[VCenterClient]:
    client = VCenterClient(endpoint_of(simulator))
    yield client
    client.close()


@contextmanager
def keeping(
    store: Shared, client: VCenterClient, holder: str, scan_times: ScanTimes | None = None
) -> Iterator[Keeper]:
    keeper = Keeper(VCENTER, store, lambda: nullcontext(client), holder, 3600.0, scan_times)
    thread = threading.Thread(target=keeper.run)
    thread.start()
    try:
        yield keeper
    finally:
        keeper.stop()
        thread.join(WAIT_S)
        assert not thread.is_alive(), "the keeper does not end"


def until(true: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + WAIT_S
    while not true():
        assert time.monotonic() < deadline, f"waited {WAIT_S} s for {what}"
        time.sleep(0.02)


def watches(store: Shared) -> bool:
    snapshot = store.read(VCENTER)
    return bool(
        snapshot and snapshot.inventory and snapshot.status.state is CollectorState.WATCHING
    )


def test_it_collects_into_the_store_and_says_that_it_stopped(client: VCenterClient):
    store = Shared()
    with keeping(store, client, "a") as keeper:
        until(lambda: watches(store), "the inventory")
        until(lambda: keeper.state is KeeperState.COLLECTING, "its word")
        until(lambda: keeper.published == 1, "the version to be counted")
        snapshot = store.read(VCENTER)
        assert snapshot and snapshot.inventory and len(snapshot.inventory.vms) == 4
    snapshot = store.read(VCENTER)
    assert snapshot and snapshot.inventory, "what was collected stands"
    assert snapshot.status.state is CollectorState.STOPPED
    assert store.owner == "", "the lease is given back"


def test_a_standby_asks_vcenter_nothing_and_takes_over_when_the_first_ends(
    simulator: RunningSimulator, client: VCenterClient
):
    store = Shared()
    second_client = VCenterClient(endpoint_of(simulator))
    with keeping(store, second_client, "b-waits") as second:
        until(lambda: second.state is KeeperState.COLLECTING, "the only one to collect")
    store.owner = "a"
    with keeping(store, client, "b") as second:
        until(lambda: second.state is KeeperState.STANDBY, "the standby")
        before = client.calls.total
        time.sleep(1.5)
        assert client.calls.total == before, "a standby has no business with vCenter"
        store.owner = ""
        until(lambda: second.state is KeeperState.COLLECTING, "the takeover")
        until(lambda: watches(store), "its inventory")
    second_client.close()


def test_who_loses_the_lease_stops_collecting(client: VCenterClient):
    store = Shared()
    with keeping(store, client, "a") as keeper:
        until(lambda: watches(store), "the inventory")
        store.owner = "another"
        until(lambda: keeper.state is KeeperState.STANDBY, "the end of its collector")
        assert keeper.collector is None


def test_a_store_that_fails_does_not_end_the_collector(
    client: VCenterClient, caplog: pytest.LogCaptureFixture
):
    store = Shared()
    with keeping(store, client, "a") as keeper:
        until(lambda: watches(store), "the inventory")
        collector = keeper.collector
        store.broken = True
        until(lambda: keeper.store_trouble, "the trouble to be noticed")
        time.sleep(2.5)
        assert keeper.state is KeeperState.COLLECTING and keeper.collector is collector
        store.broken = False
        until(lambda: not keeper.store_trouble, "its end to be noticed")
        time.sleep(1.5)
        assert keeper.collector is collector
    said = [r.message for r in caplog.records if "does not say who collects" in r.message]
    assert len(said) == 1, said


def test_a_refresh_that_a_page_asks_for_is_done(client: VCenterClient):
    store = Shared()
    with keeping(store, client, "a") as keeper:
        until(lambda: watches(store), "the inventory")
        wanted = store.ask_refresh(VCENTER)
        until(lambda: (s := store.read(VCENTER)) and s.status.refreshed == wanted, "the refresh")
        snapshot = store.read(VCENTER)
        assert snapshot and not snapshot.refreshing
        until(lambda: keeper.published == 2, "the version to be counted")
    wanted = store.ask_refresh(VCENTER)
    assert store.ask_refresh(VCENTER) == wanted, "one that is pending is not asked for twice"


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_collector_that_breaks_down_does_not_list_again_and_again(
    client: VCenterClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    begun = []

    def break_down(collector: Collector) -> None:
        begun.append(collector)
        raise RuntimeError("a fault of the program")

    monkeypatch.setattr(Collector, "_step", break_down)
    store = Shared()
    with keeping(store, client, "a") as keeper:
        until(lambda: keeper.state is KeeperState.WAITING, "the pause after a breakdown")
        time.sleep(2.5)
        assert len(begun) == 1, "vCenter is to be left alone for a while"
        snapshot = store.read(VCENTER)
        assert snapshot and snapshot.status.state is CollectorState.STOPPED
    said = [r.message for r in caplog.records if "broke down" in r.message]
    assert len(said) == 1, said


def test_a_refresh_that_was_asked_for_before_is_met_by_the_first_list(client: VCenterClient):
    store = Shared()
    wanted = store.ask_refresh(VCENTER)
    with keeping(store, client, "a") as keeper:
        until(lambda: (s := store.read(VCENTER)) and s.status.refreshed == wanted, "the list")
        time.sleep(1.5)
        assert keeper.published == 1, "everything was listed twice"


def test_one_that_takes_over_from_a_collector_that_hangs_is_not_overwritten_by_it(
    simulator: RunningSimulator, client: VCenterClient, monkeypatch: pytest.MonkeyPatch
):
    """Such a one ends at last, and says that it stopped: that is not so of its successor."""
    monkeypatch.setattr("vmware_panel.collecting.keeper.END_S", 0.2)
    held, over = threading.Event(), threading.Event()
    drop_watch = Collector._drop_watch

    def hang(collector: Collector) -> None:
        drop_watch(collector)
        if not held.is_set():
            held.set()
            over.wait(WAIT_S)

    store = Shared()
    with keeping(store, client, "a") as keeper:
        until(lambda: watches(store), "the inventory")
        monkeypatch.setattr(Collector, "_drop_watch", hang)
        store.owner = "another"
        until(held.is_set, "the end of the first")
        until(lambda: keeper.state is KeeperState.STANDBY, "the standby")
        store.owner = ""
        until(lambda: watches(store), "the inventory of the second")
        collector = keeper.collector
        over.set()
        time.sleep(1.5)
        assert watches(store) and keeper.collector is collector


def test_a_lease_that_is_gone_for_a_moment_is_left_to_the_one_who_collects(
    client: VCenterClient, monkeypatch: pytest.MonkeyPatch
):
    """A cache that was restarted has lost it; whoever collects puts it back at its next tick."""
    assert FREE_S > 2 * TICK_S
    # On a machine that is busy a tick may be late.
    monkeypatch.setattr("vmware_panel.collecting.keeper.FREE_S", 8 * FREE_S)
    store = Shared()
    with keeping(store, client, "a") as first, keeping(store, client, "b") as second:
        until(lambda: watches(store), "the inventory")
        collecting, standby = (first, second) if store.owner == "a" else (second, first)
        until(lambda: standby.state is KeeperState.STANDBY, "the standby")
        for _ in range(4):
            holder, store.owner = store.owner, ""
            until(lambda: store.owner, "somebody to take it")
            assert store.owner == holder
            time.sleep(1.5)  # until the standby has seen it
        assert collecting.published == 1 and standby.state is KeeperState.STANDBY
