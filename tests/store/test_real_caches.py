"""The store on real memcached and Redis: what tests/unit/store says, and what only they do."""

import contextlib
import os
import threading
import time
from dataclasses import replace
from unittest import mock

import pytest
from django.core.cache import caches
from django.test import override_settings

from benchmarks.store import inventory as large
from tests.store.processes import fingerprint
from tests.store.servers import ALIAS, QUICK_S, TIMEOUT_S, free_port
from tests.unit.domain.builders import vm
from tests.unit.store.books import VCENTER, WATCHING, Collected, at
from tests.unit.store.test_scans import scan_of
from tests.unit.store.test_usages import sample
from vmware_panel.domain.datastore_files import ScanProgress
from vmware_panel.domain.inventory import MoRef
from vmware_panel.domain.outcome import TroubleKind
from vmware_panel.store import CacheStore, StoreError
from vmware_panel.store import writer as writing
from vmware_panel.store.scans import SLOTS

DOWN = (TroubleKind.UNREACHABLE, TroubleKind.TIMEOUT)


def test_a_book_of_ten_thousand_vms_and_its_changes(new_store) -> None:
    writer, reader = new_store().writer(VCENTER), new_store()
    book = Collected()
    whole = large(10_000)
    writer.replace(whole, WATCHING)
    assert reader.read(VCENTER).inventory == whole
    writer.replace(book.whole(), WATCHING)
    writer.advance(book.step(vm(2, name="new")), book.whole, book.now, WATCHING)
    for store in (reader, new_store()):
        assert store.read(VCENTER).inventory == book.whole()
    assert reader.shared


def test_a_warm_read_is_one_command(server, new_store) -> None:
    new_store().writer(VCENTER).replace(Collected().whole(), WATCHING)
    store = new_store()
    store.read(VCENTER)
    before = commands(server)
    for _ in range(10):
        store.read(VCENTER)
    assert commands(server) - before == 10


def test_a_sample_of_2500_hosts_is_read_in_one_command_each_time(server, new_store) -> None:
    writer, store = new_store().writer(VCENTER), new_store()
    writer.sample(sample(2500))
    assert store.usage(VCENTER) == sample(2500)
    before = commands(server, keys=1)
    for _ in range(10):
        assert store.usage(VCENTER) is not None
    assert commands(server, keys=1) - before == 10
    writer.sample(sample(2500, memory_mb=1))
    assert store.usage(VCENTER) == sample(2500, memory_mb=1)


def test_a_sample_is_lost_with_the_cache_and_the_next_one_is_there(server, new_store) -> None:
    writer, store = new_store().writer(VCENTER), new_store()
    writer.sample(sample())
    caches[ALIAS].clear()
    assert store.usage(VCENTER) is None
    server.kill()
    with pytest.raises(StoreError) as caught:
        writer.sample(sample())
    assert caught.value.trouble.kind in DOWN
    server.start()
    caches[ALIAS].close()
    wait_until_taken(lambda: writer.sample(sample()))
    assert store.usage(VCENTER) == sample()


def test_a_search_of_ten_thousand_cached_images_is_kept_and_read_in_one_command_each_time(
    server, new_store
) -> None:
    writer, store = new_store().scan_writer(VCENTER), new_store()
    scan = scan_of(images=10_000)
    writer.keep(scan)
    writer.keep(scan_of(MoRef("datastore-2"), images=3))
    writer.tell(ScanProgress("nfs-1", 50, 1, 1))
    kept = store.scans(VCENTER)
    assert kept.by_datastore[scan.datastore] == scan and len(kept.by_datastore) == 2
    before = commands(server, keys=2 + SLOTS)
    for _ in range(10):
        assert store.scans(VCENTER).by_datastore is kept.by_datastore
    assert commands(server, keys=2 + SLOTS) - before == 10
    left = items(server)
    writer.keep(scan_of(images=1))
    assert items(server) < left, "the earlier search is cleared away"
    assert len(store.scans(VCENTER).by_datastore[scan.datastore].files) == 2


