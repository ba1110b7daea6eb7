"""A small HTTP server with the answers of Nova, Glance, Cinder and Placement.

It stands in for faults and ages of cloud that no real service here can be brought to: slowness,
half an answer, a page of HTML, a marker that is ignored, API versions of long ago. The shapes, the
page links, the error bodies and the version headers were taken from Nova 34, Glance 33, Cinder 29
and Placement 16 of the lab, and `tests/cloud/test_openstack_adapter.py` holds the adapter to those.
"""

import contextlib
import json
import re
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

Json = dict[str, Any]
Answer = Callable[["Handler", "Request"], None]


@dataclass(frozen=True)
class Request:
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    method: str = "GET"
    body: bytes = b""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: "FakeServer"
    date: str | None = None
    """The `Date` of the next answer; without one, this machine's clock."""

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        request = Request(
            url.path,
            dict(parse_qsl(url.query)),
            dict(self.headers.items()),
            self.command,
            self.rfile.read(int(self.headers.get("Content-Length", 0))),
        )
        self.server.requests.append(request)
        for pattern, answer in self.server.answers.items():
            if re.fullmatch(pattern, url.path):
                answer(self, request)
                return
        say(404, {"itemNotFound": {"code": 404, "message": "no such thing"}})(self, request)

    do_PUT = do_GET

    def send(
        self, status: int, body: bytes, kind: str = "application/json", **headers: str
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def date_time_string(self, timestamp: float | None = None) -> str:
        return self.date or super().date_time_string(timestamp)

    def log_message(self, format: str, *args: object) -> None:
        pass


@dataclass
class FakeServer(ThreadingHTTPServer):
    """`answers` maps a pattern of the whole path to what answers it, the first match wins."""

    answers: dict[str, Answer] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)
    scheme: str = "http"
    # Set when the test is over: an answer that hangs waits for it.
    over: threading.Event = field(default_factory=threading.Event)
    connections: int = 0
    daemon_threads = True

    def __post_init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)

    __hash__ = object.__hash__

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.server_port}"

    def get_request(self) -> tuple[Any, Any]:
        self.connections += 1
        return super().get_request()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """The other side going away in the middle is what many tests are about."""


@contextlib.contextmanager
def serving(tls: ssl.SSLContext | None = None) -> Iterator[FakeServer]:
    server = FakeServer()
    if tls:
        server.scheme = "https"
        server.socket = tls.wrap_socket(
            server.socket, server_side=True, do_handshake_on_connect=False
        )
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.over.set()
        server.shutdown()
        server.server_close()
        thread.join()


def say(status: int, body: Any, kind: str = "application/json", **headers: str) -> Answer:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return lambda handler, request: handler.send(status, content, kind, **headers)


def in_turn(*answers: Answer) -> Answer:
    """One answer after the other; the last one stays."""
    left = list(answers)
    return lambda handler, request: (left.pop(0) if len(left) > 1 else left[0])(handler, request)


def hang(handler: Handler, request: Request) -> None:
    """Takes the request and never answers: a half-open connection, or a service that is stuck."""
    handler.server.over.wait()
    handler.close_connection = True


def drip(handler: Handler, request: Request) -> None:
    """Sends a byte at a time, each well within any socket timeout, for ever."""
    handler.send_response(200)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", "1000000")
    handler.end_headers()
    while not handler.server.over.wait(0.02):
        handler.wfile.write(b" ")


def break_off(handler: Handler, request: Request) -> None:
    """Promises more than it sends, and closes."""
    handler.send_response(200)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b'{"servers": [')
    handler.close_connection = True


def break_off_chunked(handler: Handler, request: Request) -> None:
    handler.send_response(200)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    handler.wfile.write(b'd\r\n{"servers": [\r\n')
    handler.close_connection = True


def hang_up(handler: Handler, request: Request) -> None:
    """Closes without a word, as a server does with a connection that it kept for long enough."""
    handler.close_connection = True


@dataclass
class Pages:
    """A list in pages.

    As Nova and Cinder do it, a page that is full has a link to the next, which may be empty; so do
    Glance's. `says` is the address that the service believes to be its own, as behind a proxy.
    """

    key: str
    items: list[Json]
    page_size: int = 1000
    glance_style: bool = False
    says: str = "http://inside.invalid/v2.1"
    ignores_marker: bool = False

    def __call__(self, handler: Handler, request: Request) -> None:
        ids = [item["id"] for item in self.items]
        marker = request.query.get("marker")
        start = 0 if marker is None or self.ignores_marker else ids.index(marker) + 1
        size = min(self.page_size, int(request.query.get("limit", self.page_size)))
        page = self.items[start : start + size]
        body: Json = {self.key: page}
        if page and len(page) == size:
            query = urlencode({**request.query, "marker": page[-1]["id"]})
            if self.glance_style:
                body["next"] = f"{request.path}?{query}"
            else:
                link = {"rel": "next", "href": f"{self.says}/{self.key}?{query}"}
                body[f"{self.key}_links"] = [link]
        say(200, body)(handler, request)
