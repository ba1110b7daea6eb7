"""The connection to where a lease's disk is sent: this vCenter, or an ESX host that it names.

vCenter names the host's certificate, or its thumbprint, over the connection that is verified already, and
what answers has to have just that one: an ESX host's is often of its own making. Where vCenter names none,
the certificate is verified as vCenter's own.
"""

import hashlib
import re
import ssl
from dataclasses import replace
from hmac import compare_digest
from urllib.parse import SplitResult, urlsplit

from vmware_panel.domain.imports import Lease
from vmware_panel.domain.outcome import TroubleKind
from vmware_panel.vsphere.endpoint import Endpoint
from vmware_panel.vsphere.errors import CannotConnect, bad_answer
from vmware_panel.vsphere.network import DeadlineSocket, tls_context
from vmware_panel.vsphere.transport import Connection

_HTTPS_PORT = 443
_DIGEST_NAMES = {40: "sha1", 64: "sha256"}
"""By the number of its hexadecimal digits; vCenters write SHA-1."""


def lease_connection(endpoint: Endpoint, lease: Lease) -> tuple[Connection, str]:
    """The connection, not yet made, and the address to ask it for. Raises `VSphereError`."""
    parts, at = _target(endpoint, lease)
    path = f"{parts.path}?{parts.query}" if parts.query else parts.path
    if lease.certificate or lease.thumbprint:
        return _Pinned(at, lease), path
    return Connection(at, tls_context(endpoint)), path


def _target(endpoint: Endpoint, lease: Lease) -> tuple[SplitResult, Endpoint]:
    """A host of `*` is the one that was asked (`VmdkHandle._fix_esx_url`)."""
    try:
        parts = urlsplit(lease.url)
        port = parts.port
    except ValueError:
        parts, port = SplitResult("", "", "", "", ""), None
    if parts.scheme != "https" or not parts.path.startswith("/") or not parts.hostname:
        raise bad_answer("ImportVApp: the lease names no place for a disk", source=endpoint.name)
    if parts.hostname == "*":
        return parts, endpoint
    return parts, replace(endpoint, host=parts.hostname, port=port or _HTTPS_PORT)


class _Pinned(Connection):
    """Speaks to the certificate that vCenter names, and to no other."""

    def __init__(self, at: Endpoint, lease: Lease) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.sslsocket_class = DeadlineSocket
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE  # it is compared below, before anything is sent
        super().__init__(at, context)
        self._at = at
        self._lease = lease

    def connect(self) -> None:
        super().connect()
        shown = self.sock.getpeercert(binary_form=True) or b""
        if not _is_named(shown, self._lease):
            self.close()
            raise CannotConnect(
                TroubleKind.CERTIFICATE,
                f"{self._at.host}:{self._at.port}: not the certificate that vCenter names for it",
                source=self._at.name,
            )


def _is_named(shown: bytes, lease: Lease) -> bool:
    if lease.certificate:
        try:
            return compare_digest(ssl.PEM_cert_to_DER_cert(lease.certificate.strip()), shown)
        except ValueError:
            return False
    wanted = re.sub(r"[^0-9a-f]", "", lease.thumbprint.lower())
    name = _DIGEST_NAMES.get(len(wanted))
    if name is None:
        return False
    return compare_digest(hashlib.new(name, shown, usedforsecurity=False).hexdigest(), wanted)
