"""The store in a cache: what the writer writes, the readers find, whole and with few calls."""

import threading
from dataclasses import replace
from unittest import mock

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.domain.builders import esx_host, vm
from tests.unit.store.books import NOON, VCENTER, WATCHING, Collected, at
from vmware_panel.domain.inventory import MoRef
from vmware_panel.domain.ledger import Delta
from vmware_panel.domain.outcome import TroubleKind
from vmware_panel.domain.snapshot import CollectorState, CollectorStatus
from vmware_panel.store import LeaseLost, StoreError
from vmware_panel.store import writer as writing
from vmware_panel.store.channel import Channel
from vmware_panel.store.encoding import encode_inventory
from vmware_panel.store.items import Keys, cut
from vmware_panel.store.reader import SnapshotReader
from vmware_panel.store.writer import CacheWriter, NotKept

KEYS = Keys("vmware_panel", VCENTER)


def advance(writer: CacheWriter, book: Collected, *changed: object, gone: tuple = ()) -> None:
    writer.advance(book.step(*changed, gone=gone), book.whole, book.now, WATCHING)


def items(cache) -> set[str]:
    """Keys of bases and deltas."""
    return {key.split(":", 2)[2] for key in cache._cache if key.count(":") == 7}


def test_nothing_is_there_before_a_collector_has_written(store) -> None:
    assert store.read(VCENTER) is None


def test_a_beat_before_the_first_list_shows_how_far_it_is(store) -> None:
    listing = CollectorStatus(CollectorState.LISTING, NOON, listed=7, expected=40)
    store.writer(VCENTER).beat(listing, None, at(1))
    found = store.read(VCENTER)
    assert (found.status, found.beat_at, found.inventory) == (listing, at(1), None)


def test_a_book_and_its_changes_are_read_as_they_were_written(new_store) -> None:
    book, writer, reader = Collected(), new_store().writer(VCENTER), new_store()
    writer.replace(book.whole(), WATCHING)
    versions = [reader.read(VCENTER).version]
    for changed, gone in (
        ((vm(1, name="renamed"),), ()),
        ((vm(9), esx_host(3)), ()),
        ((), ("vm-2",)),
        ((vm(2, vcpus=4),), ("vm-9",)),
    ):
        advance(writer, book, *changed, gone=gone)
        followed, afresh = reader.read(VCENTER), new_store().read(VCENTER)
        assert followed.inventory == afresh.inventory == book.whole()
        assert followed.version == afresh.version
        versions.append(followed.version)
    assert len(set(versions)) == len(versions)


def test_a_warm_read_is_one_call_and_decodes_nothing(store, new_store, asked) -> None:
    book, writer = Collected(), new_store().writer(VCENTER)
    writer.replace(book.whole(), WATCHING)
    first = store.read(VCENTER)
    asked.clear()
    second = store.read(VCENTER)
    assert asked == [[KEYS.head, KEYS.refresh]]
    assert second.inventory is first.inventory


def test_a_reader_that_follows_fetches_the_new_deltas_alone(store, new_store, asked) -> None:
    book, writer = Collected(), new_store().writer(VCENTER)
    writer.replace(book.whole(), WATCHING)
    advance(writer, book, vm(1, name="a"))
    base = store.read(VCENTER).version.partition(".")[0]
    advance(writer, book, vm(1, name="b"))
    advance(writer, book, vm(1, name="c"))
    asked.clear()
    assert store.read(VCENTER).inventory == book.whole()
    assert asked[1:] == [KEYS.parts(base, 2, 1) + KEYS.parts(base, 3, 1)]


def test_a_delta_that_is_larger_than_an_item_is_cut(store, new_store) -> None:
    book, writer = Collected(), new_store().writer(VCENTER)
    with mock.patch.multiple(writing, MIN_DELTA_BYTES=10**9):
        writer.replace(book.whole(), WATCHING)
        with mock.patch("vmware_panel.store.items.PART_BYTES", 100):
            advance(writer, book, *(vm(number) for number in range(50)))
    assert store.read(VCENTER).inventory == book.whole()


