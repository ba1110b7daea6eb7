"""A whole deployment on one machine: a vCenter, a cache, web processes, collectors.

Each is a process of its own, and each may be killed.
"""

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from pyVmomi import vim

from lab.simulator import SimulatorControl, VCenterLogin, nova_instance_uuid
from lab.vcenter import wait
from tests.simulator import PROJECT_ROOT, READER, RunningSimulator, setting_of
from tests.store.servers import ALIAS, CacheServer, stop

NAME = "west"
WAIT_S = 120
POLL_S = 0.05


@dataclass(frozen=True)
class Page:
    """What one web process shows just now."""

    notes: dict[str, str]
    read_at: datetime | None
    version: str
    state: str
    troubles: set[tuple[str, str]]


@dataclass
class Process:
    """`lines` and `errors` grow while it runs."""

    popen: "subprocess.Popen[str]"
    lines: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        pipes = ((self.popen.stdout, self.lines), (self.popen.stderr, self.errors))
        self._readers = [
            threading.Thread(target=self._follow, args=pipe, daemon=True) for pipe in pipes
        ]
        for reader in self._readers:
            reader.start()

    @staticmethod
    def _follow(pipe: Any, lines: list[str]) -> None:
        for line in pipe:
            lines.append(line.rstrip())

    def tell(self, number: int) -> None:
        os.kill(self.popen.pid, number)

    def wait(self) -> int:
        """Its exit status, with all that it said read."""
        status = self.popen.wait(WAIT_S)
        for reader in self._readers:
            reader.join(WAIT_S)
        return status

    def terminate(self) -> int:
        self.tell(signal.SIGTERM)
        return self.wait()

    def kill(self) -> None:
        self.tell(signal.SIGKILL)
        self.wait()

    def end(self) -> None:
        if self.popen.poll() is None:
            self.tell(signal.SIGCONT)
            self.popen.kill()
        self.wait()

    def said(self, text: str) -> bool:
        return any(text in line for line in self.lines)

    def __str__(self) -> str:
        return "\n".join([*self.lines, *self.errors])


class Web:
    """One process of the web server."""

    def __init__(self, process: Process) -> None:
        self.process = process
        until(lambda: process.lines or process.popen.poll() is not None, "a web process", process)
        assert process.lines, f"the web process did not start:\n{process}"
        self._port = int(process.lines[0])

    def page(self) -> Page:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=WAIT_S)
        try:
            connection.request("GET", "/inventory")
            answer = connection.getresponse()
            body = answer.read().decode()
        finally:
            connection.close()
        assert answer.status == 200, f"a page failed: {answer.status}\n{body[:2000]}"
        found = json.loads(body)
        book = found["vcenters"].get(NAME)
        return Page(
            book["notes"] if book else {},
            datetime.fromisoformat(book["read_at"]) if book else None,
            found["versions"].get(NAME, ""),
            found["states"].get(NAME, ""),
            {(source, kind) for source, kind in found["troubles"]},
        )


