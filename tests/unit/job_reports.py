"""A `Report` that keeps what a work tells it, for tests of works. What is written stands in `told`;
the real one is `vmware_panel.jobs.report.ClaimReport`.
"""

from dataclasses import replace
from typing import Any

from vmware_panel.domain.inventory import MoRef
from vmware_panel.domain.jobs import JobItem, Step
from vmware_panel.jobs.journal import WorkerStopped
from vmware_panel.openstack.access import Access


class KeptReport:
    """`stop_at`: the name of the step before which the worker is to stop, as if it had lost the job.
    `cancel_after`: so often `cancelled()` says no before it says yes; None: always no.
    """

    def __init__(
        self,
        item: JobItem,
        access: Access | None = None,
        stop_at: str = "",
        cancel_after: int | None = None,
    ) -> None:
        self.item = item
        self.access = access
        self.stop_at = stop_at
        self.cancel_after = cancel_after
        self.told: list[tuple[Any, ...]] = []

    def about_to(self, step: str, note: str = "") -> None:
        if step == self.stop_at:
            raise WorkerStopped
        self.told.append(("about_to", step, note))
        self.item = replace(self.item, steps=(*self.item.steps, Step(step, note=note)))

    def sent(self, task: MoRef | None = None) -> None:
        self.told.append(("sent", task))
        *before, last = self.item.steps
        self.item = replace(self.item, steps=(*before, replace(last, sent=True, task=task)))

    def still_ours(self) -> None:
        """It is, unless `about_to` has said no."""

    def progress(self, percent: int | None) -> None:
        self.told.append(("progress", percent))

    def cancelled(self) -> bool:
        if self.cancel_after is None:
            return False
        self.cancel_after -= 1
        return self.cancel_after < 0

    def pause(self, seconds: float) -> None:
        self.told.append(("pause", seconds))

    def asker_access(self) -> Access | None:
        return self.access
