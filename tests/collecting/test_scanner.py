"""The datastores of a vCenter are searched in the background, one at a time, and nothing is lost."""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import pytest

from tests.collecting.test_keeper import Shared, keeping, until, watches
from tests.simulator import RunningSimulator, running_simulator
from tests.vsphere.rig import Clock, endpoint_of
from vmware_panel.collecting import scanner as scanning
from vmware_panel.collecting.keeper import KeeperState
from vmware_panel.collecting.scanner import Scanner, ScanTimes
from vmware_panel.domain.datastore_files import Scan, ScanProgress
from vmware_panel.domain.inventory import MoRef
from vmware_panel.domain.outcome import Trouble, TroubleKind
from vmware_panel.store import MemoryStore, StoreError
from vmware_panel.store.memory import MemoryScanWriter
from vmware_panel.vsphere import Deadline, VCenterClient, counting

pytestmark = pytest.mark.simulator

VCENTER = "west"
SEARCH = "SearchDatastoreSubFolders_Task"
NAMES = ("shared-ds-1", "c0-local-1", "c1-local-1")
Writer = TypeVar("Writer", bound=MemoryScanWriter)
HOURLY = ScanTimes(3600.0)
ON_DEMAND = ScanTimes(0.0)


@pytest.fixture
def simulator() -> Iterator[RunningSimulator]:
    with running_simulator() as running:
        yield running


@pytest.fixture
def client(simulator: RunningSimulator) -> Iterator[VCenterClient]:
    client = VCenterClient(endpoint_of(simulator))
    yield client
    client.close()


@pytest.fixture
def by_name(client: VCenterClient) -> dict[str, MoRef]:
    mounted = client.mounted_datastores(Deadline(60.0))
    return {name: moref for moref, name in mounted.items()}


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scanning, "LOOK_S", 0.05)
    monkeypatch.setattr(scanning, "START_AFTER_S", 0.0)
    monkeypatch.setattr(scanning, "TELL_S", 0.0)


@contextmanager
def scanning_of(scanner: Scanner) -> Iterator[Scanner]:
    thread = threading.Thread(target=scanner.run)
    thread.start()
    try:
        yield scanner
    finally:
        scanner.stop()
        thread.join(30)
        assert not thread.is_alive(), "the scanner does not end"


def progress_of(store: MemoryStore) -> ScanProgress:
    return store.scans(VCENTER).progress or ScanProgress()


def is_idle(store: MemoryStore) -> bool:
    return store.scans(VCENTER).progress is not None and not progress_of(store).under_way


def its(store: MemoryStore, kind: type[Writer]) -> Writer:
    """A writer of the store's that does more than its own."""
    writer = store.scan_writer(VCENTER)
    return kind(writer._lock, writer._shelf)


def searches(simulator: RunningSimulator) -> int:
    return simulator.calls().methods.get(SEARCH, 0)


def test_all_datastores_that_clusters_mount_are_searched_and_then_left_alone(
    simulator: RunningSimulator, client: VCenterClient, by_name: dict[str, MoRef]
) -> None:
    store = MemoryStore()
    images = simulator.control.fill_cache("shared-ds-1", "a_base", 3)
    simulator.reset_calls()
    with scanning_of(Scanner(VCENTER, client, store.scan_writer(VCENTER), HOURLY)):
        until(lambda: len(store.scans(VCENTER).by_datastore) == 3 and is_idle(store), "all")
        time.sleep(0.5)
    scans = store.scans(VCENTER).by_datastore
    assert {scan.datastore_name for scan in scans.values()} == set(NAMES)
    kept = {file.name for file in scans[by_name["shared-ds-1"]].files}
    assert kept > set(images)
    assert progress_of(store) == ScanProgress("", None, 3, 0)
    assert searches(simulator) == 3


def test_a_search_of_a_clock_that_was_put_back_since_is_searched_anew(
    simulator: RunningSimulator, client: VCenterClient, by_name: dict[str, MoRef]
) -> None:
    store = MemoryStore()
    ahead = datetime.now(UTC) + timedelta(days=1)
    one = by_name["c1-local-1"]
    store.scan_writer(VCENTER).keep(Scan(VCENTER, one, "c1-local-1", ahead))
    with scanning_of(Scanner(VCENTER, client, store.scan_writer(VCENTER), HOURLY)):
        until(lambda: len(store.scans(VCENTER).by_datastore) == 3 and is_idle(store), "all")
    assert store.scans(VCENTER).by_datastore[one].read_at < ahead


