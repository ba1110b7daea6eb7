"""Typed errors of the vSphere adapter, and how they follow from what the SDK and sockets raise.

No message holds a secret: what the server says is quoted only where no password was sent, cleaned
of control characters and cut short.
"""

import re
import ssl
import zlib
from http.client import HTTPException
from socket import gaierror
from xml.parsers.expat import ExpatError, errors

from pyVmomi import vim, vmodl

from vmware_panel.domain.inventory import MoRef
from vmware_panel.domain.outcome import SourceError, Trouble, TroubleKind
from vmware_panel.vsphere.deadlines import CutShort


class VSphereError(SourceError):
    """One vCenter gave no answer. `source` is the vCenter's name in the settings.

    `fault` is the vSphere API's name of the SOAP fault, e.g. `InvalidState`, where there was one:
    then vCenter has refused the call. It is empty where nobody knows what became of it.
    """

    fault: str = ""

    def __init__(
        self, kind: TroubleKind, detail: str, *, source: str, missing_privilege: str = ""
    ) -> None:
        super().__init__(Trouble(source, kind, detail, missing_privilege))

    @property
    def kind(self) -> TroubleKind:
        return self.trouble.kind

    @property
    def detail(self) -> str:
        return self.trouble.detail


class CannotConnect(VSphereError):
    """No connection came about: name, TCP or TLS."""


class ConnectionLost(VSphereError):
    """The connection broke after the call was sent; a read may be sent again once."""


class SessionLost(VSphereError):
    """vCenter does not know the session (any more); a read may log in again once."""


class WatchLost(VSphereError):
    """What a watch stands on is gone, its version or its filter: everything is to be read again."""


class CallCancelled(VSphereError):
    """The call ended without an answer: this program wants none any more, or vCenter was told so."""


class Unanswered(VSphereError):
    """A change was sent and its answer did not come: it may have been made, or not."""

    unanswered = True


class ObjectGone(VSphereError):
    """A managed object that the call names is not there (any more)."""

    def __init__(self, moref: MoRef, *, source: str) -> None:
        super().__init__(
            TroubleKind.NOT_FOUND, f"{moref or 'an object'} is not there any more", source=source
        )
        self.moref = moref


class SearchFailed(VSphereError):
    """This datastore could not be searched; others may be."""


# What a call lets out: the socket's and HTTP's errors, the parser's, and those of the SDK's decoder
# when an answer does not fit the types that it expects.
CALL_FAULTS = (
    OSError,
    HTTPException,
    ExpatError,
    zlib.error,
    LookupError,
    TypeError,
    ValueError,
    AttributeError,
    AssertionError,
)

_CUT_OFF = frozenset(
    errors.codes[message]
    for message in (
        errors.XML_ERROR_NO_ELEMENTS,
        errors.XML_ERROR_UNCLOSED_TOKEN,
        errors.XML_ERROR_PARTIAL_CHAR,
    )
)

_CERTIFICATE_WORDS = {  # OpenSSL's X509_V_ERR_* numbers
    9: "the certificate is not valid yet",
    10: "the certificate has expired",
    18: "the certificate is self-signed and not the one in ca_file",
    19: "the certificate comes from a CA that is not trusted",
    20: "the certificate comes from a CA that is not trusted",
    21: "the certificate comes from a CA that is not trusted",
    62: "the certificate is for another host name",
    64: "the certificate is for another IP address",
}

_OVERLOAD_WORDS = re.compile(
    r"too many|overload|(maximum|max) (number of|allowed)? ?\w* ?(sessions|connections|requests)",
    re.IGNORECASE,
)
_MAX_QUOTE = 200


def cannot_connect(exc: Exception, *, source: str, host: str, port: int) -> CannotConnect:
    """What kept a connection from coming about."""
    kind, detail = TroubleKind.UNREACHABLE, f"{host}:{port}: {_reason(exc)}"
    if isinstance(exc, ssl.SSLCertVerificationError):
        kind = TroubleKind.CERTIFICATE
        said = _CERTIFICATE_WORDS.get(exc.verify_code) or quoted(exc.verify_message)
        detail = f"{host}:{port}: {said}"
    elif isinstance(exc, TimeoutError):
        kind, detail = TroubleKind.TIMEOUT, f"{host}:{port}: no connection within the time allowed"
    elif isinstance(exc, ssl.SSLError):
        detail = f"{host}:{port}: no TLS connection ({exc.reason or 'closed by the other side'})"
    elif isinstance(exc, gaierror | UnicodeError):
        detail = f"the name {host} cannot be resolved"
    return CannotConnect(kind, detail, source=source)


