"""Jobs, as the panels begin them and look at them."""

import logging
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from django.http import HttpRequest

from vmware_panel.api.changing import Made
from vmware_panel.api.context import access_of, vcenters_of
from vmware_panel.audit import asker_of
from vmware_panel.config import get_config
from vmware_panel.domain.inventory import MoRef
from vmware_panel.domain.jobs import Job, JobItem, JobKind, JobState, Summary
from vmware_panel.domain.outcome import Trouble
from vmware_panel.domain.plans import ChangeKind, Plan, Refusal, RefusalKind
from vmware_panel.jobs.backends import worker_command
from vmware_panel.jobs.journal import JournalError
from vmware_panel.jobs.journals import journal
from vmware_panel.jobs.sealing import seal
from vmware_panel.jobs.tasks import asked_queue, see_to_backend
from vmware_panel.jobs.watcher import hand_over, watcher

LOG = logging.getLogger(__name__)


def begin(
    request: HttpRequest,
    kind: JobKind,
    vcenter: str,
    title: str,
    items: Sequence[JobItem],
    options: Mapping[str, str] | None = None,
    dry_run: bool = False,
) -> str:
    """Writes a new job down and hands it to the workers; its id.

    The policy has been asked, and the plan confirmed. `items` have keys of their own. The asker's
    token is kept, encrypted, until the job ends. Raises `JournalError` (a `SourceError`: nothing was
    begun; so too where the settings name a backend that cannot work at it), `ConfigError`.
    """
    if len({item.key for item in items}) != len(items):
        raise ValueError("two items of a job have the same key")
    job = Job(
        id=secrets.token_hex(8),
        kind=kind,
        vcenter=vcenter,
        title=title,
        asker=asker_of(request),
        created_at=datetime.now(UTC),
        items=tuple(items),
        options=dict(options or {}),
        dry_run=dry_run,
    )
    see_to_backend()
    kept = journal()
    watcher.ensure()
    kept.add(job, seal(access_of(request), _expires_at(request.user)))
    try:
        kept.prune(timedelta(days=get_config().jobs.keep_days))
        hand_over(kept, job.id)
    except JournalError as error:
        # It is written down: a watcher hands it over again.
        LOG.warning("Job %s was not handed to a worker yet: %s", job.id, error.trouble.detail)
    return job.id


def _expires_at(user: Any) -> datetime | None:
    """When the token of the one who asks ends; None where that is not known."""
    expires = getattr(getattr(user, "token", None), "expires", None)
    if not isinstance(expires, datetime):
        return None
    return expires if expires.tzinfo else expires.replace(tzinfo=UTC)


def summaries(request: HttpRequest) -> tuple[Summary, ...]:
    """The jobs of the region's vCenters, everybody's, newest first.

    Raises `JournalError`, `ConfigError`.
    """
    watcher.ensure()
    ours = _vcenters(request)
    return tuple(s for s in journal().summaries() if s.job.vcenter in ours)


def job(request: HttpRequest, job_id: str) -> Job | None:
    """One of them, with its items. Raises `JournalError`, `ConfigError`."""
    watcher.ensure()
    found = journal().read(job_id)
    return found if found is not None and found.vcenter in _vcenters(request) else None


@dataclass(frozen=True, slots=True)
class Waiting:
    """Why nobody works at a job just now. `since`: its begin, or the last sign of life of a worker.

    `backend` is the key in `TASKS`, None for threads of the web processes; `worker` the command that
    starts a worker, empty where it is not known. `queued`: whether the queue still has it, None
    where it cannot tell; `trouble` is why it could not be asked, or cannot be used.
    """

    since: datetime
    backend: str | None
    worker: str = ""
    queued: bool | None = None
    trouble: Trouble | None = None


def waiting(job: Job) -> Waiting | None:
    """None while a worker is at it. Asks the queue. Raises `JournalError`, `ConfigError`."""
    idle = job.state is JobState.WAITING
    if job.state is JobState.CANCELLING:
        idle = job.id in journal().idle()
    if not idle:
        return None
    alias = get_config().jobs.backend
    since = job.beat_at or job.created_at
    if alias is None:
        return Waiting(since, None)
    found = Waiting(since, alias, worker_command(alias))
    try:
        see_to_backend()
        return replace(found, queued=asked_queue(journal().enqueued_as(job.id)))
    except JournalError as error:
        return replace(found, trouble=error.trouble)


def _vcenters(request: HttpRequest) -> frozenset[str]:
    """Those of the region; a job of none of them is OpenStack's alone."""
    return frozenset({"", *(v.name for v in vcenters_of(request))})


@dataclass(frozen=True, kw_only=True)
class CancelPlan(Plan):
    job: Job


def cancel_plan(job: Job) -> CancelPlan:
    refusals: tuple[Refusal, ...] = ()
    if job.state in (JobState.CANCELLING, JobState.ENDED):
        refusals = (Refusal(RefusalKind.ALREADY_SO, job.title),)
    return CancelPlan(
        change=ChangeKind.JOB_CANCEL,
        target=job.title,
        vcenter=job.vcenter,
        refusals=refusals,
        basis=(job.id,),
        job=job,
    )


class CancelJob:
    """What is under way ends, or is undone by its work; the rest is not begun."""

    kind = ChangeKind.JOB_CANCEL

    def __init__(self, job: Job) -> None:
        self.vcenter = job.vcenter
        self.subject = job.id
        self._job = job

    def plan(self) -> Plan:
        found = journal().read(self.subject)
        if found is not None:
            return cancel_plan(found)
        gone = Refusal(RefusalKind.NOT_THERE, self._job.title)
        return replace(cancel_plan(self._job), refusals=(gone,))

    def make(self, plan: Plan) -> Made:
        journal().ask_cancel(self.subject)
        return Made(job=self.subject)

    def follow(self, plan: Plan) -> tuple[MoRef, ...]:
        return ()
