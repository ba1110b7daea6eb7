"""What the other processes of these tests do. Each sets Django up for the cache alone."""

import hashlib
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.context import SpawnProcess
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Barrier
from typing import Any

from django.conf import settings
from django.core.cache import caches

from tests.store.servers import ALIAS
from tests.unit.domain.builders import vm
from tests.unit.store.books import VCENTER, WATCHING, Collected
from vmware_panel.domain.inventory import Inventory
from vmware_panel.store import CacheStore
from vmware_panel.store import writer as writing

SPAWN = get_context("spawn")
TURN_S = 0.05
PATIENCE_S = 120


def set_up(config: dict[str, Any]) -> CacheStore:
    if not settings.configured:
        settings.configure(CACHES=config)
    return CacheStore(ALIAS)


@contextmanager
def running(target: Any, *args: Any) -> Iterator[SpawnProcess]:
    process = SPAWN.Process(target=target, args=args, daemon=True)
    process.start()
    try:
        yield process
    finally:
        process.kill()
        process.join()


def fingerprint(book: Inventory) -> str:
    return hashlib.sha256(repr((book.vms, book.hosts, book.datastores)).encode()).hexdigest()


def write_without_pause(
    config: dict[str, Any], begin: Barrier, published: "Queue[str]", vms: int, steps: int
) -> None:
    """Puts the fingerprint of every book into the queue before it is written; "" at the end.

    Sums up often, so that bases are swapped and cleared away under the reader.
    """
    writing.MAX_DELTAS = 5
    writer = set_up(config).writer(VCENTER)
    book = Collected(vms)
    begin.wait(PATIENCE_S)
    published.put(fingerprint(book.whole()))
    writer.replace(book.whole(), WATCHING)
    for step in range(steps):
        changed = [vm(number, vcpus=step) for number in range(1, vms, max(1, vms // 40))]
        delta = book.step(*changed)
        published.put(fingerprint(book.whole()))
        if step % 7 == 6:
            writer.replace(book.whole(), WATCHING)
        else:
            writer.advance(delta, book.whole, book.now, WATCHING)
    published.put("")


def read_without_pause(
    config: dict[str, Any], begin: Barrier, seen: "Queue[tuple[list[str], list[str]]]"
) -> None:
    """What one that holds the book has read, and what ones have that held nothing, in turn; ends with
    the book that "last" names in the cache.
    """
    held = set_up(config)
    warm: list[str] = []
    cold: list[str] = []
    last = ""
    begin.wait(PATIENCE_S)
    while not last or last not in warm[-1:] or last not in cold[-1:]:
        last = caches[ALIAS].get("last") or ""
        for store, found in ((held, warm), (CacheStore(ALIAS), cold)):
            if (snapshot := store.read(VCENTER)) and snapshot.inventory:
                found.append(fingerprint(snapshot.inventory))
    seen.put((warm, cold))


def hold(
    config: dict[str, Any], name: str, ttl_s: float, told: "Queue[tuple[str, str, float, float]]"
) -> None:
    """Takes the lease as soon as it can and keeps it. Tells when it took or lost it, by the clock that
    all processes share, and how long the machine let it wait at most for one of its turns.
    """
    lease = set_up(config).lease("collector", name, ttl_s)
    had = False
    longest_s = 0.0
    turn_s = time.monotonic()
    while True:
        has = lease.acquire()
        last_s, turn_s = turn_s, time.monotonic()
        longest_s = max(longest_s, turn_s - last_s)
        if has != had:
            told.put((name, "holds" if has else "lost", turn_s, longest_s))
            had = has
        time.sleep(TURN_S)


def contend(
    config: dict[str, Any], name: str, ttl_s: float, turns: int, told: "Queue[int]"
) -> None:
    """Takes the lease, counts how many are inside, and gives it back or lets it lapse."""
    lease = set_up(config).lease("collector", name, ttl_s)
    most = done = 0
    cache = caches[ALIAS]
    while done < turns:
        if not lease.acquire():
            time.sleep(TURN_S / 5)
            continue
        inside = cache.incr("inside")
        most = max(most, inside)
        time.sleep(TURN_S)
        if lease.held and lease.acquire():
            most = max(most, cache.get("inside"))
        cache.decr("inside")
        done += 1
        if done % 5:
            lease.release()
        else:
            time.sleep(ttl_s)  # as one that hangs
    told.put(most)
