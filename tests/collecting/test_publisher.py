"""What a collector says reaches the store in the order in which it was said, and is counted then."""

import threading
from datetime import UTC, datetime

import pytest

from tests.unit.domain import builders
from vmware_panel.collecting.publisher import Publisher
from vmware_panel.domain.outcome import TroubleKind
from vmware_panel.domain.snapshot import CollectorState, CollectorStatus
from vmware_panel.domain.usage import Usage
from vmware_panel.store import LeaseLost, MemoryStore, StoreError
from vmware_panel.store.memory import MemoryWriter

VCENTER = "west"
WAIT_S = 30


def status(state: CollectorState) -> CollectorStatus:
    return CollectorStatus(state, datetime.now(UTC), refreshed="r-1")


def state_in(store: MemoryStore) -> CollectorState | None:
    snapshot = store.read(VCENTER)
    return snapshot.status.state if snapshot else None


def test_a_version_counts_when_the_store_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    store = MemoryStore()
    publisher = Publisher(VCENTER, store.writer(VCENTER), lambda: None)

    def refuse(*_: object) -> None:
        raise StoreError(TroubleKind.UNREACHABLE, "the cache is down")

    with monkeypatch.context() as broken:
        broken.setattr(MemoryWriter, "replace", refuse)
        publisher.replace(builders.inventory(), status(CollectorState.WATCHING))
    assert publisher.published == 0 and publisher.failing
    publisher.beat(status(CollectorState.WATCHING), None)
    assert publisher.published == 1 and not publisher.failing


def test_a_sign_of_life_never_puts_an_older_status_over_a_newer_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The keeper's thread may be held up between taking the status and writing it."""
    store = MemoryStore()
    publisher = Publisher(VCENTER, store.writer(VCENTER), lambda: None)
    publisher.beat(status(CollectorState.WATCHING), None)
    begun, go_on = threading.Event(), threading.Event()
    beat = MemoryWriter.beat

    def held_up(writer: MemoryWriter, *args: object) -> None:
        if threading.current_thread().name == "keeper":
            begun.set()
            go_on.wait(WAIT_S)
        beat(writer, *args)  # type: ignore[arg-type]

    monkeypatch.setattr(MemoryWriter, "beat", held_up)
    keeper = threading.Thread(target=publisher.sign_of_life, name="keeper")
    keeper.start()
    begun.wait(WAIT_S)
    collector = threading.Thread(
        target=publisher.beat, args=(status(CollectorState.FAILING), None), name="collector"
    )
    collector.start()
    collector.join(0.3)
    go_on.set()
    keeper.join(WAIT_S)
    collector.join(WAIT_S)
    assert state_in(store) is CollectorState.FAILING


def test_a_closed_one_has_said_that_the_collector_stopped_and_says_nothing_more() -> None:
    store = MemoryStore()
    publisher = Publisher(VCENTER, store.writer(VCENTER), lambda: None)
    publisher.replace(builders.inventory(), status(CollectorState.WATCHING))
    publisher.close()
    assert state_in(store) is CollectorState.STOPPED
    publisher.beat(status(CollectorState.WATCHING), None)
    publisher.sign_of_life()
    assert state_in(store) is CollectorState.STOPPED
    snapshot = store.read(VCENTER)
    assert snapshot and snapshot.inventory and snapshot.status.refreshed == "r-1"


def test_a_sample_that_the_store_refuses_is_dropped_and_no_trouble_of_the_books(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store = MemoryStore()
    lost = threading.Event()
    publisher = Publisher(VCENTER, store.writer(VCENTER), lost.set)
    usage = Usage(VCENTER, datetime.now(UTC))

    def refuse(*_: object) -> None:
        raise StoreError(TroubleKind.UNREACHABLE, "the cache is down")

    def lost_it(*_: object) -> None:
        raise LeaseLost(VCENTER)

    publisher.beat(status(CollectorState.WATCHING), None)
    with monkeypatch.context() as broken:
        broken.setattr(MemoryWriter, "sample", refuse)
        publisher.sample(usage)
        assert not publisher.failing and not lost.is_set()
        broken.setattr(MemoryWriter, "sample", lost_it)
        publisher.sample(usage)
    assert lost.is_set(), "another collects, and this one was not told"
    publisher.sample(usage)
    assert store.usage(VCENTER) is usage
    publisher.close()
    publisher.sample(Usage(VCENTER, datetime.now(UTC)))
    assert store.usage(VCENTER) is usage, "written after the end"
