"""A session with the simulator (or a vCenter), and the simulator's own requests for tests."""

from __future__ import annotations

import contextlib
import http.client
import json
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Self

from pyVim.connect import Disconnect, SmartConnect
from pyVmomi import vim

TIMEOUT_S = 60


@dataclass(frozen=True)
class VCenterLogin:
    """Where a vCenter is, and as whom."""

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    ca_file: Path

    def tls(self) -> ssl.SSLContext:
        """TLS that trusts ``ca_file`` alone."""
        return ssl.create_default_context(cafile=str(self.ca_file))

    def connect(self) -> vim.ServiceInstance:
        """A session; the caller ends it. TLS is verified, every call has a deadline."""
        return SmartConnect(
            host=self.host,
            port=self.port,
            user=self.user,
            pwd=self.password,
            sslContext=self.tls(),
            httpConnectionTimeout=TIMEOUT_S,
        )

    @contextlib.contextmanager
    def connected(self) -> Iterator[vim.ServiceInstance]:
        """A session that ends with the block."""
        service = self.connect()
        try:
            yield service
        finally:
            Disconnect(service)


@dataclass(frozen=True)
class Calls:
    """What the simulator was asked since the last :meth:`SimulatorControl.reset_calls`.

    Every figure counts SOAP calls by the name of the method; pyVmomi's attribute access is
    ``Fetch``. Calls without a session are those of the user ``""``.
    """

    methods: Mapping[str, int]
    by_user: Mapping[str, Mapping[str, int]]
    logins: Mapping[str, int]
    failed_logins: int
    sessions: Mapping[str, int]
    """Sessions at present, by user; not reset."""
    sessions_ever: int

    @classmethod
    def of(cls, answer: Mapping[str, Any]) -> Self:
        return cls(**answer)

    @property
    def total(self) -> int:
        return sum(self.methods.values())


class SimulatorControlError(RuntimeError):
    """The simulator refused a request of a test's."""


class SimulatorControl:
    """What a vCenter does not have and a test needs (``go/additions/lab_requests.go``)."""

    def __init__(self, login: VCenterLogin) -> None:
        self._login = login

    def calls(self) -> Calls:
        return Calls.of(self._ask("GET", "/lab/calls"))

    def reset_calls(self) -> None:
        self._ask("POST", "/lab/calls/reset")

    def expire_sessions(self, reads: Literal["missing", "fault", "empty"] = "missing") -> int:
        """End every session, as the idle limit does; how many there were.

        ``reads`` says how property reads without a session are answered from then on. vCenters
        do all three (``oslo_vmware/api.py``): by a missingSet, by a NotAuthenticated fault, or
        by an empty result.
        """
        return int(self._ask("POST", "/lab/sessions/expire", {"reads": reads})["expired"])

    def delay(self, milliseconds: int, method: str = "*") -> None:
        """Answer calls of ``method`` (``*``: all others) so much later, until set to 0."""
        self._ask("POST", "/lab/delay", {"method": method, "milliseconds": milliseconds})

    def set_free(self, datastore: str, free_bytes: int | None) -> None:
        """Make a datastore report so much free space; ``None``: what it would be."""
        self._ask("POST", f"/lab/datastores/{datastore}/free", {"free_bytes": free_bytes})

    def _ask(self, method: str, path: str, body: object = None) -> Any:
        connection = http.client.HTTPSConnection(
            self._login.host, self._login.port, timeout=TIMEOUT_S, context=self._login.tls()
        )
        try:
            connection.request(method, path, json.dumps(body) if body is not None else None)
            answer = connection.getresponse()
            text = answer.read().decode()
        finally:
            connection.close()
        if answer.status != http.client.OK:
            raise SimulatorControlError(f"{method} {path}: {answer.status} {text.strip()}")
        return json.loads(text)
