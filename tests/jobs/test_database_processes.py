"""Workers of django-tasks-db, on a database of SQLite, killed in the midst of a job."""

import time
from pathlib import Path
from typing import Any

from tests.jobs import samples
from tests.jobs.effects import Effects
from tests.jobs.rig import deployment, processes, until
from vmware_panel.domain.jobs import ItemState, JobState
from vmware_panel.jobs.sqlite_journal import SqliteJournal

WORKER = ("-m", "django", "db_worker", "--queue-name", "vmware_panel", "--backend", "db")


def test_another_worker_goes_on(tmp_path: Path) -> None:
    database = {"ENGINE": "django.db.backends.sqlite3", "NAME": str(tmp_path / "tasks.sqlite3")}
    settings: dict[str, Any] = {
        "INSTALLED_APPS": ["django_tasks", "django_tasks_db"],
        "DATABASES": {"default": database},
        "TASKS": {
            "db": {"BACKEND": "django_tasks_db.DatabaseBackend", "QUEUES": ["vmware_panel"]}
        },
        "jobs": {"folder": str(tmp_path / "jobs"), "backend": "db"},
    }
    journal = SqliteJournal(tmp_path / "jobs", deployment())
    effects = Effects(tmp_path / "effects")
    with processes(tmp_path, settings) as rig:
        migrate = rig.start("-m", "django", "migrate", name="migrate")
        assert migrate.wait(120) == 0, rig.log("migrate").read_text()
        rig.web("web")
        for name in ("one", "two"):
            rig.start(*WORKER, name=name)
        for name in ("one", "two"):
            until(lambda name=name: "Starting worker" in rig.log(name).read_text(), name)
        journal.add(samples.job(tmp_path, *samples.items(8), pause_s="0.5"), None)
        until(lambda: effects.counts()["k2"], "the third item")
        job = journal.read("job1")
        assert job is not None
        killed_s = rig.kill(rig.process_of(job.worker))
        done = effects.counts().total()
        until(lambda: effects.counts().total() > done, "the other worker to go on")
        took_s = time.monotonic() - killed_s
        until(lambda: (j := journal.read("job1")) and j.state is JobState.ENDED, "its end")
        assert "EffectWork" not in rig.log("web").read_text()
    print(f"database of SQLite: {took_s:.1f} s from SIGKILL to the next effect")
    job = journal.read("job1")
    assert job is not None
    assert {item.state for item in job.items} == {ItemState.DONE}
    assert set(effects.counts().values()) == {1}
    assert len(effects.counts()) == 8
