"""Waiting for a task of vCenter, with its progress into the job's journal."""

import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Protocol

from vmware_panel.domain.inventory import MoRef
from vmware_panel.domain.outcome import SourceError, Trouble, TroubleKind
from vmware_panel.domain.tasks import TaskRecord
from vmware_panel.jobs.works import PASSING, Report

POLL_S = 2.0


class TaskUnsettled(SourceError):
    """The task was made, and nobody knows what came of it: it still runs when the deadline passes,
    or vCenter has forgotten it.
    """

    unanswered = True


class TaskClient(Protocol):
    """What of a `VCenterClient` is needed."""

    def tasks(self, morefs: Sequence[MoRef]) -> tuple[TaskRecord, ...]: ...

    def cancel_task(self, task: MoRef) -> None: ...


def wait_for_task(
    client: TaskClient,
    task: MoRef,
    report: Report,
    *,
    source: str,
    deadline_s: float,
    poll_s: float = POLL_S,
    cancel: bool = True,
) -> TaskRecord:
    """The task when it is done, well or badly: see its `state`, `error` and `cancelled`.

    `source` is the vCenter's name in the settings. Where the job is cancelled and vCenter can cancel
    the task, it is asked to, once (`cancel` False: the task is let through to its end). A vCenter
    that does not answer for a while is asked again until `deadline_s`. Raises `TaskUnsettled`.
    """
    until_s = time.monotonic() + deadline_s
    asked_to_end = not cancel
    while True:
        trouble = Trouble(source, TroubleKind.TIMEOUT, f"{task} still runs")
        try:
            found = client.tasks([task])
        except SourceError as error:
            trouble = error.trouble
            if trouble.kind not in PASSING:
                raise TaskUnsettled(trouble) from None
        else:
            if not found:
                detail = f"{task} is not remembered"
                raise TaskUnsettled(Trouble(source, TroubleKind.NOT_FOUND, detail))
            if found[0].done:
                return found[0]
            report.progress(found[0].progress_percent)
            if not asked_to_end and found[0].cancelable and report.cancelled():
                asked_to_end = True
                with suppress(SourceError):
                    client.cancel_task(task)
        if time.monotonic() >= until_s:
            raise TaskUnsettled(trouble)
        report.pause(poll_s)
