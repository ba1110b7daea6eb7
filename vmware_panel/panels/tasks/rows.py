"""A task as a row of the list. `None` is unknown and `""` nothing, as everywhere in a list."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from vmware_panel.api.tasks import OwnedTask
from vmware_panel.domain.tasks import TaskRecord
from vmware_panel.wording import foreign, task_action, task_starter, task_state


@dataclass(frozen=True)
class TaskRow:
    vcenter: str
    task: TaskRecord
    instance_id: str

    @property
    def id(self) -> str:
        return self.task.moref

    @property
    def queued_at(self) -> datetime | None:
        return self.task.queued_at

    @property
    def completed_at(self) -> datetime | None:
        return self.task.completed_at

    @cached_property
    def action(self) -> str:
        return task_action(self.task)

    @property
    def entity(self) -> str | None:
        return self.task.entity_name or None

    @property
    def entity_moref(self) -> str | None:
        return self.task.entity

    @property
    def entity_type(self) -> str:
        return self.task.entity_type

    @cached_property
    def state(self) -> str:
        return task_state(self.task)

    @property
    def raw_state(self) -> str:
        return self.task.state.value

    @property
    def progress_percent(self) -> int | str | None:
        """Nothing for one that is done."""
        return "" if self.task.done else self.task.progress_percent

    @cached_property
    def starter(self) -> str | None:
        return task_starter(self.task) or None

    @property
    def duration_s(self) -> float | None:
        """Of one that is done; None while it runs."""
        begun, ended = self.task.started_at or self.task.queued_at, self.task.completed_at
        if begun is None or ended is None:
            return None
        return max(timedelta(), ended - begun).total_seconds()

    @property
    def error(self) -> str:
        return self.task.error

    @property
    def said(self) -> str:
        """The error, for a page."""
        return foreign(self.task.error)


def row_of(found: OwnedTask) -> TaskRow:
    return TaskRow(found.vcenter, found.task, found.instance_id)
