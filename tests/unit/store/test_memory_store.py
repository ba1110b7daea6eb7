"""The store of one process."""

import os

from tests.unit.domain.builders import vm
from tests.unit.store.books import NOON, VCENTER, WATCHING, Collected, at
from vmware_panel.domain.snapshot import CollectorState, CollectorStatus
from vmware_panel.store import MemoryStore


def test_it_gives_back_the_collectors_own_objects() -> None:
    store, book = MemoryStore(), Collected()
    assert store.read(VCENTER) is None
    writer = store.writer(VCENTER)
    listing = CollectorStatus(CollectorState.LISTING, NOON, listed=3)
    writer.beat(listing, None, at(1))
    assert (store.read(VCENTER).inventory, store.read(VCENTER).status) == (None, listing)
    first = book.whole()
    writer.replace(first, WATCHING)
    assert store.read(VCENTER).inventory is store.held(VCENTER).inventory is first
    version = store.read(VCENTER).version
    writer.advance(book.step(vm(1, name="new")), book.whole, book.now, WATCHING)
    assert store.read(VCENTER).inventory == book.whole()
    assert store.read(VCENTER).version != version


def test_a_beat_confirms_without_another_version() -> None:
    store, book = MemoryStore(), Collected()
    writer = store.writer(VCENTER)
    writer.replace(book.whole(), WATCHING)
    before = store.read(VCENTER)
    writer.beat(WATCHING, at(9), at(10))
    after = store.read(VCENTER)
    assert after.version == before.version
    assert (after.inventory.read_at, after.beat_at) == (at(9), at(10))
    assert before.inventory.read_at == NOON


def test_a_refresh_is_asked_for_once_until_it_is_done() -> None:
    store = MemoryStore()
    writer = store.writer(VCENTER)
    wanted = store.ask_refresh(VCENTER)
    assert wanted == store.ask_refresh(VCENTER) == writer.refresh_wanted()
    writer.replace(
        Collected().whole(), CollectorStatus(CollectorState.WATCHING, NOON, refreshed=wanted)
    )
    assert not store.read(VCENTER).refreshing
    assert store.ask_refresh(VCENTER) != wanted
    assert store.read(VCENTER).refreshing


def test_its_lease_is_always_free() -> None:
    store = MemoryStore()
    first, second = store.lease("a", "x", 5), store.lease("a", "y", 5)
    assert first.acquire() and second.acquire() and first.held and not store.shared
    first.release()


def test_a_forked_process_begins_empty() -> None:
    """Even if a thread held the lock at that moment."""
    store = MemoryStore()
    store.writer(VCENTER).replace(Collected().whole(), WATCHING)
    with store._lock:
        child = os.fork()
        if child == 0:
            code = 1
            try:
                code = 0 if store.read(VCENTER) is None else 2
            finally:
                os._exit(code)
    assert os.waitpid(child, 0)[1] == 0
    assert store.read(VCENTER) is not None
