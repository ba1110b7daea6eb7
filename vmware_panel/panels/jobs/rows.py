"""Jobs, and the items of one, as rows. `None` is unknown and `""` nothing, as everywhere in a list."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from vmware_panel.domain.jobs import ItemState, JobItem, JobState, Summary
from vmware_panel.wording import (
    item_line,
    item_reasons,
    item_step,
    job_kind,
    job_line,
    job_state,
)


@dataclass(frozen=True)
class JobRow:
    summary: Summary

    @property
    def id(self) -> str:
        return self.summary.job.id

    @property
    def title(self) -> str:
        return self.summary.job.title

    @cached_property
    def kind(self) -> str:
        job = self.summary.job
        return job_kind(job.kind, dry_run=job.dry_run)

    @property
    def raw_kind(self) -> str:
        return self.summary.job.kind.value

    @property
    def dry_run(self) -> bool:
        return self.summary.job.dry_run

    @property
    def vcenter(self) -> str:
        return self.summary.job.vcenter

    @property
    def user(self) -> str:
        return self.summary.job.asker.user_name

    @property
    def created_at(self) -> datetime:
        return self.summary.job.created_at

    @property
    def ended_at(self) -> datetime | str:
        """Nothing while it has not."""
        return self.summary.job.ended_at or ""

    @cached_property
    def state(self) -> str:
        return job_state(self.summary.job.state)

    @property
    def raw_state(self) -> str:
        return self.summary.job.state.value

    @property
    def under_way(self) -> bool:
        return self.summary.job.state is not JobState.ENDED

    @property
    def line(self) -> str:
        return job_line(self.summary)

    @property
    def items(self) -> int:
        return self.summary.items

    @property
    def ended(self) -> int:
        return self.summary.done

    def _count(self, state: ItemState) -> int:
        return self.summary.counts.get(state, 0)

    @property
    def done(self) -> int:
        return self._count(ItemState.DONE)

    @property
    def refused(self) -> int:
        return self._count(ItemState.REFUSED)

    @property
    def failed(self) -> int:
        return self._count(ItemState.FAILED)

    @property
    def unknown(self) -> int:
        return self._count(ItemState.UNKNOWN)

    @property
    def cancelled(self) -> int:
        return self._count(ItemState.CANCELLED)


@dataclass(frozen=True)
class ItemRow:
    """`number` is its place in the job, from 1 on."""

    number: int
    item: JobItem
    vcenter: str
    job: str

    @property
    def title(self) -> str:
        return self.item.title

    @property
    def key(self) -> str:
        return self.item.key

    @cached_property
    def state(self) -> str:
        return item_line(self.item)

    @property
    def raw_state(self) -> str:
        return self.item.state.value

    @cached_property
    def step(self) -> str:
        return item_step(self.item)

    @property
    def steps(self) -> tuple[str, ...]:
        """Each as the work calls it; `?` after one of which nobody knows whether it was sent."""
        return tuple(f"{step.name}{'' if step.sent else '?'}" for step in self.item.steps)

    @property
    def progress_percent(self) -> int | str:
        return "" if self.item.progress_percent is None else self.item.progress_percent

    @cached_property
    def reasons(self) -> tuple[str, ...]:
        return item_reasons(self.item)

    @property
    def size_bytes(self) -> int | None:
        return self.item.size_bytes

    @property
    def done_bytes(self) -> int | str:
        return "" if self.item.done_bytes is None else self.item.done_bytes

    @property
    def tasks(self) -> tuple[str, ...]:
        return tuple(step.task for step in self.item.steps if step.task)

    @property
    def started_at(self) -> datetime | str:
        return self.item.started_at or ""

    @property
    def ended_at(self) -> datetime | str:
        return self.item.ended_at or ""

    @property
    def took_s(self) -> float | str:
        if self.item.started_at is None or self.item.ended_at is None:
            return ""
        return max(timedelta(), self.item.ended_at - self.item.started_at).total_seconds()
