"""What the fault proxy does to one answer, each with the real behaviour that it stands for."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.vsphere.fault_proxy import _Handler


Fault = Callable[["Exchange"], None]


class Exchange:
    """One request at the proxy, with the ways to answer it."""

    def __init__(self, handler: _Handler, body: bytes) -> None:
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
    """503 is what vCenter's reverse proxy says while vpxd starts; 502 and 504 come of proxies."""
    return lambda exchange: exchange.answer(status, b"<html>no</html>")


def hang_up(exchange: Exchange) -> None:
    """Ends the connection before a byte of the answer: vpxd was stopped."""
    exchange.handler.close_connection = True
    with suppress(OSError):
        exchange.handler.connection.shutdown(socket.SHUT_RDWR)


def silence(exchange: Exchange) -> None:
    """Takes the request and never answers: vpxd hangs, its machine is paused or cut off."""
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
    """Promises the whole answer, sends the half of it, and hangs up: vpxd died while it wrote."""
    cut_after(len(exchange.upstream[1]) // 2)(exchange)


def cut_after(bytes_sent: int) -> Fault:
    """As `cut_off`, after so many bytes of the body."""

    def fault(exchange: Exchange) -> None:
        status, body, _ = exchange.upstream
        handler = exchange.handler
        handler.send_response(status)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body[:bytes_sent])
        handler.wfile.flush()
        hang_up(exchange)

    return fault


def delayed(seconds: float) -> Fault:
    """The true answer, late: a vCenter under load, or a database that is busy."""

    def fault(exchange: Exchange) -> None:
        exchange.handler.proxy.stopping.wait(seconds)
        exchange.hand_on()

    return fault


def truncated_to(objects: int) -> Fault:
    """Asks for smaller pages than the client did: a vCenter may send fewer objects than asked for."""

    def fault(exchange: Exchange) -> None:
        exchange.body = re.sub(
            rb"<(maxObjects|maxObjectUpdates)>\d+<", rb"<\1>%d<" % objects, exchange.body
        )
        exchange.hand_on()

    return fault


def session_missing(exchange: Exchange) -> None:
    """A read without a session, as some vCenters answer it: every property in the missingSet."""
    status, body, headers = exchange.upstream
    exchange.answer(status, _PROPERTY.sub(_MISSING, body), headers)


_PROPERTY = re.compile(rb"<propSet><name>([^<]*)</name>.*?</propSet>", re.DOTALL)
_MISSING = (
    rb'<missingSet><path>\1</path><fault><fault xsi:type="NotAuthenticated">'
    rb'<object type="Folder">group-d1</object><privilegeId>System.View</privilegeId></fault>'
    rb"<localizedMessage>The session is not authenticated.</localizedMessage></fault></missingSet>"
)


def rewritten(change: Callable[[bytes], bytes]) -> Fault:
    """The true answer, changed: what a vCenter of another version or state would say."""

    def fault(exchange: Exchange) -> None:
        status, body, headers = exchange.upstream
        exchange.answer(status, change(body), headers)

    return fault


def soap_fault(kind: str, message: str = "said the server", inside: str = "") -> Fault:
    """A vSphere fault in place of the answer; `inside` is the XML of its fields."""
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
