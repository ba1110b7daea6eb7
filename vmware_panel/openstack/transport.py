"""Connections that are kept, and a deadline over the whole of an answer."""

import io
import os
import threading
import time
from collections.abc import Mapping
from typing import Any

import requests
import urllib3
from keystoneauth1.session import TCPKeepAliveAdapter
from urllib3.exceptions import DecodeError, ProtocolError, ReadTimeoutError, SSLError

CHUNK_BYTES = 1 << 16
# Services x regions, and the connections kept to each: a web process has few threads.
KEPT_POOLS = 16
KEPT_CONNECTIONS = 32


class DeadlineAdapter(TCPKeepAliveAdapter):
    """Reads the whole answer before it returns it, and gives up at the deadline.

    The timeout of requests bounds one socket operation, so a server that sends a byte every second
    would hold a thread for ever. Here the timeout is for connecting, waiting and reading together.
    One thing it cannot see is a server that drips its header lines; `parts.gather` bounds that.
    """

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: Any = None,
        verify: bool | str = True,
        cert: Any = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        expires = time.monotonic() + timeout
        try:
            response = self._send(request, expires, verify, cert, proxies)
        except requests.exceptions.ConnectionError as error:
            # The server closed a kept connection in the moment of its use: a fresh one will do.
            if request.method != "GET" or not _broke_off(error):
                raise
            response = self._send(request, expires, verify, cert, proxies)
        try:
            body = self._read(response, expires)
        except ReadTimeoutError as error:
            raise requests.exceptions.ReadTimeout(error, request=request) from error
        except SSLError as error:
            raise requests.exceptions.SSLError(error, request=request) from error
        except ProtocolError as error:
            raise requests.exceptions.ChunkedEncodingError(error, request=request) from error
        except DecodeError as error:
            raise requests.exceptions.ContentDecodingError(error, request=request) from error
        finally:
            response.close()
        response.raw = urllib3.HTTPResponse(
            io.BytesIO(body), status=response.status_code, preload_content=False
        )
        return response

    def _send(
        self,
        request: requests.PreparedRequest,
        expires: float,
        verify: bool | str,
        cert: Any,
        proxies: Mapping[str, str] | None,
    ) -> requests.Response:
        left_s = expires - time.monotonic()
        if left_s <= 0:
            raise requests.exceptions.ReadTimeout(request=request)
        # requests takes urllib3's own Timeout too, whose total covers connecting and waiting.
        timeout: Any = urllib3.Timeout(total=left_s)
        return super().send(
            request, stream=True, timeout=timeout, verify=verify, cert=cert, proxies=proxies
        )

    @staticmethod
    def _read(response: requests.Response, expires: float) -> bytes:
        chunks = []
        while chunk := response.raw.read1(CHUNK_BYTES, decode_content=True):
            chunks.append(chunk)
            if time.monotonic() > expires:
                raise requests.exceptions.ReadTimeout(request=response.request)
        return b"".join(chunks)


def _broke_off(error: requests.exceptions.ConnectionError) -> bool:
    return bool(error.args) and isinstance(error.args[0], ProtocolError)


def fresh_session() -> requests.Session:
    """A requests session that has no connections yet."""
    session = requests.Session()
    adapter = DeadlineAdapter(pool_connections=KEPT_POOLS, pool_maxsize=KEPT_CONNECTIONS)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session


class _Shared:
    """One requests session a process, so that connections outlive the page that opened them.

    It holds no token: those travel with each request. Cookies never reach its jar, because the
    answer that `DeadlineAdapter` hands over carries none of urllib3's original response.
    """

    def __init__(self) -> None:
        self._forget()
        os.register_at_fork(after_in_child=self._forget)

    def _forget(self) -> None:
        self._lock = threading.Lock()
        self._session: requests.Session | None = None

    def get(self) -> requests.Session:
        with self._lock:
            if self._session is None:
                self._session = fresh_session()
            return self._session


_shared = _Shared()


def shared_session() -> requests.Session:
    """The process's own requests session; a forked child starts with a new one."""
    return _shared.get()
