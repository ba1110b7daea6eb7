"""How every change is made: planned anew, compared with what was confirmed, sent once, recorded.

    confirmed plan -> one at a time -> a fresh plan -> the same? -> sent once -> audit line

Whoever sends the same form twice, or changes the same thing at the same moment, in whichever process,
gets one change: the shared cache keeps a mark of each. Where only local memory is configured the marks
hold within a process, and vCenter's own list of running tasks has to tell the rest.
"""

import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Protocol

from django.core.cache import BaseCache, caches
from django.http import HttpRequest

from vmware_panel import audit
from vmware_panel.config import get_config
from vmware_panel.domain.inventory import MoRef
from vmware_panel.domain.outcome import SourceError, Trouble, TroubleKind
from vmware_panel.domain.plans import ChangeKind, Plan, Refusal, RefusalKind
from vmware_panel.domain.plans import Refused as Refused  # here as well: `Change.make` raises it

ONE_AT_A_TIME_S = 180
"""Longer than any one change takes to be sent; a process that dies leaves its mark that long."""

SENT_KEEP_S = 24 * 3600

_NOT_SENT = frozenset(
    {
        TroubleKind.UNREACHABLE,
        TroubleKind.TIMEOUT,
        TroubleKind.CERTIFICATE,
        TroubleKind.LOGIN,
        TroubleKind.SESSION,
        TroubleKind.OVERLOADED,
        TroubleKind.CONFIGURATION,
    }
)

DEFAULT_CACHE = "default"
_NONCE = re.compile(r"[0-9a-f]{32}")


class Verdict(StrEnum):
    """How a confirmed change ended, as the audit line names it."""

    MADE = "made"
    REFUSED = "refused"  # the fresh plan, or vCenter or OpenStack, says no
    DIFFERS = "differs"  # the fresh plan is not the one that was confirmed
    UNANSWERED = "unanswered"  # sent, and nobody knows
    FAILED = "failed"  # not sent


@dataclass(frozen=True, slots=True)
class Made:
    """`task` is vCenter's, where the call gave one. `follow` are the objects whose tasks show how
    it goes on: for a change that gave none, and for one whose answer was lost. `left` says of a
    change of several parts which were not made, and why. `job` is the id of the job that makes it.
    """

    task: MoRef | None = None
    follow: tuple[MoRef, ...] = ()
    left: tuple[Refusal, ...] = ()
    job: str = ""


class Change(Protocol):
    """One change of one thing, as one request asks for it.

    `vcenter` is the name in the settings, empty for what is OpenStack's alone; `subject` the id of
    what is changed: two changes with the same two are never made at once.
    """

    kind: ChangeKind
    vcenter: str
    subject: str

    def plan(self) -> Plan:
        """From fresh reads; changes nothing. Raises `SourceError`, `ConfigError`."""

    def make(self, plan: Plan) -> Made:
        """Sends it, once. `plan` was made right before and has no refusals.

        Raises `SourceError`, and `Refused`.
        """

    def follow(self, plan: Plan) -> tuple[MoRef, ...]:
        """Whose tasks to look at, should the answer be lost."""


@dataclass(frozen=True, slots=True)
class Result:
    """`plan` is the fresh one; None if it could not be made, which `trouble` explains.

    `vcenter` is where to follow it, empty for a change that is OpenStack's alone.
    """

    verdict: Verdict
    since: datetime
    plan: Plan | None = None
    made: Made | None = None
    trouble: Trouble | None = None
    vcenter: str = ""


def new_nonce() -> str:
    """Tells one form from another."""
    return secrets.token_hex(16)


def sent_before(nonce: str) -> Result | None:
    """What a form that was sent before has come to, for the one who sends it again."""
    told = _cache().get(_sent_key(nonce)) if _NONCE.fullmatch(nonce) else None
    if not told:
        return None
    task = told["task"] and MoRef(told["task"])
    made = Made(task, tuple(MoRef(m) for m in told["follow"]), job=told.get("job", ""))
    since = datetime.fromisoformat(told["since"])
    return Result(Verdict.MADE, since, made=made, vcenter=told["vcenter"])