def test_confirmation_moves_the_time_and_not_the_version(store, new_store) -> None:
    book, writer = Collected(), new_store().writer(VCENTER)
    writer.replace(book.whole(), WATCHING)
    first = store.read(VCENTER)
    index = first.inventory.vms_by_instance_uuid
    writer.beat(WATCHING, at(60), at(61))
    second = store.read(VCENTER)
    assert second.version == first.version
    assert (second.inventory.read_at, second.beat_at) == (at(60), at(61))
    assert second.inventory.vms_by_instance_uuid is index, "the index was built again"
    assert first.inventory.read_at == NOON, "a request in flight saw its inventory change"
    writer.beat(WATCHING, None, at(90))
    assert store.read(VCENTER).inventory.read_at == at(60)


def test_an_empty_delta_is_a_confirmation(store, new_store) -> None:
    book, writer = Collected(), new_store().writer(VCENTER)
    writer.replace(book.whole(), WATCHING)
    before = store.read(VCENTER).version
    writer.advance(Delta(), book.whole, at(5), WATCHING)
    assert (store.read(VCENTER).version, store.read(VCENTER).inventory.read_at) == (before, at(5))


@pytest.mark.parametrize("limit", [{"MAX_DELTAS": 3}, {"MIN_DELTA_BYTES": 0}])
def test_many_deltas_become_a_new_base(store, new_store, limit) -> None:
    book, writer = Collected(), new_store().writer(VCENTER)
    with mock.patch.multiple(writing, **limit):
        writer.replace(book.whole(), WATCHING)
        bases = set()
        for number in range(12):
            advance(writer, book, vm(1, name=f"n{number}"))
            bases.add(store.read(VCENTER).version.partition(".")[0])
            assert store.read(VCENTER).inventory == new_store().read(VCENTER).inventory
            assert store.read(VCENTER).inventory == book.whole()
    assert len(bases) > 2


def test_who_has_followed_does_not_read_the_new_base(store, new_store, asked) -> None:
    book, writer = Collected(), new_store().writer(VCENTER)
    with mock.patch.multiple(writing, MAX_DELTAS=2):
        writer.replace(book.whole(), WATCHING)
        advance(writer, book, vm(1, name="a"))
        held = store.read(VCENTER)
        advance(writer, book, vm(1, name="b"))  # sums up
        advance(writer, book, vm(1, name="c"))
    asked.clear()
    found = store.read(VCENTER)
    old, new = held.version.partition(".")[0], found.version.partition(".")[0]
    assert old != new
    assert asked[1:] == [KEYS.parts(old, 2, 1) + KEYS.parts(new, 1, 1)]
    assert found.inventory == new_store().read(VCENTER).inventory == book.whole()


def test_an_old_base_stays_for_one_more(store, cache) -> None:
    book, writer = Collected(), store.writer(VCENTER)
    found = []
    for number in range(4):
        book.step(vm(1, name=f"n{number}"))
        writer.replace(book.whole(), WATCHING)
        found.append(store.read(VCENTER).version.partition(".")[0])
        kept = {key.split(":")[-3] for key in items(cache)}
        assert kept == set(found[-2:])


def test_a_reader_in_the_middle_of_an_old_base_finishes(store, new_store) -> None:
    """It has read the head when the writer goes on."""
    book, writer = Collected(), new_store().writer(VCENTER)
    writer.replace(book.whole(), WATCHING)
    before = book.whole()
    look = SnapshotReader._look

    def then_the_writer_goes_on(reader):
        found = look(reader)
        book.step(vm(1, name="later"))
        writer.replace(book.whole(), WATCHING)
        return found

    with mock.patch.object(SnapshotReader, "_look", then_the_writer_goes_on):
        assert store.read(VCENTER).inventory == before


