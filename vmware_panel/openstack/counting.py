"""Counts the calls that leave for OpenStack: a page's cost is asserted, not guessed."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Call:
    """One HTTP request. `path` is without the query, which is not the same twice."""

    source: str
    method: str
    path: str


@dataclass(slots=True)
class Calls:
    """The calls so far, in the order in which they left. Safe to append to from several threads."""

    made: list[Call] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.made)

    def of(self, source: str) -> int:
        """How many went to that service (`nova`, `glance`, `cinder`, `placement`)."""
        return sum(call.source == source for call in self.made)

    def __str__(self) -> str:
        return "\n".join(f"{call.source} {call.method} {call.path}" for call in self.made)


_counters: ContextVar[tuple[Calls, ...]] = ContextVar("openstack_calls", default=())


@contextmanager
def counting() -> Iterator[Calls]:
    """Counts every call made inside the block, in this thread and in those of `gather`.

    A request that is sent a second time on a fresh connection, because the server had closed the
    kept one, counts once. Blocks may be nested; each counts all that is inside it.
    """
    calls = Calls()
    token = _counters.set((*_counters.get(), calls))
    try:
        yield calls
    finally:
        _counters.reset(token)


def count(call: Call) -> None:
    for calls in _counters.get():
        calls.made.append(call)
