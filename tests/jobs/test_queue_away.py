"""A queue that goes away while a job waits, and comes back having forgotten everything."""

from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from tests.jobs import samples, test_celery_processes, test_redis_processes
from tests.jobs.effects import Effects
from tests.jobs.rig import deployment, processes, until
from tests.store.servers import HOST, CacheServer
from vmware_panel.domain.jobs import JobState
from vmware_panel.jobs.sqlite_journal import SqliteJournal

pytestmark = pytest.mark.caches

WORKERS = {
    "rq": (test_redis_processes.WORKER, "Listening on"),
    "celery": (test_celery_processes.WORKER, " ready."),
}


@pytest.mark.parametrize("backend", WORKERS)
def test_a_worker_that_waits_takes_the_job_when_the_queue_is_back(
    backend: str, redis_server: CacheServer, tmp_path: Path
) -> None:
    queue = {"HOST": HOST, "PORT": redis_server.port, "DB": 1, "DEFAULT_TIMEOUT": -1}
    celery = "vmware_panel.jobs.celery_backend.CeleryBackend"
    settings: dict[str, Any] = {
        "INSTALLED_APPS": ["django_rq"],
        "RQ_QUEUES": {"default": queue, "vmware_panel": queue},
        "CELERY_BROKER_URL": f"redis://{HOST}:{redis_server.port}/2",
        "TASKS": {
            "rq": {"BACKEND": "django_tasks_rq.RQBackend", "QUEUES": ["vmware_panel"]},
            "celery": {"BACKEND": celery, "QUEUES": ["vmware_panel"]},
        },
        "jobs": {"folder": str(tmp_path / "jobs"), "backend": backend},
    }
    journal = SqliteJournal(tmp_path / "jobs", deployment())
    effects = Effects(tmp_path / "effects")
    command, ready = WORKERS[backend]
    with processes(tmp_path, settings) as rig:
        rig.web("web")
        worker = rig.start(*command, name="worker")
        until(lambda: ready in rig.log("worker").read_text(), "the worker")
        # RQ's says so before it does; one that is told in between that Redis is away ends.
        redis = Redis(HOST, redis_server.port)
        until(lambda: redis.info("clients")["blocked_clients"], "the worker to wait")
        redis_server.kill()
        journal.add(samples.job(tmp_path), None)
        until(lambda: "cannot be looked after" in rig.log("web").read_text(), "it to be missed")
        redis_server.start()
        until(lambda: (j := journal.read("job1")) and j.state is JobState.ENDED, "its end", 150)
        assert worker.poll() is None, "the worker is still the same"
    assert effects.counts() == {"k0": 1, "k1": 1, "k2": 1}