@pytest.mark.parametrize("times", [1, 2, 5])
def test_a_reader_that_comes_too_late_for_a_base_reads_the_head_again(
    store, new_store, cache, times
) -> None:
    book, writer = Collected(), new_store().writer(VCENTER)
    writer.replace(book.whole(), WATCHING)
    look, left = SnapshotReader._look, [1] * times

    def then_the_writer_goes_on_twice(reader):
        found = look(reader)
        if left:
            left.pop()
            for name in "ab":
                book.step(vm(1, name=name))
                writer.replace(book.whole(), WATCHING)
        return found

    with mock.patch.object(SnapshotReader, "_look", then_the_writer_goes_on_twice):
        assert store.read(VCENTER).inventory == book.whole()
    assert cache.get(KEYS.damage) is None, "nothing was damaged"


@pytest.mark.parametrize("held", [True, False])
def test_a_lost_item_is_told_and_written_again(store, new_store, cache, held) -> None:
    book, writer = Collected(), new_store().writer(VCENTER)
    writer.replace(book.whole(), WATCHING)
    before = store.read(VCENTER).inventory if held else None
    advance(writer, book, vm(1, name="new"))
    for key in items(cache):
        cache.delete(key)
    if held:
        assert store.read(VCENTER).inventory == before, "the last good data was lost"
    else:
        with pytest.raises(StoreError) as raised:
            store.read(VCENTER)
        assert raised.value.trouble.kind is TroubleKind.BAD_ANSWER
    writer.beat(WATCHING, at(9), at(9))
    after = new_store()
    assert after.read(VCENTER).inventory.vms == book.whole().vms
    assert cache.get(KEYS.damage) is None


def test_a_damaged_snapshot_is_not_fetched_by_every_page(new_store, cache, asked) -> None:
    book, now = Collected(), [0.0]
    writer = new_store().writer(VCENTER)
    writer.replace(book.whole(), WATCHING)
    (key,) = items(cache)
    cache.set(key, cache.get(key)[:-1])
    reader = SnapshotReader(Channel("vmware"), KEYS, VCENTER, lambda: now[0])
    for _ in range(5):
        with pytest.raises(StoreError):
            reader.read()
    assert [call for call in asked if key in call] == [[key]] * 2
    writer.beat(WATCHING, None, at(1))
    now[0] += 1.1
    assert reader.read().inventory == book.whole()


def test_a_changed_or_swapped_item_is_never_believed(store, new_store, cache) -> None:
    book, writer = Collected(), new_store().writer(VCENTER)
    writer.replace(book.whole(), WATCHING)
    first = {key: cache.get(key) for key in items(cache)}
    book.step(vm(1, name="second"))
    writer.replace(book.whole(), WATCHING)
    (key,) = items(cache) - set(first)
    (old,) = first.values()
    good = cache.get(key)
    for bad in (old, old[:20] + good[20:], good[:-1], good + b"x", b"", good[:20] + old[20:]):
        cache.set(key, bad)
        with pytest.raises(StoreError):
            new_store().read(VCENTER)
    cache.set(key, good)
    assert new_store().read(VCENTER).inventory == book.whole()


def test_an_item_that_is_whole_and_of_another_book_is_not_believed(
    store, new_store, cache
) -> None:
    book, writer = Collected(), new_store().writer(VCENTER)
    writer.replace(book.whole(), WATCHING)
    (key,) = items(cache)
    base = key.split(":")[-3]
    book.step(vm(1, name="other"))
    for item in cut(KEYS, base, 0, encode_inventory(book.whole())).values():
        cache.set(key, item)
    with pytest.raises(StoreError, match="not what its head says"):
        store.read(VCENTER)


def test_a_thread_that_saw_an_older_head_does_not_go_back(store, new_store) -> None:
    book, writer = Collected(), new_store().writer(VCENTER)
    writer.replace(book.whole(), WATCHING)
    store.read(VCENTER)
    advance(writer, book, vm(1, name="seen by the slow thread"))
    look, first = SnapshotReader._look, [True]

    def and_another_thread_overtakes(reader):
        found = look(reader)
        if first:
            first.clear()
            advance(writer, book, vm(1, name="newest"))
            assert store.read(VCENTER).inventory == book.whole()
        return found

    with mock.patch.object(SnapshotReader, "_look", and_another_thread_overtakes):
        assert store.read(VCENTER).inventory == book.whole()


