"""One worker's way through one job: its items in order, each written down before and after.

    claim -> for each item that has not ended: settle what a worker before had begun, or do it -> end

A worker may die anywhere. What it was about to send then stands in the journal, and the next one asks
the work what came of it (`Work.settle`); nothing is sent a second time by itself.
"""

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime

from vmware_panel import audit
from vmware_panel.config import ConfigError
from vmware_panel.domain.details import Detail, DetailKind
from vmware_panel.domain.jobs import ItemState, Job, JobItem
from vmware_panel.domain.outcome import SourceError, Trouble, TroubleKind, told
from vmware_panel.domain.plans import Refused
from vmware_panel.jobs.journal import (
    BEAT_S,
    LEASE_S,
    SOURCE,
    Claim,
    Journal,
    JournalError,
    WorkerStopped,
)
from vmware_panel.jobs.report import ClaimReport
from vmware_panel.jobs.works import PASSING, Ended, Work, work_of

LOG = logging.getLogger(__name__)

LOOK_S = 0.5

MOST_ATTEMPTS = 5
"""An item that as many workers have begun and none has ended breaks them: it is left alone."""

SETTLE_PATIENCE_S = 120.0
SETTLE_RETRY_S = 5.0
"""A source that does not answer is asked again for so long what came of a step; then it is unknown."""


def run(
    journal: Journal, job_id: str, worker: str, stopping: threading.Event | None = None
) -> bool:
    """Works at the job until it has ended, `stopping` is set, or another has taken it over.

    False if there was nothing for this worker to do. Raises `JournalError` where the journal cannot
    say whether there is; and what a work raises by a fault of the program, with the claim given
    back.
    """
    claim = journal.claim(job_id, worker)
    if claim is None:
        return False
    stop = stopping or threading.Event()
    LOG.info("Job %s: %s works at it", job_id, worker)
    try:
        with _beating(claim, stop) as ending:
            _items(journal, claim, ending)
            claim.end(datetime.now(UTC))
        LOG.info("Job %s has ended", job_id)
    except (WorkerStopped, JournalError) as error:
        LOG.warning("Job %s: %s no longer works at it: %r", job_id, worker, error)
    finally:
        with suppress(JournalError):
            claim.release()
    return True


def _items(journal: Journal, claim: Claim, stopping: threading.Event) -> None:
    job = claim.job
    left = [(number, item) for number, item in enumerate(job.items) if not item.ended]
    if not left:
        return
    try:
        work = work_of(job)
    except (SourceError, ConfigError) as error:
        for number, item in left:
            report = ClaimReport(journal, claim, number, item, stopping)
            _end(job, report, _without_work(item, job, error))
        return
    with closing(work):
        for number, item in left:
            _item(work, job, ClaimReport(journal, claim, number, item, stopping))


def _item(work: Work, job: Job, report: ClaimReport) -> None:
    item = report.item
    begun = item.state is ItemState.RUNNING and bool(item.steps)
    if not begun and report.cancelled():
        _end(job, report, Ended(ItemState.CANCELLED))
        return
    if item.attempts >= MOST_ATTEMPTS:
        trouble = told(
            SOURCE,
            TroubleKind.BAD_ANSWER,
            Detail(DetailKind.WORKERS_DIED, (str(item.attempts),)),
        )
        state = ItemState.UNKNOWN if begun else ItemState.FAILED
        _end(job, report, Ended(state, trouble=trouble))
        return
    started = item.started_at or datetime.now(UTC)
    running = replace(
        item, state=ItemState.RUNNING, started_at=started, attempts=item.attempts + 1
    )
    report.write(running)
    ended = _settled(work, running, report) if begun else None
    _end(job, report, ended or _done(work, report))


def _settled(work: Work, item: JobItem, report: ClaimReport) -> Ended | None:
    waited_s = 0.0
    while True:
        try:
            return work.settle(item, report)
        except Refused as error:
            return Ended(ItemState.REFUSED, (error.refusal,))
        except SourceError as error:
            passing = error.trouble.kind in PASSING and not error.unanswered
            if not passing or waited_s >= SETTLE_PATIENCE_S:
                return Ended(ItemState.UNKNOWN, trouble=error.trouble)
        report.pause(SETTLE_RETRY_S)
        waited_s += SETTLE_RETRY_S


def _done(work: Work, report: ClaimReport) -> Ended:
    try:
        return work.do(report.item, report)
    except Refused as error:
        return Ended(ItemState.REFUSED, (error.refusal,))
    except SourceError as error:
        state = ItemState.UNKNOWN if error.unanswered else ItemState.FAILED
        return Ended(state, trouble=error.trouble)


def _without_work(item: JobItem, job: Job, error: SourceError | ConfigError) -> Ended:
    if isinstance(error, SourceError):
        trouble = error.trouble
    else:
        trouble = Trouble(job.vcenter or SOURCE, TroubleKind.CONFIGURATION)
    return Ended(ItemState.UNKNOWN if item.steps else ItemState.FAILED, trouble=trouble)


def _end(job: Job, report: ClaimReport, ended: Ended) -> None:
    """The line comes first: one that is there twice is better than none."""
    item = replace(
        report.item,
        state=ended.state,
        refusals=ended.refusals,
        trouble=ended.trouble,
        done_bytes=ended.done_bytes,
        progress_percent=None,
        ended_at=datetime.now(UTC),
    )
    audit.record_for(
        job.asker,
        job.kind.value,
        item.state.value,
        job=job.id,
        dry_run="yes" if job.dry_run else "",
        vcenter=job.vcenter,
        target=item.title,
        subject=item.key,
        reasons=tuple(f"{r.kind} {r.subject} {r.detail}".strip() for r in item.refusals),
        trouble=f"{item.trouble.kind}: {item.trouble.detail}" if item.trouble else "",
        task=tuple(step.task for step in item.steps if step.task),
        bytes="" if item.done_bytes is None else item.done_bytes,
    )
    report.write(item)


@contextmanager
def _beating(claim: Claim, stopping: threading.Event) -> Iterator[threading.Event]:
    """Gives signs of life beside the work. The event it gives is set when `stopping` is, or when
    the claim may be another's: by this process's own clock, whatever the journal says.
    """
    ending = threading.Event()
    over = threading.Event()

    def beat() -> None:
        sure_s = time.monotonic()
        while not over.wait(LOOK_S) and not stopping.is_set():
            asked_s = time.monotonic()
            if asked_s < sure_s + BEAT_S:
                continue
            try:
                claim.beat()
            except WorkerStopped:
                break
            except JournalError:
                if time.monotonic() > sure_s + LEASE_S - BEAT_S:
                    break
            else:
                sure_s = asked_s
        ending.set()

    thread = threading.Thread(target=beat, name=f"vmware-job-{claim.job.id}", daemon=True)
    thread.start()
    try:
        yield ending
    finally:
        over.set()
        thread.join()
