"""Who hands jobs to the queue, and when; and the queue that needs nothing."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from celery import Celery
from django.test import modify_settings, override_settings
from django_tasks import task_backends
from redis import Redis

from tests.jobs import samples
from tests.jobs.effects import Effects
from tests.jobs.rig import until
from tests.store.servers import ALIAS, HOST, CacheServer
from vmware_panel.domain.jobs import Job, JobState
from vmware_panel.domain.outcome import TroubleKind
from vmware_panel.jobs import sqlite_journal, tasks, watcher
from vmware_panel.jobs.embedded import EmbeddedBackend
from vmware_panel.jobs.in_time import InTime
from vmware_panel.jobs.journal import Journal, JournalError
from vmware_panel.jobs.journals import journal


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Journal]:
    """That of this process's settings."""
    samples.register(monkeypatch)
    with override_settings(VMWARE_PANEL={"jobs": {"folder": str(tmp_path / "jobs")}}):
        yield journal()


@pytest.fixture
def queue(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was handed to it."""
    handed: list[str] = []

    def take(job_id: str) -> str:
        handed.append(job_id)
        return f"result-{len(handed)}"

    monkeypatch.setattr(watcher, "enqueue", take)
    return handed


def later(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    real = sqlite_journal.clock_s
    monkeypatch.setattr(sqlite_journal, "clock_s", lambda: real() + seconds)


def test_of_several_watchers_one_hands_it_over(
    kept: Journal, queue: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    watchers = [watcher.Watcher() for _ in range(3)]
    kept.add(samples.job(tmp_path), None)
    for one in watchers:
        one.look()
    assert queue == ["job1"]
    later(monkeypatch, watcher.QUEUED_S + 1)
    for one in watchers:
        one.look()
    assert queue == ["job1"] * 2


def test_one_at_which_a_worker_is_and_one_that_has_ended_are_left_alone(
    kept: Journal, queue: list[str], tmp_path: Path
) -> None:
    kept.add(samples.job(tmp_path), None)
    claim = kept.claim("job1", "w1")
    watcher.Watcher().look()
    assert claim is not None
    samples.run(kept)
    claim.release()
    samples.run(kept)
    watcher.Watcher().look()
    assert queue == []


def test_one_that_still_lies_in_the_queue_is_not_put_there_again(
    kept: Journal, queue: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept.add(samples.job(tmp_path), None)
    watcher.Watcher().look()
    later(monkeypatch, watcher.QUEUED_S + 1)
    monkeypatch.setattr(watcher, "waits_in_queue", lambda result: result == "result-1")
    watcher.Watcher().look()
    assert queue == ["job1"]


def test_a_queue_that_is_away_is_said_once_and_tried_again(
    kept: Journal,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def refuse(job_id: str) -> str:
        raise JournalError(TroubleKind.UNREACHABLE, "ConnectionError")

    monkeypatch.setattr(watcher, "enqueue", refuse)
    kept.add(samples.job(tmp_path), None)
    one = watcher.Watcher()
    for _ in range(3):
        one.look()
        later(monkeypatch, watcher.QUEUED_S + 1)
    said = [r.message for r in caplog.records if "cannot be looked after" in r.message]
    assert len(said) == 1 and "ConnectionError" in said[0]
    assert list(kept.idle()) == ["job1"]


def test_the_embedded_queue_does_the_job_in_a_thread(
    kept: Journal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks, "embedded", EmbeddedBackend("test", {"QUEUES": []}))
    kept.add(samples.job(tmp_path), None)
    watcher.Watcher().look()
    until(lambda: _ended(kept), "its end")
    assert set(Effects(tmp_path / "effects").counts().values()) == {1}


def test_a_worker_with_another_secret_key_says_that_it_knows_no_such_job(
    kept: Journal, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    kept.add(samples.job(tmp_path), None)
    with override_settings(SECRET_KEY="another"):
        tasks.run_job.call("job1")
    (said,) = (r.message for r in caplog.records)
    assert "Job job1 is not in the journal of this worker: its SECRET_KEY" in said
    tasks.run_job.call("job1")
    tasks.run_job.call("job1")
    assert not any("not in the journal" in r.message for r in caplog.records[1:])


def test_the_embedded_queue_does_one_job_once_at_a_time() -> None:
    backend = EmbeddedBackend("test", {"QUEUES": []})
    _Gate.open.clear()
    _Gate.entered = 0
    task: Any = tasks._JobTask(
        func=wait_at_gate, queue_name=tasks.JOBS_QUEUE, backend=tasks.EMBEDDED
    )
    for job_id in ("a", "a", "b", "a"):
        backend.enqueue(task, (job_id,), {})
    until(lambda: _Gate.entered == 2, "both")
    _Gate.open.set()
    backend.stop()
    assert _Gate.entered == 2


class _Gate:
    open = threading.Event()
    entered = 0
    lock = threading.Lock()


def wait_at_gate(job_id: str) -> None:
    with _Gate.lock:
        _Gate.entered += 1
    _Gate.open.wait(20)


celery_app = Celery("test", set_as_current=False)


@pytest.fixture
def queues(redis_server: CacheServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """RQ and Celery on a real Redis; who asks has time, for RQ's client tries some times."""
    monkeypatch.setattr(tasks, "in_time", InTime(100.0))
    at = {"HOST": HOST, "PORT": redis_server.port, "DB": 1}
    celery_app.conf.broker_url = f"redis://{HOST}:{redis_server.port}/2"
    celery = {
        "BACKEND": "vmware_panel.jobs.celery_backend.CeleryBackend",
        "QUEUES": ["vmware_panel"],
        "OPTIONS": {"app": f"{__name__}.celery_app"},
    }
    with (
        modify_settings(INSTALLED_APPS={"append": "django_rq"}),
        override_settings(
            RQ_QUEUES={"default": at, "vmware_panel": at},
            TASKS={
                "rq": {"BACKEND": "django_tasks_rq.RQBackend", "QUEUES": ["vmware_panel"]},
                "celery": celery,
            },
        ),
    ):
        vars(task_backends).pop("settings", None)  # it reads them once in a process
        yield
    vars(task_backends).pop("settings", None)


def working_with(backend: str) -> Any:
    return override_settings(VMWARE_PANEL={"jobs": {"cache": ALIAS, "backend": backend}})


def test_a_backend_that_lacks_its_application_is_said_and_ends_no_watcher(
    kept: Journal, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    tasks = {
        "db": {"BACKEND": "django_tasks_db.DatabaseBackend", "QUEUES": ["vmware_panel"]},
    }
    kept.add(samples.job(tmp_path), None)
    kept.enqueued("job1", "one of before")
    jobs = {"folder": str(tmp_path / "jobs"), "backend": "db"}
    with override_settings(TASKS=tasks, VMWARE_PANEL={"jobs": jobs}):
        watcher.Watcher().look()
    (said,) = (r.message for r in caplog.records if "cannot be looked after" in r.message)
    assert "'db' of TASKS: DatabaseBackend configured as" in said
    assert "Insert 'django_tasks_db' in INSTALLED_APPS" in said


@pytest.mark.caches
def test_rq_tells_what_lies_in_its_queue(queues: None) -> None:
    with working_with("rq"):
        result = tasks.enqueue("job1")
        assert tasks.waits_in_queue(result)
        assert not tasks.waits_in_queue("another")


@pytest.mark.caches
def test_celery_tells_whether_anything_lies_in_its_queue(
    queues: None, redis_server: CacheServer
) -> None:
    with working_with("celery"):
        assert not tasks.waits_in_queue("before there is a queue")
        result = tasks.enqueue("job1")
        assert tasks.waits_in_queue(result)
        Redis(HOST, redis_server.port, db=2).delete("vmware_panel")
        assert not tasks.waits_in_queue(result)


@pytest.mark.caches
@pytest.mark.parametrize("backend", ["rq", "celery"])
def test_a_queue_that_is_away_or_hangs_is_said_in_time(
    backend: str, queues: None, redis_server: CacheServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with working_with(backend):
        result = tasks.enqueue("job1")
        redis_server.freeze()
        with monkeypatch.context() as patch:
            patch.setattr(tasks, "in_time", InTime(1.0))
            for _ in range(2):
                with pytest.raises(JournalError, match="the queue did not take it: TimeoutError"):
                    tasks.enqueue("job1")
            assert not tasks.waits_in_queue(result)
            redis_server.thaw()
            until(lambda: tasks.waits_in_queue(result), "it to answer again")
        redis_server.kill()
        assert not tasks.waits_in_queue(result)
        with pytest.raises(JournalError, match="the queue does not answer: .*onnection"):
            tasks.asked_queue(result)
        with pytest.raises(JournalError, match="the queue did not take it: .*onnection"):
            tasks.enqueue("job1")


def _ended(kept: Journal) -> Job | None:
    job = kept.read("job1")
    return job if job is not None and job.state is JobState.ENDED else None