def test_a_flushed_cache_is_filled_at_the_next_beat(store, new_store, cache) -> None:
    book, writer = Collected(), new_store().writer(VCENTER)
    writer.replace(book.whole(), WATCHING)
    advance(writer, book, vm(1, name="new"))
    held = store.read(VCENTER)
    cache.clear()
    still = store.read(VCENTER)
    assert (still.inventory, still.beat_at) == (held.inventory, held.beat_at)
    assert new_store().read(VCENTER) is None
    writer.beat(WATCHING, at(9), at(9))
    for reader in (store, new_store()):
        assert reader.read(VCENTER).inventory.vms == book.whole().vms
        assert reader.read(VCENTER).inventory.read_at == at(9)


def test_a_new_collector_after_a_flush_leaves_the_last_good_data_in_view(
    store, new_store, cache
) -> None:
    book = Collected()
    new_store().writer(VCENTER).replace(book.whole(), WATCHING)
    held = store.read(VCENTER)
    cache.clear()
    listing = CollectorStatus(CollectorState.LISTING, NOON)
    new_store().writer(VCENTER).beat(listing, None, at(7))
    found = store.read(VCENTER)
    assert (found.inventory, found.version) == (held.inventory, held.version)
    assert (found.status, found.beat_at) == (listing, at(7))


def test_what_expires_one_day_is_written_again_before(new_store, cache) -> None:
    now = [0.0]
    book = Collected()
    writer = CacheWriter(Channel("vmware"), KEYS, VCENTER, monotonic=lambda: now[0])
    writer.replace(book.whole(), WATCHING)
    expires = dict(cache._expire_info)
    now[0] = writing.WRITE_AGAIN_S + 1
    writer.beat(WATCHING, at(1), at(1))
    assert all(cache._expire_info[key] > then for key, then in expires.items())


def test_a_standby_that_takes_over_keeps_the_old_book_in_view(store, new_store) -> None:
    book = Collected()
    first = new_store().writer(VCENTER)
    first.replace(book.whole(), WATCHING)
    advance(first, book, vm(1, name="last words"))
    before = book.whole()
    second = new_store().writer(VCENTER)
    listing = CollectorStatus(CollectorState.LISTING, at(5))
    second.beat(listing, at(5), at(5))
    found = store.read(VCENTER)
    assert (found.inventory, found.status) == (before, listing), "its age or content changed"
    advance(second, book, vm(1, name="first words"))
    found = store.read(VCENTER)
    assert found.inventory == new_store().read(VCENTER).inventory == book.whole()
    assert found.version.endswith(".0"), "a delta was put behind a foreign base"


def test_of_two_writers_the_older_stops_for_good(store, new_store) -> None:
    book = Collected()
    first = new_store().writer(VCENTER)
    first.replace(book.whole(), WATCHING)
    second = new_store().writer(VCENTER)
    second.beat(WATCHING, None, at(1))
    for write in (
        lambda: first.beat(WATCHING, None, at(2)),
        lambda: first.replace(book.whole(), WATCHING),
        lambda: advance(first, book, vm(1, name="late")),
    ):
        with pytest.raises(LeaseLost):
            write()
    assert store.read(VCENTER).beat_at == at(1)


def test_a_writer_that_was_slow_to_begin_does_not_win(store, new_store) -> None:
    slow = CacheWriter(Channel("vmware"), KEYS, VCENTER, clock=lambda: 1_700_000_000.0)
    quick = CacheWriter(Channel("vmware"), KEYS, VCENTER, clock=lambda: 1_700_000_000.001)
    quick.replace(Collected().whole(), WATCHING)
    with pytest.raises(LeaseLost):
        slow.replace(Collected(9).whole(), WATCHING)


def test_a_later_writer_wins_though_its_clock_is_behind(cache, new_store) -> None:
    book = Collected()
    first = CacheWriter(Channel("vmware"), KEYS, VCENTER, clock=lambda: 2_000_000_000.0)
    first.replace(book.whole(), WATCHING)
    second = CacheWriter(Channel("vmware"), KEYS, VCENTER, clock=lambda: 1_000_000_000.0)
    second.beat(WATCHING, None, at(1))
    with pytest.raises(LeaseLost):
        first.beat(WATCHING, None, at(2))


