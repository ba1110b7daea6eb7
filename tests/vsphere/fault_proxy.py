"""Stands between a client and the simulator, and makes the faults that the simulator cannot.

A real TLS server with a certificate of the test's own; what it is not told to spoil it hands on
unchanged, so the client speaks with the real simulator. What it can do to an answer is in
`tests.vsphere.faults`; here is what befalls connections: restarts, deafness, other certificates.
"""

import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPSConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.store.servers import free_port
from tests.vsphere.faults import (
    Exchange,
    Fault,
    cut_after,
    cut_off,
    delayed,
    drip,
    empty_answer,
    hang_up,
    http_status,
    rewritten,
    session_missing,
    silence,
    soap_fault,
    truncated_to,
)

__all__ = [
    "Exchange",
    "Fault",
    "FaultProxy",
    "closed_port",
    "cut_after",
    "cut_off",
    "deaf_listener",
    "delayed",
    "drip",
    "empty_answer",
    "fault_proxy",
    "hang_up",
    "http_status",
    "rewritten",
    "session_missing",
    "silence",
    "soap_fault",
    "truncated_to",
    "wait_until",
]

_METHOD = re.compile(rb"<(?:\w+:)?Body[^>]*>\s*<(?:\w+:)?(\w+)")


class FaultProxy:
    """Counts what passes; `spoil(method, fault)` spoils that method until `heal`."""

    def __init__(self, upstream_port: int, certificate: Path, key: Path) -> None:
        self.upstream_port = upstream_port
        self.port = 0
        self.connections = 0
        self.seen: list[str] = []
        self.stopping = threading.Event()
        self.open_sockets: set[socket.socket] = set()
        self.deaf = False
        """Connections are taken and not a byte is said, no TLS either: half-open TCP, as a load
        balancer in front of a dead vCenter or a paused machine leaves it."""
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._faults: dict[str, list[Fault | None]] = {}
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None
        self.present(certificate, key)

    def present(self, certificate: Path, key: Path) -> None:
        """From the next connection on, show this certificate: of another CA, for another name,
        expired; what a renewal gone wrong or a man in the middle shows."""
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(certificate, key)
        self.tls = tls

    def spoil(self, method: str, fault: Fault, *, after: int = 0, times: int = 1000) -> None:
        """From the call after the next `after` ones, and then `times` times; `*`: any method."""
        self._faults[method] = [None] * after + [fault] * times

    def spoil_page(self, number: int, fault: Fault) -> None:
        """One page of the next paged read, counted from 1."""
        if number == 1:
            self.spoil("RetrievePropertiesEx", fault, times=1)
        else:
            self.spoil("ContinueRetrievePropertiesEx", fault, after=number - 2, times=1)

    def heal(self) -> None:
        self._faults.clear()

    def break_connections(self) -> None:
        """All that are open now, as a restart does."""
        for connection in list(self.open_sockets):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def go_down(self) -> None:
        """vCenter stops: every connection is cut and new ones are refused, until `come_back`.

        Its sessions are the simulator's to end (`expire_sessions`).
        """
        if self._server is not None and self._thread is not None:
            self._server.shutdown()
            self._server.server_close()
            self._thread.join(5)
        self._server = self._thread = None
        self.break_connections()

    def come_back(self) -> None:
        """Listens on the same port as before."""

        class Handler(_Handler):
            proxy = self

        self._server = _Server(("127.0.0.1", self.port), Handler)
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), daemon=True
        )
        self._thread.start()

    def next_fault(self, method: str) -> Fault | None:
        queue = self._faults.get(method) or self._faults.get("*")
        return queue.pop(0) if queue else None

    def count(self, method: str) -> int:
        return self.seen.count(method)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    proxy: FaultProxy

    def setup(self) -> None:
        """TLS with the certificate of the moment; a failed handshake is the client's affair."""
        self.proxy.connections += 1
        if self.proxy.deaf:
            self.proxy.stopping.wait(60)
        self.request.settimeout(30)
        self.request = self.proxy.tls.wrap_socket(self.request, server_side=True)
        self.proxy.open_sockets.add(self.request)
        super().setup()

    def finish(self) -> None:
        self.proxy.open_sockets.discard(self.request)
        try:
            super().finish()
        finally:
            self.request.close()  # the server closes only the socket that TLS took over

    def do_GET(self) -> None:
        self._pass(f"GET {self.path}", b"")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        match = _METHOD.search(body)
        self._pass(match[1].decode() if match else "?", body)

    def _pass(self, method: str, body: bytes) -> None:
        self.proxy.seen.append(method)
        exchange = Exchange(self, body)
        (self.proxy.next_fault(method) or Exchange.hand_on)(exchange)

    def ask_simulator(self, body: bytes) -> tuple[int, bytes, list[tuple[str, str]]]:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE  # this leg is the test's own
        connection = HTTPSConnection("127.0.0.1", self.proxy.upstream_port, context=context)
        headers = {
            name: self.headers[name]
            for name in ("Cookie", "SOAPAction", "Content-Type")
            if name in self.headers
        }
        try:
            connection.request(self.command, self.path, body or None, headers)
            answer = connection.getresponse()
            kept = [
                (name, value)
                for name, value in answer.getheaders()
                if name in ("Content-Type", "Set-Cookie")
            ]
            return answer.status, answer.read(), kept
        finally:
            connection.close()

    def log_message(self, *args: Any) -> None:
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, *args: Any) -> None:
        pass  # clients that hang up are what these tests are about


@contextmanager
def fault_proxy(upstream_port: int, certificate: Path, key: Path) -> Iterator[FaultProxy]:
    """A proxy before the simulator at `upstream_port`, on a port of its own."""
    proxy = FaultProxy(upstream_port, certificate, key)
    proxy.come_back()
    try:
        yield proxy
    finally:
        proxy.stopping.set()
        proxy.go_down()
        wait_until(lambda: not proxy.open_sockets)


@contextmanager
def deaf_listener() -> Iterator[int]:
    """The port of a listener that accepts connections and never says a byte (half-open TCP)."""
    listener = socket.create_server(("127.0.0.1", 0))
    kept: list[socket.socket] = []

    def accept() -> None:
        with suppress(OSError):
            while True:
                kept.append(listener.accept()[0])

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)
        for accepted in kept:
            accepted.close()


def closed_port() -> int:
    """A port that refuses connections, and goes on to do so."""
    return free_port()


def wait_until(condition: Callable[[], bool], timeout_s: float = 60.0) -> None:
    """For what other threads do; fails the test when it does not happen."""
    until = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.01)
