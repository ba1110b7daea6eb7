"""Whose page it is: their token, their region, and the vCenters that stand behind it."""

import hashlib
import json

from django.conf import settings
from django.http import HttpRequest

from vmware_panel.config import VCenterConfig, get_config
from vmware_panel.openstack import Access, Service
from vmware_panel.openstack.access import endpoints_of


def access_of(request: HttpRequest) -> Access:
    """OpenStack in the name of the one who asks, in the region that they work in."""
    user = request.user
    interfaces = (settings.OPENSTACK_ENDPOINT_TYPE, settings.SECONDARY_ENDPOINT_TYPE)
    return Access(
        token=user.token.id,
        endpoints=endpoints_of(
            user.service_catalog, user.services_region, [i for i in interfaces if i]
        ),
        region=user.services_region or "",
        project_id=user.project_id or "",
        ca_file=settings.OPENSTACK_SSL_CACERT,
        insecure=bool(settings.OPENSTACK_SSL_NO_VERIFY),
    )


def scope_of(request: HttpRequest) -> str:
    """A fingerprint of what the one who asks may see of all projects: their region and rights.

    Nova's policy decides by roles and by what the token is for (a project, a domain, the system).
    Those who agree in all of it are shown the same, so that one may be shown what another's call
    gave. Holds no secret.
    """
    user = request.user
    access = access_of(request)
    rights = (
        access.region,
        access.endpoints.get(Service.NOVA, ""),
        access.endpoints.get(Service.KEYSTONE, ""),
        sorted(str(role["name"]).lower() for role in user.roles),
        user.project_id or "",
        getattr(user, "domain_id", None) or "",
        bool(getattr(user, "system_scoped", False)),
        bool(user.is_superuser),
    )
    return hashlib.sha256(json.dumps(rights).encode()).hexdigest()


def vcenters_of(request: HttpRequest) -> tuple[VCenterConfig, ...]:
    """The configured vCenters of the region. Raises `ConfigError`."""
    return get_config().vcenters_for_region(request.user.services_region)


def vcenter_named(request: HttpRequest, name: str) -> VCenterConfig | None:
    """One of the region's vCenters; None for any other name. Raises `ConfigError`."""
    return next((v for v in vcenters_of(request) if v.name == name), None)
