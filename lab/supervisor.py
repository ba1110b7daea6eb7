"""Starts a graph of steps as parallel as it allows, and stops all of it again.

The supervisor lives only while it starts or stops: the services it leaves behind are on their own,
known by their records in the state folder (see :mod:`lab.processes`). So a second start finds
what a crash left, and ``down`` works from anywhere.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent import futures
from pathlib import Path
from typing import IO, TextIO

from lab import ports, progress
from lab.processes import ProcessBook, ProcessIdentity, ProcessRecord, merged, stop
from lab.steps import Job, Service, Step

_POLL_S = 0.1
_TAIL_LINES = 15


class LabError(Exception):
    """The lab cannot do what was asked; the message says why and what to do."""


class StepFailed(LabError):
    """A step that did not come up, with its log and the last lines of it."""

    def __init__(self, step: str, reason: str, log: Path) -> None:
        self.step = step
        self.log = log
        lines = _tail(log)
        text = f"{step} failed: {reason}\n  log: {log}"
        if lines:
            text += "\n" + "\n".join(f"  | {line}" for line in lines)
        super().__init__(text)


class _Cancelled(Exception):
    """Another step has failed, or the user pressed Ctrl-C."""


class Supervisor:
    """One lab's processes: started from ``steps``, recorded and logged below ``state``."""

    def __init__(
        self, state: Path, logs: Path, steps: Sequence[Step], out: TextIO | None = None
    ) -> None:
        self._state = state
        self._logs = logs
        self._steps = {step.name: step for step in steps}
        self._out = out or sys.stdout
        self._out_lock = threading.Lock()
        self._cancel = threading.Event()
        self.book = ProcessBook(state / "processes", str(state))
        self._started_at = time.monotonic()
        _check_graph(steps)

    # -- start -----------------------------------------------------------------------------

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the state folder: two supervisors must not work on one lab.

        :raises LabError: another one holds it
        """
        self._state.mkdir(parents=True, exist_ok=True)
        with (self._state / "lock").open("a") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise LabError(
                    f"another lab command is working on {self._state}: wait for it to end"
                ) from None
            yield

    def check_ports(self) -> None:
        """See that every port is free, before anything starts.

        :raises LabError: naming each busy port, its service, who holds it, and the remedy
        """
        busy = [
            ports.describe_busy(number, name, service.name)
            for service in self._services()
            for name, number in service.ports.items()
            if ports.is_busy(number)
        ]
        if busy:
            raise LabError("\n".join([*busy, ports.REMEDY]))

    def start(self) -> None:
        """Run every step, each as soon as those it comes after are done.

        Whatever goes wrong, Ctrl-C included, everything that was started is stopped again.

        :raises StepFailed: the first step that failed
        """
        self._started_at = time.monotonic()
        self._cancel.clear()
        self._logs.mkdir(parents=True, exist_ok=True)
        try:
            self._run_graph()
        except BaseException as error:
            self._cancel.set()
            self._say(
                "interrupted, stopping" if isinstance(error, KeyboardInterrupt) else "stopping"
            )
            self.stop()
            raise

    def _run_graph(self) -> None:
        done: set[str] = set()
        waiting = dict(self._steps)
        running: dict[futures.Future[None], str] = {}
        with futures.ThreadPoolExecutor(max_workers=len(waiting) or 1) as pool:
            try:
                while waiting or running:
                    for name, step in list(waiting.items()):
                        if done.issuperset(step.after):
                            running[pool.submit(self._run_step, step)] = name
                            del waiting[name]
                    # A timeout, so that Ctrl-C reaches this thread while it waits.
                    finished, _ = futures.wait(
                        running, timeout=0.5, return_when=futures.FIRST_COMPLETED
                    )
                    for future in finished:
                        done.add(running.pop(future))
                        future.result()
            except BaseException:
                self._cancel.set()
                raise

    def _run_step(self, step: Step) -> None:
        begin = time.monotonic()
        if isinstance(step, Service):
            self._start_service(step)
        else:
            self._run_job(step)
        now = time.monotonic()
        self._say(f"{now - begin:6.1f} s   at {now - self._started_at:5.1f}   {step.name}")

    def _start_service(self, service: Service) -> None:
        command = service.command() if callable(service.command) else service.command
        process = self._spawn(service, command)
        end = time.monotonic() + service.ready_timeout_s
        while not service.ready():
            if process.poll() is not None:
                raise StepFailed(
                    service.name, f"ended with {_status(process.returncode)}", self.log(service)
                )
            if time.monotonic() > end:
                reason = f"not ready after {service.ready_timeout_s:.0f} s"
                raise StepFailed(service.name, reason, self.log(service))
            self._pause(service.poll_s)
        record = self.book.read().get(service.name)
        if process.poll() is not None or record is None:
            # Something else answers in its place.
            raise StepFailed(service.name, "ended right after its start", self.log(service))
        self.book.write(record.refreshed())

    def _run_job(self, job: Job) -> None:
        end = time.monotonic() + job.timeout_s
        for command in job.commands:
            process = self._spawn(job, command)
            with contextlib.ExitStack() as stack:
                log = stack.enter_context(self.log(job).open(errors="replace"))
                while (status := process.poll()) is None:
                    if time.monotonic() > end:
                        reason = f"not done after {job.timeout_s:.0f} s"
                        raise StepFailed(job.name, reason, self.log(job))
                    self._relay(job, log)
                    self._pause()
                self._relay(job, log)
            self.book.remove(job.name)
            if status != 0:
                raise StepFailed(job.name, f"ended with {_status(status)}", self.log(job))
        if job.function is not None:
            try:
                job.function()
            except (OSError, RuntimeError, subprocess.SubprocessError) as error:
                raise StepFailed(job.name, str(error), self.log(job)) from error

    def _spawn(self, step: Step, command: Sequence[str]) -> subprocess.Popen[bytes]:
        if self._cancel.is_set():
            raise _Cancelled
        with self.log(step).open("ab") as log:
            try:
                process = subprocess.Popen(
                    command,
                    env=merged(step.environment, self.book.environment),
                    cwd=step.folder if isinstance(step, Service) else None,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
            except OSError as error:
                raise StepFailed(step.name, str(error), self.log(step)) from error
        identity = ProcessIdentity.of(process.pid)
        if identity is not None:
            self.book.write(ProcessRecord(step.name, identity))
        return process

    def _pause(self, seconds: float = _POLL_S) -> None:
        if self._cancel.wait(seconds):
            raise _Cancelled

    def _relay(self, job: Job, log: IO[str]) -> None:
        for line in log.read().splitlines():
            if (text := progress.said(line)) is not None:
                self._say(f"{'':22}{job.name}: {text}")

    # -- stop ------------------------------------------------------------------------------

    def stop(self, grace_s: float = 1.5) -> int:
        """Stop every recorded process with its whole session; return how many there were.

        ``grace_s`` is short because nothing here is worth a slow farewell: some of OpenStack's
        daemons take a minute for theirs, and every start begins with fresh databases.
        """
        records = self.book.read()
        last = {service.name for service in self._services() if service.stop_last}
        total = 0
        for names in (records.keys() - last, records.keys() & last):
            members = {member for name in names for member in records[name].current_members()}
            total += len(members)
            stop(members, grace_s)
        strays = self.book.strays()
        stop(strays, grace_s)
        for name in records:
            self.book.remove(name)
        return total + len(strays)

    def restart(self, name: str, grace_s: float = 1.5) -> None:
        """Stop one service and start it again, as its configuration is now.

        :raises StepFailed: it did not come up
        """
        service = next(service for service in self._services() if service.name == name)
        record = self.book.read().get(name)
        if record is not None:
            stop(record.current_members(), grace_s)
            self.book.remove(name)
        self._start_service(service)

    # -- look ------------------------------------------------------------------------------

    def log(self, step: Step) -> Path:
        return self._logs / f"{step.name}.log"

    def health(self) -> dict[str, bool]:
        """By service name: is its process alive, and does it answer?"""
        records = self.book.read()
        services = list(self._services())
        with futures.ThreadPoolExecutor(max_workers=len(services) or 1) as pool:
            answers = pool.map(
                lambda service: (
                    service.name in records
                    and records[service.name].leader.alive
                    and service.ready()
                ),
                services,
            )
            return dict(zip((service.name for service in services), answers, strict=True))

    def _services(self) -> Iterator[Service]:
        return (step for step in self._steps.values() if isinstance(step, Service))

    def _say(self, text: str) -> None:
        with self._out_lock:
            print(text, file=self._out, flush=True)


def _check_graph(steps: Sequence[Step]) -> None:
    """Steps are declared in an order in which they could also run one by one."""
    seen: set[str] = set()
    for step in steps:
        missing = [name for name in step.after if name not in seen]
        if missing or step.name in seen:
            raise ValueError(f"step {step.name!r} is declared twice or before {missing}")
        seen.add(step.name)


def _tail(log: Path) -> list[str]:
    try:
        with log.open("rb") as stream:
            stream.seek(max(0, os.fstat(stream.fileno()).st_size - 16384))
            lines = stream.read().decode(errors="replace").splitlines()
    except OSError:
        return []
    return [line[:300] for line in lines[-_TAIL_LINES:]]


def _status(code: int | None) -> str:
    return f"signal {-code}" if code is not None and code < 0 else f"status {code}"
