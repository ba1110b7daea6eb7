"""Purging the image cache, driven in a browser; what came of it is read from the disk."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from selenium.webdriver.common.by import By

from lab.lab import Lab
from lab.openstack_conf import IMAGE_CACHE
from tests.browser import Browser
from tests.files import age
from tests.lab_run import RunningLab
from tests.selenium.pages import open_still
from tests.selenium.waiting import eventually

pytestmark = [pytest.mark.lab, pytest.mark.selenium, pytest.mark.timeout(900)]

CACHE = "/admin/vmware_image_cache/"
FORMER, OWNED = "purged_base", "c0_base"
OLD_S = 10 * 24 * 3600
VALUES = """return Array.from(document.querySelectorAll(
  "input[type='checkbox'][name='key']")).map(box => box.value)"""

TICK = """document.querySelectorAll("input[type='checkbox'][name='key']").forEach(box => {
  if (arguments[0].some(name => box.value.includes(name))) box.click() })"""


@pytest.fixture
def disk(lab: RunningLab) -> Iterator[Path]:
    """A datastore of the lab, without what the test left there."""
    root = lab.settings.run / "vcenter" / "shared-ds-1"
    yield root
    shutil.rmtree(root / FORMER, ignore_errors=True)


def image(disk: Path, root: str) -> Path:
    """An image folder that nobody uses and that has been there for days."""
    name = str(uuid4())
    folder = disk / root / name
    folder.mkdir(parents=True)
    (folder / f"{name}.vmdk").write_bytes(b"# descriptor")
    (folder / f"{name}-flat.vmdk").write_bytes(b"x" * 100_000)
    age(folder, OLD_S)
    return folder


def searched(browser: Browser, path: str, *names: str) -> None:
    """Has the datastores searched by the page's own button, until the list names all of these."""
    open_still(browser, f"{CACHE}{path}")
    browser.press(".vmware-search-all")

    def listed() -> bool:
        browser.open(f"{CACHE}{path}?size=100")
        browser.one(".vmware-image-cache")
        # In one step: the page may load itself anew while it is looked at.
        text = " ".join(browser.driver.execute_script(VALUES))
        return all(name in text for name in names)

    eventually(listed, f"{names} in the list")


def select(browser: Browser, *names: str, query: str = "") -> None:
    """On a list of its own that keeps what is ticked: other datastores may still be searched."""
    open_still(browser, f"{CACHE}?size=100{query}")
    browser.driver.execute_script(TICK, names)


def ask(browser: Browser, action: str) -> None:
    browser.press(f".vmware-selection button[data-action='{action}']")
    browser.one(".vmware-plan")


def taken(browser: Browser) -> str:
    return " ".join(e.text for e in browser.all(".vmware-taken tbody"))


def run_to_the_end(browser: Browser) -> str:
    """Confirms, and waits on the job's page; what it says in the end."""
    browser.press(".vmware-make")
    browser.one(".vmware-job")
    url = browser.driver.current_url

    def over() -> bool:
        browser.driver.get(url)
        return "ended" in browser.one(".vmware-job .label").text

    eventually(over, "the job has ended")
    return browser.text(".vmware-job")


def test_one_and_many_are_deleted_from_an_ownerless_root(admin: Browser, disk: Path):
    one, *many = (image(disk, FORMER) for _ in range(3))
    searched(admin, "", one.name, *(m.name for m in many))
    select(admin, one.name)
    ask(admin, "purge")
    assert one.name in taken(admin) and not any(m.name in taken(admin) for m in many)
    assert one.exists(), "a look at the plan deletes nothing"

    admin.driver.execute_script(
        "arguments[0].click()", admin.driver.find_element(By.NAME, "dry_run")
    )
    assert "1" in run_to_the_end(admin)
    assert one.exists(), "a dry run deletes nothing"

    select(admin, one.name)
    ask(admin, "purge")
    run_to_the_end(admin)
    assert not one.exists()
    assert all(m.exists() for m in many)

    select(admin, *(m.name for m in many))
    ask(admin, "purge")
    assert all(m.name in taken(admin) for m in many)
    run_to_the_end(admin)
    assert not any(m.exists() for m in many)


@pytest.fixture
def temp(disk: Path) -> Iterator[Path]:
    """What an interrupted download left days ago."""
    temp = disk / "vmware_temp" / str(uuid4())
    temp.mkdir(parents=True)
    (temp / "tmp-sparse.vmdk").write_bytes(b"x" * 1000)
    age(temp, OLD_S)
    yield temp
    shutil.rmtree(temp, ignore_errors=True)


def test_all_unused_and_the_leftovers(admin: Browser, disk: Path, temp: Path):
    unused = image(disk, FORMER)
    before = {p for p in disk.glob("c*_base/*") if p.is_dir()}
    searched(admin, "", unused.name)
    admin.open(f"{CACHE}purge/?what=unused&older_than_h=24&vcenter=lab")
    assert unused.name in taken(admin)
    run_to_the_end(admin)
    assert not unused.exists()

    searched(admin, "leftovers/", temp.name)
    admin.open(f"{CACHE}purge/?what=leftovers&older_than_h=24&vcenter=lab")
    assert temp.name in taken(admin)
    run_to_the_end(admin)
    assert not temp.exists()
    assert {p for p in disk.glob("c*_base/*") if p.is_dir()} >= {
        p for p in before if any(p.glob("*-flat.vmdk")) and not any(p.glob("ts-*"))
    }, "what computes look after is left to them"


@pytest.fixture
def calm(lab: RunningLab) -> Iterator[str]:
    """The nova-compute whose cache it is, with no pass of its own that would come first."""
    host, its = lab.settings.compute_hosts()[0], Lab(lab.settings)
    try:
        its.set_image_cache(host, 3600, 3600)
        yield host
    finally:
        its.set_image_cache(
            host,
            IMAGE_CACHE["remove_unused_original_minimum_age_seconds"],
            IMAGE_CACHE["manager_interval"],
        )


def test_an_unused_image_of_a_compute_is_marked_and_one_in_use_is_not(
    admin: Browser, lab: RunningLab, disk: Path, calm: str
):
    unused = image(disk, OWNED)
    try:
        searched(admin, "", unused.name)
        select(admin, OWNED, query=f"&root={OWNED}")
        ask(admin, "mark")
        assert unused.name in taken(admin)
        assert "Nova counts the instance" in admin.text(".vmware-kept")
        run_to_the_end(admin)
        assert any(unused.glob("ts-*"))
        servers = lab.admin.compute.servers(all_projects=True)
        in_use = {server.image.id for server in servers if server.compute_host == calm}
        marked = {p.parent.name for p in disk.glob(f"{OWNED}/*/ts-*")}
        assert in_use and not marked & in_use, "one in use was marked"
    finally:
        shutil.rmtree(unused, ignore_errors=True)