def test_an_older_writers_last_head_is_written_over(store, new_store, cache) -> None:
    """It had looked before the newer one wrote, and wrote after it."""
    old_book, new_book = Collected(), Collected(5)
    first = new_store().writer(VCENTER)
    first.replace(old_book.whole(), WATCHING)
    late = cache.get(KEYS.head)
    second = new_store().writer(VCENTER)
    second.replace(new_book.whole(), WATCHING)
    cache.set(KEYS.head, late)
    assert store.read(VCENTER).inventory == old_book.whole()
    second.beat(WATCHING, None, at(3))
    assert store.read(VCENTER).inventory == new_book.whole()
    with pytest.raises(LeaseLost):
        first.beat(WATCHING, None, at(4))


def test_another_release_is_refused_and_written_over(store, new_store, cache) -> None:
    book = Collected()
    new_store().writer(VCENTER).replace(book.whole(), WATCHING)
    head = cache.get(KEYS.head)
    cache.set(KEYS.head, head[:4] + bytes(4) + head[8:])
    with pytest.raises(StoreError, match="another release"):
        store.read(VCENTER)
    new_store().writer(VCENTER).replace(book.whole(), WATCHING)
    assert store.read(VCENTER).inventory == book.whole()


@pytest.mark.parametrize("garbage", [b"", b"x", b"VMWP", bytes(100), "text", 7])
def test_a_head_that_is_none_is_refused(store, new_store, cache, garbage) -> None:
    writer = new_store().writer(VCENTER)
    writer.replace(Collected().whole(), WATCHING)
    cache.set(KEYS.head, garbage)
    if isinstance(garbage, bytes):
        with pytest.raises(StoreError):
            store.read(VCENTER)
    else:
        assert store.read(VCENTER) is None
    writer.beat(WATCHING, None, at(1))
    assert store.read(VCENTER).inventory == Collected().whole()


def test_a_cache_that_keeps_nothing_is_noticed_and_left_alone_for_a_while(
    store, new_store, cache
) -> None:
    book, now = Collected(), [0.0]
    writer = CacheWriter(Channel("vmware"), KEYS, VCENTER, monotonic=lambda: now[0])
    writer.replace(book.whole(), WATCHING)
    before = book.whole()
    book.step(*(vm(number) for number in range(1000)))
    put = mock.Mock(wraps=Channel("vmware").put)

    def forgets(channel, items, ttl_s):
        put({k: v for k, v in items.items() if k == KEYS.head or k.endswith(":0:0")}, ttl_s)

    with (
        mock.patch("vmware_panel.store.items.PART_BYTES", 500),
        mock.patch.object(Channel, "put", forgets),
    ):
        with pytest.raises(NotKept) as raised:
            writer.replace(book.whole(), WATCHING)
        assert raised.value.trouble.kind is TroubleKind.OVERLOADED
        puts = put.call_count
        with pytest.raises(NotKept):
            writer.beat(WATCHING, at(30), at(30))
        assert put.call_count == puts + 1, "it wrote more than the head"
    found = store.read(VCENTER)
    assert (found.inventory, found.beat_at) == (before, at(30))
    now[0] += writing.RETRY_S + 1
    writer.beat(WATCHING, at(40), at(40))
    assert store.read(VCENTER).inventory.vms == book.whole().vms


def test_a_write_that_failed_is_made_good_by_the_next(store, new_store) -> None:
    book, writer = Collected(), new_store().writer(VCENTER)
    writer.replace(book.whole(), WATCHING)
    down = StoreError(TroubleKind.UNREACHABLE, "down")
    with mock.patch.object(Channel, "put", side_effect=down):
        with pytest.raises(StoreError):
            advance(writer, book, vm(1, name="while it was down"))
        with pytest.raises(StoreError):
            writer.beat(WATCHING, at(5), at(5))
    assert store.read(VCENTER).inventory.read_at == NOON, "confirmed what it does not hold"
    writer.beat(WATCHING, at(6), at(6))
    assert store.read(VCENTER).inventory.vms == book.whole().vms


