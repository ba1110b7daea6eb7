"""Jobs, as the panels begin them and look at them."""

import logging
import secrets
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from django.http import HttpRequest

from vmware_panel.api.context import access_of
from vmware_panel.audit import asker_of
from vmware_panel.config import get_config
from vmware_panel.domain.jobs import Job, JobItem, JobKind
from vmware_panel.jobs.journal import JournalError
from vmware_panel.jobs.journals import journal
from vmware_panel.jobs.sealing import seal
from vmware_panel.jobs.watcher import hand_over, watcher

LOG = logging.getLogger(__name__)


def begin(
    request: HttpRequest,
    kind: JobKind,
    vcenter: str,
    title: str,
    items: Sequence[JobItem],
    options: Mapping[str, str] | None = None,
    dry_run: bool = False,
) -> str:
    """Writes a new job down and hands it to the workers; its id.

    The policy has been asked, and the plan confirmed. `items` have keys of their own. The asker's
    token is kept, encrypted, until the job ends. Raises `JournalError` (a `SourceError`: nothing was
    begun), `ConfigError`.
    """
    if len({item.key for item in items}) != len(items):
        raise ValueError("two items of a job have the same key")
    job = Job(
        id=secrets.token_hex(8),
        kind=kind,
        vcenter=vcenter,
        title=title,
        asker=asker_of(request),
        created_at=datetime.now(UTC),
        items=tuple(items),
        options=dict(options or {}),
        dry_run=dry_run,
    )
    kept = journal()
    watcher.ensure()
    kept.add(job, seal(access_of(request), _expires_at(request.user)))
    try:
        kept.prune(timedelta(days=get_config().jobs.keep_days))
        hand_over(kept, job.id)
    except JournalError as error:
        # It is written down: a watcher hands it over again.
        LOG.warning("Job %s was not handed to a worker yet: %s", job.id, error.trouble.detail)
    return job.id


def _expires_at(user: Any) -> datetime | None:
    """When the token of the one who asks ends; None where that is not known."""
    expires = getattr(getattr(user, "token", None), "expires", None)
    if not isinstance(expires, datetime):
        return None
    return expires if expires.tzinfo else expires.replace(tzinfo=UTC)
