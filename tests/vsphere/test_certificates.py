"""TLS is verified: a wrong certificate is refused and said so, and nothing is sent to its server."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from tests.simulator import RunningSimulator
from tests.vsphere.certificates import Authority
from tests.vsphere.fault_proxy import FaultProxy, fault_proxy
from tests.vsphere.rig import VCenter
from vmware_panel.domain.outcome import TroubleKind
from vmware_panel.vsphere import Endpoint, VCenterClient, VSphereError

pytestmark = pytest.mark.simulator

NewClient = Callable[[Endpoint], VCenterClient]
Showing = Callable[..., AbstractContextManager[FaultProxy]]


@pytest.fixture
def showing(simulator: RunningSimulator, authority: Authority) -> Showing:
    """A server that shows a certificate issued for the given names."""

    def show(*names: str, days_left: int = 365) -> AbstractContextManager[FaultProxy]:
        certificate, key = authority.issue(*names, days_left=days_left)
        return fault_proxy(simulator.port, certificate, key)

    return show


def refused(client: VCenterClient) -> VSphereError:
    with pytest.raises(VSphereError) as raised:
        client.about()
    return raised.value


def test_a_certificate_of_another_ca_is_refused(
    vcenter: VCenter, new_client: NewClient, tmp_path: Path
) -> None:
    stranger = Authority(tmp_path, "Another CA")
    error = refused(new_client(vcenter.endpoint_with(ca_file=str(stranger.ca_file))))
    assert error.trouble.kind is TroubleKind.CERTIFICATE
    assert "CA" in error.trouble.detail
    assert vcenter.proxy.seen == [], "nothing is sent to a server that is not trusted"


def test_without_a_ca_file_the_systems_cas_decide(vcenter: VCenter, new_client: NewClient) -> None:
    """The SDK itself would verify nothing here, because the address is 127.0.0.1."""
    error = refused(new_client(vcenter.endpoint_with(ca_file=None)))
    assert error.trouble.kind is TroubleKind.CERTIFICATE


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_certificate_for_another_host_is_refused(
    vcenter: VCenter, new_client: NewClient, showing: Showing, host: str
) -> None:
    with showing("vcenter.example.org") as proxy:
        error = refused(new_client(vcenter.endpoint_with(port=proxy.port, host=host)))
    assert error.trouble.kind is TroubleKind.CERTIFICATE
    assert "another" in error.trouble.detail


def test_an_expired_certificate_is_refused(
    vcenter: VCenter, new_client: NewClient, showing: Showing
) -> None:
    with showing("127.0.0.1", days_left=-3) as proxy:
        error = refused(new_client(vcenter.endpoint_with(port=proxy.port)))
    assert error.trouble.kind is TroubleKind.CERTIFICATE
    assert "expired" in error.trouble.detail


def test_only_insecure_takes_any_certificate(
    vcenter: VCenter, new_client: NewClient, showing: Showing
) -> None:
    with showing("vcenter.example.org", days_left=-3) as proxy:
        new_client(vcenter.endpoint_with(port=proxy.port, ca_file=None, insecure=True)).about()


@pytest.mark.parametrize("content", [None, "not a certificate"])
def test_a_ca_file_that_cannot_be_used_is_a_matter_of_the_settings(
    vcenter: VCenter, new_client: NewClient, tmp_path: Path, content: str | None
) -> None:
    ca_file = tmp_path / "ca.pem"
    if content is not None:
        ca_file.write_text(content)
    error = refused(new_client(vcenter.endpoint_with(ca_file=str(ca_file))))
    assert error.trouble.kind is TroubleKind.CONFIGURATION
    assert "ca_file" in error.trouble.detail