def call_failed(exc: Exception, *, source: str, method: str) -> VSphereError:
    """What kept the answer to a call away, or made it unreadable."""
    if isinstance(exc, CutShort):
        return cancelled(method, source=source)
    if isinstance(exc, TimeoutError):
        return VSphereError(
            TroubleKind.TIMEOUT, f"{method}: no answer within the time allowed", source=source
        )
    cut_off = isinstance(exc, ExpatError) and exc.code in _CUT_OFF
    if cut_off or isinstance(exc, OSError | HTTPException):
        return ConnectionLost(
            TroubleKind.UNREACHABLE,
            f"{method}: the connection broke off ({_reason(exc)})",
            source=source,
        )
    return bad_answer(f"{method}: the answer cannot be read", source=source)


def http_failed(status: int, *, source: str, method: str) -> VSphereError:
    """An HTTP status that carries no SOAP answer."""
    kind = TroubleKind.BAD_ANSWER
    if status in (429, 503):
        kind = TroubleKind.OVERLOADED
    elif status in (502, 504):
        kind = TroubleKind.UNREACHABLE
    return VSphereError(kind, f"{method}: HTTP status {status}", source=source)


def fault_answered(fault: object, *, source: str, method: str) -> VSphereError:
    """A SOAP fault as the SDK decoded it."""
    if not isinstance(fault, vmodl.MethodFault):
        return bad_answer(f"{method}: neither a result nor a SOAP fault", source=source)
    name = fault_name(fault)
    error = _of_fault(fault, name, source=source, method=method)
    error.fault = name
    return error


def _of_fault(fault: vmodl.MethodFault, name: str, *, source: str, method: str) -> VSphereError:
    """`NotAuthenticated` is a `NoPermission` by descent."""
    if isinstance(fault, vim.fault.NotAuthenticated) or name == "SessionNotFound":
        return SessionLost(TroubleKind.SESSION, f"{method}: not logged in", source=source)
    if isinstance(fault, vim.fault.InvalidLogin):
        said = "the password has expired" if name == "PasswordExpired" else "refused"
        return VSphereError(TroubleKind.LOGIN, f"user or password: {said}", source=source)
    if isinstance(fault, vim.fault.NoPermission):
        missing = quoted(fault.privilegeId)
        return VSphereError(
            TroubleKind.FORBIDDEN,
            f"{method}: no permission ({missing or 'vCenter does not say which'})",
            source=source,
            missing_privilege=missing,
        )
    if isinstance(fault, vmodl.fault.ManagedObjectNotFound):
        return ObjectGone(MoRef(quoted(getattr(fault.obj, "_moId", ""))), source=source)
    if isinstance(fault, vmodl.query.InvalidCollectorVersion):
        return WatchLost(TroubleKind.SESSION, f"{method}: {name}", source=source)
    if isinstance(fault, vmodl.fault.RequestCanceled):
        return cancelled(method, source=source)
    # The server could quote what was sent to it, so nothing of a refused login is repeated.
    message: str | None = getattr(fault, "msg", None)
    said = "" if method == "Login" else quoted(message)
    if isinstance(fault, vim.fault.Timedout):
        return VSphereError(TroubleKind.TIMEOUT, f"{method}: {name} {said}".strip(), source=source)
    if _OVERLOAD_WORDS.search(message or ""):
        return VSphereError(
            TroubleKind.OVERLOADED, f"{method}: too many sessions or requests", source=source
        )
    return bad_answer(f"{method}: {name}{': ' if said else ''}{said}", source=source)


def cancelled(what: str, *, source: str) -> CallCancelled:
    return CallCancelled(TroubleKind.BAD_ANSWER, f"{what}: cancelled", source=source)


def bad_answer(detail: str, *, source: str) -> VSphereError:
    return VSphereError(TroubleKind.BAD_ANSWER, detail, source=source)


def fault_name(fault: object) -> str:
    """The vSphere API's name of a fault's type, e.g. `NotSupported`."""
    return type(fault).__name__.rsplit(".", 1)[-1]


def quoted(text: str | None) -> str:
    """A remote text made fit for one line of a log."""
    clean = "".join(c if c.isprintable() else " " for c in text or "")
    return clean if len(clean) <= _MAX_QUOTE else clean[: _MAX_QUOTE - 1] + "…"


def _reason(exc: Exception) -> str:
    if isinstance(exc, OSError) and exc.strerror:
        return exc.strerror
    return type(exc).__name__
