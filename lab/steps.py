"""What the supervisor runs: services that stay, jobs that end, and when each counts as ready."""

from __future__ import annotations

import dataclasses
import http.client
import socket
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from lab.settings import HOST

ReadyCheck = Callable[[], bool]
Command = Sequence[str] | Callable[[], Sequence[str]]
"""A command line, or how to make it once the steps before are done."""


@dataclasses.dataclass(frozen=True)
class Service:
    """A program that stays: how it is started, and how to see that it serves."""

    name: str
    command: Command
    ready: ReadyCheck
    ports: Mapping[str, int] = dataclasses.field(default_factory=dict)
    """Every port it listens on, by the name under which it can be changed."""

    after: tuple[str, ...] = ()
    environment: Mapping[str, str] = dataclasses.field(default_factory=dict)
    folder: Path | None = None
    poll_s: float = 0.1
    ready_timeout_s: float = 240.0
    stop_last: bool = False
    """Others cannot end in an orderly way without it (a database, a message broker)."""


@dataclasses.dataclass(frozen=True)
class Job:
    """Something done once: commands that end with status 0, or a function, in that order.

    What a command says with :func:`lab.progress.say` is shown while it runs.
    """

    name: str
    commands: tuple[tuple[str, ...], ...] = ()
    function: Callable[[], None] | None = None
    after: tuple[str, ...] = ()
    environment: Mapping[str, str] = dataclasses.field(default_factory=dict)
    timeout_s: float = 600.0


Step = Service | Job


@dataclasses.dataclass(frozen=True)
class PortAnswers:
    """Ready when a TCP connection is taken."""

    port: int

    def __call__(self) -> bool:
        try:
            socket.create_connection((HOST, self.port), timeout=1).close()
        except OSError:
            return False
        return True


@dataclasses.dataclass(frozen=True)
class HttpAnswers:
    """Ready when a GET is answered, with any status below 500."""

    url: str
    timeout_s: float = 10.0

    def __call__(self) -> bool:
        try:
            with urllib.request.urlopen(self.url, timeout=self.timeout_s) as answer:  # noqa: S310
                return bool(answer.status < 500)
        except urllib.error.HTTPError as error:
            return error.code < 500
        except (OSError, http.client.HTTPException):
            return False


@dataclasses.dataclass(frozen=True)
class LogSays:
    """Ready when the file holds ``text``: for a program that listens nowhere."""

    path: Path
    text: str

    def __call__(self) -> bool:
        try:
            return self.text in self.path.read_text(errors="replace")
        except OSError:
            return False
