"""A backend of Django's task framework that hands tasks to the workers of Celery.

    TASKS = {
        "celery": {
            "BACKEND": "vmware_panel.jobs.celery_backend.CeleryBackend",
            "QUEUES": ["vmware_panel"],
            "OPTIONS": {"app": "dashboard.celery.app"},  # this project's own, where left out
        },
    }

Celery keeps no book of what lies in its queue, and needs no result backend here: see `queue_length`.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from typing import Any

from celery import Celery
from django.core import checks
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string
from django_tasks import TaskResult
from django_tasks.backends.base import BaseTaskBackend
from django_tasks.base import Task
from django_tasks.signals import task_enqueued
from kombu.connection import Connection
from kombu.exceptions import KombuError

from vmware_panel.jobs.celery_task import NAME
from vmware_panel.jobs.results import taken

OWN_APP = "vmware_panel.jobs.celery_app.app"

CONNECT_TIMEOUT_S = 2.0
ANSWER_TIMEOUT_S = 3.0

# Without `max_retries` kombu tries for ever to reach a broker that is away, on a page as well.
_ONE_TRY = {"max_retries": 1, "interval_start": 0, "interval_step": 0, "interval_max": 0}
_DEADLINES: Mapping[str, Mapping[str, float]] = {
    "redis": {
        "socket_connect_timeout": CONNECT_TIMEOUT_S,
        "socket_timeout": ANSWER_TIMEOUT_S,
    },
    "amqp": {"read_timeout": ANSWER_TIMEOUT_S, "write_timeout": ANSWER_TIMEOUT_S},
}


class CeleryBackend(BaseTaskBackend):
    """`OPTIONS["app"]` is the dotted path of the `Celery` whose broker and workers take the tasks."""

    supports_async_task = True

    @cached_property
    def app(self) -> Celery:
        """Raises `ImproperlyConfigured`."""
        path = self.options.get("app", OWN_APP)
        try:
            app = import_string(path)
        except ImportError as error:
            raise ImproperlyConfigured(f"OPTIONS['app'] is '{path}': {error}") from None
        if not isinstance(app, Celery):
            raise ImproperlyConfigured(f"OPTIONS['app'] is '{path}', which is no Celery")
        return app

    def enqueue(self, task: Task[Any, Any], args: Any, kwargs: Any) -> TaskResult[Any]:
        """Raises `ConnectionError` where the broker does not take it, `ImproperlyConfigured`."""
        self.validate_task(task)
        result = taken(task, args, kwargs, self.alias)
        with self._connected() as connection:
            self.app.send_task(
                NAME,
                args=[task.module_path, result.args, result.kwargs],
                task_id=result.id,
                queue=task.queue_name,
                connection=connection,
                retry=False,
                ignore_result=True,
            )
        task_enqueued.send(type(self), task_result=result)
        return result

    def queue_length(self, queue_name: str) -> int:
        """How many messages lie in the queue and no worker has fetched. Raises as `enqueue` does."""
        with self._connected() as connection:
            try:
                channel: Any = connection.default_channel
                found = channel.queue_declare(queue_name, passive=True)
            except connection.channel_errors:
                return 0  # nobody has made it yet; an empty one of Redis is none
            return int(found.message_count)

    @contextmanager
    def _connected(self) -> Iterator[Connection]:
        """One of its own each time, with deadlines that a deployment's application may not have."""
        app = self.app
        options = {**app.conf.broker_transport_options, **_ONE_TRY}
        connection = app.connection_for_write(
            connect_timeout=CONNECT_TIMEOUT_S, transport_options=options
        )
        deadlines = _DEADLINES.get(connection.transport.driver_type, {})
        connection.transport_options.update(deadlines)
        try:
            yield connection
        except (*connection.connection_errors, KombuError) as error:
            raise ConnectionError(str(error) or type(error).__name__) from None
        finally:
            connection.release()

    def check(self, **kwargs: Any) -> Iterable[checks.CheckMessage]:
        yield from super().check(**kwargs)
        try:
            broker = self.app.conf.broker_write_url
        except ImproperlyConfigured as error:
            yield checks.Error(
                f"{error}.", hint="Write the dotted path of the application, or leave it out."
            )
            return
        if not broker:
            yield checks.Error(
                f"The application {self.app.main} has no broker.",
                hint="Set CELERY_BROKER_URL, or broker_url of the application that OPTIONS names.",
            )
