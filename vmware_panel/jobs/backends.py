"""What is known of the backends of `TASKS` that can work at jobs: what each needs, by its settings
alone. Nothing is asked of a queue here.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core.checks import ERROR
from django.core.exceptions import ImproperlyConfigured
from django.db import connections
from django.utils.module_loading import import_string
from django_tasks.backends.base import BaseTaskBackend

from vmware_panel.config import SETTING
from vmware_panel.config_types import JOBS_QUEUE


@dataclass(frozen=True, slots=True)
class BackendKind:
    """`module` is how its path in `TASKS` begins; `extra` is this distribution's that installs it;
    `worker` is the command that starts one, with `{alias}` for the key in `TASKS` and `{app}` for
    the application of Celery's.
    """

    module: str
    extra: str
    worker: str


RQ = BackendKind(
    "django_tasks_rq.",
    "jobs-rq",
    f"manage.py rqworker {JOBS_QUEUE} --job-class django_tasks_rq.Job",
)
DATABASE = BackendKind(
    "django_tasks_db.",
    "jobs-db",
    f"manage.py db_worker --queue-name {JOBS_QUEUE} --backend {{alias}}",
)
CELERY = BackendKind(
    "vmware_panel.jobs.celery_backend.",
    "jobs-celery",
    f"celery -A {{app}} worker -Q {JOBS_QUEUE}",
)
KINDS = (RQ, DATABASE, CELERY)
CELERY_APP = "vmware_panel.jobs.celery_app"

_WITHOUT_WORKER = {
    "django_tasks.backends.immediate.ImmediateBackend": "does a job within the page that begins it",
    "django_tasks.backends.dummy.DummyBackend": "keeps jobs and works at none",
}


@dataclass(frozen=True, slots=True)
class BackendFault:
    """One statement and one piece of advice, whole sentences both."""

    statement: str
    advice: str

    def __str__(self) -> str:
        return f"{self.statement} {self.advice}"


def kind_of(alias: str) -> BackendKind | None:
    """None for a backend that nobody has tried with this project."""
    path = _path(alias)
    return next((kind for kind in KINDS if path.startswith(kind.module)), None)


def worker_command(alias: str) -> str:
    """What starts a worker; empty for a backend that is not known here."""
    kind = kind_of(alias)
    app = _described(alias).get("OPTIONS", {}).get("app", CELERY_APP)
    return kind.worker.format(alias=alias, app=app) if kind else ""


def faults_of(alias: str) -> Iterator[BackendFault]:
    """Why the backend of this key in `TASKS` cannot work at jobs."""
    key = f"{SETTING}.jobs.backend: '{alias}' of TASKS"
    path = _path(alias)
    if not path:
        yield BackendFault(f"{key} has no BACKEND.", "Write its dotted path.")
        return
    if path in _WITHOUT_WORKER:
        yield BackendFault(
            f"{key} {_WITHOUT_WORKER[path]}.",
            "Name one that has workers, or leave jobs.backend out.",
        )
        return
    try:
        backend = import_string(path)(alias=alias, params=_described(alias))
    except (ImportError, ImproperlyConfigured) as error:
        yield BackendFault(f"{key} cannot be loaded: {error}.", _install(alias))
        return
    yield from _unfit(key, backend)
    if path.startswith(DATABASE.module) and "default" not in _databases():
        yield BackendFault(
            f"{key} needs a database, and DATABASES has none.",
            "Describe one in DATABASES['default'], then run: manage.py migrate.",
        )


def _unfit(key: str, backend: BaseTaskBackend) -> Iterator[BackendFault]:
    if backend.queues and JOBS_QUEUE not in backend.queues:
        yield BackendFault(
            f"{key} has no queue '{JOBS_QUEUE}'.", f"Add it: 'QUEUES': ['{JOBS_QUEUE}']."
        )
    try:
        told = [message for message in backend.check() if message.level >= ERROR]
    except (ImportError, ImproperlyConfigured) as error:
        yield BackendFault(f"{key}: {error}.", "Correct the settings of its queue.")
        return
    for message in told:
        yield BackendFault(f"{key}: {_sentence(message.msg)}", _sentence(message.hint or ""))


def _install(alias: str) -> str:
    kind = kind_of(alias)
    how = f"pip install 'vmware-panel[{kind.extra}]'" if kind else "install what it needs"
    return (
        f"For Horizon and for its workers: {how}; or leave jobs.backend out, for threads of the "
        "web processes."
    )


def _databases() -> set[str]:
    """Django has one that is described by nothing where there is none."""
    dummy = "django.db.backends.dummy"
    return {alias for alias, its in connections.settings.items() if its["ENGINE"] != dummy}


def _described(alias: str) -> dict[str, Any]:
    described: dict[str, Any] = (getattr(settings, "TASKS", None) or {}).get(alias, {})
    return described


def _path(alias: str) -> str:
    return str(_described(alias).get("BACKEND", ""))


def _sentence(text: str) -> str:
    return f"{text.rstrip('.')}." if text else ""
