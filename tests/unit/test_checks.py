"""What `manage.py check` says of VMWARE_PANEL."""

from pathlib import Path
from typing import Any

from django.core.checks import ERROR, WARNING, CheckMessage
from django.test import override_settings

from vmware_panel.checks import check_settings

WHOLE = {"host": "vc", "username": "u", "password": "p"}


def said_of(raw: object) -> list[CheckMessage]:
    with override_settings(VMWARE_PANEL=raw):
        return check_settings()


def prod(**changes: object) -> dict[str, Any]:
    return {"vcenters": {"prod": WHOLE | changes}}


def test_a_good_setting_is_passed_in_silence() -> None:
    assert said_of(prod()) == []


def test_a_fault_is_an_error_with_key_fault_and_remedy() -> None:
    (message,) = said_of(prod(prot=8443))
    assert (message.id, message.level) == ("vmware_panel.E001", ERROR)
    assert message.msg == "VMWARE_PANEL.vcenters.prod.prot is not a known key."
    assert message.hint == "Did you mean 'port'?"


def test_each_fault_is_an_error_of_its_own() -> None:
    messages = said_of({"vcenters": {"prod": {"port": "x"}}})
    assert [m.id for m in messages] == [
        "vmware_panel.E002",
        "vmware_panel.E003",
        "vmware_panel.E002",
        "vmware_panel.E002",
    ]


def test_no_vcenter_at_all_is_a_warning_that_says_what_to_write() -> None:
    nothing: tuple[object, ...] = (None, {}, {"vcenters": {}})
    for raw in nothing:
        (message,) = said_of(raw)
        assert (message.id, message.level) == ("vmware_panel.W002", WARNING)
        assert "VMWARE_PANEL = {'vcenters':" in str(message.hint)


def test_insecure_is_a_warning() -> None:
    (message,) = said_of(prod(insecure=True))
    assert (message.id, message.level) == ("vmware_panel.W001", WARNING)
    assert "VMWARE_PANEL.vcenters.prod.insecure" in message.msg


def test_a_password_file_that_is_not_there_is_a_warning(tmp_path: Path) -> None:
    path = tmp_path / "none"
    (message,) = said_of(
        {"vcenters": {"prod": {"host": "vc", "username": "u", "password_file": str(path)}}}
    )
    assert (message.id, message.level) == ("vmware_panel.W003", WARNING)
    assert str(path) in message.msg


def test_a_ca_file_that_cannot_serve_is_a_warning(tmp_path: Path) -> None:
    path = tmp_path / "ca.pem"
    (message,) = said_of(prod(ca_file=str(path)))
    assert (message.id, message.level) == ("vmware_panel.W004", WARNING)
    assert "No such file" in message.msg
    path.write_text("not a certificate")
    (message,) = said_of(prod(ca_file=str(path)))
    assert "PEM" in message.msg
