# mypy: allow-untyped-calls, allow-any-generics
"""SOAP calls to one vCenter over pyVmomi's adapter, with deadlines, typed errors and a call count.

`Channel` is the adapter with connections of our own; `Stub` is what managed objects call through.
pyVmomi's `VimSessionOrientedStub` has the same two layers, but sends any method again, up to four
times: nothing here is ever sent twice.
"""

import io
import ssl
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from http.client import HTTPResponse, HTTPSConnection
from http.cookies import SimpleCookie
from typing import Any

from pyVmomi import version_info_str
from pyVmomi.SoapAdapter import (
    COOKIE_NAME,
    SoapResponseDeserializer,
    SoapStubAdapter,
    StubAdapterBase,
)

from vmware_panel.vsphere.calls import CallCounter, note_call
from vmware_panel.vsphere.compression import uncompressed
from vmware_panel.vsphere.deadlines import CutShort, current_deadline, within
from vmware_panel.vsphere.endpoint import Endpoint
from vmware_panel.vsphere.errors import (
    CALL_FAULTS,
    ConnectionLost,
    VSphereError,
    call_failed,
    cancelled,
    cannot_connect,
    fault_answered,
    http_failed,
)
from vmware_panel.vsphere.network import DeadlineSocket, open_tls
from vmware_panel.vsphere.update_decoder import decode_updates

SDK_PATH = "/sdk"
IDLE_CONNECTIONS = 8
# Below the idle time after which firewalls commonly forget a connection (four minutes and more).
IDLE_CONNECTION_S = 200
MAX_FILE_BYTES = 256 * 1024
MAX_FAULT_BYTES = 1024 * 1024
MAX_REST_BYTES = 64 * 1024
USER_AGENT = f"vmware-panel pyvmomi/{version_info_str}"

_SOAP_STATUSES = (200, 500)


class Connection(HTTPSConnection):
    """One HTTPS connection. Raises `CannotConnect` where it does not come about."""

    debuglevel = 0  # http.client would print requests, passwords and cookies included

    def __init__(self, endpoint: Endpoint, context: ssl.SSLContext) -> None:
        super().__init__(endpoint.host, endpoint.port, context=context)
        self._endpoint = endpoint
        self._tls = context
        self._answer: HTTPResponse | None = None

    @property
    def is_idle(self) -> bool:
        """True if it is open and its last answer was read to the end."""
        return self.sock is not None and self._answer is not None and self._answer.isclosed()

    def getresponse(self) -> HTTPResponse:
        self._answer = super().getresponse()
        return self._answer

    def connect(self) -> None:
        endpoint = self._endpoint
        error: VSphereError
        try:
            with within(current_deadline().at_most(endpoint.connect_timeout_s)):
                self.sock = open_tls(endpoint.host, endpoint.port, self._tls)
            return
        except CutShort:
            error = cancelled("the connection", source=endpoint.name)
        except (OSError, ValueError) as exc:  # ValueError: not a possible host name
            error = cannot_connect(
                exc, source=endpoint.name, host=endpoint.host, port=endpoint.port
            )
        raise error