def test_who_wants_a_search_is_heard_by_whoever_searches(server, new_store) -> None:
    one, writer = MoRef("datastore-1"), new_store().scan_writer(VCENTER)
    new_store().ask_scan(VCENTER, [one])
    new_store().ask_scan(VCENTER, [])
    assert [ask.datastores for ask in writer.asks()] == [(one,), ()]
    writer.answered(writer.asks()[0])
    assert [ask.datastores for ask in new_store().scan_writer(VCENTER).asks()] == [()]


def test_searches_are_lost_with_the_cache_and_it_is_told_when_it_is_down(
    server, new_store
) -> None:
    writer, reader = new_store().scan_writer(VCENTER), new_store()
    scan = scan_of()
    writer.keep(scan)
    reader.scans(VCENTER)
    caches[ALIAS].clear()
    assert writer.read_ats() == {} and new_store().scans(VCENTER).by_datastore == {}
    assert reader.scans(VCENTER).by_datastore == {scan.datastore: scan}
    server.kill()
    for ask in (
        lambda: writer.keep(scan),
        lambda: writer.tell(ScanProgress()),
        lambda: new_store().scans(VCENTER),
        lambda: new_store().ask_scan(VCENTER, []),
    ):
        with pytest.raises(StoreError) as caught:
            ask()
        assert caught.value.trouble.kind in DOWN
    server.start()
    caches[ALIAS].close()
    wait_until_taken(lambda: writer.keep(scan))
    assert new_store().scans(VCENTER).by_datastore == {scan.datastore: scan}


@pytest.mark.parametrize("kind", ["memcached", "redis"])
def test_a_cache_that_is_too_small_for_a_search_says_so(start_server, kind: str) -> None:
    start_server(kind, memory_mb=3 if kind == "redis" else 2)
    writer = CacheStore(ALIAS).scan_writer(VCENTER)
    with pytest.raises(StoreError) as caught:
        writer.keep(replace(scan_of(), unread=(os.urandom(8_000_000).hex(),)))
    assert caught.value.trouble.kind is TroubleKind.OVERLOADED
    assert writer.read_ats() == {}


def wait_until_taken(write) -> None:
    """pymemcache leaves a server that failed alone for a second."""
    for _ in range(600):
        try:
            return write()
        except StoreError:
            time.sleep(0.1)
    raise AssertionError("the cache takes nothing again")


def commands(server, keys: int = 2) -> int:
    """Reads that the server has answered, by its own count."""
    cache = caches[ALIAS]._cache
    if server.kind == "redis":
        return int(cache.get_client().info("commandstats")["cmdstat_mget"]["calls"])
    (stats,) = (client.stats() for client in cache.clients.values())
    # Of a book two keys are asked for each time: the head, and a refresh that nobody has wanted.
    return int(stats[b"cmd_get"]) // keys


def test_a_base_is_cleared_away_two_later(server, new_store) -> None:
    book, writer = Collected(), new_store().writer(VCENTER)
    for number in range(6):
        book.step(vm(1, name=f"n{number}"))
        writer.replace(book.whole(), WATCHING)
    assert items(server) == 3, "the head and two bases were expected"


def items(server) -> int:
    cache = caches[ALIAS]._cache
    if server.kind == "redis":
        return int(cache.get_client().dbsize())
    (stats,) = (client.stats() for client in cache.clients.values())
    return int(stats[b"curr_items"])


def test_a_restarted_cache_is_filled_at_the_next_beat(server, new_store) -> None:
    book, writer, reader = Collected(), new_store().writer(VCENTER), new_store()
    writer.replace(book.whole(), WATCHING)
    writer.advance(book.step(vm(2, name="new")), book.whole, book.now, WATCHING)
    reader.read(VCENTER)
    server.kill()
    for store in (reader, new_store()):
        for _ in range(4):  # pymemcache has several ways to say it, one after the other
            with pytest.raises(StoreError) as raised:
                store.read(VCENTER)
            assert raised.value.trouble.kind in DOWN
    with pytest.raises(StoreError):
        writer.beat(WATCHING, at(8), at(8))
    assert reader.held(VCENTER).inventory == book.whole() and new_store().held(VCENTER) is None
    server.start()
    answering(lambda: writer.beat(WATCHING, at(9), at(9)))
    for store in (reader, new_store()):
        assert store.read(VCENTER).inventory.vms == book.whole().vms
        assert store.read(VCENTER).inventory.read_at == at(9)


