"""No password, cookie or session key in any log, message, repr or traceback."""

import http.client
import logging
import traceback
from collections.abc import Callable, Iterator
from types import TracebackType

import pytest

from tests.simulator import RunningSimulator
from tests.vsphere.fault_proxy import Fault, cut_off, hang_up, http_status, soap_fault
from tests.vsphere.rig import VCenter, endpoint_of
from vmware_panel.vsphere import Endpoint, VCenterClient, VSphereError

pytestmark = pytest.mark.simulator

SECRET = "s3cret-of-the-test"
MISSING = "00000000-0000-4000-8000-000000000000"

NewClient = Callable[[Endpoint], VCenterClient]


def frames_of(error: BaseException | None) -> Iterator[tuple[str, str]]:
    """Every local variable that a debug page or an error collector could show."""
    while error is not None:
        at: TracebackType | None = error.__traceback__
        while at is not None:
            for name, value in at.tb_frame.f_locals.items():
                if "tests/" not in at.tb_frame.f_code.co_filename:
                    yield f"{at.tb_frame.f_code.co_qualname}: {name}", repr(value)
            at = at.tb_next
        error = error.__cause__ or error.__context__


@pytest.mark.parametrize(
    "fault",
    [
        None,  # the simulator refuses the password itself
        http_status(503),
        http_status(500),
        hang_up,
        cut_off,
        soap_fault("InvalidLogin", f"no entry for {SECRET}"),
        soap_fault("SystemError", f"cannot parse {SECRET}"),
    ],
)
def test_a_failed_login_shows_no_password(
    vcenter: VCenter, new_client: NewClient, fault: Fault | None, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    if fault is not None:
        vcenter.proxy.spoil("Login", fault)
    client = new_client(vcenter.endpoint_with(password=lambda: SECRET))
    with pytest.raises(VSphereError) as raised:
        client.about()
    shown = "".join(traceback.format_exception(raised.value)) + repr(raised.value.trouble)
    assert SECRET not in shown
    assert SECRET not in caplog.text
    telling = [where for where, value in frames_of(raised.value) if SECRET in value]
    assert not telling


def test_nothing_is_printed_although_http_client_is_told_to(
    simulator: RunningSimulator,
    new_client: NewClient,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Straight to the simulator: a proxy in this process would print on its own account."""
    monkeypatch.setattr(http.client.HTTPConnection, "debuglevel", 1)
    caplog.set_level(logging.DEBUG)
    client = new_client(endpoint_of(simulator))
    client.read_vm(MISSING)
    assert "Login" in client.calls.by_method
    printed = capsys.readouterr()
    for where in (printed.out, printed.err, caplog.text):
        assert "vmware_soap_session" not in where
        assert f">{simulator.password}<" not in where


def test_no_repr_shows_a_secret(vcenter: VCenter, new_client: NewClient) -> None:
    endpoint = vcenter.endpoint_with(password=lambda: SECRET)
    client = new_client(endpoint)
    for thing in (endpoint, client, vars(client)):
        assert SECRET not in repr(thing)


def test_what_a_server_says_cannot_forge_log_lines(
    vcenter: VCenter, reader: VCenterClient, caplog: pytest.LogCaptureFixture
) -> None:
    vcenter.proxy.spoil("FindAllByUuid", soap_fault("SystemError", "bad&#10;ERROR root: " * 100))
    with pytest.raises(VSphereError) as raised:
        reader.read_vm(MISSING)
    assert "\n" not in raised.value.trouble.detail
    assert len(raised.value.trouble.detail) < 300
