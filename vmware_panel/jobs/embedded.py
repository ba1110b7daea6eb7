"""The task backend that needs nothing: a daemon thread of the process that enqueues.

A task ends with its process. That loses nothing: what a job has come to is in the journal, and any
process's watcher sees that nobody works at it any more.
"""

import atexit
import os
import threading
import time
from typing import Any

from django_tasks import TaskResult
from django_tasks.backends.base import BaseTaskBackend
from django_tasks.base import Task

from vmware_panel.jobs.results import taken

END_S = 3.0


class EmbeddedBackend(BaseTaskBackend):
    """One task with the same arguments at a time in this process; another such is not begun."""

    def __init__(self, alias: str, params: dict[str, Any]) -> None:
        super().__init__(alias, params)
        self._forget()
        os.register_at_fork(after_in_child=self._forget)
        atexit.register(self.stop)

    def _forget(self) -> None:
        self._lock = threading.Lock()
        self._running: dict[str, threading.Thread] = {}
        self.stopping = threading.Event()
        """Set when the process ends: a task that heeds it ends cleanly."""

    def enqueue(self, task: Task[Any, Any], args: Any, kwargs: Any) -> TaskResult[Any]:
        self.validate_task(task)
        result = taken(task, args, kwargs, self.alias)
        name = f"vmware-job {task.name} {result.args} {result.kwargs}"
        with self._lock:
            known = self._running.get(name)
            if known is None or not known.is_alive():
                thread = threading.Thread(
                    target=task.call,
                    args=result.args,
                    kwargs=result.kwargs,
                    name=name,
                    daemon=True,
                )
                self._running = {n: t for n, t in self._running.items() if t.is_alive()}
                self._running[name] = thread
                thread.start()
        return result

    def stop(self) -> None:
        """Waits for the tasks to end, a few seconds for all of them."""
        self.stopping.set()
        with self._lock:
            threads = list(self._running.values())
        until_s = time.monotonic() + END_S
        for thread in threads:
            thread.join(max(0.0, until_s - time.monotonic()))
