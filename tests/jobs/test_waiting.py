"""A task of vCenter is followed to its end; see tests/vsphere for what the real one answers."""

from collections.abc import Sequence

import pytest

from tests.unit.job_reports import KeptReport
from vmware_panel.domain.inventory import MoRef
from vmware_panel.domain.jobs import JobItem
from vmware_panel.domain.outcome import SourceError, Trouble, TroubleKind
from vmware_panel.domain.tasks import TaskRecord, TaskState
from vmware_panel.jobs.waiting import TaskUnsettled, wait_for_task

TASK = MoRef("task-7")
AWAY = SourceError(Trouble("west", TroubleKind.UNREACHABLE, "no route"))


class Tasks:
    """Answers in turn; the last answer again and again."""

    def __init__(self, *answers: TaskRecord | Exception | None) -> None:
        self._answers = list(answers)
        self.cancelled: list[MoRef] = []

    def tasks(self, morefs: Sequence[MoRef]) -> tuple[TaskRecord, ...]:
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, Exception):
            raise answer
        return (answer,) if answer else ()

    def cancel_task(self, task: MoRef) -> None:
        self.cancelled.append(task)


def running(percent: int | None = None, *, cancelable: bool = False) -> TaskRecord:
    return TaskRecord(
        TASK, "x", TaskState.RUNNING, progress_percent=percent, cancelable=cancelable
    )


DONE = TaskRecord(TASK, "x", TaskState.SUCCESS)
FAILED = TaskRecord(TASK, "x", TaskState.ERROR, error="InvalidState", cancelled=True)


def wait(tasks: Tasks, report: KeptReport, deadline_s: float = 60.0, **more: bool) -> TaskRecord:
    return wait_for_task(tasks, TASK, report, source="west", deadline_s=deadline_s, **more)


def test_it_is_followed_to_its_end() -> None:
    report = KeptReport(JobItem("k", "K"))
    assert wait(Tasks(running(10), running(None), running(60), DONE), report) is DONE
    told = [entry for entry in report.told if entry[0] == "progress"]
    assert told == [("progress", 10), ("progress", None), ("progress", 60)]


def test_one_that_failed_is_given_as_it_is() -> None:
    assert wait(Tasks(running(), FAILED), KeptReport(JobItem("k", "K"))) is FAILED


def test_a_vcenter_that_is_away_for_a_while_is_asked_again() -> None:
    assert wait(Tasks(running(), AWAY, AWAY, DONE), KeptReport(JobItem("k", "K"))) is DONE


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (running(5), TroubleKind.TIMEOUT),
        (AWAY, TroubleKind.UNREACHABLE),
        (None, TroubleKind.NOT_FOUND),
        (SourceError(Trouble("west", TroubleKind.FORBIDDEN)), TroubleKind.FORBIDDEN),
    ],
)
def test_what_nobody_tells_is_not_known(
    answer: TaskRecord | Exception | None, kind: TroubleKind
) -> None:
    with pytest.raises(TaskUnsettled) as raised:
        wait(Tasks(answer), KeptReport(JobItem("k", "K")), deadline_s=0.0)
    assert raised.value.unanswered
    assert (raised.value.trouble.source, raised.value.trouble.kind) == ("west", kind)


def test_a_cancelled_job_has_vcenter_cancel_the_task_once() -> None:
    tasks = Tasks(running(1), *[running(2, cancelable=True)] * 4, FAILED)
    report = KeptReport(JobItem("k", "K"), cancel_after=1)
    assert wait(tasks, report) is FAILED
    assert tasks.cancelled == [TASK]


def test_a_task_that_cannot_be_cancelled_is_let_through() -> None:
    tasks = Tasks(running(1), running(2), DONE)
    assert wait(tasks, KeptReport(JobItem("k", "K"), cancel_after=0)) is DONE
    assert not tasks.cancelled
    tasks = Tasks(running(1, cancelable=True), DONE)
    assert wait(tasks, KeptReport(JobItem("k", "K"), cancel_after=0), cancel=False) is DONE
    assert not tasks.cancelled
