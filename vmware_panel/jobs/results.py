"""What a task backend of ours says of a task that it takes: the journal tells how far its job is."""

from typing import Any

from django.utils import timezone
from django_tasks import TaskResult, TaskResultStatus
from django_tasks.base import Task
from django_tasks.utils import get_random_id


def taken(task: Task[Any, Any], args: Any, kwargs: Any, backend: str) -> TaskResult[Any]:
    """One that is handed over just now and not begun. `backend` is its alias in `TASKS`."""
    return TaskResult(
        task=task,
        id=get_random_id(),
        status=TaskResultStatus.READY,  # type: ignore[arg-type]  # Django has no types here
        enqueued_at=timezone.now(),
        started_at=None,
        finished_at=None,
        last_attempted_at=None,
        args=list(args),
        kwargs=kwargs,
        backend=backend,
        errors=[],
        worker_ids=[],
    )
