"""Where one vCenter is and how long to wait for it."""

from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One vCenter as the settings describe it.

    `name` is its key in the settings. `password` is asked for at each login and kept nowhere, so
    that a changed password file counts at the next login; it raises `OSError` or `ValueError` when
    it cannot be read. Two endpoints that differ in the password's source only are equal.

    `connect_timeout_s` bounds name resolution, TCP and TLS of one connection; `read_timeout_s` one
    short operation as a whole (all calls of one VM's read, a login that it needs included);
    `list_timeout_s` one bulk read as a whole.
    """

    name: str
    host: str
    port: int
    username: str
    password: Callable[[], str] = field(repr=False, compare=False)
    ca_file: str | None = None
    insecure: bool = False
    connect_timeout_s: float = 5.0
    read_timeout_s: float = 15.0
    list_timeout_s: float = 120.0
