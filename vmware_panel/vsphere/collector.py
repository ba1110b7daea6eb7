"""Keeps one vCenter's inventory current with one watch, and says at any time how that goes.

Everything is read once, and then what changes, as it happens. What is being read afresh takes the
place of what was there in one step, when it is whole; whatever fails meanwhile, what was there
stands and grows old.
"""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol, TypeVar

from vmware_panel.domain.inventory import Inventory, VCenter
from vmware_panel.domain.ledger import Delta, Ledger
from vmware_panel.domain.outcome import TroubleKind
from vmware_panel.domain.snapshot import CollectorState, CollectorStatus
from vmware_panel.domain.usage import Usage
from vmware_panel.vsphere.backoff import Backoff, Clock, HealthLog
from vmware_panel.vsphere.deadlines import Deadline
from vmware_panel.vsphere.errors import (
    CallCancelled,
    ObjectGone,
    SessionLost,
    VSphereError,
    WatchLost,
)
from vmware_panel.vsphere.login import Connected
from vmware_panel.vsphere.session import Session
from vmware_panel.vsphere.updates import ObjectUpdate
from vmware_panel.vsphere.usage_reader import read_usage
from vmware_panel.vsphere.watch import PAGE_SIZE, Watch, delta_of

LOG = logging.getLogger(__name__)

T = TypeVar("T")

MAX_WAIT_S = 10
"""An unchanged inventory is confirmed that often, and a vCenter that is gone noticed."""

PUBLISH_INTERVAL_S = 1.0
"""At most one publication in that time: what happens meanwhile waits at vCenter, as one answer."""

CONFIRM_SESSION_S = 60.0

SAMPLE_INTERVAL_S = 30.0
"""vCenter itself renews what its hosts use every 20 s or so."""

SAMPLE_TIMEOUT_S = 10.0
"""So long at most the changes wait for a sample."""

# The connection or vCenter had a bad moment; the watch may still be there.
_PASSING = frozenset({TroubleKind.UNREACHABLE, TroubleKind.TIMEOUT, TroubleKind.OVERLOADED})


class Sink(Protocol):
    """Where the inventory goes; called from the collector's thread alone. Must not raise."""

    def replace(self, inventory: Inventory, status: CollectorStatus) -> None: ...

    def advance(
        self,
        delta: Delta,
        whole: Callable[[], Inventory],
        confirmed_at: datetime,
        status: CollectorStatus,
    ) -> None: ...

    def beat(self, status: CollectorStatus, confirmed_at: datetime | None) -> None: ...

    def sample(self, usage: Usage) -> None:
        """What hosts and clusters use, beside the book: it moves no version."""


class Timeouts(Protocol):
    """Of one call, and of one page of a list; an `Endpoint` has both."""

    @property
    def read_timeout_s(self) -> float: ...

    @property
    def list_timeout_s(self) -> float: ...


