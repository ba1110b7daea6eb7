"""Stands between a client and the simulator, and makes the faults that the simulator cannot.

A real TLS server with a certificate of the test's own; what it is not told to spoil it hands on
unchanged, so the client speaks with the real simulator. The faults are those that HTTP clients
meet in the field: dead peers, dripping and broken answers, statuses of proxies in between.
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

_METHOD = re.compile(rb"<(?:\w+:)?Body[^>]*>\s*<(?:\w+:)?(\w+)")

Fault = Callable[["Exchange"], None]


class Exchange:
    """One request at the proxy, with the ways to answer it."""

    def __init__(self, handler: "_Handler", body: bytes) -> None:
        self.handler = handler
        self.body = body
        self._upstream: tuple[int, bytes, list[tuple[str, str]]] | None = None

    @property
    def upstream(self) -> tuple[int, bytes, list[tuple[str, str]]]:
        """Status, body and headers of the simulator's true answer."""
        if self._upstream is None:
            self._upstream = self.handler.ask_simulator(self.body)
        return self._upstream

    def answer(
        self, status: int, body: bytes, headers: list[tuple[str, str]] | None = None
    ) -> None:
        handler = self.handler
        handler.send_response(status)
        for name, value in headers or [("Content-Type", "text/xml")]:
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    def hand_on(self) -> None:
        self.answer(*self.upstream)


def http_status(status: int) -> Fault:
    return lambda exchange: exchange.answer(status, b"<html>no</html>")


def hang_up(exchange: Exchange) -> None:
    """Ends the connection before a byte of the answer."""
    exchange.handler.close_connection = True
    with suppress(OSError):
        exchange.handler.connection.shutdown(socket.SHUT_RDWR)


def silence(exchange: Exchange) -> None:
    """Never answers."""
    exchange.handler.proxy.stopping.wait(60)
    exchange.handler.close_connection = True


def drip(exchange: Exchange) -> None:
    """A true answer, one byte at a time, so that no single read of the client ever waits long."""
    status, body, _ = exchange.upstream
    head = f"HTTP/1.1 {status} OK\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    exchange.handler.close_connection = True
    with suppress(OSError):
        for byte in head + body:
            if exchange.handler.proxy.stopping.wait(0.05):
                return
            exchange.handler.connection.sendall(bytes([byte]))


def cut_off(exchange: Exchange) -> None:
    """Promises the whole answer, sends the half of it, and hangs up."""
    status, body, _ = exchange.upstream
    handler = exchange.handler
    handler.send_response(status)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body[: len(body) // 2])
    handler.wfile.flush()
    hang_up(exchange)


def rewritten(change: Callable[[bytes], bytes]) -> Fault:
    def fault(exchange: Exchange) -> None:
        status, body, headers = exchange.upstream
        exchange.answer(status, change(body), headers)

    return fault


def soap_fault(kind: str, message: str = "said the server", inside: str = "") -> Fault:
    body = (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><soapenv:Body><soapenv:Fault>'
        f"<faultcode>ServerFaultCode</faultcode><faultstring>{message}</faultstring>"
        f'<detail><{kind}Fault xmlns="urn:vim25" xsi:type="{kind}">{inside}</{kind}Fault></detail>'
        "</soapenv:Fault></soapenv:Body></soapenv:Envelope>"
    )
    return lambda exchange: exchange.answer(500, body.encode())


def empty_answer(method: str) -> Fault:
    """A result that says nothing, as vCenter may answer one who is not logged in."""
    body = (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/">'
        f'<soapenv:Body><{method}Response xmlns="urn:vim25"></{method}Response>'
        "</soapenv:Body></soapenv:Envelope>"
    )
    return lambda exchange: exchange.answer(200, body.encode())


class FaultProxy:
    """Counts what passes; `spoil(method, fault)` spoils that method until `heal`."""

    def __init__(self, upstream_port: int) -> None:
        self.upstream_port = upstream_port
        self.port = 0
        self.connections = 0
        self.seen: list[str] = []
        self.stopping = threading.Event()
        self.sockets: list[socket.socket] = []
        self._faults: dict[str, list[Fault | None]] = {}

    def spoil(self, method: str, fault: Fault, *, after: int = 0, times: int = 1000) -> None:
        """From the call after the next `after` ones, and then `times` times."""
        self._faults[method] = [None] * after + [fault] * times

    def heal(self) -> None:
        self._faults.clear()

    def break_connections(self) -> None:
        """All that are open now, as a restart does."""
        for connection in self.sockets:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self.sockets.clear()

    def next_fault(self, method: str) -> Fault | None:
        queue = self._faults.get(method) or self._faults.get("*")
        return queue.pop(0) if queue else None

    def count(self, method: str) -> int:
        return self.seen.count(method)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    proxy: FaultProxy

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
    proxy = FaultProxy(upstream_port)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)

    class Handler(_Handler):
        def setup(self) -> None:
            proxy.connections += 1
            self.request.settimeout(30)
            self.request = context.wrap_socket(self.request, server_side=True)
            proxy.sockets.append(self.request)
            super().setup()

    Handler.proxy = proxy
    server = _Server(("127.0.0.1", 0), Handler)
    proxy.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        proxy.stopping.set()
        server.shutdown()
        server.server_close()
        thread.join(5)


@contextmanager
def deaf_listener() -> Iterator[int]:
    """The port of a listener that accepts connections and never says a byte (half-open TCP)."""
    listener = socket.create_server(("127.0.0.1", 0))
    kept: list[socket.socket] = []

    def accept() -> None:
        with suppress(OSError):
            while True:
                kept.append(listener.accept()[0])

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield listener.getsockname()[1]
    finally:
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        for accepted in kept:
            accepted.close()


def closed_port() -> int:
    """A port that refuses connections."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


def wait_until(condition: Callable[[], bool], timeout_s: float = 10.0) -> None:
    """For what other threads do; fails the test when it does not happen."""
    until = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.01)
