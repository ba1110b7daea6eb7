"""What goes wrong between here and a service, as one typed error."""

import html
import json
import re
import ssl
from collections.abc import Iterator
from urllib.parse import urlsplit

import requests
from keystoneauth1 import exceptions as ksa
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from vmware_panel.domain.outcome import SourceError, Trouble, TroubleKind

MAX_DETAIL_CHARS = 300

_KIND_BY_STATUS = {
    401: TroubleKind.LOGIN,
    403: TroubleKind.FORBIDDEN,
    404: TroubleKind.NOT_FOUND,
    408: TroubleKind.TIMEOUT,
    413: TroubleKind.OVERLOADED,  # Nova's and Cinder's former rate limit
    429: TroubleKind.OVERLOADED,
    503: TroubleKind.OVERLOADED,
    504: TroubleKind.TIMEOUT,
}

_TAG = re.compile(r"<[a-z/][^<>]*>")


class CloudError(SourceError):
    """One OpenStack service gave no answer; `trouble.source` is the service's project name.

    `status` is the HTTP status of the answer, None where it was not that which was wrong.
    """

    def __init__(self, trouble: Trouble, status: int | None = None) -> None:
        super().__init__(trouble)
        self.status = status


class Conflict(CloudError):
    """A change was refused because its thing is not as the asker last saw it: HTTP 409.

    Placement answers so where the generation has moved on. Nothing was changed.
    """


class Unanswered(CloudError):
    """A change was sent, and nobody knows whether it was made: the answer was lost, cannot be
    read, or is a failure of the server's own (5xx). It is not sent again.
    """

    unanswered = True


def cloud_error(
    source: str, kind: TroubleKind, detail: str, status: int | None = None
) -> CloudError:
    return CloudError(Trouble(source, kind, detail[:MAX_DETAIL_CHARS]), status)


def error_of_status(source: str, response: requests.Response, token: str) -> CloudError:
    """The error of an answer that is not 200. The service's own words go into `detail`.

    One that echoes what it was sent does not bring the token into a log.
    """
    status = response.status_code
    kind = _KIND_BY_STATUS.get(status, TroubleKind.BAD_ANSWER)
    detail = f"HTTP {status}"
    if 300 <= status < 400:
        # A redirect is not followed: the token would go to an address that is not in the catalogue.
        target = response.headers.get("Location", "nowhere")
        detail += f", redirected to {target}: set that address in the service catalogue"
    elif status == 406:
        asked = response.request.headers.get("OpenStack-API-Version", "the version asked for")
        detail += f", the service does not have API version {asked}"
    said = _message_of(response)
    detail = f"{detail}: {said}" if said else detail
    if token:
        detail = detail.replace(token, "***")
    plain = "".join(c if c.isprintable() else "?" for c in detail)
    return cloud_error(source, kind, plain, status)


def error_of_change(error: CloudError, cause: Exception | None = None) -> CloudError:
    """What an error of a read is for a change: `Conflict` for HTTP 409, `Unanswered` where nobody
    knows whether it was made, and the same where it surely was not: refused, or never sent.

    `cause` is the transport's own failure, if it was that.
    """
    status = error.status
    if status == requests.codes.conflict:
        return Conflict(error.trouble, status)
    if status is not None:
        unknown = status < 300 or status >= 500
    else:
        unknown = cause is not None and not _never_sent(cause)
    return Unanswered(error.trouble, status) if unknown else error


# Raised before a byte of the request has left.
_BEFORE_SENDING = (
    NewConnectionError,
    ConnectTimeoutError,
    ssl.SSLCertVerificationError,
    requests.exceptions.InvalidHeader,
)


def _never_sent(error: BaseException) -> bool:
    if isinstance(error, ksa.AuthorizationFailure):
        return True
    causes = list(_causes(error))
    original = getattr(error, "original", None)
    if isinstance(original, BaseException):
        causes += _causes(original)
    return any(isinstance(cause, _BEFORE_SENDING) for cause in causes)


