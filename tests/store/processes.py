"""What the other processes of these tests do. Each sets Django up for the cache alone."""

import hashlib
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.context import SpawnProcess
from multiprocessing.queues import Queue
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
    config: dict[str, Any], published: "Queue[str]", vms: int, steps: int
) -> None:
    """Puts the fingerprint of every book into the queue before it is written; "" at the end.

    Sums up often, so that bases are swapped and cleared away under the reader.
    """
    writing.MAX_DELTAS = 5
    writer = set_up(config).writer(VCENTER)
    book = Collected(vms)
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


def read_without_pause(config: dict[str, Any], seen: "Queue[list[str]]", last: str) -> None:
    """Every other read as a process that has held nothing; ends with the book named `last`."""
    held = set_up(config)
    found: list[str] = []
    while last not in found[-2:]:
        for store in (held, CacheStore(ALIAS)):
            if (snapshot := store.read(VCENTER)) and snapshot.inventory:
                found.append(fingerprint(snapshot.inventory))
        last = _news(last)
    seen.put(found)


def _news(last: str) -> str:
    return (caches[ALIAS].get("last") or "") or last


def hold(config: dict[str, Any], name: str, ttl_s: float, told: "Queue[tuple[str, str]]") -> None:
    """Takes the lease as soon as it can and keeps it."""
    lease = set_up(config).lease("collector", name, ttl_s)
    had = False
    while True:
        has = lease.acquire()
        if has != had:
            told.put((name, "holds" if has else "lost"))
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
