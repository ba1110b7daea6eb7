"""The pages that the tests open, in the words of the one who looks at them."""

from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement

from tests.browser import Browser
from tests.selenium.waiting import eventually

PANEL = "/admin/vmware_instances/"
CAPACITY = "/admin/vmware_capacity/"
CLUSTERS = "/admin/vmware_clusters/"
HOSTS = "/admin/vmware_hosts/"
TAB = "#instance_details__vmware"


def open_still(browser: Browser, path: str) -> None:
    """Opens a page as soon as it has nothing to follow: one that has loads itself anew, and with
    it goes what was ticked, opened or just clicked.
    """

    def still() -> bool:
        browser.open(path)
        return not browser.all("[data-vmware-progress]")

    eventually(still, f"nothing under way on {path}")


def open_tab(browser: Browser, server_id: str, dashboard: str = "admin") -> str:
    """Opens the VMware tab of an instance as a click would; its text."""
    detail = "detail" if dashboard == "admin" else ""
    browser.open(f"/{dashboard}/instances/{server_id}/{detail}?tab=instance_details__vmware")
    browser.one(f"{TAB} .vmware-instance")
    return browser.text(TAB)


def panel_row(browser: Browser, name: str, query: str = "") -> WebElement:
    """The row of one instance in Admin > VMware > Instances, as soon as it is there."""

    def look() -> WebElement | None:
        browser.open(f"{PANEL}?size=100&q={name}{query}")
        browser.one(".vmware-panel")
        rows = [
            row
            for row in browser.all(".vmware-panel tbody tr")
            if row.find_element(By.CSS_SELECTOR, "th").text.split("\n")[0] == name
        ]
        return rows[0] if len(rows) == 1 else None

    return eventually(look, f"a row of {name} with {query or 'no filter'}")


def horizons_row(browser: Browser, server_id: str, wanted: str = "") -> WebElement:
    """The row of one instance in Horizon's own Admin > Instances, as soon as it says `wanted`."""

    def look() -> WebElement | None:
        browser.open("/admin/instances/")
        row = browser.one(f"tr[data-object-id='{server_id}']")
        return row if wanted in row.text.replace("\n", "") else None

    return eventually(look, f"{wanted!r} in the row of {server_id}")
