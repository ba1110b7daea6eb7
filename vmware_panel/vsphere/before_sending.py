"""A question to be asked right before a change is sent, at the last moment before it goes out.

Whoever holds something for a time only, such as the claim of a job, may have lost it while this
process stood still. The SDK passes nothing through its calls, so the question travels in a context
variable, as deadlines do.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_ask: ContextVar[Callable[[], None] | None] = ContextVar(
    "vmware_panel_before_sending", default=None
)


@contextmanager
def before_sending(ask: Callable[[], None]) -> Iterator[None]:
    """Has it asked before every change within: what it raises is raised, and nothing is sent."""
    token = _ask.set(ask)
    try:
        yield
    finally:
        _ask.reset(token)


def ask_before_sending() -> None:
    if (ask := _ask.get()) is not None:
        ask()
