"""The answer of a source that may be down: what it said, or in which way it failed.

A page asks several sources. Each answers with an `Outcome`, so that one that is down takes down
its own part of the page and nothing else.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from vmware_panel.domain.details import Detail

T = TypeVar("T")


class TroubleKind(StrEnum):
    """Why a source gave no answer. The views turn each into words, once."""

    UNREACHABLE = "unreachable"  # no route, refused, name not found, connection lost
    TIMEOUT = "timeout"  # the deadline passed
    CERTIFICATE = "certificate"  # TLS: wrong CA, wrong host name, expired
    LOGIN = "login"  # user or password refused
    SESSION = "session"  # logged out, and logging in again did not help
    FORBIDDEN = "forbidden"  # logged in, the right is missing
    NOT_FOUND = "not_found"  # the thing asked for is not there
    INACCESSIBLE = "inaccessible"  # it is there and of no use just now: a datastore, above all
    OVERLOADED = "overloaded"  # 503, too many sessions or requests
    BAD_ANSWER = "bad_answer"  # an answer that cannot be read, or a fault of the server's own
    CONFIGURATION = "configuration"  # the settings do not allow to ask at all
    NOT_YET = "not_yet"  # the first list of a collector is not through
    NO_COLLECTOR = "no_collector"  # none has begun, or it gives no sign of life


@dataclass(frozen=True, slots=True)
class Trouble:
    """One failure of one source.

    `source` names who failed: `nova`, `glance`, `cinder`, `placement`, or a vCenter by its name in
    the settings. `detail` is a short English remark for logs and for `vmware_check`; it never holds
    a secret, and pages show it as what it is, a remark of the log. `missing_privilege` is vCenter's id
    of the right, if it named one. `remarks` are what pages say instead of `detail`, in words.
    """

    source: str
    kind: TroubleKind
    detail: str = ""
    missing_privilege: str = ""
    remarks: tuple[Detail, ...] = ()


def told(source: str, kind: TroubleKind, *remarks: Detail) -> Trouble:
    """A trouble whose detail has words; the log has the code."""
    return Trouble(source, kind, "; ".join(map(str, remarks)), remarks=remarks)


@dataclass(frozen=True, slots=True)
class Outcome(Generic[T]):
    """Either a value or the trouble that kept it away; with both, the value is incomplete."""

    value: T | None = None
    trouble: Trouble | None = None

    @property
    def ok(self) -> bool:
        """True if the value is there and whole."""
        return self.trouble is None and self.value is not None


class SourceError(Exception):
    """A source gave no answer. The adapters raise kinds of their own, each with its `trouble`.

    `unanswered`: a change was sent, and nobody knows whether it was made.
    """

    unanswered = False

    def __init__(self, trouble: Trouble) -> None:
        detail = f": {trouble.detail}" if trouble.detail else ""
        super().__init__(f"{trouble.source}: {trouble.kind.value}{detail}")
        self.trouble = trouble
