from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from django.core.cache import caches
from django.test import override_settings

from tests.jobs import samples
from tests.store.servers import ALIAS, CacheServer, free_port
from vmware_panel.jobs import sqlite_journal
from vmware_panel.jobs.cache_journal import CacheJournal
from vmware_panel.jobs.journal import LEASE_S, Journal
from vmware_panel.jobs.sqlite_journal import SqliteJournal

KINDS = ("sqlite", "redis")


class Rig:
    """One journal, and what makes every claim of it lapse, as time would."""

    def __init__(self, kind: str, journal: Journal, lapse: Callable[[], None]) -> None:
        self.kind = kind
        self.journal = journal
        self.lapse = lapse


@pytest.fixture
def redis_server(tmp_path: Path) -> Iterator[CacheServer]:
    with ExitStack() as stack:
        server = CacheServer("redis", tmp_path, free_port())
        server.start()
        stack.callback(server.kill)
        stack.enter_context(override_settings(CACHES=server.caches))
        stack.callback(lambda: caches[ALIAS].close())
        yield server


@pytest.fixture(params=[pytest.param("redis", marks=pytest.mark.caches), "sqlite"])
def rig(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Rig:
    samples.register(monkeypatch)
    if request.param == "sqlite":
        ahead_s = [0.0]
        real = sqlite_journal.clock_s
        monkeypatch.setattr(sqlite_journal, "clock_s", lambda: real() + ahead_s[0])

        def later() -> None:
            ahead_s[0] += LEASE_S + 1

        return Rig("sqlite", SqliteJournal(tmp_path / "jobs", samples.DEPLOYMENT), later)
    request.getfixturevalue("redis_server")
    journal = CacheJournal(ALIAS, samples.DEPLOYMENT)

    def expire() -> None:
        # Who holds it does not notice: the worst case, and what a cache does that has lost a key.
        for job_id in journal._ids().values():
            caches[ALIAS].delete(journal._key(job_id, "lease"))

    return Rig("redis", journal, expire)


@pytest.fixture
def journal(rig: Rig) -> Journal:
    return rig.journal
