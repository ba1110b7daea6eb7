# mypy: allow-untyped-calls
"""A file sent to a datastore through vCenter, by HTTPS PUT, as oslo.vmware's `FileWriteHandle` does.

The session's cookie lets it in, the certificate is verified as for every call, and a chunk that does
not get through in time ends it. It cannot be taken up again where it broke off: vCenter then keeps what
had come, which whoever sent it takes away.
"""

import ssl
from collections.abc import Callable, Iterator
from functools import partial
from http.client import HTTPException, HTTPResponse
from typing import TypeVar
from urllib.parse import quote, urlencode

from pyVmomi import vim

from vmware_panel.domain.datastore_paths import DatastorePath, FilePlace, PlaceKind, lies_in
from vmware_panel.domain.inventory import MoRef
from vmware_panel.domain.outcome import TroubleKind
from vmware_panel.vsphere.ancestors import with_ancestors
from vmware_panel.vsphere.before_sending import ask_before_sending
from vmware_panel.vsphere.calls import note_call
from vmware_panel.vsphere.deadlines import Deadline, within
from vmware_panel.vsphere.endpoint import Endpoint
from vmware_panel.vsphere.errors import (
    CALL_FAULTS,
    SessionLost,
    Unanswered,
    VSphereError,
    bad_answer,
    call_failed,
    http_failed,
    quoted,
)
from vmware_panel.vsphere.file_changes import PathRefused
from vmware_panel.vsphere.live_reads import read_found
from vmware_panel.vsphere.login import Connected
from vmware_panel.vsphere.network import tls_context
from vmware_panel.vsphere.session import Session
from vmware_panel.vsphere.transport import USER_AGENT, Connection

T = TypeVar("T")

CHUNK_STALL_S = 60.0
"""One chunk has to be taken within it."""
LAST_WORD_S = 300.0
"""What came last may still have to be written when vCenter is to answer."""

_METHOD = "PUT /folder"
_CREATED = frozenset({200, 201, 204})
_MAX_WORDS = 2048


class Uploads:
    """Part of `VCenterClient`."""

    endpoint: Endpoint
    _session: Session

    def datacenter_path(self, datacenter: MoRef) -> str:
        """Its path in the inventory, e.g. `Europe/DC0`: one call. Raises `VSphereError`."""
        work = partial(_datacenter_path, datacenter=datacenter)
        return self._session.read(work, self.endpoint.read_timeout_s)

    def upload(
        self,
        place: FilePlace,
        datacenter_path: str,
        path: DatastorePath,
        size_bytes: int,
        chunks: Iterator[bytes],
    ) -> int:
        """Sends one file into a staging folder; how many bytes. Sent once.

        What `chunks` raises passes through, after the connection was closed: so an upload is given
        up. Raises `VSphereError`; the file may then be there in part, or whole (`Unanswered`).
        """
        if not lies_in(place, path, PlaceKind.STAGED):
            detail = f"{path} is no file that may be made from here"
            raise PathRefused(TroubleKind.CONFIGURATION, detail, source=self.endpoint.name)
        cookie = self._session.read(_cookie, self.endpoint.read_timeout_s)
        note_call(_METHOD, self._session.calls)
        sending = _Sending(self.endpoint, tls_context(self.endpoint))
        address = _address(place, datacenter_path, path)
        ask_before_sending()
        return sending.send(address, cookie, size_bytes, chunks)


class _Sending:
    """One PUT on a connection of its own."""

    def __init__(self, endpoint: Endpoint, context: ssl.SSLContext) -> None:
        self._source = endpoint.name
        self._connection = Connection(endpoint, context)

    def send(self, address: str, cookie: str, size_bytes: int, chunks: Iterator[bytes]) -> int:
        sent_bytes = 0
        try:
            self._begin(address, cookie, size_bytes)
            for chunk in chunks:
                if not self._took(chunk):
                    break
                sent_bytes += len(chunk)
            else:
                if sent_bytes != size_bytes:  # vCenter would wait for the rest
                    detail = f"{_METHOD}: there were {sent_bytes} of {size_bytes} bytes to send"
                    raise bad_answer(detail, source=self._source)
            return self._end(sent_bytes, size_bytes)
        finally:
            self._connection.close()

    def _begin(self, address: str, cookie: str, size_bytes: int) -> None:
        def begin() -> None:
            connection = self._connection
            connection.putrequest("PUT", address)
            connection.putheader("Cookie", cookie)
            connection.putheader("Content-Length", str(size_bytes))
            connection.putheader("Content-Type", "application/octet-stream")
            connection.putheader("User-Agent", USER_AGENT)
            connection.endheaders()

        self._do(begin, CHUNK_STALL_S)

    def _took(self, chunk: bytes) -> bool:
        """False: vCenter has closed the connection, and may have said why."""
        with within(Deadline(CHUNK_STALL_S)):
            try:
                self._connection.send(chunk)
            except TimeoutError as exc:
                error = call_failed(exc, source=self._source, method=_METHOD)
            except (OSError, HTTPException):
                return False
            else:
                return True
        raise error

    def _end(self, sent_bytes: int, size_bytes: int) -> int:
        wait_s = LAST_WORD_S if sent_bytes == size_bytes else CHUNK_STALL_S
        try:
            answer, words = self._do(self._answer, wait_s)
        except VSphereError as error:
            if sent_bytes < size_bytes:
                raise
            raise Unanswered(error.kind, error.detail, source=self._source) from None
        if answer.status == 401:
            raise SessionLost(
                TroubleKind.SESSION, f"{_METHOD}: not logged in", source=self._source
            )
        if answer.status not in _CREATED:
            refused = http_failed(answer.status, source=self._source, method=_METHOD)
            detail = f"{refused.detail}: {words}" if words else refused.detail
            raise VSphereError(refused.kind, detail, source=self._source)
        if sent_bytes != size_bytes:
            raise bad_answer(f"{_METHOD}: {sent_bytes} of {size_bytes} bytes", source=self._source)
        return sent_bytes

    def _answer(self) -> tuple[HTTPResponse, str]:
        answer = self._connection.getresponse()
        return answer, quoted(answer.read(_MAX_WORDS).decode("utf-8", "replace").strip())

    def _do(self, work: Callable[[], T], timeout_s: float) -> T:
        with within(Deadline(timeout_s)):
            try:
                return work()
            except CALL_FAULTS as exc:
                error = call_failed(exc, source=self._source, method=_METHOD)
        raise error  # outside of the handler: its frames hold the cookie


def _cookie(connected: Connected) -> str:
    """After a call that proves the session: what is sent next is not sent twice."""
    connected.service.CurrentTime()
    return str(connected.channel.cookie)


def _address(place: FilePlace, datacenter_path: str, path: DatastorePath) -> str:
    where = urlencode({"dcPath": datacenter_path, "dsName": place.name}, quote_via=quote)
    return f"/folder/{quote('/'.join(path.names))}?{where}"


def _datacenter_path(connected: Connected, datacenter: MoRef) -> str:
    start = with_ancestors(vim.Datacenter(datacenter))
    found = {
        one.moref: one
        for one in read_found(connected, [start], {vim.ManagedEntity: ("name", "parent")})
    }
    names: list[str] = []
    at: MoRef | None = datacenter
    while at is not None and (here := found.get(at)) is not None:
        parent = here.get("parent")
        if parent is not None:  # the root folder has a name, and is in no path
            names.append(here.get("name") or "")
        at = MoRef(parent._moId) if parent is not None else None
    if not names:
        raise bad_answer(f"{datacenter}: no path", source=connected.vcenter.name)
    return "/".join(reversed(names))
