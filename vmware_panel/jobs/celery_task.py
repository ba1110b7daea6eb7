"""What a Celery worker runs: the function of a task of Django's, by its path.

For every application of Celery's that imports this module.
"""

from typing import Any

from celery import shared_task
from django.core.exceptions import SuspiciousOperation
from django.utils.module_loading import import_string
from django_tasks.base import Task

NAME = "vmware_panel.jobs.celery_task.run_task"

NO_LIMIT_S = 365 * 86_400
"""A limit of the application's would end long jobs; a task can have another, but not none."""


# The message is given back before the task is begun, not after it: a broker that brings it again
# while the worker lives (Redis does, after an hour) would only bring it to nobody, and one that died
# is missed within seconds by its claim.
@shared_task(  # type: ignore[untyped-decorator]
    name=NAME,
    acks_late=False,
    ignore_result=True,
    time_limit=NO_LIMIT_S,
    soft_time_limit=NO_LIMIT_S,
)
def run_task(path: str, args: list[Any], kwargs: dict[str, Any]) -> None:
    task = import_string(path)
    if not isinstance(task, Task):
        raise SuspiciousOperation(f"{path} is no task of Django's")
    task.call(*args, **kwargs)