def test_a_refresh_is_asked_for_once_until_it_is_done(store, new_store) -> None:
    writer = new_store().writer(VCENTER)
    assert writer.refresh_wanted() == ""
    early = store.ask_refresh(VCENTER)
    assert early == new_store().ask_refresh(VCENTER) == writer.refresh_wanted() != ""
    writer.replace(Collected().whole(), replace(WATCHING, refreshed=early))
    assert not store.read(VCENTER).refreshing
    later = store.ask_refresh(VCENTER)
    assert later != early and new_store().ask_refresh(VCENTER) == later
    assert store.read(VCENTER).refreshing and writer.refresh_wanted() == later


def test_one_thread_reads_and_the_others_have_the_old_book(store, new_store) -> None:
    book, writer = Collected(), new_store().writer(VCENTER)
    writer.replace(book.whole(), WATCHING)
    held = store.read(VCENTER)
    advance(writer, book, vm(1, name="new"))
    fetched, inside, go_on = SnapshotReader._fetched, threading.Event(), threading.Event()
    fetches = []

    def slowly(*args):
        fetches.append(args)
        inside.set()
        assert go_on.wait(10)
        return fetched(*args)

    with mock.patch.object(SnapshotReader, "_fetched", slowly):
        thread = threading.Thread(target=store.read, args=(VCENTER,))
        thread.start()
        assert inside.wait(10)
        assert store.read(VCENTER).version == held.version
        go_on.set()
        thread.join(10)
        assert store.read(VCENTER).inventory == book.whole()
    assert len(fetches) == 1


def test_of_many_threads_that_find_nothing_held_one_reads(store, new_store) -> None:
    book = Collected()
    new_store().writer(VCENTER).replace(book.whole(), WATCHING)
    fetched, found = mock.Mock(side_effect=SnapshotReader._fetched), []
    with mock.patch.object(SnapshotReader, "_fetched", lambda *args: fetched(*args)):
        threads = [
            threading.Thread(target=lambda: found.append(store.read(VCENTER).inventory))
            for _ in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)
    assert fetched.call_count == 1
    assert found == [book.whole()] * 8


@pytest.mark.parametrize("name", ["a b", "x" * 300, "ü", "a:b", "\n", "", "../.."])
def test_a_hostile_name_makes_a_key_that_every_cache_takes(new_store, recwarn, name) -> None:
    new_store().writer(name).replace(Collected().whole(), WATCHING)
    assert new_store().read(name).inventory == Collected().whole()
    assert not new_store().lease(name, name, 5).held
    assert not list(recwarn), "Django warned of a key"


def test_names_do_not_share_keys(new_store) -> None:
    new_store().writer("a").replace(Collected(1).whole(), WATCHING)
    assert new_store().read("a:head") is None and new_store().read("b") is None


def test_a_store_in_this_processs_memory_is_not_shared(store) -> None:
    assert store.shared is False


changes = st.lists(
    st.tuples(
        st.lists(st.tuples(st.integers(1, 6), st.integers(0, 9)), max_size=4),
        st.lists(st.integers(1, 6), max_size=2),
        st.booleans(),  # read after this step
    ),
    max_size=12,
)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(changes, st.integers(1, 5))
def test_whenever_a_reader_reads_it_has_the_writers_whole(new_store, cache, chain, limit) -> None:
    cache.clear()
    book, writer, reader = Collected(), new_store().writer(VCENTER), new_store()
    with mock.patch.multiple(writing, MAX_DELTAS=limit):
        writer.replace(book.whole(), WATCHING)
        for changed, gone, read in chain:
            vms = [vm(number, vcpus=vcpus) for number, vcpus in changed]
            advance(writer, book, *vms, gone=tuple(MoRef(f"vm-{n}") for n in gone))
            if read:
                assert reader.read(VCENTER).inventory == book.whole()
        assert new_store().read(VCENTER).inventory == book.whole()
        assert reader.read(VCENTER).inventory == book.whole()
