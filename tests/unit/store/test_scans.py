"""What lies on datastores is kept beside the book: whole, once decoded, with how the searches go."""

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import md5

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.store.books import NOON, VCENTER, WATCHING, Collected
from vmware_panel.domain.datastore_files import (
    DatastoreFile,
    FileKind,
    Scan,
    ScanProgress,
    TopFolder,
)
from vmware_panel.domain.inventory import MoRef
from vmware_panel.domain.outcome import Trouble, TroubleKind
from vmware_panel.store import MemoryStore, StoreError
from vmware_panel.store import scans as scanning
from vmware_panel.store.encoding import FormatError
from vmware_panel.store.items import PART_BYTES, Keys
from vmware_panel.store.scan_encoding import decode_scan, encode_scan

KEYS = Keys("vmware_panel", VCENTER)
ONE, TWO = MoRef("datastore-1"), MoRef("datastore-2")

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
size = st.none() | st.integers(0, 2**63 - 1)
time = st.none() | st.datetimes(timezones=st.just(UTC))
scans = st.builds(
    Scan,
    st.just(VCENTER),
    text.map(MoRef),
    text,
    st.datetimes(timezones=st.just(UTC)),
    st.none() | text.map(MoRef),
    st.lists(st.builds(TopFolder, text, size, st.integers(0, 10**6), time, st.booleans())).map(
        tuple
    ),
    st.lists(st.builds(DatastoreFile, text, st.sampled_from(FileKind), size, time)).map(tuple),
    st.lists(text).map(tuple),
    st.floats(0, 1e6),
)


def scan_of(datastore: MoRef = ONE, images: int = 2, ago: timedelta = timedelta()) -> Scan:
    read_at = datetime.now(UTC) - ago
    files = [
        file
        for name in (
            md5(b"%d" % number, usedforsecurity=False).hexdigest() for number in range(images)
        )
        for file in (
            DatastoreFile(f"c1_base/{name}", FileKind.FOLDER, None, read_at),
            DatastoreFile(f"c1_base/{name}/{name}.vmdk", FileKind.DISK, 2**30, read_at),
        )
    ]
    return Scan(
        VCENTER,
        datastore,
        "nfs-1",
        read_at,
        MoRef("datacenter-2"),
        (TopFolder("c1_base", images * 2**30, images, read_at),),
        tuple(files),
        (".sdd.sf",),
        1.5,
    )


@given(scans)
def test_any_search_comes_out_as_it_went_in(scan: Scan) -> None:
    assert decode_scan(encode_scan(scan)) == scan


@given(st.data())
def test_what_is_no_search_is_refused_and_never_half_read(data: st.DataObject) -> None:
    item = encode_scan(replace(scan_of(), read_at=NOON, files=(), folders=()))
    with pytest.raises(FormatError):
        decode_scan(item[: data.draw(st.integers(0, len(item) - 1))])
    spoilt = bytearray(item)
    spoilt[data.draw(st.integers(0, 7))] ^= data.draw(st.integers(1, 255))
    with pytest.raises(FormatError):
        decode_scan(bytes(spoilt))


@pytest.fixture(params=["memory", "cache"])
def any_store(request, new_store):
    return MemoryStore() if request.param == "memory" else new_store()


def test_the_last_search_of_each_datastore_is_found(any_store) -> None:
    writer = any_store.scan_writer(VCENTER)
    assert any_store.scans(VCENTER).by_datastore == {}
    first, second, other = scan_of(), scan_of(images=3), scan_of(TWO)
    writer.keep(first)
    assert any_store.scans(VCENTER).by_datastore == {ONE: first}
    writer.keep(other)
    writer.keep(second)
    assert any_store.scans(VCENTER).by_datastore == {ONE: second, TWO: other}
    assert writer.read_ats() == {ONE: second.read_at, TWO: other.read_at}
    writer.drop([TWO, MoRef("datastore-9")])
    assert any_store.scans(VCENTER).by_datastore == {ONE: second}
    assert any_store.scans("east").by_datastore == {}


def test_as_long_as_nothing_is_new_the_same_objects_are_given(any_store) -> None:
    writer = any_store.scan_writer(VCENTER)
    writer.keep(scan_of())
    writer.keep(scan_of(TWO))
    before = any_store.scans(VCENTER).by_datastore
    writer.tell(ScanProgress("nfs-1", 10, 0, 3))
    assert any_store.scans(VCENTER).by_datastore is before
    writer.keep(scan_of(images=5))
    after = any_store.scans(VCENTER).by_datastore
    assert after[TWO] is before[TWO] and after[ONE] != before[ONE]