class Collector:
    """Runs in a thread of its own until `stop`; the other methods are for other threads."""

    def __init__(
        self,
        name: str,
        session: Session,
        timeouts: Timeouts,
        sink: Sink,
        *,
        relist_interval_s: float,
        page_size: int = PAGE_SIZE,
        max_wait_s: int = MAX_WAIT_S,
        sample_interval_s: float = SAMPLE_INTERVAL_S,
        clock: Clock = time.monotonic,
        backoff: Backoff | None = None,
    ) -> None:
        self._session = session
        self._timeouts = timeouts
        self._sink = sink
        self._relist_interval_s = relist_interval_s
        self._page_size = page_size
        self._max_wait_s = max_wait_s
        self._sample_interval_s = sample_interval_s
        self._clock = clock
        self._backoff = backoff or Backoff(clock)
        self._health = HealthLog(f"{name}, its inventory", every_kind=True)
        self._stopping = threading.Event()
        self._wake = threading.Event()  # ends the wait after a failure
        self._status = CollectorStatus(CollectorState.STOPPED, datetime.now(UTC))
        self._watch: Watch | None = None
        self._deadline: Deadline | None = None  # of the last step
        self._waiting: Deadline | None = None  # of one that waits for changes
        self._wanted = ""
        self._ledger = Ledger()
        self._vcenter: VCenter | None = None
        self._confirmed_at: datetime | None = None
        self._relist_at_s = 0.0
        self._confirm_session_at_s = 0.0
        self._sample_at_s = 0.0

    @property
    def status(self) -> CollectorStatus:
        return self._status

    def run(self) -> None:
        """Returns after `stop`, with everything taken away at vCenter that was made there."""
        try:
            while not self._stopping.is_set():
                try:
                    self._step()
                except VSphereError as error:
                    self._failed(error)
        finally:
            self._drop_watch()
            self._enter(CollectorState.STOPPED)

    def stop(self) -> None:
        """Asks `run` to return, whatever it waits for; calls under way are given up."""
        self._stopping.set()
        self._wake.set()
        if (deadline := self._deadline) is not None:
            deadline.cut()

    def refresh(self, wanted: str) -> None:
        """Asks for everything to be read afresh. `wanted` is the request's id, which the status
        shows as `refreshed` when that is done; asking again with the same id does no harm.

        While vCenter is left alone after a failure, a new id is a reason to try at once.
        """
        if wanted not in (self._wanted, self._status.refreshed):
            self._wanted = wanted
            self._wake.set()
            if (waiting := self._waiting) is not None:
                waiting.cut()

    # One step

    def _step(self) -> None:
        if self._watch is None:
            self._list()
        elif self._is_asked or self._clock() >= self._relist_at_s:
            self._drop_watch()
        else:
            if self._clock() >= self._sample_at_s and not self._watch_fails:
                self._sample()
            self._follow(self._watch)

    @property
    def _watch_fails(self) -> bool:
        return self._status.state is not CollectorState.WATCHING

    @property
    def _is_asked(self) -> bool:
        return self._wanted != self._status.refreshed

    def _list(self) -> None:
        self._wake.clear()
        wanted = self._wanted
        self._enter(CollectorState.CONNECTING, trouble=self._status.trouble)
        watch = self._once(
            lambda connected: Watch.open(connected, self._page_size), self._timeouts.read_timeout_s
        )
        self._watch = watch
        self._enter(CollectorState.LISTING, expected=len(self._ledger) or None)
        ledger = Ledger()
        more = True
        while more:
            if self._stopping.is_set():
                return
            more = self._take_page(watch, ledger)
            self._say(replace(self._status, listed=len(ledger)))
        # What came about while the pages were read, and whether they were read by us.
        self._take(watch, ledger, 0, Deadline(self._timeouts.read_timeout_s))
        self._once(watch.confirm, self._timeouts.read_timeout_s)
        self._ledger = ledger
        self._relist_at_s = self._clock() + self._relist_interval_s
        self._confirm_session_at_s = self._clock() + CONFIRM_SESSION_S
        self._confirmed_at = now = datetime.now(UTC)
        self._status = CollectorStatus(CollectorState.WATCHING, now, refreshed=wanted)
        self._health.answered()
        self._backoff.healthy()
        self._sink.replace(self._whole(), self._status)

    def _take_page(self, watch: Watch, ledger: Ledger) -> bool:
        """Reads one page of everything; True if there are more."""

        def step(connected: Connected) -> bool:
            page = watch.next(connected, 0)
            if page is None:
                raise WatchLost(
                    TroubleKind.SESSION, "an empty answer", source=connected.vcenter.name
                )
            ledger.apply(delta_of(ledger, page.updates, connected))
            self._vcenter = connected.vcenter
            return page.truncated

        return self._once(step, self._timeouts.list_timeout_s)

    def _follow(self, watch: Watch) -> None:
        deadline = Deadline(self._max_wait_s + self._timeouts.read_timeout_s)
        begun_s = self._clock()
        self._waiting = deadline
        try:
            if self._is_asked:  # too early to have cut this wait short
                return
            delta = self._take(watch, self._ledger, self._max_wait_s, deadline)
        finally:
            self._waiting = None
        # "Nothing new" before its time may also be said to one who is not logged in.
        early = not delta and self._clock() - begun_s < self._max_wait_s / 2
        if early or (not delta and self._clock() >= self._confirm_session_at_s):
            self._once(watch.confirm, self._timeouts.read_timeout_s)
            self._confirm_session_at_s = self._clock() + CONFIRM_SESSION_S
        self._backoff.healthy()
        self._confirmed_at = now = datetime.now(UTC)
        if self._status.state is not CollectorState.WATCHING:
            self._status = self._in_state(CollectorState.WATCHING)
            self._health.answered()
        if delta:
            self._sink.advance(delta, self._whole, now, self._status)
        else:
            self._sink.beat(self._status, now)
        if delta or early:
            self._stopping.wait(PUBLISH_INTERVAL_S)

    def _sample(self) -> None:
        """Between two waits. One that fails is none: what is wrong, the watch will say."""
        self._sample_at_s = self._clock() + self._sample_interval_s
        timeout_s = min(SAMPLE_TIMEOUT_S, self._timeouts.read_timeout_s)
        try:
            usage = self._once(lambda c: read_usage(c, datetime.now(UTC)), timeout_s)
        except VSphereError as error:
            LOG.debug("vCenter %s: no sample: %s", error.trouble.source, error.detail)
        else:
            self._sink.sample(usage)

    def _take(self, watch: Watch, ledger: Ledger, max_wait_s: int, until: Deadline) -> Delta:
        """Brings the ledger up to date, however many answers that takes: with all, or with none."""

        def step(connected: Connected) -> Delta:
            updates: list[ObjectUpdate] = []
            wait_s = max_wait_s
            while (page := watch.next(connected, wait_s)) is not None:
                updates += page.updates
                wait_s = 0
                if not page.truncated:
                    break
            return delta_of(ledger, updates, connected)

        delta = self._by(until, step)
        ledger.apply(delta)
        return delta

    def _once(self, step: Callable[[Connected], T], timeout_s: float) -> T:
        return self._by(Deadline(timeout_s), step)

    def _by(self, deadline: Deadline, step: Callable[[Connected], T]) -> T:
        self._deadline = deadline
        if self._stopping.is_set():  # too early to have cut this deadline short
            deadline.cut()
        return self._session.once(step, deadline)

    def _whole(self) -> Inventory:
        assert self._vcenter is not None and self._confirmed_at is not None  # noqa: S101
        return self._ledger.inventory(self._vcenter, self._confirmed_at)

    # When it fails

    def _failed(self, error: VSphereError) -> None:
        if self._stopping.is_set() or (isinstance(error, CallCancelled) and self._is_asked):
            return
        followed = self._status.state is CollectorState.WATCHING
        watch = self._watch
        if watch is None or not watch.replayable or error.kind not in _PASSING:
            self._drop_watch()
        wait_s = self._backoff.failed(error.kind)
        if followed and isinstance(error, SessionLost | WatchLost | ObjectGone):
            # Sessions end; only when a new one does not come about either, something is wrong.
            LOG.debug("vCenter %s: the watch ended: %s", error.trouble.source, error.detail)
            self._enter(CollectorState.CONNECTING)
        else:
            self._health.failed(error)
            retry_at = datetime.now(UTC) + timedelta(seconds=wait_s)
            self._enter(CollectorState.FAILING, trouble=error.trouble, retry_at=retry_at)
        if not self._stopping.is_set():
            self._wake.wait(wait_s)

    def _drop_watch(self) -> None:
        watch, self._watch = self._watch, None
        if watch is not None:
            watch.close()

    # What it says of itself

    def _enter(self, state: CollectorState, **details: Any) -> None:
        self._say(self._in_state(state, **details))

    def _in_state(self, state: CollectorState, **details: Any) -> CollectorStatus:
        same = state is self._status.state
        since = self._status.since if same else datetime.now(UTC)
        return CollectorStatus(state, since, refreshed=self._status.refreshed, **details)

    def _say(self, status: CollectorStatus) -> None:
        self._status = status
        self._sink.beat(status, None)
