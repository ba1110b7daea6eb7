"""TCP and TLS to one vCenter, held to the current deadline at every step.

A socket's own timeout counts anew with each read, so a server that sends a byte now and then keeps
a reader for ever. Here each read and write first sets the timeout to what the deadline has left.
"""

import ipaddress
import queue
import socket
import ssl
import threading
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, cast

from vmware_panel.domain.outcome import TroubleKind
from vmware_panel.vsphere.deadlines import LOOK_S, current_deadline
from vmware_panel.vsphere.endpoint import Endpoint
from vmware_panel.vsphere.errors import VSphereError

Address = tuple[socket.AddressFamily, Any]  # the family, and what `socket.connect` takes for it

KEEPALIVE_IDLE_S = 60
TLS_RECORD_BYTES = 16 * 1024
MAX_TAKEN_IN_BYTES = 32 * 1024 * 1024  # a page of VMs has 25 MB; more waits at the sender


class DeadlineSocket(ssl.SSLSocket):
    """A TLS socket that looks at the current deadline before every read and write."""

    _taken_in: deque[memoryview] | None = None
    _taken_in_bytes = 0

    def recv_into(self, buffer: Any, *args: Any, **kwargs: Any) -> int:
        if self._taken_in:
            return self._take_out(memoryview(buffer))
        while True:
            left_s = current_deadline().remaining_s()
            self.settimeout(min(left_s, LOOK_S))
            try:
                return super().recv_into(buffer, *args, **kwargs)
            except TimeoutError:
                if left_s <= LOOK_S:
                    raise

    def take_in(self) -> None:
        """Keeps what has arrived for `recv_into`, without waiting for more, so that the other side
        can go on sending. An error or the end is left for `recv_into` to meet.
        """
        taken = self._taken_in
        if taken is None:
            taken = self._taken_in = deque()
        self.settimeout(0)
        with suppress(OSError):  # above all SSLWantReadError: nothing more is there
            while self._taken_in_bytes < MAX_TAKEN_IN_BYTES:
                arrived = super().recv(TLS_RECORD_BYTES)
                if not arrived:
                    return
                taken.append(memoryview(arrived))
                self._taken_in_bytes += len(arrived)

    def _take_out(self, buffer: memoryview) -> int:
        taken = self._taken_in or deque()
        piece = taken.popleft()
        size = min(len(buffer), len(piece))
        buffer[:size] = piece[:size]
        if size < len(piece):
            taken.appendleft(piece[size:])
        self._taken_in_bytes -= size
        return size

    def recv(self, *args: Any, **kwargs: Any) -> bytes:
        self.settimeout(current_deadline().remaining_s())
        return super().recv(*args, **kwargs)

    def send(self, *args: Any, **kwargs: Any) -> int:  # sendall() is made of these
        self.settimeout(current_deadline().remaining_s())
        return super().send(*args, **kwargs)


def tls_context(endpoint: Endpoint) -> ssl.SSLContext:
    """Always an explicit context: without one the SDK verifies nothing on a loopback address.

    Raises `VSphereError` of kind CONFIGURATION for a CA file that cannot be used.
    """
    try:
        context = ssl.create_default_context(cafile=endpoint.ca_file)
    except OSError as exc:  # ssl.SSLError is one
        reason = exc.strerror if exc.strerror and not isinstance(exc, ssl.SSLError) else "not PEM"
    else:
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.sslsocket_class = DeadlineSocket
        if endpoint.insecure:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context
    raise VSphereError(
        TroubleKind.CONFIGURATION,
        f"ca_file {endpoint.ca_file} cannot be used: {reason}",
        source=endpoint.name,
    )


def open_tls(host: str, port: int, context: ssl.SSLContext) -> ssl.SSLSocket:
    """A connected socket; raises `OSError` (`TimeoutError` and `ssl.SSLError` are ones)."""
    plain = open_tcp(resolve(host, port))
    try:
        plain.settimeout(current_deadline().remaining_s())  # for the whole handshake
        return context.wrap_socket(plain, server_hostname=host)
    except (OSError, ValueError):
        plain.close()
        raise


def open_tcp(addresses: Sequence[Address]) -> socket.socket:
    """Tries the addresses in turn; one that does not answer leaves time for those after it."""
    failure: OSError = OSError("the name has no address")
    for tried, (family, address) in enumerate(addresses):
        plain = socket.socket(family, socket.SOCK_STREAM)
        try:
            plain.settimeout(current_deadline().remaining_s() / (len(addresses) - tried))
            plain.connect(address)
        except OSError as exc:
            plain.close()
            failure = exc
        else:
            _keep_alive(plain)
            return plain
    raise failure


def resolve(host: str, port: int) -> list[Address]:
    """The addresses of a name; raises `OSError`, or `UnicodeError` for what cannot be a name.

    `getaddrinfo` knows no timeout: it runs in a thread of its own, which a dead resolver may hold
    after the deadline, but not the caller.
    """
    if _is_address(host):
        return _look_up(host, port)
    answers: queue.SimpleQueue[list[Address] | Exception] = queue.SimpleQueue()

    def ask() -> None:
        try:
            answers.put(_look_up(host, port))
        except (OSError, UnicodeError) as exc:
            answers.put(exc)

    threading.Thread(target=ask, name="vsphere-resolve", daemon=True).start()
    try:
        answer = answers.get(timeout=current_deadline().remaining_s())
    except queue.Empty:
        raise TimeoutError("the name was not resolved in time") from None
    if isinstance(answer, Exception):
        raise answer
    return answer


def _look_up(host: str, port: int) -> list[Address]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [(cast(socket.AddressFamily, family), address) for family, _, _, _, address in found]


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _keep_alive(plain: socket.socket) -> None:
    """Lets the kernel find out that a pooled connection is dead (a firewall forgot it)."""
    plain.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if hasattr(socket, "TCP_KEEPIDLE"):
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, KEEPALIVE_IDLE_S)
