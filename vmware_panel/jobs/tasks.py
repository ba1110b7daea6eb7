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
from typing import Any, Protocol, runtime_checkable

from django.core.exceptions import ImproperlyConfigured
from django.db import connections
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
from vmware_panel.jobs.backends import faults_of
from vmware_panel.jobs.embedded import EmbeddedBackend
from vmware_panel.jobs.in_time import InTime
from vmware_panel.jobs.journal import JournalError
from vmware_panel.jobs.journals import journal
from vmware_panel.jobs.runner import run

LOG = logging.getLogger(__name__)

EMBEDDED = "vmware_panel_embedded"

in_time = InTime(5.0)
"""A queue that hangs holds no page: RQ's Redis may have no deadline, for its workers wait on it."""

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
    _let_go_of_databases()
    try:
        kept = journal()
        if not run(kept, job_id, worker_name(), embedded.stopping) and kept.read(job_id) is None:
            LOG.warning(
                "Job %s is not in the journal of this worker: its SECRET_KEY, and jobs.folder or "
                "jobs.cache, have to be those of the Horizon that began it",
                job_id,
            )
    except JournalError as error:
        LOG.warning("Job %s: the journal cannot be read: %s", job_id, error.trouble.detail)


def _let_go_of_databases() -> None:
    """A job takes hours. The server, or a proxy before it, would end a connection that lies idle for
    so long, and a database's worker with it; it opens another when it has something to say.
    """
    for connection in connections.all(initialized_only=True):
        if not connection.in_atomic_block:
            connection.close()


def enqueue(job_id: str) -> str:
    """Hands the job to whoever works at jobs here; the queue's id of it.

    Raises `JournalError` where the queue does not take it or the settings name one that cannot,
    `ConfigError`.
    """
    alias = get_config().jobs.backend
    if alias is None:
        return str(run_job.enqueue(job_id).id)
    see_to_backend()
    try:
        return in_time(lambda: str(run_job.using(backend=alias).enqueue(job_id).id), _errors)
    except _errors() as error:
        raise _failed(error, "did not take it") from None


@runtime_checkable
class CountedQueue(Protocol):
    """A backend that cannot say what became of one task, but whether any waits."""

    def queue_length(self, queue_name: str) -> int: ...


def waits_in_queue(result_id: str) -> bool:
    """True if the queue says that it still has it, and no worker has begun; False where it cannot
    be asked. Raises `ConfigError`.
    """
    try:
        return bool(asked_queue(result_id))
    except JournalError:
        return False


def asked_queue(result_id: str) -> bool | None:
    """Whether the queue says that it still has it and no worker has begun; None where it cannot
    tell, as the embedded one.

    A queue that only counts has it if it has any: they are fetched in their turn. Raises
    `JournalError` where the queue does not answer, `ConfigError`.
    """
    alias = get_config().jobs.backend
    if alias is None or not result_id:
        return None
    see_to_backend()
    try:
        return in_time(lambda: _asked(alias, result_id), _errors)
    except _errors() as error:
        raise _failed(error, "does not answer") from None


def see_to_backend() -> None:
    """Raises `JournalError` where that of the settings cannot work at jobs: what lacks something
    raises whatever it likes, and is not asked. Raises `ConfigError`.
    """
    alias = get_config().jobs.backend
    if alias is not None and (fault := next(faults_of(alias), None)):
        raise JournalError(TroubleKind.CONFIGURATION, str(fault))


def _asked(alias: str, result_id: str) -> bool | None:
    backend = task_backends[alias]
    if isinstance(backend, CountedQueue):
        return backend.queue_length(JOBS_QUEUE) > 0
    if not backend.supports_get_result:
        return None
    try:
        return bool(backend.get_result(result_id).status == TaskResultStatus.READY)
    except (TaskResultDoesNotExist, KeyError):
        return False


def worker_name() -> str:
    """Another one at every call, readable for people."""
    return f"{socket.gethostname()[:64]}-{os.getpid()}-{secrets.token_hex(4)}"


def _errors() -> tuple[type[Exception], ...]:
    """What the backends raise that are known here: settings, sockets, Redis, databases."""
    known: list[type[Exception]] = [
        OSError,
        ImproperlyConfigured,
        InvalidTaskBackendError,
        InvalidTaskError,
    ]
    for module, name in (("redis.exceptions", "RedisError"), ("django.db", "Error")):
        if module in sys.modules:
            known.append(getattr(sys.modules[module], name))
    return tuple(known)


def _failed(error: Exception, what: str) -> JournalError:
    late = isinstance(error, TimeoutError)
    kind = TroubleKind.TIMEOUT if late else TroubleKind.UNREACHABLE
    return JournalError(kind, f"the queue {what}: {type(error).__name__}: {error}"[:200])
