"""One login session to one vCenter, shared by all threads of a process.

Only reads go through `Session.read`: what it runs may run twice, after a new login or on a new
connection. Changes go through `Session.change`, and are sent once. There is no keep-alive: an idle session ends at vCenter (30 to 120 minutes), and the
next read logs in again. A collector that polls keeps its session alive by polling.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from vmware_panel.domain.inventory import VCenter
from vmware_panel.domain.outcome import TroubleKind
from vmware_panel.vsphere.backoff import Clock, Gate, HealthLog, Jitter, system_jitter
from vmware_panel.vsphere.before_sending import ask_before_sending
from vmware_panel.vsphere.calls import CallCounter
from vmware_panel.vsphere.deadlines import Deadline, current_deadline, within
from vmware_panel.vsphere.endpoint import Endpoint
from vmware_panel.vsphere.errors import (
    CallCancelled,
    CannotConnect,
    ConnectionLost,
    SessionLost,
    Unanswered,
    VSphereError,
)
from vmware_panel.vsphere.login import Connected, greet, log_in, log_out, password_digest

T = TypeVar("T")

LOG_OUT_TIMEOUT_S = 2.0
TRIAL_S = 5.0


class Session:
    """Logs in when first needed, once however many threads ask, and again when it must.

    `calls` counts everything sent to this vCenter since the session object was made.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        clock: Clock = time.monotonic,
        jitter: Jitter = system_jitter,
    ) -> None:
        self.calls = CallCounter()
        self._endpoint = endpoint
        self._gate = Gate(clock, jitter)
        self._health = HealthLog(endpoint.name)
        self._login_lock = threading.Lock()  # held while logging in
        self._state_lock = threading.Lock()  # held for a moment
        self._connected: Connected | None = None
        self._refused_digest: bytes | None = None
        self._closed = False

    def use_password_of(self, endpoint: Endpoint) -> None:
        """Takes the password's source of an endpoint that is otherwise the same."""
        self._endpoint = replace(self._endpoint, password=endpoint.password)

    def read(self, work: Callable[[Connected], T], timeout_s: float) -> T:
        """Runs a read as a whole within `timeout_s`, login and repetition included.

        `work` runs a second time, and no third, if vCenter had lost the session or the connection
        broke. Raises `VSphereError`.
        """
        with within(Deadline(timeout_s)):
            try:
                result = self._read_twice_at_most(work)
            except VSphereError as error:
                self._health.failed(error)
                raise
        self._gate.open()
        self._health.answered()
        return result

    def once(self, work: Callable[[Connected], T], deadline: Deadline) -> T:
        """Runs one step of something longer until then, login included, and never again.

        What the step stands on may have gone with the session: after `SessionLost` the next step
        finds another `Connected`. Says nothing in the log. Raises `VSphereError`.
        """
        with within(deadline):
            connected, _ = self._ensure_connected()
            try:
                result = self._run(work, connected)
            except SessionLost:
                self._forget(connected)
                raise
        self._gate.open()
        return result

    def change(self, work: Callable[[Connected], T], timeout_s: float) -> T:
        """Runs one call that changes something, login included, and never again.

        Right before, it asks what `before_sending` has it ask. Raises `VSphereError`: with a `fault` where vCenter has refused it, `CannotConnect` where it
        was not sent, and `Unanswered` where nobody knows.
        """
        with within(Deadline(timeout_s)):
            connected, _ = self._ensure_connected()
            ask_before_sending()
            try:
                result = self._run(work, connected)
            except SessionLost:
                self._forget(connected)
                raise
            except CannotConnect:
                raise
            except VSphereError as error:
                if error.fault:
                    raise
                raise Unanswered(error.kind, error.detail, source=error.trouble.source) from error
        self._gate.open()
        return result

    @property
    def vcenter(self) -> VCenter | None:
        """Who answered the last login; None where nobody is logged in. Asks nobody."""
        connected = self._connected
        return connected.vcenter if connected else None

    def close(self) -> None:
        """Logs out. The session object is of no further use."""
        with self._state_lock:
            self._closed = True
            connected, self._connected = self._connected, None
        if connected is not None:
            with within(Deadline(LOG_OUT_TIMEOUT_S)):
                log_out(connected)

    def _read_twice_at_most(self, work: Callable[[Connected], T]) -> T:
        connected, shuts = self._ensure_connected()
        try:
            return self._run(work, connected)
        except SessionLost:
            self._forget(connected)
        except ConnectionLost:
            pass
        connected, _ = self._ensure_connected(shuts)
        try:
            return self._run(work, connected)
        except SessionLost as error:
            self._forget(connected)
            self._gate.shut(error)
            raise

    def _run(self, work: Callable[[Connected], T], connected: Connected) -> T:
        try:
            return work(connected)
        except CannotConnect as error:
            self._gate.shut(error)
            raise
        except SessionLost:
            self._answered()
            raise
        except (ConnectionLost, CallCancelled):
            raise
        except VSphereError as error:
            if error.kind is not TroubleKind.TIMEOUT:
                self._gate.open()  # an answer, if not the one hoped for
            raise

    def _ensure_connected(self, passed: int | None = None) -> tuple[Connected, int]:
        """What to read by, and what the gate gave for it; `passed` is what it gave before, to
        one who comes again: that one need not pass again, unless it was shut meanwhile.
        """
        shuts = self._pass_gate() if passed is None else passed
        connected = self._connected
        if connected is not None:
            return connected, shuts
        if not self._login_lock.acquire(timeout=self._time_left_s()):
            raise self._timeout("another login is still under way")
        try:
            connected = self._connected
            if connected is None:
                if self._gate.shuts != shuts:  # it failed for the one before
                    shuts = self._pass_gate()
                connected = self._log_in()
            return connected, shuts
        finally:
            self._login_lock.release()

    def _log_in(self) -> Connected:
        endpoint = self._endpoint
        try:
            connected = greet(endpoint, self.calls)
            try:
                log_in(endpoint, connected)
            except VSphereError:
                connected.channel.retire()
                raise
        except VSphereError as error:
            if isinstance(error, CallCancelled):
                raise
            if error.kind is TroubleKind.LOGIN:
                self._refused_digest = password_digest(endpoint)
            self._gate.shut(error)
            raise
        with self._state_lock:
            if not self._closed:
                self._connected = connected
        if self._closed:
            log_out(connected)
            raise VSphereError(
                TroubleKind.CONFIGURATION, "its settings have changed", source=endpoint.name
            )
        self._answered()
        return connected

    def _answered(self) -> None:
        """Who answers a login or refuses a session can be asked. Whether a session is worth
        anything, only a read shows.
        """
        self._gate.open(unless=TroubleKind.SESSION)

    def _pass_gate(self) -> int:
        error = self._gate.error
        if error is not None and error.kind is TroubleKind.LOGIN:
            if password_digest(self._endpoint) != self._refused_digest:
                self._gate.open()
        return self._gate.admit(TRIAL_S)

    def _forget(self, stale: Connected) -> None:
        """The next read logs in, unless another thread already did."""
        with self._state_lock:
            if self._connected is stale:
                self._connected = None
        stale.channel.retire()

    def _time_left_s(self) -> float:
        try:
            return current_deadline().remaining_s()
        except TimeoutError:
            pass
        raise self._timeout("no time left to log in")

    def _timeout(self, detail: str) -> VSphereError:
        return VSphereError(TroubleKind.TIMEOUT, detail, source=self._endpoint.name)
