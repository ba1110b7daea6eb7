"""Jobs of the test's own work, and a worker that ends at a point of it as a killed one would."""

import threading
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.jobs import effects
from vmware_panel.domain.jobs import Asker, Job, JobItem, JobKind
from vmware_panel.jobs import runner, works
from vmware_panel.jobs.journal import Journal

DEPLOYMENT = "test"
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
    """In place of SIGKILL, within one process: see `Mortal`."""


class Mortal:
    """Workers of this process that die as killed ones do: what they would do on their way out,
    giving the claim back, does not happen.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch, claim: type) -> None:
        self.died = False
        release = claim.release  # type: ignore[attr-defined]

        def release_if_alive(its: object) -> None:
            if not self.died:
                release(its)

        monkeypatch.setattr(claim, "release", release_if_alive)
        monkeypatch.setattr(effects, "HOW_TO_DIE", [self._die])

    def _die(self) -> None:
        self.died = True
        raise Killed

    def run(self, journal: Journal, job_id: str = "job1", worker: str = "w1") -> bool:
        """True if it came to its end."""
        self.died = False
        with suppress(Killed):
            run(journal, job_id, worker)
        return not self.died


def run(journal: Journal, job_id: str = "job1", worker: str = "w1") -> bool:
    return runner.run(journal, job_id, worker, threading.Event())
