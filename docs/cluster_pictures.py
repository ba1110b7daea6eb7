"""The pictures of capacity, of one ESX host, of DRS and of changes."""

from __future__ import annotations

from collections.abc import Callable

from docs.saving import save
from lab.settings import LabSettings
from tests.browser import Browser
from tests.lab_run import RunningLab
from tests.selenium.test_drs import Drs
from tests.selenium.waiting import eventually

CLUSTER = "DC0_C0"
HOST = "esx-c0-1.lab.example"


class ClusterPictures:
    """One admin's browser in front of the lab."""

    def __init__(self, lab: RunningLab, admin: Browser) -> None:
        self.lab = lab
        self.admin = admin
        self.settings: LabSettings = lab.settings

    def capacity(self) -> None:
        self._open(f"{self._cluster()}?tab=cluster__capacity", ".vmware-capacity")
        save(self.admin, "capacity", until=".vmware-capacity")

    def recommendations(self) -> None:
        """All instances of the cluster on one host, and DRS that may not move them by itself."""
        with self.lab.login.connected() as service:
            drs = Drs(self.lab, service)
            drs.crowd()
            try:
                drs.cluster.RefreshRecommendation()
                tab = "#cluster__recommendations"
                self._open(f"{self._cluster()}?tab=cluster__recommendations", f"{tab} table")
                save(self.admin, "recommendations", until=tab)
            finally:
                drs.set_level("fullyAutomated")

    def history(self) -> None:
        self._open(f"{self._cluster()}?tab=cluster__history", "#cluster__history table")
        save(self.admin, "history", until="#cluster__history")

    def host(self) -> None:
        self._open(self._host(), ".vmware-chart")
        save(self.admin, "host", until=".vmware-chart")

    def fits(self) -> None:
        self._open("/admin/vmware_capacity/", ".vmware-panel table")
        save(self.admin, "fits", until=".vmware-panel")

    def maintenance(self) -> None:
        self._open(f"{self._host()}maintenance/enter", ".vmware-make")
        save(self.admin, "plan-maintenance", until=".vmware-plan")

    def service(self) -> None:
        url = f"{self._cluster()}services/{self.settings.compute_hosts()[0]}/disable"
        self._open(url, ".vmware-make")
        save(self.admin, "plan-service", until=".vmware-plan")

    def tasks(self) -> None:
        self._open("/admin/vmware_tasks/", ".vmware-panel table")
        rows = self.admin.all(".vmware-panel tbody tr")
        save(self.admin, "tasks", until=rows[min(7, len(rows) - 1)])

    def all(self) -> dict[str, Callable[[], None]]:
        """In the order in which they are taken."""
        return {
            "capacity": self.capacity,
            "recommendations": self.recommendations,
            "history": self.history,
            "host": self.host,
            "fits": self.fits,
            "plan-maintenance": self.maintenance,
            "plan-service": self.service,
            "tasks": self.tasks,
        }

    def _open(self, path: str, css: str) -> None:
        self.admin.open(path)
        self.admin.one(css)

    def _cluster(self) -> str:
        return self._link("/admin/vmware_clusters/", CLUSTER)

    def _host(self) -> str:
        return self._link("/admin/vmware_hosts/", HOST)

    def _link(self, page: str, text: str) -> str:
        def look() -> str | None:
            self.admin.open(page)
            links = self.admin.all(".vmware-panel tbody th a")
            found = [link.get_attribute("href") for link in links if link.text == text]
            return found[0].removeprefix(self.admin.base_url) if found and found[0] else None

        return eventually(look, text)
