"""What is needed to ask one region's services in one user's name."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

from keystoneauth1 import exceptions as ksa
from keystoneauth1.access.service_catalog import ServiceCatalogV3

from vmware_panel.domain.outcome import TroubleKind
from vmware_panel.openstack.errors import cloud_error

DEFAULT_TIMEOUT_S = 15.0


class Service(StrEnum):
    """The services asked, by the names that a `Trouble` carries as its source."""

    NOVA = "nova"
    GLANCE = "glance"
    CINDER = "cinder"
    PLACEMENT = "placement"
    KEYSTONE = "keystone"


# keystoneauth knows the aliases (volumev3 and the rest) of these official types.
SERVICE_TYPES: Mapping[Service, str] = {
    Service.NOVA: "compute",
    Service.GLANCE: "image",
    Service.CINDER: "block-storage",
    Service.PLACEMENT: "placement",
    Service.KEYSTONE: "identity",
}

_GLANCE_VERSION = re.compile(r"/v2(\.\d+)?/*$")


@dataclass(frozen=True, slots=True, eq=False)
class Access:
    """One user's token, and where the services of one region are.

    `endpoints` gives the address of each service that the region has. `timeout_s` is for one HTTP
    request, its whole answer included. `ca_file` and `insecure` are Horizon's
    `OPENSTACK_SSL_CACERT` and `OPENSTACK_SSL_NO_VERIFY`; without either, the system's CAs count.
    """

    token: str = field(repr=False)
    endpoints: Mapping[Service, str]
    region: str = ""
    project_id: str = ""
    timeout_s: float = DEFAULT_TIMEOUT_S
    ca_file: str | None = None
    insecure: bool = False

    def __post_init__(self) -> None:
        if not self.timeout_s > 0:
            raise ValueError(f"timeout_s must be more than 0, not {self.timeout_s!r}")

    @property
    def verify(self) -> bool | str:
        """`verify` as requests takes it."""
        if self.insecure:
            return False
        return self.ca_file or True

    def endpoint(self, service: Service) -> str:
        """The service's address. Raises `CloudError` (configuration) if there is no usable one."""
        url = self.endpoints.get(service)
        if not url:
            where = f"region {self.region}" if self.region else "any region"
            raise cloud_error(
                service,
                TroubleKind.CONFIGURATION,
                f"the service catalogue has no {SERVICE_TYPES[service]} endpoint in {where}",
            )
        if not _is_http(url):
            raise cloud_error(
                service,
                TroubleKind.CONFIGURATION,
                f"the service catalogue has no usable address for {service}: {url!r}",
            )
        # The path of every Glance call begins with the version, so the address must not end on it.
        return _GLANCE_VERSION.sub("", url) if service is Service.GLANCE else url


def _is_http(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def endpoints_of(
    catalog: Iterable[Mapping[str, Any]], region: str, interfaces: Sequence[str] = ("public",)
) -> dict[Service, str]:
    """The addresses in one region, out of a Keystone v3 catalogue (`user.service_catalog`).

    `interfaces` in order of preference, with or without the `URL` at the end: Horizon's
    `OPENSTACK_ENDPOINT_TYPE` and `SECONDARY_ENDPOINT_TYPE`. A service that is not there is left
    out; it is missed only when it is asked.
    """
    services = ServiceCatalogV3([dict(entry) for entry in catalog])
    found: dict[Service, str] = {}
    for service, service_type in SERVICE_TYPES.items():
        try:
            url = services.url_for(
                service_type=service_type,
                interface=[name for name in interfaces if name],
                region_name=region or None,
            )
        except ksa.EndpointNotFound:
            continue
        if url:
            found[service] = url
    return found
