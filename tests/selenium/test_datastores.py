"""Datastores in a browser: the list, one's page, its space counted anew, its files searched."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pyVmomi import vim

from lab.vcenter import read
from tests.browser import Browser
from tests.lab_run import RunningLab
from tests.selenium.waiting import eventually
from vmware_panel.wording.sizes import bytes_of

pytestmark = [pytest.mark.lab, pytest.mark.selenium, pytest.mark.timeout(600)]

LIST = "/admin/vmware_datastores/"
NAME = "shared-ds-1"
HOLE_BYTES = 64 << 30


class Store:
    """One datastore by a session of vCenter's administrator."""

    def __init__(self, service: vim.ServiceInstance) -> None:
        stores = read(service, vim.Datastore, "name")
        self.its: Any = next(d for d, row in stores.items() if row["name"] == NAME)
        self.url = f"{LIST}lab/{self.its._moId}/"

    @property
    def folder(self) -> Path:
        return Path(self.its.summary.url)


@pytest.fixture
def store(lab: RunningLab) -> Iterator[Store]:
    with lab.login.connected() as service:
        yield Store(service)


def facts(admin: Browser) -> dict[str, str]:
    rows = admin.all(".vmware-facts tr")
    return {row.get_attribute("data-fact") or "": row.text for row in rows}


def test_the_list_leads_to_the_page_and_from_there_to_all_that_it_names(
    admin: Browser, store: Store
) -> None:
    admin.open(f"{LIST}?name={NAME}")
    row = admin.one(".vmware-panel tbody tr")
    assert "accessible" in row.text and "vmware-c0" in row.text
    admin.press(".vmware-panel tbody th a")
    admin.one(".vmware-datastore .vmware-facts")
    assert admin.driver.current_url.endswith(store.url) and NAME in admin.driver.title
    summary = store.its.summary
    said = facts(admin)
    assert bytes_of(summary.capacity) in said["capacity"]
    assert bytes_of(summary.freeSpace) in said["free"]
    hosts = {mount.key.name for mount in store.its.host}
    shown = {a.text for a in admin.all(".vmware-mounted td:nth-child(2) a")}
    assert shown == hosts
    assert len(admin.all(".vmware-takers tbody tr")) == 2
    admin.press(".vmware-tenants tbody a")
    admin.one("#instance_details__vmware, #volume_details__overview, .detail")


def test_a_host_and_an_instance_lead_to_it(admin: Browser, lab: RunningLab, store: Store) -> None:
    host = store.its.host[0].key._moId
    admin.open(f"/admin/vmware_hosts/lab/{host}/")
    admin.press(f".vmware-mounts a[href='{store.url}']")
    admin.one(".vmware-datastore .vmware-facts")


def test_its_space_is_counted_anew_after_a_plan_that_sends_nothing(
    admin: Browser, lab: RunningLab, store: Store
) -> None:
    store.its.RefreshDatastore()  # of what earlier tests left and took it may not know yet
    before = store.its.summary.freeSpace
    file = store.folder / "selenium_base" / "disk-flat.vmdk"
    file.parent.mkdir(exist_ok=True)
    try:
        with file.open("wb") as hole:
            hole.truncate(HOLE_BYTES)
        admin.open(store.url)
        admin.press(".vmware-actions a")
        # The simulator counts after each task too, and a search may just have ended.
        assert "free of 2 TiB" in admin.text(".vmware-plan .vmware-before")
        lab.control.reset_calls()
        assert "RefreshDatastore" not in lab.horizon_calls()
        admin.press(".vmware-make")
        admin.one(".vmware-datastore .vmware-facts")
        assert lab.horizon_calls()["RefreshDatastore"] == 1
        after = store.its.summary.freeSpace
        # Nova's image cache manager may have marked or deleted an image in between.
        assert abs(before - after - HOLE_BYTES) < HOLE_BYTES // 8
        assert bytes_of(after) in facts(admin)["free"]
        assert "unknown" not in facts(admin)["counted"]
        body = admin.text()
        assert f"has counted the space of {NAME}" in body and "Before, it was" in body
    finally:
        shutil.rmtree(file.parent)
        store.its.RefreshDatastore()


