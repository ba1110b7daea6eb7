"""An image's bytes, streamed from Glance, and held to what Glance says of them.

Through a connection of its own: those that are shared read whole answers into memory.
"""

import hashlib
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import requests
from urllib3.exceptions import HTTPError

from vmware_panel.domain.outcome import TroubleKind
from vmware_panel.openstack import clients
from vmware_panel.openstack.access import Access, Service
from vmware_panel.openstack.counting import Call, count
from vmware_panel.openstack.errors import CloudError, cloud_error, error_of_status
from vmware_panel.openstack.fields import text, whole

CHUNK_BYTES = 1 << 18
CHUNK_STALL_S = 60.0
"""A chunk has to be there within it, however it drips."""

_MAX_ERROR_BYTES = 1 << 16
_SAFE_HASHES = frozenset({"sha256", "sha384", "sha512", "sha3_256", "sha3_384", "sha3_512"})
_NOT_FOUND_HERE = 204


class ImageData:
    """`size_bytes` is what Glance says that it has. `chunks` can be run through once."""

    def __init__(self, image_id: str, size_bytes: int, algorithm: str, digest: str) -> None:
        self.image_id = image_id
        self.size_bytes = size_bytes
        self._digest = digest
        self._hash = hashlib.new(algorithm, usedforsecurity=False) if digest else None
        self._response: requests.Response | None = None

    @property
    def verified(self) -> bool:
        """Whether Glance has a hash of the image to compare with."""
        return self._hash is not None

    def chunks(self) -> Iterator[bytes]:
        """All bytes, in order. Raises `CloudError` where they stall or break off, and after the
        last one where they are not those that Glance has a size and a hash of.
        """
        if self._response is None:
            raise RuntimeError("the image's data is not open")
        got_bytes = 0
        while chunk := self._chunk(self._response):
            got_bytes += len(chunk)
            if self._hash is not None:
                self._hash.update(chunk)
            if got_bytes > self.size_bytes:
                break
            yield chunk
        if got_bytes != self.size_bytes:
            raise _bad(f"image {self.image_id}: {got_bytes} of {self.size_bytes} bytes came")
        if self._hash is not None and self._hash.hexdigest() != self._digest:
            raise _bad(f"image {self.image_id}: the bytes are not those of Glance's hash")

    def _chunk(self, response: requests.Response) -> bytes:
        until_s = time.monotonic() + CHUNK_STALL_S
        parts: list[bytes] = []
        wanted = CHUNK_BYTES
        failed = ""
        while wanted:
            try:
                part = response.raw.read1(wanted, decode_content=True)
            except TimeoutError:
                raise _stalled(self.image_id) from None
            except (HTTPError, OSError) as error:
                failed = type(error).__name__
                break
            if not part:
                break
            parts.append(part)
            wanted -= len(part)
            if wanted and time.monotonic() > until_s:
                raise _stalled(self.image_id)
        if failed == "ReadTimeoutError":
            raise _stalled(self.image_id)
        if failed:
            detail = f"image {self.image_id}: the stream broke off ({failed})"
            raise cloud_error(Service.GLANCE, TroubleKind.UNREACHABLE, detail)
        return b"".join(parts)


@contextmanager
def image_data(access: Access, image_id: str) -> Iterator[ImageData]:
    """The image's bytes, open within the block: two calls. Raises `CloudError`, with the status
    of an answer that is none.
    """
    item = clients.glance(access).get(f"/v2/images/{image_id}")
    size_bytes = whole(item, "size")
    if not size_bytes or text(item, "status") != "active":
        raise _bad(f"image {image_id}: it has no data")
    algorithm, digest = text(item, "os_hash_algo"), text(item, "os_hash_value")
    if algorithm not in _SAFE_HASHES:
        algorithm, digest = "md5", text(item, "checksum")
    data = ImageData(image_id, size_bytes, algorithm, digest.lower())
    with requests.Session() as session:
        session.trust_env = False
        data._response = _opened(session, access, image_id)
        try:
            yield data
        finally:
            data._response.close()


def _opened(session: requests.Session, access: Access, image_id: str) -> requests.Response:
    path = f"/v2/images/{image_id}/file"
    count(Call(Service.GLANCE.value, "GET", path))
    headers = {"X-Auth-Token": access.token, "Accept": "application/octet-stream"}
    failure: CloudError
    try:
        response = session.get(
            access.endpoint(Service.GLANCE).rstrip("/") + path,
            headers=headers,
            stream=True,
            allow_redirects=False,
            verify=access.verify,
            timeout=(access.timeout_s, CHUNK_STALL_S),
        )
    except requests.exceptions.Timeout:
        failure = _stalled(image_id)
    except (requests.exceptions.RequestException, OSError) as error:
        failure = _unreached(error)
    else:
        if response.status_code == requests.codes.ok:
            return response
        with response:
            failure = _refused(response, access)
    raise failure from None  # what it wraps can quote the header, and so the token


def _refused(response: requests.Response, access: Access) -> CloudError:
    if response.status_code == _NOT_FOUND_HERE:
        return _bad("the image has no data")
    body = response.raw.read(_MAX_ERROR_BYTES, decode_content=True)
    short: Any = requests.Response()
    short.status_code, short.headers, short.request = (
        response.status_code,
        response.headers,
        response.request,
    )
    short._content = body
    return error_of_status(Service.GLANCE, short, access.token)


def _unreached(error: Exception) -> CloudError:
    kind = TroubleKind.UNREACHABLE
    if isinstance(error, requests.exceptions.SSLError):
        kind = TroubleKind.CERTIFICATE
    return cloud_error(Service.GLANCE, kind, f"no connection: {type(error).__name__}")


def _stalled(image_id: str) -> CloudError:
    detail = f"image {image_id}: nothing came for {CHUNK_STALL_S:.0f} s"
    return cloud_error(Service.GLANCE, TroubleKind.TIMEOUT, detail)


def _bad(detail: str) -> CloudError:
    return cloud_error(Service.GLANCE, TroubleKind.BAD_ANSWER, detail)
