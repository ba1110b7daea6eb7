"""The journal of this deployment, by its settings."""

import functools

from vmware_panel.config import JobsConfig, get_config
from vmware_panel.jobs.cache_journal import CacheJournal
from vmware_panel.jobs.folder import journal_folder
from vmware_panel.jobs.journal import Journal
from vmware_panel.jobs.sealing import deployment_id
from vmware_panel.jobs.sqlite_journal import SqliteJournal


def journal() -> Journal:
    """Raises `ConfigError`."""
    return _journal(get_config().jobs, deployment_id())


@functools.cache
def _journal(config: JobsConfig, deployment: str) -> Journal:
    if config.cache is not None:
        return CacheJournal(config.cache, deployment)
    return SqliteJournal(journal_folder(config.folder), deployment)
