"""Admin > VMware > Image Cache in a browser, held to the files of the simulated datastores."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement

from tests.browser import Browser
from tests.lab_run import RunningLab
from tests.selenium.pages import open_still
from tests.selenium.waiting import eventually, holds

pytestmark = [pytest.mark.lab, pytest.mark.selenium, pytest.mark.timeout(900)]

CACHE = "/admin/vmware_image_cache/"
MOVED = "shop-frontend-1"


def datastore(lab: RunningLab) -> Path:
    return lab.settings.run / "vcenter" / "shared-ds-1"


def rows(browser: Browser, query: str = "") -> list[WebElement]:
    open_still(browser, f"{CACHE}{query}")
    browser.one(".vmware-image-cache")
    return browser.all(".vmware-listing tbody tr")


def search_afresh(browser: Browser, lab: RunningLab, path: str = "") -> None:
    """As an admin would: by the button."""
    before = len(audit_lines(lab))
    open_still(browser, f"{CACHE}{path}")
    browser.press(".vmware-search-all")
    eventually(lambda: len(audit_lines(lab)) == before + 1, "one audit line")


def audit_lines(lab: RunningLab) -> list[str]:
    said = (lab.settings.logs / "horizon.log").read_text(errors="replace").splitlines()
    return [line for line in said if 'change="datastore_scan"' in line]


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
    open_still(admin, CACHE)
    row = admin.one(".vmware-cache-datastores tr[data-datastore]")
    moref = (row.get_attribute("data-datastore") or "").partition("/")[2]
    admin.press(f"tr[data-datastore$='/{moref}'] button[name=datastore]")
    eventually(lambda: len(audit_lines(lab)) == before + 1, "one audit line")
    assert f'target="{moref}"' in audit_lines(lab)[-1]


def test_every_cached_image_is_listed_after_a_search(admin: Browser, lab: RunningLab) -> None:
    def as_on_disk() -> None:
        """Searched anew each time: Nova deletes images while one looks."""
        search_afresh(admin, lab)
        rows(admin, "?size=100")
        there = on_disk(lab)
        assert listed(admin) == there
        assert f"{len(there)} cached images" in admin.text(".vmware-cache-summary")

    holds(as_on_disk)
    picture = admin.all(".vmware-cache-datastores svg rect")
    assert picture, "the bars are drawn"
    (line,) = rows(admin, "?root=c0_base&image=debian-12&datastore=shared-ds-1&size=100")
    assert "in use" in line.text and "vmware-c0" in line.text
    link = line.find_element(By.CSS_SELECTOR, "a[href*='/admin/instances/']")
    assert "tab=instance_details__vmware" in str(link.get_attribute("href"))


@pytest.fixture
def left_behind(lab: RunningLab) -> Iterator[dict[str, Path]]:
    """Leftovers as an interrupted download, a removed compute and a lost instance leave them."""
    root = datastore(lab)
    made = {
        "Cache root of no compute": root / "gone_base",
        "Temporary folder": root / "vmware_temp" / str(uuid4()),
        "Folder of an instance that is gone": root / str(uuid4()),
    }
    for folder in made.values():
        its = folder / str(uuid4()) if folder.name.endswith("_base") else folder
        its.mkdir(parents=True)
        (its / "x.vmdk").write_bytes(b"left behind")
    yield made
    for folder in made.values():
        shutil.rmtree(folder)


def test_leftovers_are_found_by_a_search(
    admin: Browser, lab: RunningLab, left_behind: dict[str, Path]
) -> None:
    search_afresh(admin, lab, "leftovers/")

    def named() -> None:
        said = [row.text.replace("\n", "") for row in rows(admin, "leftovers/?size=100")]
        for kind, folder in left_behind.items():
            assert any(kind in text and folder.name in text for text in said), f"{kind}: {said}"

    holds(named)
    ownerless = rows(admin, "leftovers/?kind=ownerless_root&size=100")
    (line,) = [line for line in ownerless if "[shared-ds-1] gone_base" in line.text]
    assert "11 B" in line.text


@contextmanager
def moved_away(lab: RunningLab, server_id: str) -> Iterator[None]:
    """By Nova's live migration, to the other compute; and back."""
    compute = lab.admin.compute
    home, away = lab.settings.compute_hosts()[:2]

    def rests(host: str = "") -> bool:
        server = compute.get_server(server_id)
        return server.task_state is None and (not host or server.compute_host == host)

    def move(host: str) -> None:
        eventually(rests, "no move under way")
        if not rests(host):
            compute.live_migrate_server(server_id, host=host, block_migration="auto")
        eventually(lambda: rests(host), f"moved to {host}")

    try:
        move(away)
        yield
    finally:
        move(home)


def test_an_instance_that_nova_moved_is_named_with_what_keeps_its_parent(
    admin: Browser, lab: RunningLab
) -> None:
    server_id = lab.server_id(MOVED)
    with moved_away(lab, server_id):

        def named() -> None:
            found = [row.text for row in rows(admin, f"risks/?q={server_id}")]
            assert len(found) == 1 and "vmware-c1" in found[0], found
            assert "of the root's compute" in found[0] and "not while it is kept" in found[0]

        holds(named)
        assert "What was seen of this" in admin.text(".vmware-image-cache")
    eventually(lambda: not rows(admin, f"risks/?q={server_id}"), "back home it is safe")
