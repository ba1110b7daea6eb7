"""Why nobody works at a job, and since when, for its page."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from vmware_panel.api import jobs
from vmware_panel.config import ConfigError
from vmware_panel.domain.jobs import Job
from vmware_panel.domain.outcome import SourceError
from vmware_panel.wording import trouble_words

SOON = timedelta(seconds=30)
"""So long a job may wait while all is well: a dead worker's claim, the watcher, the queue."""


def waiting_shown(job: Job) -> Mapping[str, Any] | None:
    """None while a worker is at it."""
    try:
        found = jobs.waiting(job)
    except (SourceError, ConfigError):
        return None  # the page has just read the journal; its next look says what is wrong
    if found is None:
        return None
    return {
        "since": found.since,
        "long": datetime.now(UTC) - found.since > SOON,
        "backend": found.backend,
        "worker": found.worker,
        "queued": found.queued,
        "trouble": trouble_words(found.trouble) if found.trouble else None,
    }
