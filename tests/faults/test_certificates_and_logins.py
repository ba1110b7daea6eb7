"""A certificate or a password that became wrong while the collector runs; what the logs hold."""

import logging
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults.deployment import NAME, deployed
from tests.vsphere.certificates import Authority
from tests.vsphere.fault_proxy import http_status, soap_fault, wait_until
from tests.vsphere.rig import NOVA_VMS, OUTSIDE_VMS, VCenter
from vmware_panel.domain.outcome import TroubleKind
from vmware_panel.vsphere import VSphereError

pytestmark = pytest.mark.simulator

ALL = NOVA_VMS + OUTSIDE_VMS
MISSING = "00000000-0000-4000-8000-000000000000"
SECRET = "s3cret-of-the-test"

Issue = Callable[[Authority, Authority], tuple[Path, Path]]


@pytest.mark.parametrize(
    ("issue", "said"),
    [
        pytest.param(lambda own, other: other.issue("127.0.0.1"), "CA", id="another-ca"),
        pytest.param(lambda own, other: own.issue("vcenter.example.org"), "another", id="name"),
        pytest.param(
            lambda own, other: own.issue("127.0.0.1", days_left=-3), "expired", id="expired"
        ),
    ],
)
def test_fault_9_a_certificate_that_became_wrong_is_refused_and_said_and_the_list_stands(
    vcenter: VCenter, authority: Authority, tmp_path: Path, issue: Issue, said: str
) -> None:
    with deployed(vcenter) as deployment:
        deployment.until_watching()
        version = deployment.version
        vcenter.proxy.present(*issue(authority, Authority(tmp_path, "Another CA")))
        vcenter.proxy.break_connections()
        deployment.until_kind(TroubleKind.CERTIFICATE)
        assert deployment.trouble and said in deployment.trouble.detail
        asked = len(vcenter.proxy.seen)
        connections = vcenter.proxy.connections
        wait_until(lambda: vcenter.proxy.connections > connections, timeout_s=60)
        assert len(vcenter.proxy.seen) == asked, "something was sent to who is not trusted"
        assert len(deployment.book.vms) == ALL and deployment.version == version
        vcenter.proxy.present(*authority.issue("127.0.0.1"))
        deployment.until_watching()


def test_fault_10_a_password_that_became_wrong_is_tried_once_by_collector_pages_and_tabs(
    vcenter: VCenter, tmp_path: Path
) -> None:
    """The account is not to be locked out at vCenter; the next try comes a minute later."""
    file = tmp_path / "password"
    file.write_text(vcenter.endpoint.password())
    changes = {"password": None, "password_file": str(file)}
    with deployed(vcenter, **changes) as deployment:
        deployment.until_watching()
        refused = vcenter.simulator.calls().failed_logins
        file.write_text(SECRET)
        vcenter.simulator.expire_sessions("fault")
        deployment.until_kind(TroubleKind.LOGIN)
        for _ in range(3):
            deployment.store.ask_refresh(NAME)
            for _ in range(20):
                assert len(deployment.book.vms) == ALL and deployment.kind is TroubleKind.LOGIN
                with pytest.raises(VSphereError) as raised:
                    deployment.client.read_vm(MISSING)
                assert raised.value.kind is TroubleKind.LOGIN
            threading.Event().wait(1.2)  # until the keeper has passed the request on
        assert vcenter.simulator.calls().failed_logins - refused == 1
        assert deployment.trouble and "password" in deployment.trouble.detail
        file.write_text(vcenter.endpoint.password())
        deployment.client.read_vm(MISSING)  # a changed password is tried at once


def test_fault_20_at_debug_no_log_line_of_a_collector_holds_a_secret(
    vcenter: VCenter, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    caplog.set_level(logging.DEBUG)
    file = tmp_path / "password"
    password = vcenter.endpoint.password()
    file.write_text(password)
    with deployed(vcenter, password=None, password_file=str(file)) as deployment:
        deployment.until_watching()
        connected = deployment.client._session._connected
        assert connected is not None
        cookie = str(connected.channel.cookie).partition("=")[2].strip('"')
        assert len(cookie) > 10
        vcenter.proxy.spoil("WaitForUpdatesEx", http_status(503))
        deployment.until_kind(TroubleKind.OVERLOADED)
        vcenter.proxy.heal()
        deployment.until_watching()
        vcenter.proxy.spoil("WaitForUpdatesEx", soap_fault("SystemError", "odd"))
        deployment.until_kind(TroubleKind.BAD_ANSWER)
        vcenter.proxy.heal()
        deployment.until_watching()
        file.write_text(SECRET)
        vcenter.simulator.expire_sessions("missing")
        deployment.until_kind(TroubleKind.LOGIN)
    assert caplog.records, "nothing was logged at all"
    for secret in (SECRET, cookie, "vmware_soap_session"):
        assert secret not in caplog.text
