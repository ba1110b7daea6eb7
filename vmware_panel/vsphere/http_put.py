"""One file sent by HTTPS PUT on a connection of its own, chunk by chunk, each in its time."""

from collections.abc import Callable, Iterator, Mapping
from http.client import HTTPException, HTTPResponse
from typing import TypeVar

from vmware_panel.domain.outcome import TroubleKind
from vmware_panel.vsphere.deadlines import Deadline, within
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
from vmware_panel.vsphere.transport import USER_AGENT, Connection

T = TypeVar("T")

CHUNK_STALL_S = 60.0
"""One chunk has to be taken within it."""
LAST_WORD_S = 300.0
"""What came last may still have to be written when vCenter is to answer."""

_CREATED = frozenset({200, 201, 204})
_MAX_WORDS = 2048


class HttpPut:
    """`what` names the request in errors: nothing of its address, which may let in, is quoted."""

    def __init__(self, source: str, what: str, connection: Connection) -> None:
        self._source = source
        self._what = what
        self._connection = connection

    def send(
        self, address: str, headers: Mapping[str, str], size_bytes: int, chunks: Iterator[bytes]
    ) -> int:
        """How many bytes; sent once. What `chunks` raises passes through, after the connection was
        closed. Raises `VSphereError`.
        """
        sent_bytes = 0
        try:
            self._begin(address, headers, size_bytes)
            for chunk in chunks:
                if not self._took(chunk):
                    break
                sent_bytes += len(chunk)
            else:
                if sent_bytes != size_bytes:  # the other side would wait for the rest
                    detail = f"{self._what}: there were {sent_bytes} of {size_bytes} bytes to send"
                    raise bad_answer(detail, source=self._source)
            return self._end(sent_bytes, size_bytes)
        finally:
            self._connection.close()

    def _begin(self, address: str, headers: Mapping[str, str], size_bytes: int) -> None:
        def begin() -> None:
            connection = self._connection
            connection.putrequest("PUT", address)
            connection.putheader("Content-Length", str(size_bytes))
            connection.putheader("User-Agent", USER_AGENT)
            for name, value in headers.items():
                connection.putheader(name, value)
            connection.endheaders()

        self._do(begin, CHUNK_STALL_S)

    def _took(self, chunk: bytes) -> bool:
        """False: the other side has closed the connection, and may have said why."""
        with within(Deadline(CHUNK_STALL_S)):
            try:
                self._connection.send(chunk)
            except TimeoutError as exc:
                error = call_failed(exc, source=self._source, method=self._what)
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
                TroubleKind.SESSION, f"{self._what}: not logged in", source=self._source
            )
        if answer.status not in _CREATED:
            refused = http_failed(answer.status, source=self._source, method=self._what)
            detail = f"{refused.detail}: {words}" if words else refused.detail
            raise VSphereError(refused.kind, detail, source=self._source)
        if sent_bytes != size_bytes:
            detail = f"{self._what}: {sent_bytes} of {size_bytes} bytes"
            raise bad_answer(detail, source=self._source)
        return sent_bytes

    def _answer(self) -> tuple[HTTPResponse, str]:
        answer = self._connection.getresponse()
        return answer, quoted(answer.read(_MAX_WORDS).decode("utf-8", "replace").strip())

    def _do(self, work: Callable[[], T], timeout_s: float) -> T:
        with within(Deadline(timeout_s)):
            try:
                return work()
            except CALL_FAULTS as exc:
                error = call_failed(exc, source=self._source, method=self._what)
        raise error  # outside of the handler: its frames hold the cookie, or the ticket
