"""Sees jobs at which nobody works any more, and hands them to the queue again.

A thread of each process that serves pages or collects; it begins when a page first asks, so that no
other command of Django's starts it. It works at nothing itself.
"""

import atexit
import logging
import os
import threading
from datetime import timedelta

from vmware_panel.config import ConfigError, get_config
from vmware_panel.jobs.journal import Journal, JournalError
from vmware_panel.jobs.journals import journal
from vmware_panel.jobs.tasks import enqueue, waits_in_queue

LOG = logging.getLogger(__name__)

LOOK_S = 3.0

QUEUED_S = 10.0
"""So long one that was handed to the queue is not handed to it again."""

PRUNE_EVERY_S = 3600.0


def hand_over(kept: Journal, job_id: str) -> bool:
    """To the queue, unless it was just now, or still lies there. Raises `JournalError`,
    `ConfigError`.
    """
    if not kept.may_enqueue(job_id, QUEUED_S) or waits_in_queue(kept.enqueued_as(job_id)):
        return False
    kept.enqueued(job_id, enqueue(job_id))
    return True


class Watcher:
    """One a process; safe to share between its threads."""

    def __init__(self) -> None:
        self._forget()
        os.register_at_fork(after_in_child=self._forget)

    def _forget(self) -> None:
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._stopping = threading.Event()
        self._failing = False

    def ensure(self) -> None:
        """Starts it, if it does not run."""
        with self._lock:
            if self._stopping.is_set() or (self._thread and self._thread.is_alive()):
                return
            self._thread = threading.Thread(target=self._run, name="vmware-jobs", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        self._stopping.set()

    def look(self) -> None:
        """Once; what fails is tried again the next time, and said once."""
        try:
            kept = journal()
            for job_id in kept.idle():
                if hand_over(kept, job_id):
                    LOG.info("Job %s: nobody worked at it, handed to the queue", job_id)
        except (JournalError, ConfigError) as error:
            if not self._failing:
                LOG.warning("Jobs cannot be looked after: %s", error)
            self._failing = True
        else:
            self._failing = False

    def _run(self) -> None:
        looks = 0
        while not self._stopping.wait(LOOK_S):
            self.look()
            looks += 1
            if looks * LOOK_S >= PRUNE_EVERY_S:
                looks = 0
                self._prune()

    def _prune(self) -> None:
        try:
            journal().prune(timedelta(days=get_config().jobs.keep_days))
        except (JournalError, ConfigError) as error:
            LOG.debug("Old jobs were not dropped: %s", error)


watcher = Watcher()
atexit.register(watcher.stop)