def _message_of(response: requests.Response) -> str:
    """The message inside an error body, in any of the shapes that the services use; else "".

    Nova and Cinder: `{"forbidden": {"code": 403, "message": …}}`. Placement:
    `{"errors": [{"detail": …}]}`. Keystone and keystonemiddleware: `{"error": {"message": …}}`.
    Glance and what WebOb makes itself: `{"message": "…<br />", "code": "404 Not Found"}`.
    """
    try:
        body = json.loads(response.content)
    except (ValueError, RecursionError):
        return ""
    inner: object = body
    if isinstance(inner, dict) and "message" not in inner and inner:
        inner = next(iter(inner.values()))
    if isinstance(inner, list) and inner:
        inner = inner[0]
    if not isinstance(inner, dict):
        return ""
    said = inner.get("message") or inner.get("detail") or ""
    return " ".join(html.unescape(_TAG.sub(" ", said)).split()) if isinstance(said, str) else ""


def error_of_transport(
    source: str, url: str, error: Exception, *, timeout_s: float, ca_file: str | None
) -> CloudError:
    """The error of a request that got no answer at all: keystoneauth's connection errors."""
    where = urlsplit(url).netloc.rpartition("@")[2]
    if isinstance(error, ksa.ConnectTimeout):
        return cloud_error(
            source, TroubleKind.TIMEOUT, f"{where}: no whole answer within {timeout_s:.3g} s"
        )
    if isinstance(error, ksa.SSLError):
        return _error_of_tls(source, where, error, ca_file)
    if isinstance(error, ksa.AuthorizationFailure):
        return cloud_error(source, TroubleKind.LOGIN, "the session holds no token")
    if isinstance(error, ksa.UnknownConnectionError):
        return _error_of_unknown(source, where, error.original)
    return cloud_error(source, TroubleKind.UNREACHABLE, f"{where}: {_innermost(error)}")


def error_of_ca_file(source: str, ca_file: str | None, reason: str) -> CloudError:
    return cloud_error(
        source,
        TroubleKind.CONFIGURATION,
        f"the CA file {ca_file!r} (OPENSTACK_SSL_CACERT) cannot be read: {reason}",
    )


def _error_of_tls(source: str, where: str, error: Exception, ca_file: str | None) -> CloudError:
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return cloud_error(
                source,
                TroubleKind.CERTIFICATE,
                f"{where}: {cause.verify_message} (OPENSTACK_SSL_CACERT names the CA file)",
            )
        if isinstance(cause, ssl.SSLError) and cause.library in ("X509", "PEM", "ASN1"):
            return error_of_ca_file(source, ca_file, cause.reason)
    return cloud_error(
        source, TroubleKind.UNREACHABLE, f"{where}: no TLS connection: {_innermost(error)}"
    )


def _error_of_unknown(source: str, where: str, original: Exception) -> CloudError:
    match original:
        case requests.exceptions.InvalidHeader():
            # Its text quotes the header, which is the token.
            return cloud_error(source, TroubleKind.LOGIN, "the token holds forbidden characters")
        case requests.exceptions.ChunkedEncodingError():
            return cloud_error(
                source, TroubleKind.BAD_ANSWER, f"{where}: the answer broke off in the middle"
            )
        case requests.exceptions.ContentDecodingError():
            return cloud_error(
                source, TroubleKind.BAD_ANSWER, f"{where}: the answer cannot be unpacked"
            )
    return cloud_error(source, TroubleKind.UNREACHABLE, f"{where}: {type(original).__name__}")


def _innermost(error: BaseException) -> str:
    """The operating system's own words (`Connection refused`), without the wrappers' reprs."""
    words = "connection failed"
    for cause in _causes(error):
        if isinstance(cause, OSError) and cause.strerror:
            words = cause.strerror
    return words


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and all that it wraps: keystoneauth, requests and urllib3 each do it their way."""
    seen: set[int] = set()
    queue = [error]
    while queue:
        current = queue.pop(0)
        if id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        wrapped = (current.__cause__, current.__context__, getattr(current, "reason", None))
        queue += [other for other in (*wrapped, *current.args) if isinstance(other, BaseException)]
