"""Celery on a real Redis, its worker processes killed in the midst of a job."""

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from redis import Redis

from tests.jobs import samples
from tests.jobs.effects import Effects, Gate
from tests.jobs.rig import Processes, deployment, ended, processes, to_the_end, until
from tests.store.servers import HOST, CacheServer
from vmware_panel.domain.jobs import ItemState
from vmware_panel.jobs.sqlite_journal import SqliteJournal

pytestmark = pytest.mark.caches

WORKER = (
    *("-m", "celery", "-A", "vmware_panel.jobs.celery_app", "worker"),
    *("-Q", "vmware_panel", "--concurrency", "2", "--loglevel", "INFO"),
)


@pytest.fixture
def rig(redis_server: CacheServer, tmp_path: Path) -> Iterator[Processes]:
    settings: dict[str, Any] = {
        "CELERY_BROKER_URL": f"redis://{HOST}:{redis_server.port}/1",
        "TASKS": {
            "celery": {
                "BACKEND": "vmware_panel.jobs.celery_backend.CeleryBackend",
                "QUEUES": ["vmware_panel"],
            }
        },
        "jobs": {"folder": str(tmp_path / "jobs"), "backend": "celery"},
    }
    with processes(tmp_path, settings) as its:
        yield its


@pytest.fixture
def journal(tmp_path: Path) -> SqliteJournal:
    return SqliteJournal(tmp_path / "jobs", deployment())


def worker(rig: Processes, name: str) -> "subprocess.Popen[bytes]":
    started = rig.start(*WORKER, "--hostname", f"{name}@%h", name=name)
    until(lambda: " ready." in rig.log(name).read_text(), f"{name}: {rig.log(name)}")
    return started


def child_at_work(journal: SqliteJournal) -> psutil.Process:
    """The process of a pool that calls itself so in the journal."""
    job = journal.read("job1")
    assert job is not None
    return psutil.Process(int(job.worker.rsplit("-", 2)[1]))


def test_another_worker_goes_on(rig: Processes, journal: SqliteJournal, tmp_path: Path) -> None:
    rig.web("web")
    workers = {started.pid: started for started in (worker(rig, name) for name in ("one", "two"))}
    effects = Effects(tmp_path / "effects")
    gate = Gate(tmp_path, "k3")
    journal.add(samples.job(tmp_path, *samples.items(8), **gate.options), None)
    until(lambda: effects.counts()["k2"], "the third item")
    busy = workers[child_at_work(journal).ppid()]
    killed_s = rig.kill(busy)
    gate.open()
    job, took_s = to_the_end(journal, effects, killed_s)
    print(
        f"Celery on Redis, worker and its children: {took_s:.1f} s from SIGKILL to the next effect"
    )
    assert {item.state for item in job.items} == {ItemState.DONE}
    assert "EffectWork" not in rig.log("web").read_text()


def test_a_worker_whose_child_was_killed_goes_on_itself(
    rig: Processes, journal: SqliteJournal, tmp_path: Path
) -> None:
    rig.web("web")
    worker(rig, "one")
    effects = Effects(tmp_path / "effects")
    gate = Gate(tmp_path, "k3")
    journal.add(samples.job(tmp_path, *samples.items(8), **gate.options), None)
    until(lambda: effects.counts()["k2"], "the third item")
    child_at_work(journal).kill()
    killed_s = time.monotonic()
    gate.open()
    job, took_s = to_the_end(journal, effects, killed_s)
    print(f"Celery on Redis, the child alone: {took_s:.1f} s from SIGKILL to the next effect")
    assert {item.state for item in job.items} == {ItemState.DONE}


def test_a_broker_that_loses_all_or_brings_it_four_times_changes_nothing(
    rig: Processes, journal: SqliteJournal, redis_server: CacheServer, tmp_path: Path
) -> None:
    rig.web("web")
    effects = Effects(tmp_path / "effects")
    journal.add(samples.job(tmp_path), None)
    until(lambda: journal.enqueued_as("job1"), "the queue to have it")
    redis_server.kill()
    handed = journal.enqueued_as("job1")
    redis_server.start()
    until(lambda: journal.enqueued_as("job1") != handed, "the queue to have it again")
    queue = Redis(HOST, redis_server.port, db=1)
    (message,) = queue.lrange("vmware_panel", 0, -1)
    queue.lpush("vmware_panel", message, message, message)
    worker(rig, "one")
    until(lambda: ended(journal), "the job's end")
    until(lambda: rig.log("one").read_text().count("succeeded") >= 4, "all four messages")
    assert effects.counts() == {"k0": 1, "k1": 1, "k2": 1}
