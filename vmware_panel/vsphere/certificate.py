"""What a server's certificate says, also of one that is not trusted: for the probe's words only."""

import ssl
import time
from dataclasses import dataclass
from typing import Any

from vmware_panel.vsphere.network import Address, DeadlineSocket, open_tcp

_DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class Certificate:
    """Names as in the certificate; `days_left` is negative for one that has expired."""

    subject: str
    issuer: str
    names: tuple[str, ...]
    expires: str
    days_left: int

    def __str__(self) -> str:
        names = ", ".join(self.names) or self.subject
        return f"certificate for {names}, issued by {self.issuer}, valid until {self.expires}"


def of_socket(tls: ssl.SSLSocket) -> Certificate | None:
    """The verified certificate of a connection; None where nothing was verified."""
    fields: dict[str, Any] | None = tls.getpeercert()
    return _certificate(fields) if fields else None


def seen_at(addresses: list[Address], host: str) -> Certificate | None:
    """The certificate that the server shows, trusted or not. Nothing is sent to it.

    Python decodes only certificates that it verified. So the first handshake takes what it gets,
    and the second trusts exactly that; None if it is not to be decoded even so (it has expired).
    Raises `OSError`.
    """
    shown = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    shown.check_hostname = False
    shown.verify_mode = ssl.CERT_NONE
    shown.sslsocket_class = DeadlineSocket
    with shown.wrap_socket(open_tcp(addresses), server_hostname=host) as tls:
        der = tls.getpeercert(binary_form=True)
    pinned = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    pinned.check_hostname = False
    pinned.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    pinned.sslsocket_class = DeadlineSocket
    pinned.load_verify_locations(cadata=der or b"")
    try:
        with pinned.wrap_socket(open_tcp(addresses), server_hostname=host) as tls:
            return of_socket(tls)
    except ssl.SSLCertVerificationError:
        return None


def _certificate(fields: dict[str, Any]) -> Certificate:
    expires = str(fields.get("notAfter", ""))
    left_s = ssl.cert_time_to_seconds(expires) - time.time() if expires else 0.0
    return Certificate(
        subject=_common_name(fields.get("subject", ())),
        issuer=_common_name(fields.get("issuer", ())),
        names=tuple(str(name) for _, name in fields.get("subjectAltName", ())),
        expires=expires,
        days_left=int(left_s // _DAY_S),
    )


def _common_name(name: Any) -> str:
    """The CN of a distinguished name, or all of it where there is none."""
    parts = [(str(key), str(value)) for group in name for key, value in group]
    for key, value in parts:
        if key == "commonName":
            return value
    return ", ".join(f"{key}={value}" for key, value in parts)