class Deployment:
    """`simulator` is asked as READER by all of them, so that the tests' own calls are apart."""

    def __init__(self, simulator: RunningSimulator, cache: CacheServer, folder: Path) -> None:
        self.simulator = simulator
        self.cache = cache
        self.folder = folder
        self.processes: list[Process] = []
        self.config: dict[str, Any] = {
            "vcenters": {NAME: setting_of(simulator.reader)},
            # No searches of datastores: they would begin by themselves, some time after the list.
            "collector": {"mode": "external", "scan_interval_s": 0},
            "store": {"cache": ALIAS},
        }
        self.caches = cache.caches

    @property
    def control(self) -> SimulatorControl:
        return self.simulator.control

    # Its processes

    def web(self) -> Web:
        return Web(self._start("-m", "tests.deployment.web"))

    def webs(self, count: int) -> list[Web]:
        """So many, started side by side."""
        started = [self._start("-m", "tests.deployment.web") for _ in range(count)]
        return [Web(process) for process in started]

    def collector(self, *arguments: str, **environment: str) -> Process:
        return self._start("-m", "django", "vmware_collect", *arguments, **environment)

    def collecting(self, *arguments: str, **environment: str) -> Process:
        """One that has listed and watches."""
        process = self.collector(*arguments, **environment)
        until(lambda: process.said("collecting, watching"), "the first list", process)
        return process

    def pair(self) -> tuple[Process, Process]:
        """One that watches and one that stands by."""
        first, second = self.collecting(), self.collector()
        until(lambda: second.said("standby"), "the standby", second)
        return first, second

    def _start(self, *arguments: str, **environment: str) -> Process:
        settings = self.folder / "deployment.json"
        settings.write_text(json.dumps({"CACHES": self.caches, "VMWARE_PANEL": self.config}))
        popen = subprocess.Popen(
            [sys.executable, "-W", "ignore", *arguments],
            cwd=PROJECT_ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={
                **os.environ,
                "DJANGO_SETTINGS_MODULE": "tests.deployment.settings",
                "DEPLOYMENT": str(settings),
                **environment,
            },
        )
        self.processes.append(process := Process(popen))
        return process

    def end(self) -> None:
        for process in self.processes:
            process.end()

    # Its vCenter

    @property
    def sessions(self) -> int:
        """Of the deployment's account, at this moment."""
        return self.simulator.calls().sessions.get(READER.user, 0)

    @property
    def most_sessions(self) -> int:
        return self.simulator.calls().most_sessions.get(READER.user, 0)

    @property
    def logins(self) -> int:
        return self.simulator.calls().logins.get(READER.user, 0)

    @property
    def lists(self) -> int:
        """How often everything was read: once for each filter that was made."""
        return self._calls().get("CreateFilter", 0)

    def calls_but_waiting(self) -> dict[str, int]:
        """What the account asked, but for the collector's own waiting and its sessions' proof."""
        waiting = ("WaitForUpdatesEx", "RetrievePropertiesEx", "RetrieveProperties")
        return {name: n for name, n in self._calls().items() if name not in waiting}

    def _calls(self) -> dict[str, int]:
        return dict(self.simulator.calls().by_user.get(READER.user, {}))

    def write_note(self, text: str) -> str:
        """Changes a VM in vCenter; the VM's name."""
        return _write_note(self.simulator.login, text)

    # Its cache

    def keys_asked(self) -> int:
        """How many keys the cache was asked for since it started."""
        return {"memcached": _memcached_gets, "redis": _redis_gets}[self.cache.kind](
            self.cache.port
        )

    def restart_cache(self) -> None:
        """It comes back with nothing in it."""
        self.cache.kill()
        self.cache.start()


def until(true: Callable[[], object], what: str, *processes: Process) -> None:
    give_up_s = time.monotonic() + WAIT_S
    while not true():
        if time.monotonic() > give_up_s:
            said = "\n--\n".join(map(str, processes))
            raise AssertionError(f"waited {WAIT_S} s for {what}\n{said}")
        time.sleep(POLL_S)


@contextmanager
def frozen(process: Process) -> Iterator[None]:
    """It does nothing for that long, as on a machine that swaps."""
    stop(process.popen.pid)
    try:
        yield
    finally:
        process.tell(signal.SIGCONT)


def _write_note(login: VCenterLogin, text: str) -> str:
    with login.connected() as service:
        search = service.content.searchIndex
        vm = search.FindAllByUuid(None, nova_instance_uuid(0), True, True)[0]
        wait([vm.ReconfigVM_Task(vim.vm.ConfigSpec(annotation=text))])
        name: str = vm.name
        return name


def _memcached_gets(port: int) -> int:
    return int(_asked(port, b"stats\r\n", rb"STAT cmd_get (\d+)\r\n.*END\r\n")[1])


def _redis_gets(port: int) -> int:
    pattern = rb"keyspace_hits:(\d+)\r\nkeyspace_misses:(\d+)\r\n"
    found = _asked(port, b"INFO stats\r\n", pattern)
    return int(found[1]) + int(found[2])


def _asked(port: int, ask: bytes, pattern: bytes) -> "re.Match[bytes]":
    with socket.create_connection(("127.0.0.1", port), timeout=WAIT_S) as connection:
        connection.sendall(ask)
        answer = b""
        while (found := re.search(pattern, answer, re.DOTALL)) is None:
            if not (piece := connection.recv(65536)):
                raise AssertionError(f"the cache's figures cannot be read: {answer[-500:]!r}")
            answer += piece
    return found
