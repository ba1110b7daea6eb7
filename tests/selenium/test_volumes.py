"""The list of volumes in the browser, healthy and with what a vCenter does behind Cinder's back."""

import contextlib
from collections.abc import Iterator
from typing import Any

import pytest
from openstack.exceptions import HttpException
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement

from lab import drift
from tests.browser import Browser
from tests.lab_run import RunningLab
from tests.selenium.pages import open_still
from tests.selenium.waiting import PATIENCE_S, eventually, holds
from vmware_panel.domain.volumes import FindingKind
from vmware_panel.wording.volumes import finding_heading

pytestmark = [pytest.mark.lab, pytest.mark.selenium, pytest.mark.timeout(600)]

VOLUMES = "/admin/vmware_volumes/"
INSTANCE = "warehouse-etl"


def rows(admin: Browser, query: str) -> list[WebElement]:
    open_still(admin, f"{VOLUMES}?size=100&{query}")
    admin.one(".vmware-panel")
    return admin.all(".vmware-panel tbody tr")


def row(admin: Browser, query: str) -> WebElement:
    """The only row that is left, as soon as there is one: Cinder is asked every 20 s."""

    def look() -> WebElement | None:
        refreshed(admin)
        found = rows(admin, query)
        return found[0] if len(found) == 1 else None

    return eventually(look, f"one row for {query}")


def refreshed(admin: Browser) -> None:
    """As one would who does not want to wait for Cinder."""
    admin.open(VOLUMES)
    admin.press(".vmware-refresh button")
    admin.one(".vmware-panel")


@pytest.fixture
def a_volume(lab: RunningLab) -> Iterator[Any]:
    """One of a member's, attached; Nova detaches it after the test, wherever its disk is by then."""
    member = lab.openstack("dan", "data")
    storage, compute = member.block_storage, member.compute
    server_id = lab.server_id(INSTANCE)
    made = storage.create_volume(name="<b>{{7*7}}</b> archive", size=1)
    try:
        storage.wait_for_status(made, "available", interval=0.5, wait=PATIENCE_S)
        compute.create_volume_attachment(server_id, volume_id=made.id)
        storage.wait_for_status(made, "in-use", interval=0.5, wait=PATIENCE_S)
        yield made
    finally:
        with contextlib.suppress(HttpException):  # detached, or on its way
            compute.delete_volume_attachment(server_id, made.id)
        storage.wait_for_status(made, "available", interval=0.5, wait=PATIENCE_S)
        storage.delete_volume(made)
        storage.wait_for_delete(made, interval=0.5, wait=PATIENCE_S)


def test_the_labs_volumes_have_no_finding_and_lead_where_they_say(admin: Browser, lab: RunningLab):
    refreshed(admin)
    holds(lambda: are_as_made(admin))
    (its,) = rows(admin, "name=orders-db-1-data")
    admin.leave(its.find_element(By.CSS_SELECTOR, "th a"))
    volume = lab.admin.block_storage.find_volume("orders-db-1-data", all_projects=True)
    assert volume is not None
    admin.wait_for_text("body", volume.id)
    (its,) = rows(admin, "name=orders-db-1-data")
    admin.leave(its.find_element(By.LINK_TEXT, "orders-db-1"))
    admin.one("#instance_details__vmware .vmware-instance")


def are_as_made(admin: Browser) -> None:
    found = {
        its.find_element(By.CSS_SELECTOR, "th").text: its.text
        for its in rows(admin, "state=stored")
    }
    assert {"orders-db-1-data", "orders-db-backup"} <= set(found)
    assert "same disk" in found["orders-db-1-data"] and "orders-db-1" in found["orders-db-1-data"]
    assert "2 GiB" in found["orders-db-1-data"] and "available" in found["orders-db-backup"]
    lazy = rows(admin, "state=not_yet&name=scratch")
    assert [("not yet created" in its.text) for its in lazy] == [True]
    assert not lazy[0].find_elements(By.CSS_SELECTOR, "details")
    assert not rows(admin, "finding=any")


def test_a_volume_that_storage_drs_moved_says_so_until_it_is_detached(
    admin: Browser, lab: RunningLab, a_volume: Any
):
    its = row(admin, f"name={a_volume.id}&disk=agrees")
    assert "<b>{{7*7}}</b> archive" in its.text, "the name is shown as it is, and does nothing"
    server_id = lab.server_id(INSTANCE)
    with lab.login.connected() as service:
        options = drift.Options(vm=server_id)
        change = drift.apply(drift.VCenter(service, lab.control), "volume-moved", options)
    its = row(admin, f"name={a_volume.id}&finding=moved")
    assert "another file" in its.text
    details = its.find_element(By.CSS_SELECTOR, "details")
    details.find_element(By.CSS_SELECTOR, "summary").click()
    assert change.words.rpartition(" to ")[2] in details.text and "A detach" in details.text
    admin.open(VOLUMES)
    link = admin.one(f".vmware-volume-findings a[href='?finding={FindingKind.MOVED.value}']")
    assert finding_heading(FindingKind.MOVED) in link.text
    lab.admin.compute.delete_volume_attachment(server_id, a_volume.id)

    def mended() -> None:
        """Cinder tells of it at once, and vCenter's book follows."""
        text = row(admin, f"name={a_volume.id}&status=available").text
        assert finding_heading(FindingKind.MOVED) not in text

    holds(mended)


def test_a_ghost_shows_as_long_as_it_is_there(admin: Browser, lab: RunningLab):
    with lab.drifted("volume-ghost") as change:
        its = row(admin, f"q={change.instance_uuid}&state=ghost")
        assert "without a volume" in its.text
        assert finding_heading(FindingKind.GHOST) in its.text
    eventually(lambda: not rows(admin, f"q={change.instance_uuid}"), "the ghost is gone")


def test_the_list_fits_a_narrow_window(admin: Browser, lab: RunningLab):
    size = admin.driver.get_window_size()
    try:
        admin.driver.set_window_size(700, 900)
        admin.open(VOLUMES)
        admin.one(".vmware-panel tbody tr")
        wide = admin.driver.execute_script(
            "return document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        assert wide <= 0, f"the page is {wide} px wider than the window"
    finally:
        admin.driver.set_window_size(size["width"], size["height"])
