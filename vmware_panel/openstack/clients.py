"""The clients, each reduced to a typed read. The only place where their missing types show.

The lists go through the clients' HTTP layer (`Client.client`, `Client.http_client`) and not
through their managers: novaclient's drop the link to the next page and write name caches into the
home folder, glanceclient's fetch a schema first, and cinderclient's follow the link wherever it
points. The version header and the service's ways stay the client's business.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import requests
from cinderclient import client as cinderclient
from glanceclient.v2 import client as glanceclient
from keystoneauth1.adapter import LegacyJsonAdapter
from novaclient import client as novaclient

from vmware_panel.domain.outcome import TroubleKind
from vmware_panel.openstack.access import SERVICE_TYPES, Access, Service
from vmware_panel.openstack.errors import Unanswered, cloud_error
from vmware_panel.openstack.session import ServiceSession

# Stein (2019). Flavors are embedded in servers (2.47), ids of hypervisors and services are UUIDs
# (2.53), flavors carry extra specs (2.61), what is in a cell that is down shows as UNKNOWN and is
# not left out (2.69). Not higher: from 2.88 on, os-hypervisors asks each nova-compute for its
# uptime, over RPC, while the page waits.
NOVA_MICROVERSION = "2.69"
CINDER_MICROVERSION = "3.0"
# Rocky (2018): candidates by traits (1.17, 1.22), an inventory may be reserved whole, as Nova's own
# update writes it (1.26).
PLACEMENT_MICROVERSION = "1.26"

Json = Mapping[str, object]


class Reader:
    """GETs JSON objects from one service."""

    def __init__(self, service: Service, http: Any) -> None:
        self.service = service
        self._http = http

    def get(self, path: str, params: Mapping[str, str | int] | None = None) -> Json:
        """The object at that path. Raises `CloudError`."""
        url = f"{path}?{urlencode(params)}" if params else path
        try:
            _, body = self._http.get(url)
        except (requests.exceptions.JSONDecodeError, RecursionError):
            body = None
        if not isinstance(body, Mapping):
            raise cloud_error(
                self.service, TroubleKind.BAD_ANSWER, f"the answer to {path} is not JSON"
            )
        return body


class Changer:
    """Sends JSON that changes something, once."""

    def __init__(self, service: Service, http: Any) -> None:
        self.service = service
        self._http = http

    def put(self, path: str, body: Json) -> Json:
        """The object that the service answers with.

        Raises `Conflict`, `Unanswered`, or a `CloudError` if nothing was changed.
        """
        try:
            _, answer = self._http.put(path, body=body)
        except (requests.exceptions.JSONDecodeError, RecursionError):
            answer = None
        if not isinstance(answer, Mapping):
            error = cloud_error(
                self.service, TroubleKind.BAD_ANSWER, f"the answer to PUT {path} is not JSON"
            )
            raise Unanswered(error.trouble)
        return answer


def nova_change(access: Access) -> Changer:
    session = ServiceSession(access, Service.NOVA, changes=True)
    return Changer(Service.NOVA, novaclient.Client(NOVA_MICROVERSION, session=session).client)


def placement_change(access: Access) -> Changer:
    session = ServiceSession(access, Service.PLACEMENT, changes=True)
    http = LegacyJsonAdapter(
        session,
        service_type=SERVICE_TYPES[Service.PLACEMENT],
        default_microversion=PLACEMENT_MICROVERSION,
    )
    return Changer(Service.PLACEMENT, http)


def nova(access: Access) -> Reader:
    session = ServiceSession(access, Service.NOVA)
    return Reader(Service.NOVA, novaclient.Client(NOVA_MICROVERSION, session=session).client)


def glance(access: Access) -> Reader:
    session = ServiceSession(access, Service.GLANCE)
    return Reader(Service.GLANCE, glanceclient.Client(session=session).http_client)


def cinder(access: Access) -> Reader:
    session = ServiceSession(access, Service.CINDER)
    return Reader(Service.CINDER, cinderclient.Client(CINDER_MICROVERSION, session=session).client)


def placement(access: Access) -> Reader:
    session = ServiceSession(access, Service.PLACEMENT)
    http = LegacyJsonAdapter(
        session,
        service_type=SERVICE_TYPES[Service.PLACEMENT],
        default_microversion=PLACEMENT_MICROVERSION,
    )
    return Reader(Service.PLACEMENT, http)


def keystone(access: Access) -> Reader:
    session = ServiceSession(access, Service.KEYSTONE)
    http = LegacyJsonAdapter(session, service_type=SERVICE_TYPES[Service.KEYSTONE])
    return Reader(Service.KEYSTONE, http)
