"""What an admin sees in a browser, against what the simulator itself says."""

import csv
import io
import json

import pytest
import requests
from pyVmomi import vim
from selenium.webdriver.common.by import By

from lab.vcenter import wait
from tests.browser import Browser
from tests.lab_run import RunningLab
from tests.selenium.pages import PANEL, horizons_row, open_still, open_tab, panel_row
from tests.selenium.waiting import eventually, holds

pytestmark = [pytest.mark.lab, pytest.mark.selenium, pytest.mark.timeout(600)]

NAME = "shop-frontend-1"
READS_FOR_MS = 8000
"""Long enough for a page to be made meanwhile; the collector gives vCenter 20 s for it."""


def download(browser: Browser, path: str, **headers: str) -> str:
    """What the browser's session gets from an address."""
    cookies = {cookie["name"]: cookie["value"] for cookie in browser.driver.get_cookies()}
    answer = requests.get(browser.base_url + path, cookies=cookies, headers=headers, timeout=120)
    answer.raise_for_status()
    return answer.content.decode()


def test_the_tab_shows_host_cluster_and_datastore_as_vcenter_has_them(admin, lab: RunningLab):
    server_id = lab.server_id(NAME)
    with lab.login.connected() as service:
        vm = lab.vm_of(service, server_id)
        expected = [
            vm.runtime.host.name,
            vm.runtime.host.parent.name,
            vm._moId,
            vm.config.files.vmPathName.split("/")[0].lstrip("["),
            *(store.name for store in vm.datastore),
        ]
    text = open_tab(admin, server_id)
    for word in expected[:3]:
        assert word in text, f"the tab does not name {word}"
    for store in expected[4:]:
        assert store in text, f"the tab does not name the datastore {store}"


def test_the_tab_traces_the_root_disk_to_its_cached_image_and_glance(admin, lab: RunningLab):
    text = open_tab(admin, lab.server_id(NAME))
    image = lab.admin.image.find_image("debian-12")
    assert "_base" in text and "debian-12" in text
    assert image is not None and image.id in text
    pictures = admin.all("#instance_details__vmware svg[role='img']")
    assert pictures, "there is no picture of what the disk stands on"


def test_the_tab_names_the_volume_behind_a_disk(admin, lab: RunningLab):
    assert "orders-db-1-data" in open_tab(admin, lab.server_id("orders-db-1"))


def test_an_instance_of_another_driver_is_not_on_vcenter(admin, lab: RunningLab):
    lab.control.reset_calls()
    assert "Not on vCenter" in open_tab(admin, lab.server_id("kvm-build-1"))
    assert not lab.page_calls(), "vCenter was asked about an instance that it cannot have"
    assert "not on vcenter" in panel_row(admin, "kvm-build-1").text.lower()


def test_a_vm_that_moved_is_followed_by_tab_columns_and_panel(admin, lab: RunningLab):
    server_id = lab.server_id(NAME)
    with lab.login.connected() as service:
        vm = lab.vm_of(service, server_id)
        before = vm.runtime.host
        after = next(h for h in before.parent.host if h._moId != before._moId)
        name_before, name_after = before.name, after.name
        assert name_before in open_tab(admin, server_id)
        _move(vm, after)
    try:
        assert name_after in open_tab(admin, server_id)
        horizons_row(admin, server_id, wanted=name_after)
        eventually(
            lambda: name_after in panel_row(admin, NAME).text.replace("\n", "") or None,
            f"{NAME} on {name_after}",
        )
    finally:
        with lab.login.connected() as service:
            vm = lab.vm_of(service, server_id)
            _move(vm, next(h for h in vm.runtime.host.parent.host if h.name == name_before))


def _move(vm: vim.VirtualMachine, host: vim.HostSystem) -> None:
    wait([vm.RelocateVM_Task(vim.vm.RelocateSpec(host=host, pool=vm.resourcePool))])


def test_horizons_own_list_has_the_three_columns(admin, lab: RunningLab):
    row = horizons_row(admin, lab.server_id(NAME), wanted="DC0_C0")
    heads = [head.text for head in admin.all("table#instances thead th")]
    assert {"Cluster", "ESX Host", "Datastores"} <= set(heads), heads
    assert "DC0_C0" in row.text


