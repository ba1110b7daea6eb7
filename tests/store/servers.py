"""Real memcached and real Redis for tests, on free ports of this machine."""

import os
import random
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

HOST = "127.0.0.1"
START_TIMEOUT_S = 60
TIMEOUT_S = 10.0  # of the clients; a busy machine's servers answer within that
QUICK_S = 2.0  # of the clients of one that is to be frozen: they wait for all of it
ALIAS = "vmware"
PORTS = range(26_000, 32_000)  # below those that Linux gives to who asks for any; not the lab's


def memcached(port: int, memory_mb: int) -> list[str]:
    user = ["-u", "root"] if os.getuid() == 0 else []
    return ["memcached", "-l", HOST, "-p", str(port), "-U", "0", "-m", str(memory_mb), *user]


def redis(port: int, memory_mb: int) -> list[str]:
    options = {
        "bind": HOST,
        "port": str(port),
        "save": "",
        "appendonly": "no",
        "maxmemory": f"{memory_mb}mb",
        "maxmemory-policy": "allkeys-lru",
    }
    return [
        "redis-server",
        *(part for key, value in options.items() for part in (f"--{key}", value)),
    ]


COMMANDS: Mapping[str, Callable[[int, int], list[str]]] = MappingProxyType(
    {"memcached": memcached, "redis": redis}
)


@dataclass
class CacheServer:
    """One that may be killed, frozen and started again, always on the same port."""

    kind: str
    folder: Path
    port: int
    memory_mb: int = 64
    timeout_s: float = TIMEOUT_S
    process: "subprocess.Popen[bytes] | None" = None

    def start(self) -> None:
        log = (self.folder / f"{self.kind}.log").open("ab")
        self.process = subprocess.Popen(
            COMMANDS[self.kind](self.port, self.memory_mb),
            stdout=log,
            stderr=log,
            cwd=self.folder,
        )
        log.close()
        give_up_s = time.monotonic() + START_TIMEOUT_S
        while not self._answers():
            if self.process.poll() is not None or time.monotonic() > give_up_s:
                said = (self.folder / f"{self.kind}.log").read_text()
                raise RuntimeError(f"{self.kind} did not start: {said}")
            time.sleep(0.02)

    def kill(self) -> None:
        if self.process:
            self.process.kill()
            self.process.wait()

    def freeze(self) -> None:
        """It keeps its connections and takes new ones, and answers none."""
        assert self.process
        stop(self.process.pid)

    def thaw(self) -> None:
        assert self.process
        os.kill(self.process.pid, signal.SIGCONT)

    @property
    def caches(self) -> dict[str, Any]:
        """Django's CACHES."""
        found = {
            "memcached": {
                "BACKEND": "django.core.cache.backends.memcached.PyMemcacheCache",
                "LOCATION": f"{HOST}:{self.port}",
                "OPTIONS": {
                    "connect_timeout": self.timeout_s,
                    "timeout": self.timeout_s,
                    "no_delay": True,
                    "retry_attempts": 0,
                    "dead_timeout": 0.2,
                },
            },
            "redis": {
                "BACKEND": "django.core.cache.backends.redis.RedisCache",
                "LOCATION": f"redis://{HOST}:{self.port}/1",
                "OPTIONS": {
                    "socket_connect_timeout": self.timeout_s,
                    "socket_timeout": self.timeout_s,
                },
            },
        }[self.kind]
        return {"default": found, ALIAS: found}

    def _answers(self) -> bool:
        ask, answer = {
            "memcached": (b"version\r\n", b"VERSION"),
            "redis": (b"PING\r\n", b"+PONG"),
        }[self.kind]
        try:
            with socket.create_connection((HOST, self.port), timeout=1) as connection:
                connection.sendall(ask)
                return connection.recv(100).startswith(answer)
        except OSError:
            return False


def free_port() -> int:
    """One that is this process's for good: a server may take seconds to bind it, and leave it for a
    while. None that the kernel gives to whoever asks for any, or connects; and the name of a socket
    keeps it from the other processes that choose here.
    """
    for port in random.sample(PORTS, len(PORTS)):
        mark = socket.socket(socket.AF_UNIX)
        try:
            mark.bind(f"\0vmware_panel-tests-{port}")
            with socket.socket() as probe:
                probe.bind((HOST, port))
        except OSError:
            mark.close()
        else:
            _MARKS.append(mark)
            return port
    raise RuntimeError(f"no port of {PORTS} is free")


_MARKS: list[socket.socket] = []


def stop(pid: int) -> None:
    """SIGSTOP, and back when it is in force: one of the threads takes the signal, and until then the
    others go on.
    """
    os.kill(pid, signal.SIGSTOP)
    until = time.monotonic() + 60
    while not _stopped(pid):
        assert time.monotonic() < until, "it does not stop"
        time.sleep(0.005)


def _stopped(pid: int) -> bool:
    """Whether all of its threads are."""
    stats = [task.joinpath("stat").read_text() for task in Path(f"/proc/{pid}/task").iterdir()]
    return all(stat.rpartition(")")[2].split()[0] == "T" for stat in stats)
