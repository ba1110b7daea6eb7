"""The pages that the tests open, in the words of the one who looks at them."""

from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement

from tests.browser import Browser

PANEL = "/admin/vmware_instances/"
TAB = "#instance_details__vmware"


def open_tab(browser: Browser, server_id: str, dashboard: str = "admin") -> str:
    """Opens the VMware tab of an instance as a click would; its text."""
    detail = "detail" if dashboard == "admin" else ""
    browser.open(f"/{dashboard}/instances/{server_id}/{detail}?tab=instance_details__vmware")
    browser.one(f"{TAB} .vmware-instance")
    return browser.text(TAB)


def panel_row(browser: Browser, name: str, query: str = "") -> WebElement:
    """The row of one instance in Admin > VMware > Instances."""
    browser.open(f"{PANEL}?size=100&q={name}{query}")
    browser.one(".vmware-panel table")
    (row,) = [
        row
        for row in browser.all(".vmware-panel tbody tr")
        if row.find_element(By.CSS_SELECTOR, "th").text.split("\n")[0] == name
    ]
    return row


def horizons_row(browser: Browser, server_id: str) -> WebElement:
    """The row of one instance in Horizon's own Admin > Instances."""
    browser.open("/admin/instances/")
    return browser.one(f"tr[data-object-id='{server_id}']")
