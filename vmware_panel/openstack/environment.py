"""OpenStack for a command line: the credentials of `OS_*` variables or of clouds.yaml."""

from collections.abc import Mapping
from typing import Any

from keystoneauth1 import exceptions as ksa
from openstack import config as openstack_config
from openstack import exceptions as sdk

from vmware_panel.domain.outcome import TroubleKind
from vmware_panel.openstack.access import Access, Service, endpoints_of
from vmware_panel.openstack.errors import cloud_error, error_of_transport

CREDENTIALS = ("OS_CLOUD", "OS_AUTH_URL")
TIMEOUT_S = 15.0


def has_credentials(environ: Mapping[str, str]) -> bool:
    """Whether the environment says at all where to log in."""
    return any(environ.get(name) for name in CREDENTIALS)


def access_from_environment() -> Access:
    """Logs in at Keystone with what this process's environment names, as every client does.

    Raises `CloudError`: `configuration` where the variables do not do, `login` where Keystone
    refuses them.
    """
    source = Service.KEYSTONE.value
    try:
        cloud = openstack_config.OpenStackConfig().get_one(api_timeout=TIMEOUT_S)
        session = cloud.get_session()
        login: Any = session.auth  # every plugin that OS_* variables can name has an access
        granted = login.get_access(session)
    except (sdk.ConfigException, ksa.MissingRequiredOptions) as error:
        raise cloud_error(source, TroubleKind.CONFIGURATION, str(error)) from None
    except (ksa.Unauthorized, ksa.AuthPluginException) as error:
        raise cloud_error(
            source, TroubleKind.LOGIN, f"Keystone refused the login: {error}"
        ) from None
    except ksa.ClientException as error:
        url = str(cloud.config.get("auth", {}).get("auth_url", ""))
        raise error_of_transport(source, url, error, timeout_s=TIMEOUT_S, ca_file=None) from None
    verify, _certificate = cloud.get_requests_verify_args()
    region = cloud.get_region_name() or ""
    interface = cloud.get_interface("compute") or "public"
    interfaces = [interface] if isinstance(interface, str) else interface
    return Access(
        token=granted.auth_token,
        endpoints=endpoints_of(granted.service_catalog.catalog, region, interfaces),
        region=region,
        project_id=granted.project_id or "",
        timeout_s=TIMEOUT_S,
        ca_file=verify if isinstance(verify, str) else None,
        insecure=verify is False,
    )