def test_without_an_interval_only_what_is_asked_for_is_searched(
    simulator: RunningSimulator, client: VCenterClient, by_name: dict[str, MoRef]
) -> None:
    store = MemoryStore()
    simulator.reset_calls()
    with scanning_of(Scanner(VCENTER, client, store.scan_writer(VCENTER), ON_DEMAND)):
        time.sleep(0.5)
        assert simulator.calls().total == 0, "nobody has asked"
        one = by_name["c1-local-1"]
        store.ask_scan(VCENTER, [one])
        until(lambda: is_idle(store) and store.scans(VCENTER).by_datastore, "the one")
        assert set(store.scans(VCENTER).by_datastore) == {one}
        store.ask_scan(VCENTER, [])
        until(lambda: len(store.scans(VCENTER).by_datastore) == 3 and is_idle(store), "all")
    assert searches(simulator) == 4


def test_what_is_asked_for_comes_first_and_how_it_goes_is_told(
    simulator: RunningSimulator, client: VCenterClient, by_name: dict[str, MoRef]
) -> None:
    store = MemoryStore()
    simulator.control.searches_take(600)
    wanted = max(by_name.values())  # which comes last of itself
    seen: list[ScanProgress] = []

    class Seen(MemoryScanWriter):
        def tell(self, progress: ScanProgress) -> None:
            super().tell(progress)
            seen.append(progress)
            if len(seen) == 1:
                store.ask_scan(VCENTER, [wanted])

    with scanning_of(Scanner(VCENTER, client, its(store, Seen), HOURLY)):
        until(lambda: len(store.scans(VCENTER).by_datastore) == 3 and is_idle(store), "all")
    running = list(dict.fromkeys(one.running for one in seen if one.running))
    names = {moref: name for name, moref in by_name.items()}
    assert [running[0], running[1]] == [names[min(names)], names[wanted]]
    assert any(one.running_percent for one in seen)
    assert {one.wanted for one in seen} >= {0, 1, 2}


def test_what_was_searched_within_the_interval_is_not_searched_by_one_that_takes_over(
    simulator: RunningSimulator, client: VCenterClient, by_name: dict[str, MoRef]
) -> None:
    store = MemoryStore()
    writer = store.scan_writer(VCENTER)
    now = datetime.now(UTC)
    fresh, old = by_name["shared-ds-1"], by_name["c0-local-1"]
    writer.keep(Scan(VCENTER, fresh, "shared-ds-1", now - timedelta(seconds=3000)))
    writer.keep(Scan(VCENTER, old, "c0-local-1", now - timedelta(seconds=4000)))
    simulator.reset_calls()
    with scanning_of(Scanner(VCENTER, client, store.scan_writer(VCENTER), HOURLY)):
        until(lambda: len(store.scans(VCENTER).by_datastore) == 3 and is_idle(store), "two")
    ages = {m: now - scan.read_at for m, scan in store.scans(VCENTER).by_datastore.items()}
    assert searches(simulator) == 2
    assert ages[fresh] == timedelta(seconds=3000) and ages[old] < timedelta()


def test_one_that_takes_over_goes_on_with_what_was_asked_for(
    simulator: RunningSimulator, client: VCenterClient, by_name: dict[str, MoRef]
) -> None:
    store = MemoryStore()
    store.ask_scan(VCENTER, list(by_name.values()))
    simulator.reset_calls()

    class SlowAfterTheFirst(MemoryScanWriter):
        def keep(self, scan: Scan) -> None:
            simulator.control.searches_take(60_000)
            super().keep(scan)

    with scanning_of(Scanner(VCENTER, client, its(store, SlowAfterTheFirst), ON_DEMAND)):
        until(lambda: searches(simulator) == 2, "the second of three to be under way")
    assert len(store.scans(VCENTER).by_datastore) == 1
    assert len(store.scan_writer(VCENTER).asks()) == 1, "it is not done"
    assert not progress_of(store).running
    simulator.control.searches_take(0)
    with scanning_of(Scanner(VCENTER, client, store.scan_writer(VCENTER), ON_DEMAND)):
        until(lambda: len(store.scans(VCENTER).by_datastore) == 3 and is_idle(store), "the rest")
    assert searches(simulator) == 4, "the one that was given up, and each once"


