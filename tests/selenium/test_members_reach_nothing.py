"""A plain member of a project reaches none of it: by navigation, URL, tab or export."""

import pytest

from tests.browser import Browser
from tests.lab_run import RunningLab
from tests.selenium.pages import CAPACITY, CLUSTERS, HOSTS, PANEL, TAB

pytestmark = [pytest.mark.lab, pytest.mark.selenium, pytest.mark.timeout(600)]

REFUSED = {302, 401, 403, 404}


@pytest.mark.parametrize(
    "path",
    [
        *(
            f"{panel}{page}"
            for panel in (PANEL, CLUSTERS, HOSTS)
            for page in ("", "export/csv", "export/json", "refresh", "progress", "lab/x-1/")
        ),
        *(f"{CAPACITY}{page}" for page in ("", "list/", "landing/?vcenter=1", "export/csv")),
    ],
)
def test_an_admin_url_is_refused_and_nothing_is_asked_of_vcenter(member, lab: RunningLab, path):
    member.open("/project/")
    lab.control.reset_calls()
    assert member.status_of(path) in REFUSED
    assert not lab.page_calls()


def test_there_is_no_link_and_no_tab(member: Browser, lab: RunningLab):
    server_id = lab.server_id("shop-frontend-1")
    lab.control.reset_calls()
    member.open(f"/project/instances/{server_id}/")
    member.one("#instance_details__overview")
    assert not member.all(TAB)
    assert not member.all("a[href*='vmware']")
    assert not lab.page_calls()


def test_the_tab_is_refused_by_its_address_too(member: Browser, lab: RunningLab):
    server_id = lab.server_id("shop-frontend-1")
    lab.control.reset_calls()
    member.open(f"/project/instances/{server_id}/?tab=instance_details__vmware")
    member.one("body")
    page = member.driver.page_source
    assert "esx-" not in page and "shared-ds" not in page
    assert not lab.page_calls()


def test_another_projects_instance_is_as_one_that_does_not_exist(member, lab: RunningLab):
    foreign = lab.server_id("orders-db-1")
    lab.control.reset_calls()
    member.open(f"/project/instances/{foreign}/?tab=instance_details__vmware")
    there = member.driver.current_url
    member.open("/project/instances/00000000-0000-4000-8000-000000000000/")
    assert member.driver.current_url == there
    assert not lab.page_calls()
