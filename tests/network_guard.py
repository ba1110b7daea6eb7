"""Keeps a test from reaching a network that it has no business with.

Horizon's own guard watches requests alone; pyVmomi speaks through http.client, so this one
stands at the socket.
"""

import ipaddress
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock


class ForbiddenConnectionError(AssertionError):
    """Not an OSError, so the code under test does not take it for a network that is down."""


def nowhere(host: str) -> bool:
    return False


def loopback(host: str) -> bool:
    """True for this machine's own addresses and for the empty name of a UNIX socket."""
    if host in ("", "localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@contextmanager
def only_to(allowed: Callable[[str], bool]) -> Iterator[list[str]]:
    """Connections and name look-ups to hosts that are not `allowed` raise.

    Yields the list of refused hosts: a caller that swallowed the error is still found out.
    """
    refused: list[str] = []
    originals = {name: getattr(socket.socket, name) for name in ("connect", "connect_ex")}
    getaddrinfo = socket.getaddrinfo

    def check(host: str) -> None:
        if not allowed(host):
            refused.append(host)
            raise ForbiddenConnectionError(f"this test may not connect to {host or 'a socket'}")

    def guarded(name: str) -> Callable[..., Any]:
        def connect(self: socket.socket, address: Any) -> Any:
            check("" if self.family == socket.AF_UNIX else str(address[0]))
            return originals[name](self, address)

        return connect

    def guarded_getaddrinfo(host: Any, *args: Any, **kwargs: Any) -> Any:
        check(host.decode() if isinstance(host, bytes) else str(host or "localhost"))
        return getaddrinfo(host, *args, **kwargs)

    with (
        mock.patch.object(socket.socket, "connect", guarded("connect")),
        mock.patch.object(socket.socket, "connect_ex", guarded("connect_ex")),
        mock.patch.object(socket, "getaddrinfo", guarded_getaddrinfo),
    ):
        yield refused