def test_a_datastore_that_fails_keeps_its_search_and_names_its_trouble_and_one_line_is_logged(
    simulator: RunningSimulator,
    client: VCenterClient,
    by_name: dict[str, MoRef],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    store = MemoryStore()
    bad = by_name["c0-local-1"]
    with scanning_of(Scanner(VCENTER, client, store.scan_writer(VCENTER), ON_DEMAND)):
        store.ask_scan(VCENTER, [])
        until(lambda: len(store.scans(VCENTER).by_datastore) == 3 and is_idle(store), "all")
        before = store.scans(VCENTER).by_datastore
        simulator.control.set_accessible("c0-local-1", False)
        for _ in range(2):
            store.ask_scan(VCENTER, [])
            until(lambda: is_idle(store), "all again")
        after = store.scans(VCENTER)
        assert after.by_datastore[bad] is before[bad]
        others = set(by_name.values()) - {bad}
        assert all(after.by_datastore[one] is not before[one] for one in others)
        troubles = progress_of(store).troubles
        assert {moref: t.kind for moref, t in troubles.items()} == {bad: TroubleKind.INACCESSIBLE}
        simulator.control.set_accessible("c0-local-1", True)
        store.ask_scan(VCENTER, [bad])
        until(lambda: is_idle(store), "the one that is back")
        assert progress_of(store).troubles == {}
        assert store.scans(VCENTER).by_datastore[bad] is not before[bad]
    said = [r.message for r in caplog.records if bad in r.message and "searched" in r.message]
    assert [("not searched" in line, "searched again" in line) for line in said] == [
        (True, False),
        (False, True),
    ], said


def test_a_datastore_that_is_gone_is_dropped(
    simulator: RunningSimulator, client: VCenterClient
) -> None:
    store = MemoryStore()
    gone = MoRef("datastore-4711")
    old = datetime.now(UTC) - timedelta(days=1)
    store.scan_writer(VCENTER).keep(Scan(VCENTER, gone, "gone", old))
    with scanning_of(Scanner(VCENTER, client, store.scan_writer(VCENTER), HOURLY)):
        until(lambda: len(store.scans(VCENTER).by_datastore) == 3 and is_idle(store), "all")
        until(lambda: gone not in store.scans(VCENTER).by_datastore, "its end")


def test_a_failed_one_is_left_alone_for_a_while_and_then_tried_again(
    simulator: RunningSimulator, client: VCenterClient, by_name: dict[str, MoRef], clock: Clock
) -> None:
    store = MemoryStore()
    simulator.control.set_accessible("c0-local-1", False)
    scanner = Scanner(VCENTER, client, store.scan_writer(VCENTER), HOURLY, clock=clock)
    with scanning_of(scanner):
        until(lambda: len(store.scans(VCENTER).by_datastore) == 2 and is_idle(store), "two")
        simulator.control.set_accessible("c0-local-1", True)
        time.sleep(0.3)
        assert len(store.scans(VCENTER).by_datastore) == 2
        clock.forward(scanning.RETRY_S + 1)
        until(lambda: len(store.scans(VCENTER).by_datastore) == 3, "the third")


@pytest.fixture
def clock() -> Clock:
    return Clock()


class Refusing(MemoryScanWriter):
    """A store that takes nothing while `broken` says why; what a cache's writer raises."""

    broken: TroubleKind | None = None

    def keep(self, scan: Scan) -> None:
        if self.broken is not None:
            raise StoreError(self.broken, "asked for by a test")
        super().keep(scan)


def refusing(store: MemoryStore, kind: TroubleKind) -> Refusing:
    refusing = its(store, Refusing)
    refusing.broken = kind
    return refusing


def test_what_the_store_does_not_take_is_kept_until_it_does(
    simulator: RunningSimulator,
    client: VCenterClient,
    by_name: dict[str, MoRef],
    clock: Clock,
    caplog: pytest.LogCaptureFixture,
) -> None:
    store = MemoryStore()
    writer = refusing(store, TroubleKind.UNREACHABLE)
    store.ask_scan(VCENTER, [by_name["shared-ds-1"]])
    simulator.reset_calls()
    with scanning_of(Scanner(VCENTER, client, writer, ON_DEMAND, clock=clock)):
        until(lambda: "not searched just now: store" in caplog.text, "the store to refuse it")
        assert searches(simulator) == 1
        assert store.scans(VCENTER).by_datastore == {}
        writer.broken = None
        clock.forward(scanning.REST_S + 1)
        until(lambda: store.scans(VCENTER).by_datastore, "what was found")
    assert set(store.scans(VCENTER).by_datastore) == {by_name["shared-ds-1"]}


def test_a_store_that_is_too_small_is_named_and_the_others_are_searched(
    simulator: RunningSimulator, client: VCenterClient, by_name: dict[str, MoRef]
) -> None:
    store = MemoryStore()
    writer = refusing(store, TroubleKind.OVERLOADED)
    store.ask_scan(VCENTER, [])
    with scanning_of(Scanner(VCENTER, client, writer, ON_DEMAND)):
        until(lambda: len(progress_of(store).troubles) == 3 and is_idle(store), "all")
    kinds = {(t.source, t.kind) for t in progress_of(store).troubles.values()}
    assert kinds == {("store", TroubleKind.OVERLOADED)}


def test_a_vcenter_that_is_down_is_left_alone_and_nothing_that_is_wanted_is_lost(
    simulator: RunningSimulator,
    client: VCenterClient,
    by_name: dict[str, MoRef],
    clock: Clock,
    caplog: pytest.LogCaptureFixture,
) -> None:
    store = MemoryStore()
    store.ask_scan(VCENTER, list(by_name.values()))
    simulator.stop()
    with scanning_of(Scanner(VCENTER, client, store.scan_writer(VCENTER), ON_DEMAND, clock=clock)):
        until(lambda: progress_of(store).troubles, "the trouble")
        with counting():
            before = client.calls.total
            time.sleep(0.5)
            assert client.calls.total == before, "it rests"
        clock.forward(scanning.REST_S + 1)
        time.sleep(0.5)
    assert len(store.scan_writer(VCENTER).asks()) == 1
    said = [r.message for r in caplog.records if "not searched just now" in r.message]
    assert len(said) == 1, said


def test_the_last_troubles_stand_when_another_takes_over(
    simulator: RunningSimulator, client: VCenterClient, by_name: dict[str, MoRef]
) -> None:
    store = MemoryStore()
    bad, other = by_name["c0-local-1"], by_name["c1-local-1"]
    trouble = Trouble(VCENTER, TroubleKind.TIMEOUT, "long ago")
    store.scan_writer(VCENTER).tell(ScanProgress(troubles={bad: trouble}))
    store.ask_scan(VCENTER, [other])
    with scanning_of(Scanner(VCENTER, client, store.scan_writer(VCENTER), ON_DEMAND)):
        until(lambda: store.scans(VCENTER).by_datastore and is_idle(store), "the other")
    assert progress_of(store).troubles == {bad: trouble}


def test_the_keeper_runs_it_for_its_term_and_a_standby_searches_nothing(
    simulator: RunningSimulator, client: VCenterClient
) -> None:
    store = Shared()
    store.owner = "another"
    with keeping(store, client, "a", ScanTimes(3600.0)) as keeper:
        until(lambda: keeper.state is KeeperState.STANDBY, "the standby")
        store.ask_scan(VCENTER, [])
        time.sleep(1.0)
        assert searches(simulator) == 0
        store.owner = ""
        until(lambda: watches(store), "the inventory")
        until(lambda: len(store.scans(VCENTER).by_datastore) == 3 and is_idle(store), "all")
        assert searches(simulator) == 3
        assert simulator.calls().sessions_ever == 1, "on the collector's session"
        store.owner = "another"
        until(lambda: keeper.state is KeeperState.STANDBY, "the end of the term")
        store.ask_scan(VCENTER, [])
        time.sleep(0.5)
        assert searches(simulator) == 3


def test_a_search_under_way_ends_with_the_term(
    simulator: RunningSimulator, client: VCenterClient
) -> None:
    store = Shared()
    simulator.control.searches_take(60_000)
    with keeping(store, client, "a", ScanTimes(3600.0)):
        until(lambda: progress_of(store).running_percent, "a search")
    until(lambda: not progress_of(store).running, "the end of the search")
    with simulator.login.connected() as service:
        infos = [task.info for task in service.RetrieveContent().taskManager.recentTask]
    states = {info.state for info in infos if "searchSubFolders" in info.descriptionId}
    assert states == {"error"}, "cancelled"


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_one_that_breaks_down_is_started_again_and_the_collector_goes_on(
    client: VCenterClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    step: Callable[[Scanner], bool] = Scanner._step
    broken: list[Scanner] = []

    def break_down(scanner: Scanner) -> bool:
        if not broken:
            broken.append(scanner)
            raise RuntimeError("a fault of the program")
        return step(scanner)

    monkeypatch.setattr(Scanner, "_step", break_down)
    monkeypatch.setattr("vmware_panel.collecting.keeper.RESTART_S", 1.0)
    store = Shared()
    with keeping(store, client, "a", ScanTimes(3600.0)) as keeper:
        until(lambda: watches(store), "the inventory")
        collector = keeper.collector
        until(lambda: len(store.scans(VCENTER).by_datastore) == 3, "the searches")
        assert keeper.collector is collector
    said = [r.message for r in caplog.records if "scanner broke down" in r.message]
    assert len(said) == 1, said
