"""Deadlines that hold for an operation as a whole, however many calls and bytes it takes.

The SDK passes no deadline through its calls, so the one that holds travels in a context variable;
the sockets of `vmware_panel.vsphere.network` look at it before every read and write.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

LOOK_S = 0.5
"""Whoever waits for a byte looks that often whether the deadline was cut short."""


class CutShort(TimeoutError):
    """The deadline was moved to now, because nobody wants the answer any more."""


class Deadline:
    """A moment of the monotonic clock, which another thread may move to now."""

    __slots__ = ("_at_s", "_cut")

    def __init__(self, timeout_s: float) -> None:
        self._at_s = time.monotonic() + timeout_s
        self._cut = threading.Event()

    def cut(self) -> None:
        """Ends what runs under this deadline, and under those made of it, within `LOOK_S`.

        But for a connection that is being made: that ends by its own deadline.
        """
        self._cut.set()

    def remaining_s(self) -> float:
        """Seconds left, always above zero; raises `TimeoutError` when there are none."""
        if self._cut.is_set():
            raise CutShort("the deadline was cut short")
        left_s = self._at_s - time.monotonic()
        if left_s <= 0:
            raise TimeoutError("the deadline has passed")
        return left_s

    def pause(self, seconds: float) -> None:
        """Waits so long, or less where it ends or is cut short before."""
        self._cut.wait(min(seconds, max(0.0, self._at_s - time.monotonic())))

    def at_most(self, timeout_s: float) -> "Deadline":
        """The sooner of this one and one `timeout_s` from now."""
        sooner = Deadline(timeout_s)
        sooner._cut = self._cut
        return sooner if sooner._at_s < self._at_s else self

    def reserving(self, reserve_s: float) -> "Deadline":
        """A deadline `reserve_s` before this one, but not before half of the time left."""
        left_s = self.remaining_s()
        return self.at_most(max(left_s - reserve_s, left_s / 2))


_current: ContextVar[Deadline | None] = ContextVar("vsphere_deadline", default=None)


@contextmanager
def within(deadline: Deadline) -> Iterator[Deadline]:
    """Holds every call inside the block to the deadline."""
    token = _current.set(deadline)
    try:
        yield deadline
    finally:
        _current.reset(token)


def current_deadline() -> Deadline:
    """The deadline that holds here. To call vCenter without one is a mistake in the program."""
    deadline = _current.get()
    if deadline is None:
        raise RuntimeError("a call to vCenter needs a deadline: use within(Deadline(...))")
    return deadline
