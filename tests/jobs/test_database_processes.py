"""Workers of django-tasks-db on SQLite, and on real servers of MariaDB and PostgreSQL with the settings
that docs/job-workers.md has an operator write.

What happens on one database happens in its order, with the same processes; the three are gone through
side by side, for they mostly wait.
"""

import json
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.jobs import samples
from tests.jobs.databases import DATABASES, Server, Sqlite
from tests.jobs.effects import Effects, Gate
from tests.jobs.rig import Processes, deployment, ended, processes, to_the_end, until
from vmware_panel.domain.jobs import ItemState, Job, JobItem
from vmware_panel.jobs.sqlite_journal import SqliteJournal

# All that happens on a database happens in the time of a few of these.
pytestmark = pytest.mark.timeout(900)

MANY = 10


class Deployment:
    """One database, a web process and workers: the last that was begun is the last in `workers`."""

    def __init__(
        self, database: Sqlite | Server, rig: Processes, journal: SqliteJournal, folder: Path
    ) -> None:
        self.database, self.rig, self.journal = database, rig, journal
        self._folder = folder
        self.workers: list[subprocess.Popen[bytes]] = []

    def start_worker(self) -> None:
        name = f"worker{len(self.workers)}"
        self.workers.append(
            self.rig.start(
                *("-m", "django", "db_worker", "--queue-name", "vmware_panel", "--backend", "db"),
                name=name,
            )
        )
        until(lambda: "Starting worker" in self.said(name), f"{name} to start")

    def add(self, job_id: str, *items: JobItem, gate: Gate | None = None) -> Effects:
        folder = self._folder / job_id
        folder.mkdir()
        options = gate.options if gate else {}
        self.journal.add(samples.job(folder, *items, job_id=job_id, **options), None)
        return Effects(folder / "effects")

    def gate(self, job_id: str, key: str) -> Gate:
        folder = self._folder / f"gate-{job_id}"
        folder.mkdir()
        return Gate(folder, key)

    def end_of(self, job_id: str) -> Job:
        return until(lambda: ended(self.journal, job_id), f"the end of {job_id}")

    def said(self, name: str) -> str:
        return self.rig.log(name).read_text()

    def tasks(self) -> list[tuple[str, list[str]]]:
        """Of each that a worker has begun: its state, and the workers that have claimed it."""
        found = self.database.ask(
            "SELECT status, worker_ids FROM django_tasks_database_dbtaskresult"
        )
        claims = [(status, _read(workers)) for status, workers in found]
        return [(status, workers) for status, workers in claims if workers]


def _read(value: Any) -> Any:
    """PostgreSQL's driver has it read already."""
    return json.loads(value) if isinstance(value, str) else value


def a_session_that_idles_is_ended_and_the_worker_goes_on(at: Deployment) -> None:
    at.start_worker()
    gate = at.gate("long", "k1")
    effects = at.add("long", *samples.items(3), gate=gate)
    until(lambda: effects.counts()["k0"], "the first item")
    if isinstance(at.database, Server):
        time.sleep(1)  # an idle session's age
        at.database.end_idle_sessions()
    gate.open()
    at.end_of("long")
    until(lambda: at.tasks()[0][0] == "SUCCESSFUL", "the task to be written down as done")
    assert at.workers[0].poll() is None, at.said("worker0")


def each_task_is_claimed_by_one_of_two_workers(at: Deployment) -> None:
    at.start_worker()
    gate = at.gate("many", "k0")
    jobs = {f"many{n}": at.add(f"many{n}", *samples.items(1), gate=gate) for n in range(MANY)}

    def busy() -> set[str]:
        return {w for status, workers in at.tasks() if status == "RUNNING" for w in workers}

    until(lambda: len(busy()) == 2, "both workers to have one")
    gate.open()
    for job_id, effects in jobs.items():
        at.end_of(job_id)
        assert effects.counts() == {"k0": 1}
    until(lambda: {status for status, _ in at.tasks()} == {"SUCCESSFUL"}, "the tasks' end")
    assert {len(workers) for _, workers in at.tasks()} == {1}
    assert len({worker for _, workers in at.tasks() for worker in workers}) == 2
    assert [worker.poll() for worker in at.workers] == [None, None]


def one_is_killed_and_another_goes_on(at: Deployment) -> None:
    gate = at.gate("job1", "k3")
    effects = at.add("job1", *samples.items(8), gate=gate)
    until(lambda: effects.counts()["k2"], "the third item")
    job = at.journal.read("job1")
    assert job is not None
    killed_s = at.rig.kill(at.rig.process_of(job.worker))
    gate.open()
    job, took_s = to_the_end(at.journal, effects, killed_s)
    assert {item.state for item in job.items} == {ItemState.DONE}
    assert "EffectWork" not in at.said("web")
    print(f"{type(at.database).__name__}: {took_s:.1f} s from SIGKILL to the next effect")


def a_job_waits_for_a_database_that_is_away(at: Deployment) -> None:
    """A file never is; there a worker alone begins anew."""
    (left,) = (worker for worker in at.workers if worker.poll() is None)
    if isinstance(at.database, Server):
        at.database.stop()
        assert left.wait(120) == 1
        effects = at.add("after", *samples.items())
        until(lambda: "cannot be looked after" in at.said("web"), "it to be missed")
        at.database.start()
    else:
        at.rig.kill(left)
        effects = at.add("after", *samples.items())
    at.start_worker()
    at.end_of("after")
    assert effects.counts() == {"k0": 1, "k1": 1, "k2": 1}


PARTS = (
    a_session_that_idles_is_ended_and_the_worker_goes_on,
    each_task_is_claimed_by_one_of_two_workers,
    one_is_killed_and_another_goes_on,
    a_job_waits_for_a_database_that_is_away,
)

Outcomes = dict[Callable[[Deployment], None], "Future[None]"]


def go_through(kind: str, folder: Path, whose: str, outcomes: Outcomes) -> None:
    """A part that fails is the last: its failure is that of those that would have come, too."""
    settings: dict[str, Any] = {
        "INSTALLED_APPS": ["django_tasks", "django_tasks_db"],
        "TASKS": {
            "db": {"BACKEND": "django_tasks_db.DatabaseBackend", "QUEUES": ["vmware_panel"]}
        },
        "jobs": {"folder": str(folder / "jobs"), "backend": "db"},
    }
    try:
        with (
            closing(DATABASES[kind](folder)) as database,
            processes(folder, settings, database.settings) as rig,
        ):
            database.start()
            migrate = rig.start("-m", "django", "migrate", "django_tasks_database", name="migrate")
            assert migrate.wait(240) == 0, rig.log("migrate").read_text()
            rig.web("web")
            at = Deployment(database, rig, SqliteJournal(folder / "jobs", whose), folder)
            for part in PARTS:
                part(at)
                outcomes[part].set_result(None)
    except BaseException as error:
        for outcome in outcomes.values():
            if not outcome.done():
                outcome.set_exception(error)
        raise


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Outcomes]]:
    its = {kind: Outcomes((part, Future()) for part in PARTS) for kind in DATABASES}
    with ThreadPoolExecutor(len(its)) as pool:
        for kind, awaited in its.items():
            pool.submit(go_through, kind, tmp_path_factory.mktemp(kind), deployment(), awaited)
        yield its


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.__name__)
@pytest.mark.parametrize("kind", DATABASES)
def test_of_workers_of_a_database(
    kind: str, part: Callable[[Deployment], None], outcomes: dict[str, Outcomes]
) -> None:
    outcomes[kind][part].result()
