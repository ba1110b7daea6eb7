"""A job: several changes, confirmed together, made one after another by a worker in the background.

What is kept of a job is written down before each step and after it, so that another worker can go on
where one was killed, without doing anything twice.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from vmware_panel.domain.inventory import MoRef
from vmware_panel.domain.outcome import Trouble
from vmware_panel.domain.plans import Refusal


class JobKind(StrEnum):
    CACHE_PURGE = "cache_purge"
    CACHE_MARK = "cache_mark"
    CACHE_SEED = "cache_seed"


class ItemState(StrEnum):
    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    REFUSED = "refused"  # right before it, something spoke against it
    FAILED = "failed"  # tried, and vCenter or OpenStack said no, or did not answer
    UNKNOWN = "unknown"  # sent, and nobody knows what came of it; it is not sent again
    CANCELLED = "cancelled"  # not begun, or cleanly undone, as the job was cancelled


class JobState(StrEnum):
    WAITING = "waiting"
    RUNNING = "running"
    CANCELLING = "cancelling"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that was, or is about to be, sent for an item.

    Written with `sent` False before, and with True (and vCenter's `task`) once it was: a step that
    stands at False after a worker died may or may not have been sent.
    """

    name: str
    sent: bool = False
    task: MoRef | None = None
    note: str = ""  # what another worker needs in order to go on, e.g. the staging folder's path


@dataclass(frozen=True, slots=True)
class JobItem:
    """`key` is what is changed (a path, say), unique in its job; `title` its name for people.

    `about` is what the work needs to know of it, as texts. `progress_percent` is of the step that
    runs. `size_bytes` is what the plan expected; `done_bytes` what it came to.
    """

    key: str
    title: str
    about: Mapping[str, str] = field(default_factory=dict, hash=False)
    size_bytes: int | None = None
    state: ItemState = ItemState.WAITING
    steps: tuple[Step, ...] = ()
    progress_percent: int | None = None
    done_bytes: int | None = None
    refusals: tuple[Refusal, ...] = ()
    trouble: Trouble | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    attempts: int = 0  # how many workers have begun it, the present one included

    @property
    def ended(self) -> bool:
        return self.state not in (ItemState.WAITING, ItemState.RUNNING)


@dataclass(frozen=True, slots=True)
class Asker:
    """Who confirmed it, for the audit lines; holds no secret."""

    user_name: str
    user_id: str
    project_id: str = ""
    region: str = ""
    address: str = ""


@dataclass(frozen=True, slots=True)
class Job:
    """`dry_run`: every check is made and nothing is sent.

    `options` are what the work needs to know besides its items, as texts. `worker` is who runs it,
    `beat_at` that worker's last sign of life.
    """

    id: str
    kind: JobKind
    vcenter: str
    title: str
    asker: Asker
    created_at: datetime
    items: tuple[JobItem, ...]
    options: Mapping[str, str] = field(default_factory=dict, hash=False)
    dry_run: bool = False
    state: JobState = JobState.WAITING
    worker: str = ""
    beat_at: datetime | None = None
    ended_at: datetime | None = None

    def count(self, state: ItemState) -> int:
        return sum(item.state is state for item in self.items)

    @property
    def counts(self) -> Mapping[ItemState, int]:
        """How many items are in each state; those in which none is are left out."""
        return {state: count for state in ItemState if (count := self.count(state))}

    @property
    def done(self) -> int:
        """Items that have come to an end, whichever."""
        return sum(item.ended for item in self.items)


@dataclass(frozen=True, slots=True)
class Summary:
    """A job as a list shows it: `job` comes without its items."""

    job: Job
    counts: Mapping[ItemState, int] = field(default_factory=dict)

    @property
    def items(self) -> int:
        return sum(self.counts.values())

    @property
    def done(self) -> int:
        """Items that have come to an end, whichever."""
        return self.items - sum(
            self.counts.get(state, 0) for state in (ItemState.WAITING, ItemState.RUNNING)
        )
