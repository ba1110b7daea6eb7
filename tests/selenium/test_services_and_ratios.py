"""Compute services and allocation ratios, changed in a browser; the effect is read from Nova and Placement."""

from collections.abc import Iterator
from typing import Any

import pytest
from selenium.webdriver.support.select import Select

from tests.browser import Browser
from tests.lab_run import RunningLab
from tests.selenium.waiting import eventually

pytestmark = [pytest.mark.lab, pytest.mark.selenium, pytest.mark.timeout(600)]

HOST = "vmware-c1"
REASON = "patching <b>tonight</b>"


def service_of(lab: RunningLab) -> Any:
    (found,) = [s for s in lab.admin.compute.services() if s.host == HOST]
    return found


def node_of(lab: RunningLab) -> Any:
    nodes = lab.admin.compute.hypervisors(details=True)
    (found,) = [n for n in nodes if n.service_details["host"] == HOST]
    return found


def cluster_url(lab: RunningLab) -> str:
    moref = node_of(lab).name.split(".", 1)[0]
    return f"/admin/vmware_clusters/lab/{moref}/"


def ratio_of(lab: RunningLab, resource: str) -> float:
    session = lab.admin.session
    answer = session.get(
        f"/resource_providers/{node_of(lab).id}/inventories",
        endpoint_filter={"service_type": "placement"},
        microversion="1.14",
    )
    return float(answer.json()["inventories"][resource]["allocation_ratio"])


def audit_lines(lab: RunningLab) -> list[str]:
    said = (lab.settings.logs / "horizon.log").read_text(errors="replace").splitlines()
    return [line for line in said if " vmware_panel.audit " in line]


@pytest.fixture
def enabled_after(lab: RunningLab) -> Iterator[None]:
    yield
    lab.admin.compute.enable_service(service_of(lab))


def test_a_service_is_disabled_with_its_reason_and_enabled_again(
    admin: Browser, lab: RunningLab, enabled_after: None
):
    url = f"{cluster_url(lab)}services/{HOST}/"
    admin.open(f"{url}disable")
    assert "none of them is stopped or moved" in admin.text(".vmware-plan")
    assert service_of(lab).status == "enabled", "a look at the plan disabled it"
    admin.one("#id_reason").send_keys(REASON)
    admin.press(".vmware-make")
    admin.wait_for_text("body", f"The compute service {HOST} is disabled")
    service = service_of(lab)
    assert (service.status, service.disabled_reason) == ("disabled", REASON)

    admin.open(f"{url}disable")
    assert "is that way already" in admin.text(".vmware-plan")
    assert not admin.all(".vmware-make"), "what is so already can be confirmed"

    admin.open(f"{url}enable")
    assert REASON in admin.text(".vmware-plan"), "the reason is not shown as it was written"
    admin.press(".vmware-make")
    admin.wait_for_text("body", f"The compute service {HOST} is enabled")
    assert service_of(lab).status == "enabled"


def test_a_service_that_another_disabled_meanwhile_is_shown_anew_and_not_changed(
    admin: Browser, lab: RunningLab, enabled_after: None
):
    admin.open(f"{cluster_url(lab)}services/{HOST}/disable")
    admin.one("#id_reason").send_keys("mine")
    lab.admin.compute.disable_service(service_of(lab), disabled_reason="theirs")
    admin.press(".vmware-make")
    admin.wait_for_text(".vmware-plan", "is that way already")
    assert service_of(lab).disabled_reason == "theirs"


def test_a_ratio_is_set_and_nova_keeps_it(admin: Browser, lab: RunningLab):
    before = ratio_of(lab, "VCPU")
    url = f"{cluster_url(lab)}allocation_ratio"
    admin.open(url)
    assert not admin.all(".vmware-make"), "there is a button before there is a plan"
    try:
        Select(admin.one("#id_resource_class")).select_by_value("VCPU")
        admin.one("#id_ratio").send_keys("2.5")
        admin.press(".vmware-choices button")
        admin.wait_for_text(".vmware-figures", "May be allocated")
        assert "nova.conf" in admin.text(".alert-warning")
        assert ratio_of(lab, "VCPU") == before
        admin.press(".vmware-make")
        admin.wait_for_text("body", "Placement has the new allocation ratio")
        assert ratio_of(lab, "VCPU") == 2.5
    finally:
        if ratio_of(lab, "VCPU") != before:
            admin.open(f"{url}?resource_class=VCPU&ratio={before}")
            admin.press(".vmware-make")
            admin.wait_for_text("body", "Placement has the new allocation ratio")
    assert ratio_of(lab, "VCPU") == before


def test_a_ratio_out_of_bounds_is_named_and_kept_in_its_field(admin: Browser, lab: RunningLab):
    admin.open(f"{cluster_url(lab)}allocation_ratio?resource_class=DISK_GB&ratio=0")
    assert "0.01" in admin.text(".has-error")
    assert admin.one("#id_ratio").get_attribute("value") == "0"
    assert not admin.all(".vmware-make")


def test_twice_the_same_form_changes_once(admin: Browser, lab: RunningLab, enabled_after: None):
    """The second is sent by the page's own form, after the answer to the first."""
    before = audit_lines(lab)
    url = f"{cluster_url(lab)}services/{HOST}/disable"
    admin.open(url)
    fields = {
        name: admin.one(f"input[name={name}]").get_attribute("value")
        for name in ("csrfmiddlewaretoken", "fingerprint", "nonce")
    }
    statuses = admin.driver.execute_async_script(
        "const done = arguments[2];"
        "const send = () => fetch(arguments[0], {method: 'POST', credentials: 'same-origin',"
        " redirect: 'manual', body: new URLSearchParams(arguments[1])}).then(a => a.type);"
        "Promise.all([send(), send()]).then(done);",
        admin.base_url + url,
        {**fields, "reason": "once"},
    )
    assert len(statuses) == 2
    eventually(lambda: service_of(lab).status == "disabled", f"{HOST} is disabled: {statuses}")
    made = [line for line in audit_lines(lab)[len(before) :] if 'outcome="made"' in line]
    assert len(made) == 1, "\n".join(audit_lines(lab)[len(before) :])


def test_a_member_reaches_no_plan_and_changes_nothing(member: Browser, lab: RunningLab):
    for path in (f"services/{HOST}/disable", f"services/{HOST}/enable", "allocation_ratio"):
        assert member.status_of(f"{cluster_url(lab)}{path}") == 403, path
    assert service_of(lab).status == "enabled"
