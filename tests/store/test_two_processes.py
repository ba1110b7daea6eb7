"""A writer and readers in processes of their own, and two that both would collect."""

import queue
import time
from typing import Any

import pytest
from django.core.cache import caches

from tests.store.processes import (
    PATIENCE_S,
    SPAWN,
    contend,
    hold,
    read_without_pause,
    running,
    write_without_pause,
)
from tests.store.servers import ALIAS

TTL_S = 4.0  # longer than a busy machine lets a process wait


@pytest.mark.parametrize(("vms", "steps"), [(20, 200), (3000, 60)])
def test_a_reader_only_ever_sees_books_that_were_published(server, vms: int, steps: int) -> None:
    published: Any = SPAWN.Queue()
    seen: Any = SPAWN.Queue()
    config, begin = server.caches, SPAWN.Barrier(3)
    with (
        running(read_without_pause, config, begin, seen),
        running(read_without_pause, config, begin, seen),
        running(write_without_pause, config, begin, published, vms, steps),
    ):
        books = list(iter(lambda: published.get(timeout=PATIENCE_S), ""))
        caches[ALIAS].set("last", books[-1])
        for warm, cold in (seen.get(timeout=PATIENCE_S), seen.get(timeout=PATIENCE_S)):
            assert set(warm) | set(cold) <= set(books), "a mixture was read"
            assert len({*warm, *cold}) > 3, "the readers saw too little of it to tell"
            order = [books.index(one) for one in warm]
            assert order == sorted(order), "a reader went back"


def test_after_a_kill_the_other_has_the_lease_within_its_time_and_two_seconds(server) -> None:
    told: Any = SPAWN.Queue()
    with running(hold, server.caches, "first", TTL_S, told) as first:
        assert told.get(timeout=PATIENCE_S)[:2] == ("first", "holds")
        with running(hold, server.caches, "second", TTL_S, told):
            with pytest.raises(queue.Empty):
                told.get(timeout=2 * TTL_S)  # it renews, and so stays the one
            first.kill()
            killed_s = time.monotonic()
            *said, took_s, waited_s = told.get(timeout=PATIENCE_S)
            assert said == ["second", "holds"]
            assert took_s - killed_s <= TTL_S + 2 + waited_s


def test_never_two_hold_the_lease(server) -> None:
    cache = caches[ALIAS]
    cache.set("inside", 0, None)
    told: Any = SPAWN.Queue()
    names = ("a", "b", "c")
    with (
        running(contend, server.caches, names[0], TTL_S, 6, told),
        running(contend, server.caches, names[1], TTL_S, 6, told),
        running(contend, server.caches, names[2], TTL_S, 6, told),
    ):
        assert [told.get(timeout=PATIENCE_S) for _ in names] == [1, 1, 1]