def test_its_files_are_searched_when_asked_for_and_drawn(admin: Browser, store: Store) -> None:
    folder = store.folder / "selenium-isos"
    folder.mkdir(exist_ok=True)
    try:
        (folder / "a.iso").write_bytes(b"\0" * 4096)
        admin.open(store.url)
        admin.press(".vmware-search-files button")
        admin.one(".vmware-datastore .vmware-facts")

        def found() -> bool | None:
            admin.open(store.url)
            text = [td.get_attribute("textContent") for td in admin.all(".vmware-folders th")]
            return "selenium-isos" in text or None

        eventually(found, "what was searched")
        kinds = {row.get_attribute("data-kind") for row in admin.all(".vmware-kinds tbody tr")}
        assert {"instances", "volumes", "cache", "leftovers", "foreign", "free"} <= kinds
        drawn = admin.all("svg.vmware-fill .vmware-fill-ground")
        assert len(drawn) >= 4 and admin.one("svg.vmware-fill .vmware-fill-cache")
    finally:
        shutil.rmtree(folder)


def test_the_size_of_a_volume_can_be_asked_for(admin: Browser, store: Store) -> None:
    admin.open(store.url)
    field = admin.one("#id_volume_gb")
    field.clear()
    field.send_keys("60000")
    admin.press(".vmware-size button")
    assert "volume of 60000 GiB" in admin.text(".vmware-next thead")
    cells = [cell.text for cell in admin.all(".vmware-next-cinder")]
    assert cells == ["nowhere: it fits none"] * len(cells) and cells


def test_one_that_went_away_or_is_in_maintenance_says_so_in_the_list(
    admin: Browser, lab: RunningLab
) -> None:
    def state(words: str) -> bool | None:
        admin.open(f"{LIST}?name={NAME}")
        return words in admin.one(".vmware-panel tbody tr").text or None

    try:
        lab.control.set_accessible(NAME, False)
        eventually(lambda: state("not accessible"), "that it is not accessible")
        lab.control.set_accessible(NAME, True)
        lab.control.set_datastore_maintenance(NAME, "inMaintenance")
        eventually(lambda: state("in maintenance mode"), "that it is in maintenance mode")
    finally:
        lab.control.set_accessible(NAME, True)
        lab.control.set_datastore_maintenance(NAME, "normal")


def test_who_is_no_admin_and_what_is_not_there(
    admin: Browser, member: Browser, lab: RunningLab, store: Store
) -> None:
    member.open("/project/")
    lab.control.reset_calls()
    for path in (LIST, store.url, f"{store.url}space", f"{LIST}export/csv"):
        assert member.status_of(path) in {302, 401, 403, 404}, path
    assert not lab.page_calls()
    admin.open("/admin/")
    assert admin.status_of(f"{LIST}lab/datastore-99999/") == 404


@pytest.mark.order_last
def test_while_vcenter_hangs_the_last_book_stands_and_the_action_is_greyed(
    admin: Browser, lab: RunningLab, store: Store
) -> None:
    admin.open(store.url)
    before = facts(admin)
    with lab.vcenter_hanging():
        admin.open(store.url)
        assert admin.all(".vmware-not-live")
        now = facts(admin)
        assert now["capacity"] == before["capacity"] and now["free"] == before["free"]
        assert not admin.one(".vmware-actions button").is_enabled()
        assert "vCenter does not answer just now." in admin.text(".vmware-head")
        assert not admin.all(".vmware-actions a")

    def recovered() -> bool | None:
        admin.open(store.url)
        return None if admin.all(".vmware-not-live") else True

    eventually(recovered, "vCenter's own answer again")
