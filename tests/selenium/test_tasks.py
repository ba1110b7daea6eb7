"""Recent tasks in a browser, against what vCenter's own TaskManager says to another client."""

import pytest
from pyVmomi import vim
from selenium.webdriver.common.by import By

from tests.browser import Browser
from tests.lab_run import RunningLab
from tests.selenium.waiting import eventually

pytestmark = [pytest.mark.lab, pytest.mark.selenium, pytest.mark.timeout(600)]

NAME = "kafka-1"
URL = "/admin/vmware_tasks/"


def test_a_task_is_listed_with_who_started_it_and_followed_by_a_click(
    admin: Browser, lab: RunningLab
):
    server_id = lab.server_id(NAME)
    with lab.login.connected() as service:
        vm = lab.vm_of(service, server_id)
        spec = vim.vm.ConfigSpec(annotation=vm.config.annotation)
        task = vm.ReconfigVM_Task(spec)
        key = task._moId
        user = service.content.sessionManager.currentSession.userName

    def look():
        admin.open(f"{URL}?q={key}")
        admin.one(".vmware-panel")
        rows = admin.all(".vmware-panel tbody tr")
        return rows[0] if rows and "done" in rows[0].text else None

    row = eventually(look, f"the task {key}, done")
    for word in ("Reconfigure VM", NAME, "done", user):
        assert word in row.text, f"{word} is not in {row.text!r}"
    link = row.find_element(By.CSS_SELECTOR, "td a[href*='/admin/instances/']")
    assert server_id in link.get_attribute("href"), "the instance is not linked"
    admin.leave(row.find_element(By.CSS_SELECTOR, "th a"))
    assert "Reconfigure VM" in admin.text(".vmware-follow")
    assert not admin.all(".vmware-cancel"), "what is done can be cancelled"


def test_a_vm_that_is_not_openstacks_is_not_among_them(admin: Browser, lab: RunningLab):
    with lab.login.connected() as service:
        content = service.RetrieveContent()
        view = content.viewManager.CreateContainerView(
            content.rootFolder, [vim.VirtualMachine], True
        )
        vm = next(v for v in view.view if v.config.managedBy is None and not v.config.template)
        others = vm.ReconfigVM_Task(vim.vm.ConfigSpec(annotation="x"))._moId
        ours = lab.vm_of(service, lab.server_id(NAME)).ReconfigVM_Task(
            vim.vm.ConfigSpec(cpuHotAddEnabled=False)
        )
        key = ours._moId
        view.DestroyView()

    def look():
        admin.open(f"{URL}?size=500")
        admin.one(".vmware-panel")
        shown = [
            a.get_attribute("href") for a in admin.all(".vmware-panel tbody th a[href*='follow']")
        ]
        return shown if any(f"task={key}" in href for href in shown) else None

    shown = eventually(look, f"the task {key}")
    assert not [href for href in shown if href and f"task={others}&" in href]


def test_the_page_asks_vcenter_the_same_few_things_whatever_there_is(
    admin: Browser, lab: RunningLab
):
    admin.open(URL)
    lab.control.reset_calls()
    admin.open(URL)
    admin.one(".vmware-panel table")
    calls = lab.page_calls()
    assert sum(calls.values()) <= 3, calls  # and one read, which is not counted here
    assert set(calls) <= {
        "CreateCollectorForTasks",
        "SetCollectorPageSize",
        "DestroyCollector",
    }, calls


def test_a_task_that_is_unknown_is_said_and_no_error(admin: Browser):
    admin.open(f"{URL}lab/follow?task=task-99999&since=2020-01-01T00:00:00Z")
    assert "shows no task" in admin.text(".vmware-follow")


def test_a_member_sees_no_tasks(member: Browser):
    for path in ("", "progress", "export/csv", "lab/follow?task=task-1&since=2020-01-01"):
        assert member.status_of(URL + path) == 403, path