def test_how_the_searches_go_is_told(any_store) -> None:
    writer = any_store.scan_writer(VCENTER)
    assert any_store.scans(VCENTER).progress is None and writer.told() is None
    trouble = Trouble(VCENTER, TroubleKind.FORBIDDEN, "no", "Datastore.Browse")
    progress = ScanProgress("nfs-1", 40, 2, 5, {TWO: trouble})
    writer.tell(progress)
    assert any_store.scans(VCENTER).progress == progress == writer.told()


def test_of_one_who_gives_no_sign_of_life_no_search_is_said_to_run(
    any_store, monkeypatch: pytest.MonkeyPatch
) -> None:
    trouble = Trouble(VCENTER, TroubleKind.TIMEOUT)
    any_store.scan_writer(VCENTER).tell(ScanProgress("nfs-1", 40, 2, 5, {TWO: trouble}))
    monkeypatch.setattr(scanning, "SILENT_AFTER_S", -1.0)
    assert any_store.scans(VCENTER).progress == ScanProgress("", None, 2, 5, {TWO: trouble})


def test_what_is_asked_for_waits_until_it_is_answered(any_store) -> None:
    writer = any_store.scan_writer(VCENTER)
    any_store.ask_scan(VCENTER, [TWO, ONE, ONE])
    any_store.ask_scan(VCENTER, {ONE, TWO})
    assert [ask.datastores for ask in writer.asks()] == [(ONE, TWO)], "asked for once"
    any_store.ask_scan(VCENTER, [])
    whole = next(ask for ask in writer.asks() if not ask.datastores)
    writer.answered(whole)
    (left,) = any_store.scan_writer(VCENTER).asks()  # as one that takes over finds it
    assert left.datastores == (ONE, TWO)
    writer.answered(left)
    assert writer.asks() == ()


def test_what_is_asked_for_is_under_way_at_once(any_store) -> None:
    any_store.ask_scan(VCENTER, [ONE])
    assert any_store.scans(VCENTER).progress == ScanProgress(wanted=1)
    writer = any_store.scan_writer(VCENTER)
    writer.tell(ScanProgress("nfs-1", None, 0, 0))
    assert any_store.scans(VCENTER).progress == ScanProgress("nfs-1", None, 0, 0)
    writer.tell(ScanProgress("", None, 1, 0))
    writer.answered(*writer.asks())
    assert any_store.scans(VCENTER).progress == ScanProgress("", None, 1, 0)


def test_more_than_the_slots_hold_is_refused_by_name(store) -> None:
    for number in range(scanning.SLOTS):
        store.ask_scan(VCENTER, [MoRef(f"datastore-{number}")])
    with pytest.raises(StoreError) as caught:
        store.ask_scan(VCENTER, [TWO, ONE])
    assert caught.value.trouble.kind is TroubleKind.OVERLOADED
    store.ask_scan(VCENTER, [MoRef("datastore-3")])  # pending already