class Channel(SoapStubAdapter):
    """The connections to one vCenter, and the session cookie that they share."""

    def __init__(self, endpoint: Endpoint, context: ssl.SSLContext, calls: CallCounter) -> None:
        super().__init__(
            host=endpoint.host,
            port=endpoint.port,
            path=SDK_PATH,
            poolSize=IDLE_CONNECTIONS,
            connectionPoolTimeout=IDLE_CONNECTION_S,
            sslContext=context,
        )
        self.endpoint = endpoint
        self.calls = calls
        self._context = context

    def GetConnection(self) -> Connection:
        with self.lock:
            self._CloseIdleConnections()
            if self.pool:
                pooled: Connection = self.pool.pop(0)[0]
                return pooled
        fresh = Connection(self.endpoint, self._context)
        fresh.connect()
        return fresh

    def InvokeMethod(self, mo: Any, info: Any, args: Any, outerStub: Any = None) -> Any:
        """Status and decoded answer of one call, sent once; raises what `CALL_FAULTS` lists."""
        request = self.SerializeRequest(mo, info, args)
        with self._borrowed() as connection:
            self._send(connection, request)
            return self._receive(connection, info, outerStub)

    def send_ahead(self, mo: Any, info: Any, args: Any) -> "Ahead":
        """Sends one call and does not wait for its answer; raises what `CALL_FAULTS` lists."""
        request = self.SerializeRequest(mo, info, args)
        connection = self.GetConnection()
        sent = False
        try:
            self._send(connection, request)
            sent = True
        finally:
            if not sent:
                connection.close()
        return Ahead(connection)

    def receive_ahead(self, ahead: "Ahead", info: Any, stub: "Stub") -> Any:
        """What `InvokeMethod` gives, of a call that was sent ahead."""
        with self._returned_after(ahead.connection) as connection:
            return self._receive(connection, info, stub)

    def _send(self, connection: Connection, request: Any) -> None:
        connection.request("POST", self.path, request, self._headers())

    def _receive(self, connection: Connection, info: Any, stub: "Stub") -> Any:
        answer = connection.getresponse()
        self._keep_session_cookie(answer)
        decoded = None
        if answer.status in _SOAP_STATUSES:
            encoding = answer.getheader("Content-Encoding", "identity").lower()
            stream = uncompressed(answer, encoding)
            if answer.status == 200:
                decoded = stub.decode(stream, info)
            else:
                decoded = Stub.decode(stub, _fault_of(stream), info)
        answer.read(MAX_REST_BYTES)
        return answer.status, decoded

    def retire(self) -> None:
        """Closes what is idle now, and what is in use as soon as it comes back."""
        self.poolSize = 0
        self.DropConnections()

    def fetch(self, path: str) -> bytes:
        """A small file of the server by GET; raises `VSphereError`."""
        method = f"GET {path}"
        note_call(method, self.calls)
        try:
            with self._borrowed() as connection:
                connection.request("GET", path)
                answer = connection.getresponse()
                body = answer.read(MAX_FILE_BYTES)
        except CALL_FAULTS as exc:
            error = call_failed(exc, source=self.endpoint.name, method=method)
        else:
            if answer.status == 200:
                return body
            error = http_failed(answer.status, source=self.endpoint.name, method=method)
        raise error

    def _borrowed(self) -> AbstractContextManager[Connection]:
        return self._returned_after(self.GetConnection())

    @contextmanager
    def _returned_after(self, connection: Connection) -> Iterator[Connection]:
        """Closes it unless its answer was read to the end and it can carry another."""
        reusable = False
        try:
            yield connection
            reusable = connection.is_idle
        finally:
            if reusable:
                self.ReturnConnection(connection)
            else:
                connection.close()

    def _headers(self) -> dict[str, str]:
        headers = {
            "SOAPAction": self.versionId,
            "Content-Type": "text/xml; charset=utf-8",
            "Accept-Encoding": "gzip, deflate",
            "User-Agent": USER_AGENT,  # vCenter shows it in its list of sessions
        }
        return {**headers, "Cookie": self.cookie} if self.cookie else headers

    def _keep_session_cookie(self, answer: HTTPResponse) -> None:
        for header in answer.msg.get_all("Set-Cookie", ()):
            if session := SimpleCookie(header).get(COOKIE_NAME):
                self.cookie = f"{COOKIE_NAME}={session.coded_value}"


class Ahead:
    """A call that was sent and whose answer is still to be received."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def take_in(self) -> None:
        """Moves what has come of the answer into memory, without waiting for more."""
        if isinstance(self.connection.sock, DeadlineSocket):
            self.connection.sock.take_in()

    def drop(self) -> None:
        self.connection.close()


class Stub(StubAdapterBase):
    """What managed objects call through: one try a call, and only `VSphereError` comes out."""

    def __init__(self, channel: Channel, version: str) -> None:
        super().__init__(version=version)
        channel.ComputeVersionInfo(version)
        self._channel = channel

    def InvokeMethod(self, mo: Any, info: Any, args: Any) -> Any:
        channel, method = self._channel, str(info.wsdlName)
        source = channel.endpoint.name
        error: VSphereError
        try:
            status, answer = self._call(mo, info, args)
        except CALL_FAULTS as exc:
            error = call_failed(exc, source=source, method=method)
            if isinstance(error, ConnectionLost):
                channel.DropConnections()  # the idle ones broke with it: a repetition needs a new one
        else:
            # The decoder makes a list of every SOAP answer that is one, and nothing of other XML.
            if status == 200 and not (answer is None and issubclass(info.result, list)):
                return answer
            if status in _SOAP_STATUSES:
                error = fault_answered(answer, source=source, method=method)
            else:
                error = http_failed(status, source=source, method=method)
        raise error  # outside of the handler: the SDK's frames hold what was sent

    def _call(self, mo: Any, info: Any, args: Any) -> Any:
        """Status and decoded answer; raises what `CALL_FAULTS` lists."""
        note_call(str(info.wsdlName), self._channel.calls)
        current_deadline().remaining_s()
        return self._channel.InvokeMethod(mo, info, args, self)

    def decode(self, stream: Any, info: Any) -> Any:
        """A result, or a fault; a fault is always decoded like this."""
        return SoapResponseDeserializer(self).Deserialize(stream, info.result)

    def __deepcopy__(self, memo: Any) -> "Stub":
        return self


class UpdateStub(Stub):
    """What a property collector calls through whose `WaitForUpdatesEx` is to give an `UpdateSet`.

    None where a wait ended without a change; every other method is as ever.
    """

    def __init__(self, channel: Channel, version: str, *, drives: bool = False) -> None:
        super().__init__(channel, version)
        self._drives = drives

    def decode(self, stream: Any, info: Any) -> Any:
        if info.wsdlName == "WaitForUpdatesEx":
            return decode_updates(stream, self.version, drives=self._drives)
        return super().decode(stream, info)


def _fault_of(stream: Any) -> io.BytesIO:
    """A fault's body, which is small; raises `ValueError` for one that is not or is hostile."""
    body = stream.read(MAX_FAULT_BYTES + 1)
    if len(body) > MAX_FAULT_BYTES or b"<!DOCTYPE" in body:
        raise ValueError("no fault that a vCenter sends")
    return io.BytesIO(body)
