"""Processes known for certain: found again, and stopped, without ever hitting a recycled pid.

A pid alone says nothing: the kernel gives it to another program once its owner has died. So every
process that the lab starts is recorded with its start time and the boot it belongs to, and every
signal goes through a pidfd that was opened before that identity was checked.
"""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

OWNER_VARIABLE = "VMWARE_LAB_OWNER"
"""Set in the environment of each process of a lab to the lab's state folder."""

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


@dataclasses.dataclass(frozen=True)
class ProcessIdentity:
    """A process for all time: pid, start time (clock ticks since boot) and boot."""

    pid: int
    start_ticks: int
    boot_id: str

    @classmethod
    def of(cls, pid: int) -> ProcessIdentity | None:
        """The identity of the living process ``pid``; None if there is none (or a zombie)."""
        stat = _stat(pid)
        if stat is None or stat.state in "ZX":
            return None
        return cls(pid, stat.start_ticks, _boot_id())

    @property
    def alive(self) -> bool:
        return ProcessIdentity.of(self.pid) == self

    def signal(self, number: int) -> bool:
        """Send a signal to this process and to no other; False if it is gone."""
        try:
            pidfd = os.pidfd_open(self.pid)
        except ProcessLookupError:
            return False
        try:
            if not self.alive:
                return False
            signal.pidfd_send_signal(pidfd, number)
        except ProcessLookupError:
            return False
        finally:
            os.close(pidfd)
        return True


@dataclasses.dataclass(frozen=True)
class ProcessRecord:
    """One started process with the members of its session, as kept in the state folder."""

    name: str
    leader: ProcessIdentity
    members: tuple[ProcessIdentity, ...] = ()

    def current_members(self) -> set[ProcessIdentity]:
        """Every living process of this one's session, recorded or started since."""
        found = {member for member in (self.leader, *self.members) if member.alive}
        if found:
            # A session id stays taken while one of its processes lives.
            found |= set(_session(self.leader.pid))
        return found

    def refreshed(self) -> ProcessRecord:
        members = self.current_members() - {self.leader}
        return dataclasses.replace(self, members=tuple(sorted(members, key=lambda m: m.pid)))


class ProcessBook:
    """The records of one lab, one file a process."""

    def __init__(self, folder: Path, owner: str) -> None:
        self._folder = folder
        self._owner = owner

    @property
    def environment(self) -> dict[str, str]:
        """Variables by which a process of this lab is known even without a record."""
        return {OWNER_VARIABLE: self._owner}

    def write(self, record: ProcessRecord) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._folder / f"{record.name}.json"
        temporary = path.with_suffix(".tmp")
        temporary.write_text(json.dumps(dataclasses.asdict(record)))
        temporary.replace(path)

    def remove(self, name: str) -> None:
        (self._folder / f"{name}.json").unlink(missing_ok=True)

    def read(self) -> dict[str, ProcessRecord]:
        """All records by name; a file that a crash left half-written is passed over."""
        records = {}
        for path in sorted(self._folder.glob("*.json")):
            try:
                values = json.loads(path.read_text())
                leader = ProcessIdentity(**values["leader"])
                members = tuple(ProcessIdentity(**member) for member in values["members"])
            except (OSError, ValueError, KeyError, TypeError):
                continue
            records[path.stem] = ProcessRecord(path.stem, leader, members)
        return records

    def strays(self) -> set[ProcessIdentity]:
        """Living processes that carry this lab's mark: started, but perhaps never recorded."""
        mark = f"{OWNER_VARIABLE}={self._owner}".encode()
        found = set()
        for pid in _pids():
            try:
                environ = Path(f"/proc/{pid}/environ").read_bytes()
            except OSError:
                continue
            if mark in environ.split(b"\0") and pid != os.getpid():
                identity = ProcessIdentity.of(pid)
                if identity is not None:
                    found.add(identity)
        return found


def stop(processes: Iterable[ProcessIdentity], grace_s: float) -> list[ProcessIdentity]:
    """Ask ``processes`` to end, kill those that have not after ``grace_s``; return those killed."""
    waiting = [process for process in processes if process.signal(signal.SIGTERM)]
    waiting = _wait(waiting, grace_s)
    killed = [process for process in waiting if process.signal(signal.SIGKILL)]
    _wait(killed, 5.0)
    return killed


def merged(*environments: Mapping[str, str]) -> dict[str, str]:
    """The process's own environment with ``environments`` laid over it."""
    result = dict(os.environ)
    for environment in environments:
        result.update(environment)
    return result


def _wait(processes: list[ProcessIdentity], timeout_s: float) -> list[ProcessIdentity]:
    end = time.monotonic() + timeout_s
    while True:
        processes = [process for process in processes if not _gone(process)]
        if not processes or time.monotonic() >= end:
            return processes
        time.sleep(0.05)


def _gone(process: ProcessIdentity) -> bool:
    try:
        os.waitpid(process.pid, os.WNOHANG)  # reap it if it is a child of ours
    except ChildProcessError:
        pass
    return not process.alive


@dataclasses.dataclass(frozen=True)
class _Stat:
    state: str
    session: int
    start_ticks: int


def _stat(pid: int) -> _Stat | None:
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    # The second field is the program's name in brackets and may hold anything.
    fields = text[text.rindex(")") + 2 :].split()
    return _Stat(state=fields[0], session=int(fields[3]), start_ticks=int(fields[19]))


def _session(session: int) -> Iterator[ProcessIdentity]:
    for pid in _pids():
        stat = _stat(pid)
        if stat is not None and stat.session == session and stat.state not in "ZX":
            yield ProcessIdentity(pid, stat.start_ticks, _boot_id())


def _pids() -> Iterator[int]:
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            yield int(entry)


def _boot_id() -> str:
    return _BOOT_ID.read_text().strip()