def test_of_many_who_ask_at_once_nobody_is_forgotten(new_store) -> None:
    stores = [new_store() for _ in range(scanning.SLOTS)]
    threads = [
        threading.Thread(target=store.ask_scan, args=(VCENTER, [MoRef(f"datastore-{number}")]))
        for number, store in enumerate(stores)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    asked = {ask.datastores for ask in new_store().scan_writer(VCENTER).asks()}
    assert asked == {(MoRef(f"datastore-{number}"),) for number in range(scanning.SLOTS)}


def test_a_slot_that_another_has_filled_since_is_not_emptied(new_store, cache) -> None:
    store = new_store()
    writer = store.scan_writer(VCENTER)
    store.ask_scan(VCENTER, [ONE])
    (ask,) = writer.asks()
    cache.delete(ask.key)  # it has ended by itself
    store.ask_scan(VCENTER, [TWO])
    writer.answered(ask)
    assert [other.datastores for other in writer.asks()] == [(TWO,)]


def test_a_warm_read_is_one_get_and_decodes_nothing(new_store, asked: list[list[str]]) -> None:
    writer = new_store().scan_writer(VCENTER)
    writer.keep(scan_of())
    writer.tell(ScanProgress())
    store = new_store()
    first = store.scans(VCENTER)
    asked.clear()
    assert store.scans(VCENTER).by_datastore is first.by_datastore
    assert len(asked) == 1 and asked[0][:2] == [KEYS.scans, KEYS.scan_progress]


def test_of_many_datastores_only_the_new_search_is_read(new_store, asked) -> None:
    writer, store = new_store().scan_writer(VCENTER), new_store()
    for number in range(20):
        writer.keep(scan_of(MoRef(f"datastore-{number}")))
    store.scans(VCENTER)
    writer.keep(scan_of(MoRef("datastore-7"), images=9))
    asked.clear()
    assert len(store.scans(VCENTER).by_datastore[MoRef("datastore-7")].files) == 18
    assert len(asked) == 2, "the index, and the one item that is new"


def test_a_large_search_fits_into_small_items_and_the_earlier_one_is_cleared_away(
    new_store, cache
) -> None:
    writer = new_store().scan_writer(VCENTER)
    before = set(cache._cache)
    scan = scan_of(images=10_000)
    writer.keep(scan)
    items = set(cache._cache) - before
    assert len(items) > 3, "in several items"
    assert max(len(cache._cache[key]) for key in items) < PART_BYTES + 4096
    assert (
        new_store().scans(VCENTER).by_datastore
        == {ONE: replace(scan_of(images=10_000), read_at=writer.read_ats()[ONE])}
        or len(new_store().scans(VCENTER).by_datastore[ONE].files) == 20_000
    )
    writer.keep(scan_of(images=1))
    assert len(set(cache._cache) - before) == 2, "the index and one item"


def test_a_search_that_is_not_whole_is_named_and_the_earlier_one_stands(new_store, cache) -> None:
    writer, store, fresh = new_store().scan_writer(VCENTER), new_store(), new_store()
    first, other = scan_of(), scan_of(TWO)
    writer.keep(first)
    writer.keep(other)
    assert store.scans(VCENTER).by_datastore == {ONE: first, TWO: other}
    known = set(cache._cache)
    writer.keep(scan_of(images=3))
    (lost,) = [key for key in set(cache._cache) - known]
    del cache._cache[lost], cache._expire_info[lost]
    kept = store.scans(VCENTER)
    assert kept.by_datastore == {ONE: first, TWO: other}
    assert [(t.source, t.kind) for t in kept.troubles] == [("store", TroubleKind.BAD_ANSWER)]
    assert ONE in kept.troubles[0].detail
    assert fresh.scans(VCENTER).by_datastore == {TWO: other}
    writer.keep(scan_of(images=4))
    assert store.scans(VCENTER).troubles == ()
    assert len(store.scans(VCENTER).by_datastore[ONE].files) == 8


def test_a_cache_that_lost_everything_does_not_take_what_was_read(new_store, cache) -> None:
    writer, store = new_store().scan_writer(VCENTER), new_store()
    scan = scan_of()
    writer.keep(scan)
    store.scans(VCENTER)
    cache.clear()
    assert store.scans(VCENTER).by_datastore == {ONE: scan}
    assert writer.read_ats() == {}, "for the one who searches it is to be searched again"


def test_what_is_older_than_a_cache_keeps_it_is_not_there(new_store) -> None:
    writer = new_store().scan_writer(VCENTER)
    writer.keep(scan_of(ago=timedelta(seconds=scanning.SCAN_TTL_S + 1)))
    writer.keep(scan_of(TWO))
    assert set(new_store().scans(VCENTER).by_datastore) == {TWO}


@pytest.mark.parametrize("key", [KEYS.scans, KEYS.scan_progress])
@pytest.mark.parametrize("spoil", [lambda item: b"no", lambda item: item[:4] + b"...." + item[8:]])
def test_what_another_release_wrote_is_named_and_written_over(
    new_store, cache, key: str, spoil
) -> None:
    writer = new_store().scan_writer(VCENTER)
    writer.keep(scan_of())
    writer.tell(ScanProgress())
    cache.set(key, spoil(cache.get(key)))
    with pytest.raises(StoreError) as caught:
        new_store().scans(VCENTER)
    assert caught.value.trouble.kind is TroubleKind.BAD_ANSWER
    assert writer.told() is None or key == KEYS.scans
    writer.keep(scan_of(TWO))
    writer.tell(ScanProgress())
    assert TWO in new_store().scans(VCENTER).by_datastore


def test_searches_move_no_version_of_the_book(new_store) -> None:
    book, store = Collected(), new_store()
    store.writer(VCENTER).replace(book.whole(), WATCHING)
    before = store.read(VCENTER).version
    store.scan_writer(VCENTER).keep(scan_of())
    assert store.read(VCENTER).version == before