def test_a_row_that_horizon_asks_for_again_keeps_the_columns(admin, lab: RunningLab):
    """Horizon polls rows whose instance is changing; here as its script would."""
    server_id = lab.server_id(NAME)
    with lab.login.connected() as service:
        host = lab.vm_of(service, server_id).runtime.host.name
    horizons_row(admin, server_id, wanted=host)  # it may have moved just now
    lab.control.reset_calls()
    path = f"/admin/instances/?action=row_update&table=instances&obj_id={server_id}"
    row = download(admin, path, **{"X-Requested-With": "XMLHttpRequest"})
    assert "DC0_C0" in row and host in row.replace("<wbr>", "")
    assert not lab.page_calls(), "a row comes from what is kept"


def test_the_panel_lists_every_instance_of_every_project(admin, lab: RunningLab):
    def lists_all() -> None:
        admin.open(f"{PANEL}?size=100")
        shown = {
            row.find_element(By.CSS_SELECTOR, "th").text.split("\n")[0]
            for row in admin.all(".vmware-panel tbody tr")
        }
        wanted = {s.name for s in lab.admin.compute.servers(details=False, all_projects=True)}
        assert shown == wanted

    holds(lists_all)


def test_the_panel_stands_in_its_own_group_after_compute(admin):
    admin.open(PANEL)
    groups = [
        group.get_attribute("textContent").split("\n")[0].strip()
        for group in admin.all("#sidebar-accordion-admin > li > a, .panel-group > li > a")
    ]
    groups = [group for group in groups if group]
    if "Compute" in groups:
        assert groups.index("VMware") == groups.index("Compute") + 1, groups
    assert admin.all("a[href$='/admin/vmware_instances/']"), "no link in the navigation"


def test_a_filter_counts_and_stays_in_the_address_and_in_the_export(admin, lab: RunningLab):
    admin.open(f"{PANEL}?cluster=DC0_C1&sort=-name&size=20")
    rows = admin.all(".vmware-panel tbody tr")
    names = [row.find_element(By.CSS_SELECTOR, "th").text.split("\n")[0] for row in rows]
    assert names and names == sorted(names, reverse=True)
    link = next(a for a in admin.all("a") if "export/csv" in (a.get_attribute("href") or ""))
    path = (link.get_attribute("href") or "").removeprefix(admin.base_url)
    exported = list(csv.DictReader(io.StringIO(download(admin, path))))
    assert [list(row.values())[0] for row in exported] == names or {
        value for row in exported for value in row.values()
    } >= set(names)
    assert len(exported) == len(names)
    document = json.loads(download(admin, path.replace("/csv", "/json")))
    assert len(document["rows"]) == len(names)


def test_a_wrong_filter_is_named_and_nothing_is_lost(admin):
    admin.open(f"{PANEL}?cluster=DC0_C1&disagreement=nonsense")
    assert "nonsense" in admin.text(".vmware-panel .alert")
    assert admin.all(".vmware-panel tbody tr")


def test_lists_come_from_what_the_collector_keeps_and_say_how_old_it_is(admin, lab: RunningLab):
    panel_row(admin, NAME)

    def ask_nothing() -> None:
        """While no search of datastores falls among them, say."""
        lab.control.reset_calls()
        for _ in range(3):
            admin.open(PANEL)
            horizons_row(admin, lab.server_id(NAME))
        assert not lab.page_calls(), "only the collector's own waiting"
        assert sum(lab.horizon_calls().values()) < 12

    holds(ask_nothing)
    admin.open(PANEL)
    assert "read" in admin.text(".vmware-answers")
    assert admin.one(".vmware-answers time").get_attribute("datetime")


def test_refresh_now_reads_everything_again_and_shows_when_that_is_through(admin, lab):
    panel_row(admin, NAME)
    open_still(admin, f"{PANEL}?sort=-name")
    lab.control.reset_calls()
    lab.control.delay(READS_FOR_MS, "CreateFilter")
    try:
        admin.press(".vmware-refresh button")
        text = admin.text(".vmware-progress-text")
        assert "asked for" in text or "Reading everything" in text
        assert admin.driver.current_url.endswith("?sort=-name"), "the list is as it was"
        assert not admin.one(".vmware-refresh button").is_enabled()
    finally:
        lab.control.delay(0, "CreateFilter")

    def through():
        return not admin.all(".vmware-progress") or None

    eventually(through, "a page without a read under way, by its own script")
    assert lab.horizon_calls().get("CreateFilter") == 1
    assert admin.one(".vmware-refresh button").is_enabled()


def test_a_get_refreshes_nothing(admin):
    assert admin.status_of(f"{PANEL}refresh") == 405