def carry_out(request: HttpRequest, change: Change, confirmed: str, nonce: str) -> Result:
    """The one way to a change. `confirmed` is the fingerprint of the plan that was shown.

    Never raises for what a source answers; raises `ConfigError` where the settings cannot be read.
    """
    since = datetime.now(UTC)
    with _alone(change) as hindrance:
        result = hindrance or _planned(change, confirmed, nonce, since)
    _record(request, change, result)
    return result


def _planned(change: Change, confirmed: str, nonce: str, since: datetime) -> Result:
    try:
        plan = change.plan()
    except SourceError as error:
        return Result(Verdict.FAILED, since, trouble=error.trouble)
    if plan.refused:
        return Result(Verdict.REFUSED, since, plan)
    if plan.fingerprint != confirmed or not _NONCE.fullmatch(nonce):
        return Result(Verdict.DIFFERS, since, plan)
    return _make(change, plan, nonce, since)


def _make(change: Change, plan: Plan, nonce: str, since: datetime) -> Result:
    cache = _cache()
    key = _sent_key(nonce)
    if not cache.add(key, {}, SENT_KEEP_S):
        # One that keeps nothing cannot tell either: then it is not sent.
        kind = RefusalKind.SOURCE_DOWN if cache.get(key) is None else RefusalKind.SENT_BEFORE
        subject = "store" if kind is RefusalKind.SOURCE_DOWN else plan.target
        refused = replace(plan, refusals=(Refusal(kind, subject),))
        return Result(Verdict.REFUSED, since, refused)
    try:
        made = change.make(plan)
    except Refused as error:
        cache.delete(key)
        return Result(Verdict.REFUSED, since, replace(plan, refusals=(error.refusal,)))
    except SourceError as error:
        trouble = error.trouble
        if not error.unanswered:
            cache.delete(key)
            verdict = Verdict.FAILED if trouble.kind in _NOT_SENT else Verdict.REFUSED
            return Result(verdict, since, plan, trouble=trouble)
        result = Result(Verdict.UNANSWERED, since, plan, Made(follow=change.follow(plan)), trouble)
    else:
        result = Result(Verdict.MADE, since, plan, made)
    cache.set(key, _told(result), SENT_KEEP_S)
    return result


def _told(result: Result) -> dict[str, Any]:
    made = result.made or Made()
    return {
        "vcenter": result.plan.vcenter if result.plan else "",
        "task": made.task,
        "follow": list(made.follow),
        "job": made.job,
        "since": result.since.isoformat(),
    }


@contextmanager
def _alone(change: Change) -> Iterator[Result | None]:
    """Within it no other change of the same thing is planned or made; else why not."""
    cache = _cache()
    key = f"vmware-panel:changing:{change.vcenter}:{change.subject}".encode().hex()[:240]
    mark = new_nonce()
    if not cache.add(key, mark, ONE_AT_A_TIME_S):
        down = cache.get(key) is None
        refusal = Refusal(
            RefusalKind.SOURCE_DOWN if down else RefusalKind.UNDER_WAY,
            "store" if down else change.subject,
        )
        plan = Plan(
            change=change.kind,
            target=change.subject,
            vcenter=change.vcenter,
            refusals=(refusal,),
        )
        yield Result(Verdict.REFUSED, datetime.now(UTC), plan)
        return
    try:
        yield None
    finally:
        if cache.get(key) == mark:
            cache.delete(key)


def _cache() -> BaseCache:
    return caches[get_config().store.cache or DEFAULT_CACHE]


def _sent_key(nonce: str) -> str:
    return f"vmware-panel:sent:{nonce}"


def _record(request: HttpRequest, change: Change, result: Result) -> None:
    plan = result.plan
    told = (*(plan.refusals if plan else ()), *(result.made.left if result.made else ()))
    reasons = tuple(f"{r.kind} {r.subject} {r.detail}".strip() for r in told)
    audit.record(
        request,
        change.kind.value,
        result.verdict.value,
        vcenter=change.vcenter,
        target=plan.target if plan else "",
        subject=change.subject,
        basis=plan.basis if plan else (),
        reasons=reasons,
        trouble=f"{result.trouble.kind}: {result.trouble.detail}" if result.trouble else "",
        task=result.made.task if result.made else "",
        job=result.made.job if result.made else "",
    )
