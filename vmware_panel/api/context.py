"""Whose page it is: their token, their region, and the vCenters that stand behind it."""

from django.conf import settings
from django.http import HttpRequest

from vmware_panel.config import VCenterConfig, get_config
from vmware_panel.openstack import Access
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


def vcenters_of(request: HttpRequest) -> tuple[VCenterConfig, ...]:
    """The configured vCenters of the region. Raises `ConfigError`."""
    return get_config().vcenters_for_region(request.user.services_region)