def answering(ask) -> None:
    """Asks until the client has noticed that its server is back."""
    pause = threading.Event()
    for _ in range(1200):
        try:
            ask()
        except StoreError:
            pause.wait(0.05)
        else:
            return
    raise AssertionError("the client did not come back to a server that is up again")


@pytest.mark.parametrize("kind", ["memcached", "redis"])
def test_a_cache_that_hangs_is_an_error_and_not_a_wait(start_server, kind: str) -> None:
    server = start_server(kind, timeout_s=QUICK_S)
    store = CacheStore(ALIAS)
    writer, lease = store.writer(VCENTER), store.lease("c", "me", 5)
    writer.replace(Collected().whole(), WATCHING)
    store.read(VCENTER)
    server.freeze()
    finished = threading.Event()
    errors: list[StoreError] = []

    def ask_everything() -> None:
        for ask in (
            lambda: store.read(VCENTER),
            lambda: writer.beat(WATCHING, None, at(1)),
            lambda: store.ask_refresh(VCENTER),
            lease.acquire,
        ):
            try:
                ask()
            except StoreError as error:
                errors.append(error)
        finished.set()

    threading.Thread(target=ask_everything, daemon=True).start()
    try:
        assert finished.wait(4 * 3 * QUICK_S + 60), "a call waits without a deadline"
    finally:
        server.thaw()
    assert [error.trouble.kind in DOWN for error in errors] == [True] * 4
    assert errors[0].trouble.source == "store"


@pytest.mark.parametrize("kind", ["memcached", "redis"])
def test_nobody_listening_is_told_in_any_mode_of_the_client(start_server, kind) -> None:
    """With pymemcache's own defaults too, which answer "nothing there" for a second."""
    server = start_server(kind)
    server.kill()
    for options in (server.caches[ALIAS]["OPTIONS"], {}):
        config = {**server.caches[ALIAS], "OPTIONS": options}
        with override_settings(CACHES={"default": config, ALIAS: config}):
            store = CacheStore(ALIAS)
            for _ in range(6):
                with pytest.raises(StoreError) as raised:
                    store.read(VCENTER)
                assert raised.value.trouble.kind in DOWN
            with pytest.raises(StoreError):
                store.writer(VCENTER).replace(Collected().whole(), WATCHING)


def test_an_alias_without_its_client_or_with_a_wrong_password(start_server) -> None:
    server = start_server("redis")
    url = f"redis://someone:secret-word@127.0.0.1:{server.port}/1"
    for change, kind in (
        ({"BACKEND": "django.core.cache.backends.no.Such"}, TroubleKind.CONFIGURATION),
        ({"LOCATION": url}, TroubleKind.LOGIN),
    ):
        config = {**server.caches[ALIAS], **change}
        with override_settings(CACHES={"default": config, ALIAS: config}):
            with pytest.raises(StoreError) as raised:
                CacheStore(ALIAS).read(VCENTER)
        assert raised.value.trouble.kind is kind
        assert "secret-word" not in str(raised.value)


def test_a_port_that_is_no_cache(start_server) -> None:
    server = start_server("memcached")
    config = {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": f"redis://127.0.0.1:{server.port}/1",
        "OPTIONS": {"socket_timeout": TIMEOUT_S},
    }
    with override_settings(CACHES={"default": config, ALIAS: config}):
        with pytest.raises(StoreError):
            CacheStore(ALIAS).read(VCENTER)


@pytest.mark.parametrize("kind", ["memcached", "redis"])
def test_a_cache_too_small_is_noticed_and_the_last_book_stays(start_server, kind) -> None:
    start_server(kind, memory_mb=3 if kind == "redis" else 2)
    store = CacheStore(ALIAS)
    small, writer = Collected(), store.writer(VCENTER)
    writer.replace(small.whole(), WATCHING)
    store.read(VCENTER)
    with pytest.raises(StoreError) as raised:
        writer.replace(large(60_000), WATCHING)
    assert raised.value.trouble.kind is TroubleKind.OVERLOADED
    assert "more memory" in raised.value.trouble.detail
    assert fingerprint(store.read(VCENTER).inventory) == fingerprint(small.whole())
    small.step(vm(7))
    writer.replace(small.whole(), WATCHING)
    assert CacheStore(ALIAS).read(VCENTER).inventory == small.whole()


