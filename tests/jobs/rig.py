"""Real processes that work at jobs, and can be killed."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from django.test import override_settings

from tests.jobs.effects import Effects
from vmware_panel.domain.jobs import Job, JobState
from vmware_panel.jobs.journal import Journal
from vmware_panel.jobs.sealing import deployment_id

ROOT = Path(__file__).parents[2]
T = TypeVar("T")


SECRET_KEY = "of the processes of a test"


def deployment() -> str:
    """Whose jobs theirs are."""
    with override_settings(SECRET_KEY=SECRET_KEY):
        return deployment_id()


class Processes:
    """Those of one test, each in a process group of its own, with one set of settings; `written` is
    the source of what their settings module has besides.
    """

    def __init__(self, folder: Path, settings: dict[str, Any], written: str = "") -> None:
        self._folder = folder
        self._settings = settings
        self._module = folder / "settings" / "written_settings.py"
        self._module.parent.mkdir(parents=True)
        self._module.write_text(f"from tests.jobs.settings import *\n{written}")
        self._started: list[subprocess.Popen[bytes]] = []

    @property
    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": self._module.stem,
            "JOBS_TEST_SETTINGS": json.dumps({"SECRET_KEY": SECRET_KEY, **self._settings}),
            "PYTHONPATH": f"{ROOT}:{self._module.parent}",
            "PYTHONWARNINGS": "ignore",
        }

    def start(self, *arguments: str, name: str) -> "subprocess.Popen[bytes]":
        process = started(self.log(name), self.environment, arguments)
        self._started.append(process)
        return process

    def web(self, name: str) -> "subprocess.Popen[bytes]":
        process = self.start("-m", "tests.jobs.web", name=name)
        until(lambda: "ready" in self.log(name).read_text(), f"{name} to be ready")
        return process

    def log(self, name: str) -> Path:
        return self._folder / f"{name}.log"

    def kill(self, process: "subprocess.Popen[bytes]") -> float:
        """With all that it has started, as when the machine goes; when that was."""
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return time.monotonic()

    def process_of(self, worker: str) -> "subprocess.Popen[bytes]":
        """The one that calls itself so: host, process, and what tells it from others."""
        pid = int(worker.rsplit("-", 2)[1])
        return next(process for process in self._started if process.pid == pid)

    def end(self) -> None:
        for process in self._started:
            if process.poll() is None:
                self.kill(process)


def started(
    log: Path, environment: Mapping[str, str], arguments: Sequence[str]
) -> "subprocess.Popen[bytes]":
    """Python from the project's folder, in a process group of its own; what it says goes to `log`."""
    with log.open("ab") as out:
        return subprocess.Popen(
            [sys.executable, *arguments],
            stdout=out,
            stderr=out,
            cwd=ROOT,
            env=environment,
            start_new_session=True,
        )


@contextmanager
def processes(folder: Path, settings: dict[str, Any], written: str = "") -> Iterator[Processes]:
    its = Processes(folder, settings, written)
    try:
        yield its
    finally:
        its.end()


def until(ask: Callable[[], T], what: str, timeout_s: float = 120.0) -> T:
    """What it gave that was true."""
    give_up_s = time.monotonic() + timeout_s
    while True:
        if found := ask():
            return found
        if time.monotonic() > give_up_s:
            raise AssertionError(f"waited {timeout_s:g} s in vain for {what}")
        time.sleep(0.05)


def ended(journal: Journal, job_id: str = "job1") -> Job | None:
    job = journal.read(job_id)
    return job if job is not None and job.state is JobState.ENDED else None


def to_the_end(journal: Journal, effects: Effects, killed_s: float) -> tuple[Job, float]:
    """The job, each of its effects made once; and how long until another went on."""
    done = effects.counts().total()
    until(lambda: effects.counts().total() > done, "another worker to go on")
    took_s = time.monotonic() - killed_s
    job = until(lambda: ended(journal), "the job's end")
    assert set(effects.counts().values()) == {1}
    assert len(effects.counts()) == len(job.items)
    return job, took_s
