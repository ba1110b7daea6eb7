"""Jobs of the test's own work, and a worker that ends at a point of it as a killed one would."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.jobs import effects
from vmware_panel.domain.jobs import Asker, Job, JobItem, JobKind
from vmware_panel.jobs import runner, works
from vmware_panel.jobs.journal import Journal

KIND = JobKind.CACHE_PURGE
WORK = "tests.jobs.effects.EffectWork"
ASKER = Asker("ada", "u-1", "p-1", "RegionOne", "192.0.2.7")


def items(count: int = 3) -> tuple[JobItem, ...]:
    return tuple(JobItem(f"k{n}", f"item {n}", size_bytes=1000 * (n + 1)) for n in range(count))


def job(folder: Path, *its: JobItem, job_id: str = "job1", **options: str) -> Job:
    return Job(
        id=job_id,
        kind=KIND,
        vcenter="west",
        title="three files",
        asker=ASKER,
        created_at=datetime.now(UTC),
        items=its or items(),
        options={"effects": str(folder / "effects"), **options},
    )


def register(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(works.WORKS, KIND, WORK)


class Killed(BaseException):
    """In place of SIGKILL, within one process: nothing of the worker runs after it."""


@contextmanager
def killable(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The worker's death is an exception that nobody sees, and its claim is not given back."""

    def die() -> None:
        raise Killed

    monkeypatch.setattr(effects, "HOW_TO_DIE", [die])
    yield


def run(journal: Journal, job_id: str = "job1", worker: str = "w1") -> bool:
    return runner.run(journal, job_id, worker, threading.Event())
