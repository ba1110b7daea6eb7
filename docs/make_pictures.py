"""Takes the pictures of the documentation, in a lab that is up: ``python docs/make_pictures.py``.

Names as arguments take those alone. Every drift is taken back; the last picture, of a vCenter that
is stopped, leaves the lab without one: bring it up again by ``python -m lab up``.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from docs.cache_pictures import CachePictures
from docs.cluster_pictures import ClusterPictures
from docs.saving import save
from lab.lab import Lab
from lab.settings import HOST, LabSettings
from lab.steps import HttpAnswers
from tests.browser import Browser, chromium
from tests.lab_run import RunningLab
from tests.selenium.pages import CLUSTERS, HOSTS, PANEL, horizons_row, open_tab, panel_row
from tests.selenium.waiting import eventually

WIDTH, WIDE, HEIGHT = 1300, 1560, 900
MEMBERS_POLICY = (
    '"vmware:instances:get_cluster": "role:admin or (role:member and project_id:%(project_id)s)"\n'
)
MEMBERS_SETTINGS = """\
from lab.horizon_settings import *

POLICY_FILES = {**POLICY_FILES, "vmware": "@policy_file@"}
"""


class Pictures:
    """One admin's browser in front of the lab."""

    def __init__(self, lab: RunningLab, admin: Browser) -> None:
        self.lab = lab
        self.admin = admin

    def tab(self) -> None:
        """A linked clone: the whole page, with Horizon's navigation."""
        open_tab(self.admin, self.lab.server_id("shop-frontend-1"))
        save(self.admin, "tab", until=".vmware-instance", whole=True)

    def tab_disks(self) -> None:
        """A full clone and a Cinder volume."""
        open_tab(self.admin, self.lab.server_id("orders-db-1"))
        save(self.admin, "tab-disks", since=".vmware-disk", until=".vmware-instance")

    def tab_elsewhere(self) -> None:
        open_tab(self.admin, self.lab.server_id("kvm-build-1"))
        save(self.admin, "tab-not-on-vcenter", until=".vmware-instance")

    def columns(self) -> None:
        """Horizon's own list, in a window that is wide enough for it."""
        with self.drifts({"other-cluster": "bastion"}):
            self.admin.driver.set_window_size(WIDE, HEIGHT)
            panel_row(self.admin, "bastion", "&disagreement=any")  # the lists know of it
            row = horizons_row(self.admin, self.lab.server_id("bastion"))
            save(self.admin, "columns", until=row)
            self.admin.driver.set_window_size(WIDTH, HEIGHT)

    def panel(self) -> None:
        drifts = {"other-cluster": "kafka-1", "power-off": "bastion", "rename": "prometheus"}
        with self.drifts(drifts):
            for name in ("kafka-1", "bastion"):
                panel_row(self.admin, name, "&disagreement=any")  # the lists know of it
            self.admin.open(PANEL)
            self.admin.one(".vmware-panel table")
            save(self.admin, "panel", until=".vmware-panel table", whole=True)
            self.admin.open(f"{PANEL}?placed=on_vcenter&disagreement=any&sort=-cluster")
            self.admin.one(".vmware-panel table")
            for summary in self.admin.all(".vmware-remarks summary"):
                summary.click()
            save(self.admin, "panel-filtered", until=".vmware-panel table")

    def drifted(self) -> None:
        with self.drifts({"other-cluster": "kafka-1", "power-off": "kafka-1"}):
            open_tab(self.admin, self.lab.server_id("kafka-1"))
            headings = self.admin.all(".vmware-instance > h4")
            save(self.admin, "drifted", until=headings[1])

    def refresh(self) -> None:
        """A fresh read under way, of a vCenter that takes its time."""
        panel_row(self.admin, "bastion")
        self.admin.open(PANEL)
        self.lab.control.delay(8000, "WaitForUpdatesEx")
        try:
            self.admin.one(".vmware-refresh button").click()
            self.admin.wait_for_text(".vmware-progress-text", "Reading everything")
            save(self.admin, "panel-refresh", until=".vmware-answers")
        finally:
            self.lab.control.delay(0, "WaitForUpdatesEx")

    def clusters(self) -> None:
        """The list, in a window that is wide enough for all the books."""
        self.admin.driver.set_window_size(WIDE, HEIGHT)
        self._sampled(CLUSTERS)
        save(self.admin, "clusters", until=".vmware-panel table")
        self.admin.driver.set_window_size(WIDTH, HEIGHT)

    def cluster(self) -> None:
        """The pictures of one cluster, with a host in maintenance mode."""
        with self.lab.login.connected() as service:
            cluster = self.lab.vm_of(service, self.lab.server_id("bastion")).runtime.host.parent
            moref, host = cluster._moId, cluster.host[-1].name
        with self.lab.drifted("host-maintenance", host=host):
            self._sampled(f"{HOSTS}?state=maintenance&name={host}")
            self.admin.open(f"{CLUSTERS}lab/{moref}/")
            self.admin.one(".vmware-heat")
            headings = self.admin.all(".vmware-tab .vmware-charts, .vmware-no-lines")
            save(self.admin, "cluster", until=headings[0])

    def hosts(self) -> None:
        self.admin.driver.set_window_size(WIDE, HEIGHT)
        self._sampled(HOSTS)
        save(self.admin, "hosts", until=".vmware-panel table")
        self.admin.driver.set_window_size(WIDTH, HEIGHT)

    def _sampled(self, page: str) -> None:
        """Opens the list as soon as it has rows, and says what is used."""

        def look() -> bool | None:
            self.admin.open(page)
            self.admin.one(".vmware-panel")
            rows = self.admin.all(".vmware-panel tbody tr")
            return (rows and "unknown" not in " ".join(row.text for row in rows)) or None

        eventually(look, f"figures on {page}")

    def member(self) -> None:
        """The project's member, in a Horizon whose policy opens the cluster's facts to them."""
        with members_horizon(self.lab.settings) as url, chromium(url, WIDTH, HEIGHT) as browser:
            browser.log_in("wendy", self.lab.settings.password)
            open_tab(browser, self.lab.server_id("shop-frontend-1"), "project")
            save(browser, "tab-member", until=".vmware-instance")

    def vcenter_stopped(self) -> None:
        panel_row(self.admin, "bastion")  # there is a last word of vCenter's
        pid = int(Lab(self.lab.settings).status()["services"]["vcenter"]["pid"])
        os.kill(pid, signal.SIGTERM)
        time.sleep(2)
        open_tab(self.admin, self.lab.server_id("shop-frontend-1"))
        headings = self.admin.all(".vmware-instance > h4")
        save(self.admin, "vcenter-stopped-tab", until=headings[1])
        web = f"{PANEL}?project={self._project('web')}"
        eventually(lambda: self._says_not_since(web), "that vCenter is away")
        save(self.admin, "vcenter-stopped-panel", until=".vmware-panel table")

    def _says_not_since(self, page: str) -> bool | None:
        self.admin.open(page)
        return "not since" in self.admin.text(".vmware-answers") or None

    @contextmanager
    def drifts(self, drifts: dict[str, str]) -> Iterator[None]:
        with ExitStack() as stack:
            for drift, name in drifts.items():
                stack.enter_context(self.lab.drifted(drift, vm=self.lab.server_id(name)))
            yield

    def _project(self, name: str) -> str:
        return str(self.lab.admin.identity.find_project(name).id)

    def all(self) -> dict[str, Callable[[], None]]:
        """In the order in which they are taken."""
        return {
            "tab": self.tab,
            "tab-disks": self.tab_disks,
            "tab-not-on-vcenter": self.tab_elsewhere,
            "tab-member": self.member,
            "columns": self.columns,
            "panel": self.panel,
            "panel-refresh": self.refresh,
            "drifted": self.drifted,
            **ClusterPictures(self.lab, self.admin).all(),
            **CachePictures(self.lab, self.admin).all(),
            "clusters": self.clusters,
            "cluster": self.cluster,
            "hosts": self.hosts,
            "vcenter-stopped": self.vcenter_stopped,
        }


