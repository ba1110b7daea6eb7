"""Counts the calls made to vCenter: every SOAP method and every file fetched, retries included."""

import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar


class CallCounter:
    """How often each method was called; safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._calls: Counter[str] = Counter()

    def add(self, method: str) -> None:
        with self._lock:
            self._calls[method] += 1

    @property
    def by_method(self) -> Mapping[str, int]:
        """The vSphere API's names of the methods, e.g. `RetrievePropertiesEx`."""
        with self._lock:
            return dict(self._calls)

    @property
    def total(self) -> int:
        with self._lock:
            return self._calls.total()

    def __repr__(self) -> str:
        return f"CallCounter({dict(self.by_method)})"


_watching: ContextVar[tuple[CallCounter, ...]] = ContextVar("vsphere_call_counters", default=())


@contextmanager
def counting() -> Iterator[CallCounter]:
    """Counts the calls of the current context, to whichever vCenter.

    A new thread starts with an empty context; start it through `contextvars.copy_context().run`
    where its calls shall count here as well.
    """
    counter = CallCounter()
    token = _watching.set((*_watching.get(), counter))
    try:
        yield counter
    finally:
        _watching.reset(token)


def note_call(method: str, own: CallCounter) -> None:
    """Adds one call to the session's own counter and to those that watch this context."""
    for counter in (own, *_watching.get()):
        counter.add(method)
