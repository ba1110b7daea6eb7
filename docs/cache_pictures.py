"""The pictures of datastores, the image cache, its changes, jobs and volumes."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from selenium.webdriver.common.by import By

from docs.saving import save
from tests.browser import Browser
from tests.files import age
from tests.lab_run import RunningLab
from tests.selenium.test_purge import CACHE, OLD_S, ask, image, searched, select

SHARED = "shared-ds-1"
OWNERLESS, OWNED, TEMPORARY = "former_base", "c0_base", "vmware_temp"
SEED = f"{CACHE}seed/"
WIDE = 1420


class CachePictures:
    """One admin's browser in front of the lab."""

    def __init__(self, lab: RunningLab, admin: Browser) -> None:
        self.lab = lab
        self.admin = admin

    def datastores(self) -> None:
        self._open("/admin/vmware_datastores/", ".vmware-panel table")
        save(self.admin, "datastores", until=".vmware-panel table")

    def datastore(self) -> None:
        self._open("/admin/vmware_datastores/", ".vmware-panel table")
        link = self.admin.driver.find_element(By.LINK_TEXT, SHARED)
        self.admin.open(str(link.get_attribute("href")).replace(self.lab.horizon_url, ""))
        self.admin.one(".vmware-treemap, .vmware-facts")
        save(self.admin, "datastore", until="#vmware_next")

    def image_cache(self) -> None:
        """In a window that is wide enough for all the columns."""
        before = self.admin.driver.get_window_size()
        with self._left_behind() as folders:
            searched(self.admin, "", folders[0].name)
            self.admin.driver.set_window_size(WIDE, before["height"])
            self._open(f"{CACHE}?sort=-root", ".vmware-listing")
            save(self.admin, "image-cache", until=self.admin.all(".vmware-listing tbody tr")[5])
        self.admin.driver.set_window_size(before["width"], before["height"])

    def leftovers(self) -> None:
        with self._left_behind():
            searched(self.admin, "leftovers/", OWNERLESS)
            save(self.admin, "leftovers", until=".vmware-listing")

    def purge(self) -> None:
        with self._left_behind() as folders:
            searched(self.admin, "", folders[0].name)
            select(self.admin, *(folder.name for folder in folders))
            ask(self.admin, "purge")
            save(self.admin, "plan-purge", until=".vmware-plan")

    def seed(self) -> None:
        self._plan_of_seed("rocky-9-full-clone")
        save(self.admin, "plan-seed", until=".vmware-plan")

    def job(self) -> None:
        """Seeds an image, which Nova's ageing takes away again after some minutes."""
        self._plan_of_seed("rocky-9-full-clone")
        self.admin.press(".vmware-make")
        self.admin.one(".vmware-job table")
        save(self.admin, "job", until=".vmware-job")

    def volumes(self) -> None:
        self._open("/admin/vmware_volumes/", ".vmware-panel table")
        save(self.admin, "volumes", until=".vmware-panel table")

    def all(self) -> dict[str, Callable[[], None]]:
        """In the order in which they are taken."""
        return {
            "datastores": self.datastores,
            "datastore": self.datastore,
            "image-cache": self.image_cache,
            "leftovers": self.leftovers,
            "plan-purge": self.purge,
            "plan-seed": self.seed,
            "job": self.job,
            "volumes": self.volumes,
        }

    def _plan_of_seed(self, name: str) -> None:
        self._open(SEED, "input[name='clusters']")
        images = self.admin.all("select[name='image'] option")
        next(option for option in images if option.text.startswith(name)).click()
        for box in self.admin.all("input[name='clusters']"):
            self.admin.driver.execute_script("arguments[0].click()", box)
        for option in self.admin.all("select[multiple] option"):
            option.click()
        self.admin.press(".vmware-panel form button[type='submit']")
        self.admin.one(".vmware-make")

    @contextmanager
    def _left_behind(self) -> Iterator[list[Path]]:
        """Unused images in a root of nobody's and in one of a compute's, and a broken-off upload."""
        disk = self.lab.settings.run / "vcenter" / SHARED
        made = [image(disk, OWNERLESS), image(disk, OWNERLESS), image(disk, OWNED)]
        upload = disk / TEMPORARY / "interrupted"
        upload.mkdir(parents=True)
        (upload / "tmp-sparse.vmdk").write_bytes(bytes(4_096_000))
        age(upload, OLD_S)
        try:
            yield made
        finally:
            for folder in (disk / OWNERLESS, made[-1], upload):
                shutil.rmtree(folder, ignore_errors=True)

    def _open(self, path: str, until: str) -> None:
        self.admin.open(path)
        self.admin.one(until)
