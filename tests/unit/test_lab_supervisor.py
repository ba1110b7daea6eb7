"""The lab's supervisor, with small services in place of OpenStack's."""

from __future__ import annotations

import contextlib
import io
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lab.processes import ProcessBook, ProcessIdentity, ProcessRecord, stop
from lab.settings import PROJECT_ROOT
from lab.steps import HttpAnswers, Job, LogSays, Service, Step
from lab.supervisor import LabError, StepFailed, Supervisor

pytestmark = pytest.mark.loopback

pytestmark = pytest.mark.loopback

SLEEP = (sys.executable, "-c", "import time; print('up', flush=True); time.sleep(60)")
SLEEP_DEAF = (
    sys.executable,
    "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
    "print('up', flush=True); time.sleep(60)",
)
PARENT = (
    sys.executable,
    "-c",
    "import subprocess, time; child = subprocess.Popen(['sleep', '60']);"
    "print('child', child.pid, flush=True); time.sleep(60)",
)


class Bench:
    """A state folder and the supervisors made on it."""

    def __init__(self, folder: Path) -> None:
        self.state = folder / "state"
        self.logs = folder / "logs"
        self.out = io.StringIO()

    def supervisor(self, *steps: Step) -> Supervisor:
        return Supervisor(self.state, self.logs, steps, self.out)

    def service(self, name: str, command: tuple[str, ...] = SLEEP, **more: object) -> Service:
        values = {"ready": LogSays(self.logs / f"{name}.log", "up"), **more}
        return Service(name, command, **values)

    def web(self, name: str, **more: object) -> Service:
        port = _free_port()
        return Service(
            name,
            (sys.executable, "-m", "http.server", "--bind", "127.0.0.1", str(port)),
            ready=HttpAnswers(f"http://127.0.0.1:{port}/"),
            ports={name: port},
            **more,
        )

    def mark(self, name: str, **more: object) -> Job:
        """A job that writes its name down when it is done."""
        script = (
            f"import pathlib; pathlib.Path({str(self.logs)!r}, 'order').open('a').write('{name} ')"
        )
        return Job(name, commands=((sys.executable, "-c", script),), **more)

    @property
    def order(self) -> list[str]:
        return (self.logs / "order").read_text().split()


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    yield made
    made.supervisor().stop(grace_s=0)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _until(condition: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end, f"waited 10 s for {what}"
        time.sleep(0.02)


def _alive(pid: int) -> bool:
    return ProcessIdentity.of(pid) is not None


# -- starting ------------------------------------------------------------------------------


def test_steps_run_after_those_they_name(bench: Bench) -> None:
    bench.supervisor(
        bench.mark("first"),
        bench.mark("second", after=("first",)),
        bench.mark("third", after=("first", "second")),
    ).start()
    assert bench.order == ["first", "second", "third"]


def test_steps_without_a_bond_run_at_the_same_time(bench: Bench) -> None:
    # Each waits for the other's file: run one by one, they would both time out.
    def wait_for(mine: str, other: str) -> Job:
        script = (
            f"import pathlib, time; f = pathlib.Path({str(bench.logs)!r});"
            f"(f / '{mine}').touch()\n"
            f"while not (f / '{other}').exists(): time.sleep(0.01)"
        )
        return Job(mine, commands=((sys.executable, "-c", script),), timeout_s=10)

    bench.supervisor(wait_for("a", "b"), wait_for("b", "a")).start()


def test_a_service_is_left_running_and_answers(bench: Bench) -> None:
    web = bench.web("web")
    supervisor = bench.supervisor(web)
    supervisor.start()
    assert supervisor.health() == {"web": True}
    supervisor.stop()
    assert supervisor.health() == {"web": False}


def test_each_step_is_shown_with_its_seconds(bench: Bench) -> None:
    bench.supervisor(bench.mark("first"), bench.service("daemon")).start()
    lines = bench.out.getvalue().splitlines()
    assert {line.split()[-1] for line in lines} == {"first", "daemon"}
    assert all(" s " in line for line in lines)


def test_what_a_job_says_as_progress_is_shown_and_nothing_else(bench: Bench) -> None:
    script = (
        sys.executable,
        "-c",
        "from lab.progress import say; print('chatter'); say('half way')",
    )
    path = {"PYTHONPATH": str(PROJECT_ROOT)}
    bench.supervisor(Job("build", commands=(script,), environment=path)).start()
    assert "build: half way" in bench.out.getvalue()
    assert "chatter" not in bench.out.getvalue()


def test_a_step_declared_before_what_it_needs_is_refused(bench: Bench) -> None:
    with pytest.raises(ValueError, match="before"):
        bench.supervisor(bench.mark("second", after=("first",)), bench.mark("first"))


# -- failing -------------------------------------------------------------------------------


def test_a_failing_step_names_its_log_and_shows_the_last_lines(bench: Bench) -> None:
    script = "import sys; print('\\n'.join(map(str, range(100)))); sys.exit('no such table')"
    job = Job("sync", commands=((sys.executable, "-c", script),))
    with pytest.raises(StepFailed) as caught:
        bench.supervisor(job).start()
    text = str(caught.value)
    assert "sync failed: ended with status 1" in text
    assert str(bench.logs / "sync.log") in text
    assert "no such table" in text
    assert "| 99" in text and "| 1\n" not in text


def test_a_service_that_ends_before_it_is_ready_fails(bench: Bench) -> None:
    script = (sys.executable, "-c", "raise SystemExit('bad option')")
    with pytest.raises(StepFailed, match="bad option"):
        bench.supervisor(bench.service("daemon", script)).start()


def test_a_service_that_never_gets_ready_fails_by_its_deadline(bench: Bench) -> None:
    service = bench.service("slow", ready=lambda: False, ready_timeout_s=0.3)
    with pytest.raises(StepFailed, match="not ready after"):
        bench.supervisor(service).start()


def test_a_program_that_is_not_there_fails_in_words(bench: Bench) -> None:
    with pytest.raises(StepFailed, match="no-such-program"):
        bench.supervisor(bench.service("daemon", ("/no-such-program",))).start()


def test_a_failing_function_fails_its_job(bench: Bench) -> None:
    def broken() -> None:
        raise RuntimeError("go build failed")

    with pytest.raises(StepFailed, match="go build failed"):
        bench.supervisor(Job("build", function=broken)).start()


def test_a_failure_stops_everything_that_was_started(bench: Bench) -> None:
    fails = Job(
        "fails", commands=((sys.executable, "-c", "raise SystemExit(1)"),), after=("daemon",)
    )
    supervisor = bench.supervisor(
        bench.service("daemon"), fails, bench.mark("never", after=("fails",))
    )
    with pytest.raises(StepFailed):
        supervisor.start()
    assert supervisor.book.read() == {}
    assert supervisor.book.strays() == set()
    assert not (bench.logs / "order").exists()


# -- ports ---------------------------------------------------------------------------------


def test_a_busy_port_is_named_with_service_owner_and_remedy(bench: Bench) -> None:
    web = bench.web("web")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", web.ports["web"]))
        taken.listen()
        with pytest.raises(LabError) as caught:
            bench.supervisor(web).check_ports()
    text = str(caught.value)
    assert f"Port {web.ports['web']} (web, of web)" in text
    assert f"pid {os.getpid()}" in text
    assert "--port NAME=NUMBER" in text


def test_free_ports_pass(bench: Bench) -> None:
    bench.supervisor(bench.web("web")).check_ports()


# -- stopping ------------------------------------------------------------------------------


def test_children_are_stopped_with_their_service(bench: Bench) -> None:
    log = bench.logs / "parent.log"
    supervisor = bench.supervisor(bench.service("parent", PARENT, ready=LogSays(log, "child")))
    supervisor.start()
    child = int(log.read_text().split()[1])
    assert _alive(child)
    assert supervisor.stop() == 2
    assert not _alive(child)


def test_children_are_stopped_even_when_their_parent_was_killed(bench: Bench) -> None:
    log = bench.logs / "parent.log"
    supervisor = bench.supervisor(bench.service("parent", PARENT, ready=LogSays(log, "child")))
    supervisor.start()
    child = int(log.read_text().split()[1])
    supervisor.book.read()["parent"].leader.signal(signal.SIGKILL)
    supervisor.stop()
    assert not _alive(child)


def test_a_service_deaf_to_sigterm_is_killed(bench: Bench) -> None:
    supervisor = bench.supervisor(bench.service("deaf", SLEEP_DEAF))
    supervisor.start()
    pid = supervisor.book.read()["deaf"].leader.pid
    supervisor.stop(grace_s=0.2)
    assert not _alive(pid)


def test_a_recycled_pid_is_never_hit(tmp_path: Path) -> None:
    """A record whose start time is not that of the living process with its pid."""
    innocent = subprocess.Popen(["sleep", "60"])
    try:
        identity = ProcessIdentity.of(innocent.pid)
        assert identity is not None
        stale = ProcessIdentity(identity.pid, identity.start_ticks - 1, identity.boot_id)
        book = ProcessBook(tmp_path, "test")
        book.write(ProcessRecord("stale", stale))
        assert book.read()["stale"].current_members() == set()
        assert stop([stale], grace_s=0) == []
        assert innocent.poll() is None
    finally:
        innocent.kill()
        innocent.wait()


def test_a_process_of_an_earlier_boot_is_never_hit() -> None:
    own = ProcessIdentity.of(os.getpid())
    assert own is not None and own.alive
    assert not ProcessIdentity(own.pid, own.start_ticks, "another-boot").alive


def test_what_others_need_is_stopped_last(bench: Bench) -> None:
    def noting(name: str) -> tuple[str, ...]:
        script = (
            "import pathlib, signal, sys, time\n"
            "def end(*_):\n"
            f"    pathlib.Path({str(bench.logs)!r}, 'order').open('a').write('{name} ')\n"
            "    sys.exit()\n"
            "signal.signal(signal.SIGTERM, end); print('up', flush=True); time.sleep(60)"
        )
        return (sys.executable, "-c", script)

    supervisor = bench.supervisor(
        bench.service("database", noting("database"), stop_last=True),
        bench.service("api", noting("api"), after=("database",)),
    )
    supervisor.start()
    supervisor.stop()
    assert bench.order == ["api", "database"]


# -- crashes -------------------------------------------------------------------------------

# What a shell starts in the background inherits that Ctrl-C is ignored, and hands it on.
CRASHING = """
import signal
import sys
from pathlib import Path
from lab.steps import LogSays, Service
from lab.supervisor import Supervisor
signal.signal(signal.SIGINT, signal.default_int_handler)
folder = Path(sys.argv[1])
command = (sys.executable, "-c", "import time; print('up', flush=True); time.sleep(60)")
up = Service("up", command, ready=LogSays(folder / "logs/up.log", "up"))
hangs = Service("hangs", command, ready=lambda: False, after=("up",))
Supervisor(folder / "state", folder / "logs", [up, hangs]).start()
"""


@contextlib.contextmanager
def _start_in_progress(bench: Bench, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Another process that is in the middle of a start: one service up, one not yet ready."""
    process = subprocess.Popen(
        [sys.executable, "-c", CRASHING, str(folder)],
        env={**os.environ, "PYTHONPATH": str(PROJECT_ROOT)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _until(lambda: "up" in _read(bench.logs / "hangs.log"), "the second service")
        yield process
    finally:
        process.kill()
        process.wait()


def _read(path: Path) -> str:
    return path.read_text() if path.exists() else ""


def test_a_second_start_stops_what_a_killed_supervisor_left(bench: Bench, tmp_path: Path) -> None:
    with _start_in_progress(bench, tmp_path) as crashed:
        crashed.kill()
        crashed.wait()
    supervisor = bench.supervisor(bench.service("up"))
    left = {record.leader for record in supervisor.book.read().values()}
    assert len(left) == 2 and all(process.alive for process in left)
    assert supervisor.stop() == 2
    assert not any(process.alive for process in left)


def test_processes_without_a_record_are_found_by_their_mark(bench: Bench, tmp_path: Path) -> None:
    with _start_in_progress(bench, tmp_path) as crashed:
        crashed.kill()
        crashed.wait()
    supervisor = bench.supervisor()
    for name in supervisor.book.read():
        supervisor.book.remove(name)
    assert len(supervisor.book.strays()) == 2
    supervisor.stop()
    assert supervisor.book.strays() == set()


def test_ctrl_c_leaves_nothing_behind(bench: Bench, tmp_path: Path) -> None:
    with _start_in_progress(bench, tmp_path) as process:
        process.send_signal(signal.SIGINT)
        process.wait(10)
    book = bench.supervisor().book
    assert book.read() == {}
    assert book.strays() == set()


def test_two_supervisors_do_not_work_on_one_state_folder(bench: Bench) -> None:
    with (
        bench.supervisor().locked(),
        pytest.raises(LabError, match="another lab command"),
        bench.supervisor().locked(),
    ):
        pass
