"""The one task of Django's task framework that is ours: work at a job.

`jobs.backend` names the entry of Django's `TASKS` that runs it, on the queue `vmware_panel`. Without
it the task runs in a thread of this process, and `TASKS` need not be there.
"""

import logging
import os
import secrets
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django_tasks import TaskResultStatus, task_backends
from django_tasks.backends.base import BaseTaskBackend
from django_tasks.base import Task
from django_tasks.exceptions import (
    InvalidTaskBackendError,
    InvalidTaskError,
    TaskResultDoesNotExist,
)

from vmware_panel.config import get_config
from vmware_panel.config_types import JOBS_QUEUE
from vmware_panel.domain.outcome import TroubleKind
from vmware_panel.jobs.embedded import EmbeddedBackend
from vmware_panel.jobs.journal import JournalError
from vmware_panel.jobs.journals import journal
from vmware_panel.jobs.runner import run

LOG = logging.getLogger(__name__)

EMBEDDED = "vmware_panel_embedded"

embedded = EmbeddedBackend(EMBEDDED, {"QUEUES": [JOBS_QUEUE]})


@dataclass(frozen=True, slots=True, kw_only=True)
class _JobTask(Task[Any, Any]):
    def get_backend(self) -> BaseTaskBackend:
        if self.backend == EMBEDDED:
            return embedded
        backend: BaseTaskBackend = task_backends[self.backend]
        return backend


def _task(function: Callable[[str], None]) -> _JobTask:
    return _JobTask(func=function, backend=EMBEDDED, queue_name=JOBS_QUEUE)


@_task
def run_job(job_id: str) -> None:
    """Works at the job until it has ended, unless another does."""
    try:
        run(journal(), job_id, worker_name(), embedded.stopping)
    except JournalError as error:
        LOG.warning("Job %s: the journal cannot be read: %s", job_id, error.trouble.detail)


def enqueue(job_id: str) -> str:
    """Hands the job to whoever works at jobs here; the queue's id of it.

    Raises `JournalError` where the queue does not take it, `ConfigError`.
    """
    alias = get_config().jobs.backend or EMBEDDED
    try:
        return str(run_job.using(backend=alias).enqueue(job_id).id)
    except _errors() as error:
        raise JournalError(TroubleKind.UNREACHABLE, _words(error)) from None


def waits_in_queue(result_id: str) -> bool:
    """True if the queue says that it still has it, and no worker has begun. Raises `ConfigError`."""
    alias = get_config().jobs.backend
    if alias is None or not result_id:
        return False
    try:
        backend = task_backends[alias]
        if not backend.supports_get_result:
            return False
        return bool(backend.get_result(result_id).status == TaskResultStatus.READY)
    except _errors(TaskResultDoesNotExist, KeyError):
        return False


def worker_name() -> str:
    """Another one at every call, readable for people."""
    return f"{socket.gethostname()[:64]}-{os.getpid()}-{secrets.token_hex(4)}"


def _errors(*more: type[Exception]) -> tuple[type[Exception], ...]:
    """What the backends raise that are known here: settings, sockets, Redis, databases."""
    known: list[type[Exception]] = [
        *more,
        OSError,
        ImproperlyConfigured,
        InvalidTaskBackendError,
        InvalidTaskError,
    ]
    for module, name in (("redis.exceptions", "RedisError"), ("django.db", "DatabaseError")):
        if module in sys.modules:
            known.append(getattr(sys.modules[module], name))
    return tuple(known)


def _words(error: Exception) -> str:
    return f"the queue did not take it: {type(error).__name__}: {error}"[:200]