@pytest.mark.parametrize("kind", ["memcached", "redis"])
def test_items_that_others_push_out_are_written_again(start_server, kind) -> None:
    start_server(kind, memory_mb=16)
    store, whole = CacheStore(ALIAS), large(10_000)
    writer = store.writer(VCENTER)
    writer.replace(whole, WATCHING)
    cache, held = caches[ALIAS], CacheStore(ALIAS)
    held.read(VCENTER)
    for number in range(400):  # 40 MB of others' items
        cache.set(f"other-{number}", os.urandom(100_000))
        writer.refresh_wanted()
    try:
        found = CacheStore(ALIAS).read(VCENTER)
    except StoreError as error:
        assert error.trouble.kind is TroubleKind.BAD_ANSWER
    else:
        assert found is None, "nothing was pushed out: this test tests nothing"
    # Redis pushes out by samples: now and then also what was written last. The writer tries again
    # after `RETRY_S`, and mends what a reader misses: both as often as it takes, without the wait.
    with mock.patch.object(writing, "RETRY_S", 0.0):
        mended = [mend_and_read(writer, reader) for reader in (held, CacheStore(ALIAS))]
    assert mended == [whole, whole]


def mend_and_read(writer, store, tries: int = 12):
    for _ in range(tries - 1):
        with contextlib.suppress(StoreError):
            writer.beat(WATCHING, None, at(1))
            return store.read(VCENTER).inventory
    writer.beat(WATCHING, None, at(1))
    return store.read(VCENTER).inventory


def test_an_item_larger_than_the_server_takes_is_an_error(start_server) -> None:
    start_server("memcached")
    with mock.patch("vmware_panel.store.items.PART_BYTES", 2_000_000):
        with pytest.raises(StoreError) as raised:
            CacheStore(ALIAS).writer(VCENTER).replace(large(10_000), WATCHING)
    assert raised.value.trouble.kind is TroubleKind.OVERLOADED


def test_a_forked_worker_has_connections_of_its_own(server, new_store) -> None:
    """What it asks must not come out at its parent."""
    store = new_store()
    book = Collected(30)
    store.writer(VCENTER).replace(book.whole(), WATCHING)
    assert store.read(VCENTER).inventory == book.whole()
    children = []
    for _ in range(3):
        child = os.fork()
        if child == 0:
            code = 1
            try:
                good = [CacheStore(ALIAS).read(VCENTER).inventory == book.whole()] * 5
                good += [store.read(VCENTER).inventory == book.whole() for _ in range(50)]
                code = 0 if all(good) else 2
            finally:
                os._exit(code)
        children.append(child)
    for _ in range(50):
        assert new_store().read(VCENTER).inventory == book.whole()
    assert [os.waitpid(child, 0)[1] for child in children] == [0, 0, 0]


def test_many_threads_read_while_one_writes(new_store) -> None:
    book, store, writer = Collected(200), new_store(), new_store().writer(VCENTER)
    published = {fingerprint(book.whole())}
    writer.replace(book.whole(), WATCHING)
    over, failed = threading.Event(), []

    def read() -> None:
        while not over.is_set():
            found = fingerprint(store.read(VCENTER).inventory)
            if found not in published:
                failed.append(found)

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    with mock.patch.multiple(writing, MAX_DELTAS=4):
        for step in range(40):
            delta = book.step(*(vm(number, vcpus=step) for number in range(1, 30)))
            published.add(fingerprint(book.whole()))
            writer.advance(delta, book.whole, book.now, WATCHING)
    over.set()
    for thread in threads:
        thread.join(20)
    assert not failed
    assert store.read(VCENTER).inventory == book.whole()


def test_a_port_where_nothing_listens(start_server) -> None:
    server = start_server("redis")
    server.port = free_port()
    with override_settings(CACHES=server.caches), pytest.raises(StoreError, match="store: "):
        CacheStore(ALIAS).read(VCENTER)
