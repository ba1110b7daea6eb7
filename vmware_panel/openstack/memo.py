"""What several pages ask within seconds, asked once."""

import os
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Generic, TypeVar

from vmware_panel.openstack.single_flight import SingleFlight

T = TypeVar("T")

MOST_SCOPES = 8


@dataclass(frozen=True, slots=True)
class Kept(Generic[T]):
    """A value, and when the read that gave it began."""

    value: T
    read_at: datetime


class Memo(Generic[T]):
    """The last answer to one question for each scope, for `max_age_s` seconds and no longer.

    Scopes are as in `server_index`: equal ones are shown the same. `source` is the service that is
    asked. A failure is never kept: it is told to all who wait for it, and the next one asks again.
    """

    def __init__(self, source: str, max_age_s: float, *, most_scopes: int = MOST_SCOPES) -> None:
        self._max_age = timedelta(seconds=max_age_s)
        self._most_scopes = most_scopes
        self._reads = SingleFlight(source, threads=8)
        self._forget()
        os.register_at_fork(after_in_child=self._forget)

    def _forget(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, Kept[T]] = OrderedDict()

    def get(
        self, scope: str, read: Callable[[], T], *, now: Callable[[], datetime] | None = None
    ) -> Kept[T]:
        """The value kept for the scope, or what `read` gives.

        Raises what `read` raises, and `CloudError` (timeout) where the caller's deadline comes
        before the end of the read.
        """
        clock = now or _utc_now
        asked_at = clock()
        with self._lock:
            kept = self._kept.get(scope)
        # A clock that was put back makes an answer look like one of the future.
        if kept is not None and timedelta() <= asked_at - kept.read_at < self._max_age:
            return kept
        return self._reads.share(scope, lambda: self._read(scope, read, clock))

    def forget(self, scope: str) -> None:
        """The next one of this scope asks."""
        with self._lock:
            self._kept.pop(scope, None)

    def forget_all(self) -> None:
        """Nothing is known of any scope."""
        self._forget()

    def _read(self, scope: str, read: Callable[[], T], clock: Callable[[], datetime]) -> Kept[T]:
        kept = Kept(read_at=clock(), value=read())
        with self._lock:
            self._kept[scope] = kept
            self._kept.move_to_end(scope)
            while len(self._kept) > self._most_scopes:
                self._kept.popitem(last=False)
        return kept


def _utc_now() -> datetime:
    return datetime.now(UTC)