@contextmanager
def members_horizon(settings: LabSettings) -> Iterator[str]:
    """A second Horizon in front of the same cloud, with a policy file of its own."""
    with tempfile.TemporaryDirectory() as folder, socket.socket() as probe:
        policy = Path(folder) / "vmware_policy.yaml"
        policy.write_text(MEMBERS_POLICY)
        module = Path(folder) / "members_settings.py"
        module.write_text(MEMBERS_SETTINGS.replace("@policy_file@", str(policy)))
        probe.bind((HOST, 0))
        port = probe.getsockname()[1]
        probe.close()
        environment = {
            **os.environ,
            **settings.to_environment(),
            "DJANGO_SETTINGS_MODULE": "members_settings",
            "PYTHONPATH": os.pathsep.join((folder, str(ROOT))),
            "PYTHONWARNINGS": "ignore",
        }
        command = [sys.executable, "-m", "lab.wsgi", str(port), "lab.horizon.wsgi"]
        process = subprocess.Popen(command, cwd=ROOT, env=environment)  # noqa: S603
        try:
            ready = HttpAnswers(f"http://{HOST}:{port}/auth/login/")
            until = time.monotonic() + 60
            while not ready() and process.poll() is None and time.monotonic() < until:
                time.sleep(0.5)
            yield f"http://{HOST}:{port}"
        finally:
            process.terminate()
            process.wait(30)


def main(wanted: list[str]) -> int:
    settings = LabSettings.from_environment().recorded()
    if settings is None:
        print("error: the lab is not up: run `python -m lab up` first", file=sys.stderr)
        return 1
    with chromium(settings.horizon_url, WIDTH, HEIGHT) as admin:
        pictures = Pictures(RunningLab(settings), admin).all()
        if unknown := set(wanted) - set(pictures):
            print(f"error: no {', '.join(unknown)}; there are: {', '.join(pictures)}")
            return 2
        admin.log_in("admin", settings.password)
        for name in wanted or pictures:
            pictures[name]()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
