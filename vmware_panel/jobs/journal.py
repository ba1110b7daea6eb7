"""What is kept of jobs, apart from any queue: which there are, who works at one, how far it is.

One worker at a time holds a job's claim, and it alone writes. A claim ends when it is given back,
or when its worker gave no sign of life for `LEASE_S`. A worker that lost its claim finds every
write refused (fencing), and sends nothing: each thing that is sent is written down before.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Protocol

from vmware_panel.domain.jobs import Job, JobItem, Summary
from vmware_panel.domain.outcome import SourceError, Trouble, TroubleKind

SOURCE = "jobs"  # as in Trouble.source; no vCenter may be called so

LEASE_S = 15.0
"""How long the claim of a worker that died keeps the others away."""

BEAT_S = 4.0

MOST_JOBS = 200
"""So many jobs are kept; of older ones, those that have not ended."""


class JournalError(SourceError):
    """The journal gave or took nothing."""

    def __init__(self, kind: TroubleKind, detail: str) -> None:
        super().__init__(Trouble(SOURCE, kind, detail))


class WorkerStopped(Exception):
    """This worker may do nothing more on this job.

    Deliberately no `SourceError`: it is to pass through every work.
    """


class Claim(Protocol):
    """The right to work at one job, for a time. The thread that beats may be another.

    Its writes raise `JournalError`, and `WorkerStopped` where another has the job now.
    """

    job: Job
    """As it was read when the claim was made."""

    def beat(self) -> None:
        """A sign of life, which makes the claim last another `LEASE_S`."""

    def write(self, number: int, item: JobItem) -> None:
        """The item at this place of `job.items`, as it is now; on disk when this returns."""

    def end(self, at: datetime) -> None:
        """The job is over: gives the claim back and forgets the secret."""

    def release(self) -> None:
        """Gives the claim back, if it is still one's own, so that another need not wait."""


class Journal(Protocol):
    """Threads and processes share it. Every method raises `JournalError`."""

    def add(self, job: Job, sealed: bytes | None) -> None:
        """A new job. `sealed` is the asker's access, which no one without the key can read."""

    def summaries(self) -> tuple[Summary, ...]:
        """All jobs, newest first."""

    def read(self, job_id: str) -> Job | None:
        """One whole job; None if it is not there."""

    def idle(self) -> Collection[str]:
        """The ids of jobs that have not ended and at which nobody works just now."""

    def may_enqueue(self, job_id: str, for_s: float) -> bool:
        """True for one who asks, and for nobody else within `for_s` from then on."""

    def enqueued(self, job_id: str, result_id: str) -> None:
        """Under which id the queue knows it."""

    def enqueued_as(self, job_id: str) -> str:
        """That id; empty if there is none."""

    def claim(self, job_id: str, worker: str) -> Claim | None:
        """None if another works at it, if it has ended, or is not there."""

    def sealed(self, job_id: str) -> bytes | None:
        """What `add` was given, while the job lives."""

    def ask_cancel(self, job_id: str) -> None: ...

    def cancel_asked(self, job_id: str) -> bool: ...

    def prune(self, keep: timedelta, most: int = MOST_JOBS) -> int:
        """Drops jobs that ended longer ago, and ended ones behind the newest `most`. How many."""
