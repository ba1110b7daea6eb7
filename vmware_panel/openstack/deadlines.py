"""The time that a part of a page has left, known to every call made on its behalf."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from vmware_panel.domain.outcome import TroubleKind
from vmware_panel.openstack.errors import cloud_error


@dataclass(slots=True)
class Budget:
    """`expires` is on the clock of `time.monotonic`; `asking` is the source asked last."""

    timeout_s: float
    expires: float
    asking: str = ""


_budget: ContextVar[Budget | None] = ContextVar("openstack_budget", default=None)


@contextmanager
def within(budget: Budget) -> Iterator[None]:
    """Every call made inside the block ends by the budget's end."""
    token = _budget.set(budget)
    try:
        yield
    finally:
        _budget.reset(token)


def seconds_for_call(source: str, timeout_s: float) -> float:
    """What one call may take; raises `CloudError` (timeout) where nothing is left."""
    budget = _budget.get()
    if budget is None:
        return timeout_s
    budget.asking = source
    left_s = budget.expires - time.monotonic()
    if left_s <= 0:
        raise cloud_error(
            source, TroubleKind.TIMEOUT, f"not finished within {budget.timeout_s:.3g} s"
        )
    return min(timeout_s, left_s)
