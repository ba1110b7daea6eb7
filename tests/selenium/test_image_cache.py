"""Admin > VMware > Image Cache in a browser, held to the files of the simulated datastores."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement

from tests.browser import Browser
from tests.lab_run import RunningLab

pytestmark = [pytest.mark.lab, pytest.mark.selenium, pytest.mark.timeout(900)]

CACHE = "/admin/vmware_image_cache/"
SEARCHED_S = 180
"""The collector begins a search some seconds after it was asked; this machine has much else to do."""
MOVED = "shop-frontend-1"


def datastore(lab: RunningLab) -> Path:
    return lab.settings.run / "vcenter" / "shared-ds-1"


def rows(browser: Browser, query: str = "") -> list[WebElement]:
    browser.open(f"{CACHE}{query}")
    browser.one(".vmware-image-cache")
    return browser.all(".vmware-listing tbody tr")


def search_afresh(browser: Browser, lab: RunningLab, path: str = "") -> None:
    """As an admin would: by the button. The page may load itself anew at once."""
    before = len(audit_lines(lab))
    browser.open(f"{CACHE}{path}")
    browser.press(".vmware-search-all")
    until(lambda: len(audit_lines(lab)) == before + 1, "one audit line")


def audit_lines(lab: RunningLab) -> list[str]:
    said = (lab.settings.logs / "horizon.log").read_text(errors="replace").splitlines()
    return [line for line in said if 'change="datastore_scan"' in line]


def until(look: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + SEARCHED_S
    while not look():
        assert time.monotonic() < end, f"{what}: not within {SEARCHED_S} s"
        time.sleep(1)


def on_disk(lab: RunningLab) -> list[tuple[str, str]]:
    """Root and image of each cached image, of all datastores."""
    folders = datastore(lab).parent.glob("*/*_base/*")
    return sorted((folder.parts[-2], folder.parts[-1]) for folder in folders if folder.is_dir())


def listed(browser: Browser) -> list[tuple[str, str]]:
    """Root and image of each line, by the value of its check box."""
    boxes = browser.all(".vmware-listing input[name='key']")
    keys = [str(box.get_attribute("value")).split("/") for box in boxes]
    return sorted((key[-2], key[-1]) for key in keys)


def test_the_button_of_a_datastore_has_that_one_searched(admin: Browser, lab: RunningLab) -> None:
    before = len(audit_lines(lab))
    admin.open(CACHE)
    row = admin.one(".vmware-cache-datastores tr[data-datastore]")
    moref = (row.get_attribute("data-datastore") or "").partition("/")[2]
    admin.press(f"tr[data-datastore$='/{moref}'] button[name=datastore]")
    until(lambda: len(audit_lines(lab)) == before + 1, "one audit line")
    assert f'target="{moref}"' in audit_lines(lab)[-1]


def test_every_cached_image_is_listed_after_a_search(admin: Browser, lab: RunningLab) -> None:
    search_afresh(admin, lab)

    def as_on_disk() -> bool:
        rows(admin, "?size=100")
        return listed(admin) == on_disk(lab)

    until(as_on_disk, "the list is what lies on the datastore")
    picture = admin.all(".vmware-cache-datastores svg rect")
    assert picture, "the bars are drawn"
    said = admin.text(".vmware-cache-summary")
    assert f"{len(on_disk(lab))} cached images" in said
    (line,) = rows(admin, "?root=c0_base&image=debian-12&datastore=shared-ds-1&size=100")
    assert "in use" in line.text and "vmware-c0" in line.text
    link = line.find_element(By.CSS_SELECTOR, "a[href*='/admin/instances/']")
    assert "tab=instance_details__vmware" in str(link.get_attribute("href"))


@pytest.fixture
def left_behind(lab: RunningLab) -> Iterator[dict[str, Path]]:
    """Leftovers as an interrupted download, a removed compute and a lost instance leave them."""
    root = datastore(lab)
    made = {
        "Cache root of no compute": root / "gone_base" / str(uuid4()) / "x.vmdk",
        "Temporary folder": root / "vmware_temp" / str(uuid4()) / "x.vmdk",
        "Folder of an instance that is gone": root / str(uuid4()) / "x.vmdk",
    }
    for path in made.values():
        path.parent.mkdir(parents=True)
        path.write_bytes(b"left behind")
    yield made
    for path in made.values():
        path.unlink()
        path.parent.rmdir()
    (root / "gone_base").rmdir()


def test_leftovers_are_found_by_a_search(
    admin: Browser, lab: RunningLab, left_behind: dict[str, Path]
) -> None:
    search_afresh(admin, lab, "leftovers/")

    def named() -> bool:
        text = " ".join(row.text for row in rows(admin, "leftovers/?size=100"))
        return all(kind in text for kind in left_behind)

    until(named, "all leftovers are listed")
    ownerless = rows(admin, "leftovers/?kind=ownerless_root&size=100")
    (line,) = [line for line in ownerless if "[shared-ds-1] gone_base" in line.text]
    assert "11 B" in line.text


@contextmanager
def moved_away(lab: RunningLab, server_id: str) -> Iterator[None]:
    """By Nova's live migration, to the other compute; and back."""
    compute = lab.admin.compute
    home, away = lab.settings.compute_hosts()[:2]

    def move(host: str) -> None:
        compute.live_migrate_server(server_id, host=host, block_migration="auto")
        until(
            lambda: (
                (server := compute.get_server(server_id)).compute_host == host
                and server.task_state is None
            ),
            f"moved to {host}",
        )

    move(away)
    try:
        yield
    finally:
        move(home)


def test_an_instance_that_nova_moved_is_named_with_what_keeps_its_parent(
    admin: Browser, lab: RunningLab
) -> None:
    server_id = lab.server_id(MOVED)
    with moved_away(lab, server_id):

        def named() -> bool:
            found = rows(admin, f"risks/?q={server_id}")
            return len(found) == 1 and "vmware-c1" in found[0].text

        until(named, "the moved instance is at risk")
        (line,) = rows(admin, f"risks/?q={server_id}")
        assert "of the root's compute" in line.text and "not while it is kept" in line.text
        assert "What was seen of this" in admin.text(".vmware-image-cache")
    until(lambda: not rows(admin, f"risks/?q={server_id}"), "back home it is safe")
