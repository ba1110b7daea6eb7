"""One read of a thing at a time: who asks meanwhile waits for that one and shares its answer."""

import os
import threading
import time
from collections.abc import Callable, Hashable
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from typing import Any, TypeVar

from vmware_panel.domain.outcome import TroubleKind
from vmware_panel.openstack.access import DEFAULT_TIMEOUT_S
from vmware_panel.openstack.deadlines import Budget, seconds_for_call, within
from vmware_panel.openstack.errors import CloudError, cloud_error

T = TypeVar("T")

# Another's token was refused. That says nothing about one's own.
_ANOTHERS = frozenset({TroubleKind.LOGIN, TroubleKind.FORBIDDEN})


class SingleFlight:
    """Runs reads in threads of its own, so that none ends with the page that began it.

    `budget_s` is what one read may take in all, `threads` how many go on at once in the process.
    `source` is named in a timeout's trouble.
    """

    def __init__(self, source: str, *, threads: int, budget_s: float = DEFAULT_TIMEOUT_S) -> None:
        self._source = source
        self._threads = threads
        self._budget_s = budget_s
        self._forget()
        os.register_at_fork(after_in_child=self._forget)

    def _forget(self) -> None:
        self._lock = threading.Lock()
        self._pool = ThreadPoolExecutor(self._threads, f"vmware-panel-{self._source}")
        self._under_way: dict[Hashable, Future[Any]] = {}

    def start(self, key: Hashable, read: Callable[[], T]) -> tuple[Future[T], bool]:
        """The read of that key, and whether it was begun by this call.

        It runs in a copy of this thread's context, with a deadline of its own.
        """
        with self._lock:
            future = self._under_way.get(key)
            if future is not None:
                return future, False
            future = self._pool.submit(copy_context().run, self._bounded, read)
            self._under_way[key] = future
        # Outside of the lock: a read that is done by now is taken off at once, in this thread.
        future.add_done_callback(lambda done: self._landed(key))
        return future, True

    def is_on(self, key: Hashable) -> bool:
        """Whether the read of that key is under way."""
        with self._lock:
            return key in self._under_way

    def _bounded(self, read: Callable[[], T]) -> T:
        with within(Budget(self._budget_s, time.monotonic() + self._budget_s)):
            return read()

    def _landed(self, key: Hashable) -> None:
        with self._lock:
            self._under_way.pop(key, None)

    def share(self, key: Hashable, read: Callable[[], T], *, at_most_s: float | None = None) -> T:
        """What the read of that key gives; waits for one that is under way.

        Raises what the read raises; `CloudError` (timeout) where the caller's own deadline comes
        first, or `at_most_s`. The read goes on then. A refusal of another's token is no answer:
        then the caller's own read follows.
        """
        while True:
            future, begun_here = self.start(key, read)
            try:
                return self._wait(future, at_most_s)
            except CloudError as error:
                if begun_here or error.trouble.kind not in _ANOTHERS:
                    raise

    def _wait(self, future: Future[T], at_most_s: float | None) -> T:
        waits_s = seconds_for_call(self._source, DEFAULT_TIMEOUT_S)
        if at_most_s is not None:
            waits_s = min(waits_s, at_most_s)
        try:
            return future.result(waits_s)
        except TimeoutError:
            raise cloud_error(
                self._source, TroubleKind.TIMEOUT, f"still being read after {waits_s:.3g} s"
            ) from None
