"""Waiting for what comes by itself: a book that follows, a search, a task, a job's end."""

import time
from collections.abc import Callable
from typing import TypeVar

PATIENCE_S = 180
"""Many times what any of it takes, on a machine that has much else to do."""

EVERY_S = 0.5

T = TypeVar("T")


def eventually(look: Callable[[], T | None], what: str, seconds: float = PATIENCE_S) -> T:
    """What a look finds, as soon as it is something."""
    until = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < until, f"not within {seconds} s: {what}"
        time.sleep(EVERY_S)
    return found


def holds(check: Callable[[], T], seconds: float = PATIENCE_S) -> T:
    """What a check gives as soon as none of its asserts fails; else the last one's failure."""
    until = time.monotonic() + seconds
    while True:
        try:
            return check()
        except AssertionError:
            if time.monotonic() > until:
                raise
        time.sleep(EVERY_S)
