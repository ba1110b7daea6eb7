"""What a process says of itself: to the lease, and to systemd."""

import os
import secrets
import socket
from contextlib import suppress


def holder_name() -> str:
    """Another one at every call, readable for who looks into the cache."""
    return f"{socket.gethostname()[:64]}-{os.getpid()}-{secrets.token_hex(4)}"


def tell_systemd(state: str) -> None:
    """`READY=1`, `WATCHDOG=1`, `STOPPING=1` or `STATUS=...`, as sd_notify(3) takes it.

    Does nothing where no systemd listens.
    """
    address = os.environ.get("NOTIFY_SOCKET", "")
    if address[:1] not in ("/", "@"):
        return
    path = "\0" + address[1:] if address.startswith("@") else address
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as to_systemd:
        to_systemd.settimeout(1.0)
        to_systemd.sendto(state.encode(), path)
