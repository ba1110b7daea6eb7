"""Seeding, driven in a browser from the choice to the job's end; the effect is read from the files."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver.support.select import Select

from tests.browser import Browser
from tests.lab_run import RunningLab
from tests.selenium.waiting import eventually

pytestmark = [pytest.mark.lab, pytest.mark.selenium, pytest.mark.timeout(600)]

URL = "/admin/vmware_image_cache/seed/"
IMAGE = "windows-2022-flat"
"""In the cache of cluster 0, for an instance there, and not in that of cluster 1."""
ROOT = "c1_base"


@pytest.fixture
def image_id(lab: RunningLab) -> str:
    return next(str(image.id) for image in lab.admin.image.images() if image.name == IMAGE)


@pytest.fixture(autouse=True)
def before(lab: RunningLab, image_id: str) -> Iterator[set[Path]]:
    """The image on no datastore, before and after, and copies as fast as they come. What others have
    left in `vmware_temp`.
    """
    remove(lab, image_id)
    before = staged(lab)
    yield before
    lab.control.set_pace()
    eventually(lambda: staged(lab) <= before, "no copy under way")
    remove(lab, image_id)


def remove(lab: RunningLab, image_id: str) -> None:
    for folder in folders(lab, image_id):
        shutil.rmtree(folder)


def folders(lab: RunningLab, image_id: str) -> list[Path]:
    datastores = (lab.settings.run / "vcenter").iterdir()
    return [path for ds in datastores if (path := ds / ROOT / image_id).is_dir()]


def staged(lab: RunningLab) -> set[Path]:
    return set((lab.settings.run / "vcenter").glob("*/vmware_temp/*"))


def chosen(browser: Browser, image_id: str) -> None:
    """The image, the second cluster and the smallest sized copy, as one would click them."""

    def offered() -> Any:
        browser.open(URL)
        boxes = browser.all(".vmware-choices input[type=checkbox][name=clusters]")
        return boxes if len(boxes) == 2 else None

    boxes = eventually(offered, "two clusters to choose from")
    Select(browser.one("select[name=image]")).select_by_value(image_id)
    label = next(b for b in boxes if "DC0_C1" in b.find_element("xpath", "./..").text)
    label.click()
    Select(browser.one("select[name=flavor]")).select_by_value("1")
    browser.press(".vmware-choices button[type=submit]")


def test_from_the_choice_to_the_jobs_end(
    admin: Browser, lab: RunningLab, image_id: str, before: set[Path]
) -> None:
    chosen(admin, image_id)
    row = admin.text(".vmware-seed tbody tr")
    assert "DC0_C1" in row and "copied by vCenter" in row and "c0_base" in row
    assert "Nova marks" in admin.text(".alert-warning")
    assert not folders(lab, image_id), "a look at the plan made something"
    lab.control.reset_uploads()
    admin.press(".vmware-make")
    admin.one(".vmware-job")
    eventually(
        lambda: "1 item was done." in admin.text(".vmware-job"), "the job's page shows the end"
    )
    (folder,) = folders(lab, image_id)
    sizes = {file.name: file.stat().st_size for file in folder.iterdir()}
    assert sizes[f"{image_id}-flat.vmdk"] == 1 << 20
    assert sizes[f"{image_id}.1-flat.vmdk"] == 1 << 30
    assert staged(lab) <= before
    assert not lab.control.uploads()


def test_cancelled_in_the_middle_nothing_stays(
    admin: Browser, lab: RunningLab, image_id: str, before: set[Path]
) -> None:
    lab.control.set_pace(copy_ms_per_mib=60_000)
    chosen(admin, image_id)
    admin.press(".vmware-make")
    admin.one(".vmware-job")
    eventually(lambda: staged(lab) - before, "it is staged")
    admin.driver.refresh()  # with what is under way on it, it does not load itself anew meanwhile
    admin.press(".vmware-cancel")
    eventually(lambda: "1 was cancelled" in admin.text(".vmware-job"), "the job was cancelled")
    assert not folders(lab, image_id)
    assert staged(lab) <= before


def test_what_is_there_already_has_no_button(
    admin: Browser, lab: RunningLab, image_id: str
) -> None:
    chosen(admin, image_id)
    admin.press(".vmware-make")
    eventually(lambda: "1 item was done." in admin.text(".vmware-job"), "it is done")
    chosen(admin, image_id)
    assert "is that way already" in admin.text(".alert-danger")
    assert not admin.all(".vmware-make")


def test_a_member_reaches_neither_the_page_nor_vcenter(member: Browser, lab: RunningLab) -> None:
    member.open("/project/")
    lab.control.reset_calls()
    assert member.status_of(URL) in {302, 401, 403, 404}
    assert not lab.page_calls()
