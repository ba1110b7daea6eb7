"""Maintenance mode of an ESX host, driven in a browser; the effect is read back from vCenter."""

from collections.abc import Iterator

import pytest

from lab.vcenter import wait
from tests.browser import Browser
from tests.lab_run import RunningLab
from tests.selenium.vmotion import (
    SLOW_MOVE_MS,
    as_it_was,
    host_of,
    maintenance_url,
    running_on,
)
from tests.selenium.waiting import eventually
from tests.vsphere import hardware

pytestmark = [pytest.mark.lab, pytest.mark.selenium, pytest.mark.timeout(600)]

INSTANCE = "shop-frontend-1"


@pytest.fixture(autouse=True)
def tidy(lab: RunningLab) -> Iterator[None]:
    yield
    as_it_was(lab)


def moves(browser: Browser) -> dict[str, str]:
    """By the instance's or VM's name, where the plan has it go."""
    rows = browser.all(".vmware-moves tbody tr")
    told = [[cell.text for cell in row.find_elements("css selector", "td")] for row in rows]
    return {cells[0]: cells[-1] for cells in told}


def test_the_plan_is_what_happens_and_the_way_shows(admin: Browser, lab: RunningLab):
    with host_of(lab, INSTANCE) as (vm, host):
        before = running_on(host)
        admin.open(maintenance_url(host, "enter"))
        planned = moves(admin)
        assert planned[INSTANCE].startswith("esx-")
        assert len(planned) >= len(before)
        assert running_on(host) == before, "a look at the plan moved something"

        lab.control.vmotion_takes(SLOW_MOVE_MS)  # the first; the others as fast as they come
        admin.press(".vmware-make")
        admin.one(".vmware-follow progress[value]")
        assert not host.runtime.inMaintenanceMode
        lab.control.vmotion_takes(0)
        eventually(lambda: host.runtime.inMaintenanceMode, "the host is in maintenance mode")
        assert not running_on(host)
        assert vm.runtime.host.name == planned[INSTANCE]
        eventually(
            lambda: "%" not in admin.text(".vmware-follow .vmware-progress-text"),
            "the page shows the end without a reload",
        )

        admin.open(maintenance_url(host, "enter"))
        assert "is that way already" in admin.text(".vmware-plan")
        assert not admin.all(".vmware-make")

        admin.open(maintenance_url(host, "exit"))
        admin.press(".vmware-make")
        eventually(lambda: not host.runtime.inMaintenanceMode, "the host is back")
        assert not running_on(host), "what left came back by itself"


def test_it_can_be_cancelled_while_it_runs(admin: Browser, lab: RunningLab):
    with host_of(lab, INSTANCE) as (_, host):
        lab.control.vmotion_takes(SLOW_MOVE_MS)
        admin.open(maintenance_url(host, "enter"))
        admin.press(".vmware-make")
        admin.press(".vmware-cancel")
        ours = [
            t for t in host.recentTask if t.info.descriptionId.endswith("enterMaintenanceMode")
        ]
        task = max(ours, key=lambda t: t.info.queueTime)
        eventually(lambda: task.info.cancelled, "the task is cancelled")
        assert not host.runtime.inMaintenanceMode


def test_a_vm_that_is_bound_to_the_host_is_named_and_keeps_it(
    admin: Browser, lab: RunningLab, tmp_path
):
    with host_of(lab, INSTANCE) as (vm, host):
        rule = f"<b>{INSTANCE}</b> {{{{1+1}}}} stays"
        others = [other for other in host.parent.host if other != host]
        hardware.keep_off(host.parent, [vm], others, name=rule)
        try:
            admin.open(maintenance_url(host, "enter"))
            refused = admin.text(".alert-danger")
            assert rule in refused, "the rule's name is not shown as it is"
            assert INSTANCE in refused
            assert not admin.all(".vmware-make")
        finally:
            hardware.drop_rule(host.parent, rule)
        admin.open(maintenance_url(host, "enter"))
        assert admin.all(".vmware-make")


def test_what_changed_since_the_plan_was_shown_is_shown_anew(admin: Browser, lab: RunningLab):
    with host_of(lab, INSTANCE) as (vm, host):
        admin.open(maintenance_url(host, "enter"))
        other = next(other for other in host.parent.host if other != host)
        wait([vm.MigrateVM_Task(host=other, priority="defaultPriority")])
        admin.press(".vmware-make")
        admin.wait_for_text(".vmware-plan", "nothing was done")
        assert not host.runtime.inMaintenanceMode
        assert INSTANCE not in moves(admin)
        wait([vm.MigrateVM_Task(host=host, priority="defaultPriority")])


def test_powered_off_vms_are_the_admins_choice(admin: Browser, lab: RunningLab):
    with host_of(lab, INSTANCE) as (vm, host):
        off = [one for one in host.vm if one.runtime.powerState == "poweredOff"]
        if not off:
            wait([vm.PowerOffVM_Task()])
        try:
            admin.open(maintenance_url(host, "enter"))
            leaving = len(moves(admin))
            assert "Powered-off VMs stay on the host" in admin.text(".alert-warning")
            admin.one("#id_evacuate_powered_off").centred().click()
            admin.press(".vmware-choices button")
            admin.wait().until(
                lambda driver: "evacuate_powered_off=on" in driver.current_url,
                "the choice is sent",
            )
            admin.wait_for_text(".vmware-plan", "What leaves the host")
            assert "Powered-off VMs stay" not in admin.text(".vmware-plan")
            assert len(moves(admin)) == leaving
        finally:
            if not off:
                wait([vm.PowerOnVM_Task()])


def test_a_missing_right_greys_the_button_and_refuses_the_plan(admin: Browser, lab: RunningLab):
    with host_of(lab, INSTANCE) as (_, host):
        lab.control.deny(lab.settings.horizon_vcenter_user, "Host.Config.Maintenance")
        admin.open(maintenance_url(host, "enter"))
        assert "Host.Config.Maintenance" in admin.text(".alert-danger")
        assert not admin.all(".vmware-make")
        admin.open(f"/admin/vmware_hosts/lab/{host._moId}/")
        assert admin.all(".vmware-actions button[disabled]")
        assert "Host.Config.Maintenance" in admin.text(".vmware-panel")
        lab.control.deny(lab.settings.horizon_vcenter_user)
        admin.driver.refresh()
        assert admin.one(".vmware-actions a").get_attribute("href").endswith("/maintenance/enter")


def test_a_member_reaches_neither_plan_nor_change(member: Browser, lab: RunningLab):
    with host_of(lab, INSTANCE) as (_, host):
        member.open("/project/")
        lab.control.reset_calls()
        for way in ("enter", "exit"):
            assert member.status_of(maintenance_url(host, way)) in {302, 401, 403, 404}
        assert not lab.page_calls()
        assert not host.runtime.inMaintenanceMode
