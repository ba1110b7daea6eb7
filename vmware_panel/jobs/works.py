"""What a kind of job does with one item, as the runner asks it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from django.utils.module_loading import import_string

from vmware_panel.domain.inventory import MoRef
from vmware_panel.domain.jobs import ItemState, Job, JobItem, JobKind
from vmware_panel.domain.outcome import Trouble, TroubleKind
from vmware_panel.domain.plans import Refusal, RefusalKind, Refused
from vmware_panel.openstack.access import Access

WORKS: dict[JobKind, str] = {
    JobKind.CACHE_PURGE: "vmware_panel.api.purging.PurgeWork",
    JobKind.CACHE_MARK: "vmware_panel.api.purging.MarkWork",
    JobKind.CACHE_SEED: "vmware_panel.api.seed_work.SeedWork",
}
"""Where each kind's work is: what is called with the `Job` and gives a `Work`."""


PASSING = frozenset(
    {
        TroubleKind.UNREACHABLE,
        TroubleKind.TIMEOUT,
        TroubleKind.SESSION,
        TroubleKind.OVERLOADED,
    }
)
"""Troubles of a source that is asked again: it may answer in a moment."""


@dataclass(frozen=True, slots=True)
class Ended:
    """What an item has come to. `state` is none of `WAITING` and `RUNNING`."""

    state: ItemState
    refusals: tuple[Refusal, ...] = ()
    trouble: Trouble | None = None
    done_bytes: int | None = None


class Report(Protocol):
    """What the work of an item tells, and may ask. Used by one thread.

    Every method but `asker_access` raises `WorkerStopped` where this worker may do nothing more on
    the job: let it pass. Another worker goes on from what is written.
    """

    def about_to(self, step: str, note: str = "") -> None:
        """Right before something is sent: it is on disk when this returns, and only then may it be
        sent. `note` is what another worker needs to go on, such as the path of a staging folder.

        Raises `RuntimeError` in a dry run.
        """

    def sent(self, task: MoRef | None = None) -> None:
        """Right after: what the last `about_to` named was sent, and vCenter made this task of it."""

    def still_ours(self) -> None:
        """Asks the journal whether this worker may still send: at the last moment before it does."""

    def progress(self, percent: int | None) -> None:
        """How far the step is that runs; as often as one likes."""

    def cancelled(self) -> bool:
        """True once somebody asked for the job's end. What is under way may be finished or undone."""

    def pause(self, seconds: float) -> None:
        """Waits."""

    def asker_access(self) -> Access | None:
        """OpenStack in the name of the one who confirmed the job.

        None if there is none any more: the token has expired, or SECRET_KEY is another.
        """


class Work(Protocol):
    """Of one job; made anew by each worker, with the `Job`, and closed by it.

    Every remote call has a deadline. What is sent stands between `about_to` and `sent`, and is sent
    once, right after `still_ours` (see `api.fencing`). Each method raises `Refused` (the item is then refused), `SourceError` (then it has failed;
    where `unanswered`, it is unknown what came of it) and lets `WorkerStopped` pass.
    """

    def do(self, item: JobItem, report: Report) -> Ended:
        """The whole item: checks by fresh reads, then sends. `item.steps` may hold what a worker
        before has done for it, if `settle` gave None.
        """

    def settle(self, item: JobItem, report: Report) -> Ended | None:
        """A worker that died had begun it, and `item.steps` says how far it came: find out what
        came of it, and bring it to its end. A step with `sent` False may have been sent or not.

        None: fresh reads prove that `do` may be called now without doing anything twice.
        """

    def close(self) -> None: ...


def work_of(job: Job) -> Work:
    """Raises `SourceError`, `ConfigError`."""
    make: Callable[[Job], Work] = import_string(works()[job.kind])
    return make(job)


def works() -> Mapping[JobKind, str]:
    return WORKS


def required_access(report: Report) -> Access:
    """Raises `Refused` where nobody can be asked in the asker's name any more."""
    access = report.asker_access()
    if access is None:
        raise Refused(Refusal(RefusalKind.TOKEN_EXPIRED, "keystone"))
    return access
