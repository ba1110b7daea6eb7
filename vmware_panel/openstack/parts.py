"""The parts of a page, read side by side."""

import os
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextvars import copy_context
from typing import Any, TypeVar

from vmware_panel.domain.outcome import Outcome, SourceError, Trouble, TroubleKind
from vmware_panel.openstack.deadlines import Budget, within

T = TypeVar("T")

# Threads that may be busy with the same part of a page, in one process.
LANE_THREADS = 8
# A read ends by itself at the deadline and then says best what was wrong: wait that much for it.
GRACE_S = 0.25


class _Lanes:
    """A small thread pool for each part, by its name.

    A source that hangs keeps the threads of its own lane busy until their sockets time out, and
    what waits behind them gives up at its own deadline. The other lanes run on. Names are few and
    fixed (they stand in the code, or are the settings' vCenters), so the threads are bounded.
    """

    def __init__(self) -> None:
        self._forget()
        os.register_at_fork(after_in_child=self._forget)

    def _forget(self) -> None:
        self._lock = threading.Lock()
        self._pools: dict[str, ThreadPoolExecutor] = {}

    def submit(self, name: str, job: Callable[[], T]) -> Future[T]:
        with self._lock:
            pool = self._pools.get(name)
            if pool is None:
                pool = ThreadPoolExecutor(LANE_THREADS, thread_name_prefix=f"vmware-panel-{name}")
                self._pools[name] = pool
        return pool.submit(job)


_lanes = _Lanes()


def gather(parts: Mapping[str, Callable[[], Any]], timeout_s: float) -> dict[str, Outcome[Any]]:
    """Calls every part in a thread of its own, and answers for each by its name.

    All of them share one deadline. A part that raised a `SourceError` answers with its trouble; one
    that is not done by then with a timeout, and its thread ends when its socket does: every call
    to OpenStack made inside a part ends by the same deadline. Any other exception is a fault of
    the program and is raised here, when all parts are through.

    A part runs in a copy of the caller's context: `counting` counts its calls, and the language
    of the page is its language.
    """
    started = time.monotonic()
    budgets = {name: Budget(timeout_s, started + timeout_s) for name in parts}
    futures = {
        name: _lanes.submit(name, _job(read, budgets[name])) for name, read in parts.items()
    }
    wait(futures.values(), timeout=timeout_s + GRACE_S)
    return {name: _outcome(name, futures[name], budgets[name]) for name in parts}


def _job(read: Callable[[], T], budget: Budget) -> Callable[[], T]:
    context = copy_context()

    def bounded() -> T:
        with within(budget):
            return read()

    return lambda: context.run(bounded)


def _outcome(name: str, future: Future[T], budget: Budget) -> Outcome[T]:
    if not future.done():
        # Still waiting for a thread: then it never starts.
        detail = f"not finished within {budget.timeout_s:.3g} s"
        if future.cancel():
            detail = f"not begun within {budget.timeout_s:.3g} s: earlier reads still hang"
        return Outcome(trouble=Trouble(budget.asking or name, TroubleKind.TIMEOUT, detail))
    try:
        return Outcome(value=future.result())
    except SourceError as error:
        return Outcome(trouble=error.trouble)
