"""How long to leave a vCenter alone after it failed, and when to say so in the log."""

import logging
import random
import threading
import time
from collections.abc import Callable

from vmware_panel.domain.outcome import TroubleKind
from vmware_panel.vsphere.errors import VSphereError

LOG = logging.getLogger(__name__)

Clock = Callable[[], float]
Jitter = Callable[[], float]  # 0.0 up to 1.0

# Seconds by failure in a row; the last one stays. vCenter's SSO locks an account after five
# refused logins within three minutes, and every process of a deployment counts towards them.
_STEPS_S: dict[TroubleKind, tuple[float, ...]] = {
    TroubleKind.LOGIN: (60.0, 180.0, 600.0, 900.0),
    TroubleKind.FORBIDDEN: (60.0, 180.0, 600.0, 900.0),  # a login without any right
    TroubleKind.SESSION: (5.0, 15.0, 30.0, 60.0),  # each try leaves a session behind at vCenter
    TroubleKind.OVERLOADED: (0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 30.0),
}
_DEFAULT_STEPS_S = (1.0, 2.0, 4.0, 5.0)

_RELIST_STEPS_S = (0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 30.0)
_HEALTHY_S = 120.0

_STEADY = (TroubleKind.LOGIN, TroubleKind.FORBIDDEN)  # waits for these are never shortened

system_jitter: Jitter = random.SystemRandom().random


class Gate:
    """Keeps callers away from a vCenter that could not be connected to or refused the login.

    While it is shut, `admit` raises the error that shut it, at once. When its time is over one
    caller is let through to try, and the others still get the error until that one is back.
    """

    def __init__(self, clock: Clock = time.monotonic, jitter: Jitter = system_jitter) -> None:
        self._clock = clock
        self._jitter = jitter
        self._lock = threading.Lock()
        self._error: VSphereError | None = None
        self._failures = 0
        self._shuts = 0
        self._opens_at_s = 0.0

    @property
    def error(self) -> VSphereError | None:
        """What shut the gate, or None while it stands open."""
        with self._lock:
            return self._error

    @property
    def shuts(self) -> int:
        """How often it was shut so far. As long as that stays, who was let through still is."""
        with self._lock:
            return self._shuts

    def admit(self, trial_s: float) -> int:
        """Lets the caller through and returns `shuts`, or raises a copy of the error.

        While the caller of a shut gate tries, for `trial_s` at most, the others wait outside.
        """
        with self._lock:
            if self._error is None:
                return self._shuts
            now_s = self._clock()
            if now_s >= self._opens_at_s:
                self._opens_at_s = now_s + trial_s
                return self._shuts
            error = again(self._error)
        raise error

    def shut(self, error: VSphereError) -> None:
        steps = _STEPS_S.get(error.kind, _DEFAULT_STEPS_S)
        with self._lock:
            if self._error is None or self._error.kind != error.kind:
                self._failures = 0
            step_s = steps[min(self._failures, len(steps) - 1)]
            if error.kind not in _STEADY:
                step_s *= 0.5 + 0.5 * self._jitter()
            self._failures += 1
            self._shuts += 1
            self._error = again(error)
            self._opens_at_s = self._clock() + step_s

    def open(self, *, unless: TroubleKind | None = None) -> None:
        """Everybody may pass; `unless` it was shut by trouble of that kind."""
        with self._lock:
            if self._error is not None and self._error.kind is not unless:
                self._error = None
                self._failures = 0


class Backoff:
    """How long the one who keeps a list current leaves vCenter alone after each failure in a row.

    From 0.8 s to 30 s, as client-go's reflector does; a refused login waits as long as at the gate.
    Two healthy minutes and it begins anew.
    """

    def __init__(
        self,
        clock: Clock = time.monotonic,
        jitter: Jitter = system_jitter,
        steps_s: tuple[float, ...] = _RELIST_STEPS_S,
    ) -> None:
        self._clock = clock
        self._jitter = jitter
        self._steps_s = steps_s
        self._failures = 0
        self._healthy_since_s: float | None = None

    def failed(self, kind: TroubleKind) -> float:
        """Seconds to wait now."""
        self._healthy_since_s = None
        steady = kind in _STEADY
        steps = _STEPS_S[kind] if steady else self._steps_s
        step_s = steps[min(self._failures, len(steps) - 1)]
        self._failures += 1
        return step_s if steady else step_s * (0.5 + 0.5 * self._jitter())

    def healthy(self) -> None:
        now_s = self._clock()
        if self._healthy_since_s is None:
            self._healthy_since_s = now_s
        elif now_s - self._healthy_since_s >= _HEALTHY_S:
            self._failures = 0


def again(error: VSphereError) -> VSphereError:
    """The same trouble as a new exception, free of the traceback of the first."""
    return VSphereError(
        error.kind,
        error.detail,
        source=error.trouble.source,
        missing_privilege=error.trouble.missing_privilege,
    )


_OUTAGES = frozenset(TroubleKind) - {TroubleKind.NOT_FOUND, TroubleKind.FORBIDDEN}


class HealthLog:
    """One line when a vCenter begins to fail, one when the reason changes, one when it is back."""

    def __init__(self, name: str, *, every_kind: bool = False) -> None:
        """What is merely not there or not allowed is no outage, unless `every_kind` is."""
        self._name = name
        self._kinds = frozenset(TroubleKind) if every_kind else _OUTAGES
        self._lock = threading.Lock()
        self._failing: TroubleKind | None = None

    def failed(self, error: VSphereError) -> None:
        if error.kind not in self._kinds:
            return
        with self._lock:
            news, self._failing = self._failing is not error.kind, error.kind
        if news:
            LOG.warning("vCenter %s: %s: %s", self._name, error.kind, error.detail)

    def answered(self) -> None:
        with self._lock:
            news, self._failing = self._failing is not None, None
        if news:
            LOG.info("vCenter %s answers again", self._name)
