"""The capacity pages in a browser, their figures against Placement's own."""

from functools import partial
from typing import Any

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import Select

from tests.browser import Browser
from tests.lab_run import RunningLab
from tests.selenium.pages import CAPACITY
from tests.selenium.waiting import eventually, holds

pytestmark = [pytest.mark.lab, pytest.mark.selenium, pytest.mark.timeout(600)]


def nodes(lab: RunningLab) -> dict[str, str]:
    """Each cluster's moref, and the id of Nova's node on it."""
    found = lab.admin.compute.get("/os-hypervisors/detail").json()["hypervisors"]
    return {
        node["hypervisor_hostname"].partition(".")[0]: node["id"]
        for node in found
        if node["hypervisor_hostname"].startswith("domain-")
    }


def inventories(lab: RunningLab, provider: str) -> dict[str, Any]:
    path = f"/resource_providers/{provider}/inventories"
    return dict(lab.admin.placement.get(path).json()["inventories"])


def test_the_tab_shows_what_placement_has(admin: Browser, lab: RunningLab) -> None:
    def agrees(moref: str, provider: str) -> None:
        """Nova tells Placement every 30 s what vCenter has."""
        admin.open(f"/admin/vmware_clusters/lab/{moref}/?tab=cluster__capacity")
        for name, record in inventories(lab, provider).items():
            table = f"table[data-vmware-resource='{name.lower()}']"
            cells = admin.one(table).find_elements(By.CSS_SELECTOR, "tbody tr:first-child td")
            nova, placement, _vcenter = (cell.text for cell in cells)
            assert nova == placement == f"{record['total']:,}"

    for moref, provider in nodes(lab).items():
        holds(partial(agrees, moref, provider))


def test_a_host_that_is_out_is_named_as_the_cause(admin: Browser, lab: RunningLab) -> None:
    moref = min(nodes(lab))
    with lab.drifted("host-maintenance", host="esx-c0-2.lab.example"):
        admin.open(f"/admin/vmware_clusters/lab/{moref}/?tab=cluster__capacity")
        admin.one("table[data-vmware-resource='vcpu']")
        text = admin.text(".vmware-tab")
        if "esx-c0-2" not in text:  # the other cluster is the lower one
            admin.open(f"/admin/vmware_clusters/lab/{max(nodes(lab))}/?tab=cluster__capacity")
            admin.one("table[data-vmware-resource='vcpu']")
            text = admin.text(".vmware-tab")
    assert "ESX host esx-c0-2.lab.example is in maintenance mode" in text
    assert "Not explained" not in text


def test_the_matrix_has_every_flavor_on_every_cluster(admin: Browser, lab: RunningLab) -> None:
    admin.open(CAPACITY)
    admin.one(".vmware-matrix")
    flavors = {flavor.name for flavor in lab.admin.compute.flavors()}
    shown = {row.text.split("\n")[0] for row in admin.all(".vmware-matrix tbody th")}
    assert shown == flavors
    assert len(admin.all(".vmware-matrix tbody td")) == len(flavors) * len(nodes(lab))


def test_where_it_would_land_with_vcenters_own_answer(admin: Browser, lab: RunningLab) -> None:
    admin.open(f"{CAPACITY}landing/")
    flavor = Select(admin.one("#id_flavor"))
    flavor.select_by_value(next(f.id for f in lab.admin.compute.flavors() if f.name == "db.large"))
    Select(admin.one("#id_image")).select_by_visible_text("ubuntu-24.04")
    admin.one("input[name='vcenter']").click()
    admin.press(".vmware-filter-buttons button")
    admin.one(".vmware-landing")

    def sure() -> str | None:
        """What the hosts use is sampled some seconds after a start."""
        admin.driver.refresh()
        text = admin.text(".vmware-panel")
        return text if "maybe" not in text else None

    text = eventually(sure, "a certain answer")
    assert text.count("Nova's driver would put its disks on datastore") == len(nodes(lab))
    assert text.count("vCenter itself would place it on esx-") == len(nodes(lab))


def test_a_wrong_value_is_named_and_nothing_is_lost(admin: Browser) -> None:
    admin.open(f"{CAPACITY}landing/?flavor=no-such&zone=nova")
    assert "Flavor: “no-such” is not there" in admin.text(".alert-danger")
    assert Select(admin.one("#id_zone")).first_selected_option.get_attribute("value") == "nova"
    assert (
        Select(admin.one("#id_flavor")).first_selected_option.get_attribute("value") == "no-such"
    )
