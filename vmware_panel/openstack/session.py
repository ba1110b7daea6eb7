"""A keystoneauth session for one service: counts, bounds, logs and types every call."""

import logging
import time
from typing import Any
from urllib.parse import urlsplit

import requests
from keystoneauth1 import exceptions as ksa
from keystoneauth1 import session, token_endpoint

from vmware_panel.openstack.access import Access, Service
from vmware_panel.openstack.counting import Call, count
from vmware_panel.openstack.dates import note_date
from vmware_panel.openstack.deadlines import seconds_for_call
from vmware_panel.openstack.errors import (
    CloudError,
    error_of_ca_file,
    error_of_change,
    error_of_status,
    error_of_transport,
)
from vmware_panel.openstack.transport import fresh_session, shared_session

LOG = logging.getLogger(__name__)


class ServiceSession(session.Session):
    """What novaclient, glanceclient and cinderclient send their requests through.

    An answer that is not 200 becomes a `CloudError` here, before a client makes its own exception
    of it: each has other classes, glanceclient's loses the status of 406 and 429, and all three
    trip over an error body that is not shaped as they expect.

    Redirects are refused, since the token would go along. keystoneauth's own debug log is off: it
    hides the token, but writes whole bodies, and Nova's hold the users' `user_data`.

    `changes`: for requests that change something. They go out over a connection of their own,
    since one that was kept may be closed already, and then nobody would know what became of them.
    """

    def __init__(self, access: Access, service: Service, *, changes: bool = False) -> None:
        super().__init__(
            auth=token_endpoint.Token(access.endpoint(service), access.token),
            session=fresh_session() if changes else shared_session(),
            verify=access.verify,
            redirect=False,
            app_name="vmware_panel",
        )
        self._access = access
        self._service = service

    def request(self, url: str, method: str, *args: Any, **kwargs: Any) -> requests.Response:
        """Raises `CloudError` for anything but a whole answer with status 200; for a change its
        kinds `Conflict` and `Unanswered`.
        """
        timeout_s = seconds_for_call(self._service, self._access.timeout_s)
        address = self._access.endpoint(self._service)
        path = urlsplit(url).path
        count(Call(self._service.value, method, path))
        kwargs.update(raise_exc=False, log=False, redirect=False, timeout=timeout_s)
        started = time.monotonic()
        try:
            response = super().request(url, method, *args, **kwargs)
        except ksa.ClientException as error:
            # `from None`: what it wraps can quote a header, and so the token.
            raise _typed(
                error_of_transport(
                    self._service,
                    address,
                    error,
                    timeout_s=timeout_s,
                    ca_file=self._access.ca_file,
                ),
                method,
                error,
            ) from None
        except OSError as error:
            # requests looks whether the file is there, and says so with a bare OSError.
            ca_file = self._access.ca_file
            raise error_of_ca_file(self._service, ca_file, "it is not there") from error
        note_date(response.headers)
        LOG.debug(
            "%s %s %s: HTTP %d, %d bytes, %.3f s",
            self._service,
            method,
            path,
            response.status_code,
            len(response.content),
            time.monotonic() - started,
        )
        if response.status_code != requests.codes.ok:
            raise _typed(error_of_status(self._service, response, self._access.token), method)
        return response


def _typed(error: CloudError, method: str, cause: Exception | None = None) -> CloudError:
    return error if method == "GET" else error_of_change(error, cause)
