"""The settings of one vCenter, as the vSphere adapter takes them."""

from vmware_panel.config import VCenterConfig
from vmware_panel.secret import SecretUnavailableError
from vmware_panel.vsphere import Endpoint, VCenterClient, client_for


def client(vcenter: VCenterConfig) -> VCenterClient:
    """This process's one client of the vCenter."""
    return client_for(endpoint_of(vcenter))


def endpoint_of(vcenter: VCenterConfig) -> Endpoint:
    def password() -> str:
        try:
            return vcenter.password.reveal()
        except SecretUnavailableError as error:
            raise ValueError(str(error)) from None

    return Endpoint(
        name=vcenter.name,
        host=vcenter.host,
        port=vcenter.port,
        username=vcenter.username,
        password=password,
        ca_file=vcenter.ca_file,
        insecure=vcenter.insecure,
        connect_timeout_s=vcenter.connect_timeout_s,
        read_timeout_s=vcenter.read_timeout_s,
        list_timeout_s=vcenter.list_timeout_s,
    )
