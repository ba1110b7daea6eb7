"""RQ on a real Redis, its worker processes killed in the midst of a job."""

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.jobs import samples
from tests.jobs.effects import Effects, Gate
from tests.jobs.rig import Processes, deployment, ended, processes, to_the_end, until
from tests.store.servers import ALIAS, HOST, CacheServer
from vmware_panel.domain.jobs import ItemState
from vmware_panel.jobs.cache_journal import CacheJournal

pytestmark = pytest.mark.caches

WORKER = ("-m", "django", "rqworker", "vmware_panel", "--job-class", "django_tasks_rq.Job")


@pytest.fixture
def rig(redis_server: CacheServer, tmp_path: Path) -> Iterator[Processes]:
    queue = {"HOST": HOST, "PORT": redis_server.port, "DB": 1, "DEFAULT_TIMEOUT": -1}
    settings: dict[str, Any] = {
        "INSTALLED_APPS": ["django_rq"],
        "CACHES": redis_server.caches,
        "RQ_QUEUES": {"default": queue, "vmware_panel": queue},
        "TASKS": {"rq": {"BACKEND": "django_tasks_rq.RQBackend", "QUEUES": ["vmware_panel"]}},
        "jobs": {"cache": ALIAS, "backend": "rq"},
    }
    with processes(tmp_path, settings) as its:
        yield its


def horse(worker: "subprocess.Popen[bytes]") -> psutil.Process | None:
    """The child of a worker that works at the job just now."""
    return next(iter(psutil.Process(worker.pid).children()), None)


def test_another_worker_goes_on(rig: Processes, tmp_path: Path) -> None:
    rig.web("web")
    one, two = (rig.start(*WORKER, name=name) for name in ("one", "two"))
    for name in ("one", "two"):
        until(lambda name=name: "Listening on" in rig.log(name).read_text(), name)
    journal = CacheJournal(ALIAS, deployment())
    effects = Effects(tmp_path / "effects")
    gate = Gate(tmp_path, "k3")
    journal.add(samples.job(tmp_path, *samples.items(8), **gate.options), None)
    until(lambda: effects.counts()["k2"], "the third item")
    busy = one if horse(one) else two
    its = horse(busy)
    assert its is not None
    killed_s = rig.kill(busy)
    its.kill()  # a group of its own
    gate.open()
    job, took_s = to_the_end(journal, effects, killed_s)
    print(f"RQ on Redis, worker and its child: {took_s:.1f} s from SIGKILL to the next effect")
    assert {item.state for item in job.items} == {ItemState.DONE}
    assert "EffectWork" not in rig.log("web").read_text()


def test_a_worker_whose_child_was_killed_goes_on_itself(rig: Processes, tmp_path: Path) -> None:
    rig.web("web")
    worker = rig.start(*WORKER, name="one")
    journal = CacheJournal(ALIAS, deployment())
    effects = Effects(tmp_path / "effects")
    gate = Gate(tmp_path, "k3")
    journal.add(samples.job(tmp_path, *samples.items(8), **gate.options), None)
    until(lambda: effects.counts()["k2"], "the third item")
    its = horse(worker)
    assert its is not None
    its.kill()
    killed_s = time.monotonic()
    gate.open()
    job, took_s = to_the_end(journal, effects, killed_s)
    print(f"RQ on Redis, the child alone: {took_s:.1f} s from SIGKILL to the next effect")
    assert {item.state for item in job.items} == {ItemState.DONE}


def test_a_child_that_outlives_its_worker_is_let_through(rig: Processes, tmp_path: Path) -> None:
    """It still has the claim: another that took the job as well would do things twice."""
    rig.web("web")
    worker = rig.start(*WORKER, name="one")
    journal = CacheJournal(ALIAS, deployment())
    effects = Effects(tmp_path / "effects")
    gate = Gate(tmp_path, "k2")
    journal.add(samples.job(tmp_path, *samples.items(6), **gate.options), None)
    until(lambda: effects.counts()["k1"], "the second item")
    rig.kill(worker)
    rig.start(*WORKER, name="two")
    until(lambda: "Listening on" in rig.log("two").read_text(), "the second worker")
    gate.open()
    job = until(lambda: ended(journal), "the job's end")
    assert {item.state for item in job.items} == {ItemState.DONE}
    assert {item.attempts for item in job.items} == {1}
    assert set(effects.counts().values()) == {1}
