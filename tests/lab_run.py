"""The lab for the tests: brought up once for a whole run, and torn down after it.

`VMWARE_LAB_FOR_TESTS=keep` leaves it up, and takes one that is up already: for the one who writes
tests. Its folder and ports are not those of `make lab`, so that both can be up.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from openstack.connection import Connection
from pyVmomi import vim

from lab import drift
from lab.connection import connect
from lab.lab import Lab
from lab.settings import LabSettings
from lab.simulator import SimulatorControl, VCenterLogin
from lab.vcenter import administrator

ROOT = Path(__file__).resolve().parent.parent
KEEP = os.environ.get("VMWARE_LAB_FOR_TESTS") == "keep"
PORT_OFFSET = 3000
START_TIMEOUT_S = 900


def settings_for_tests() -> LabSettings:
    state = Path(os.environ.get("VMWARE_LAB_STATE") or ROOT / ".lab")
    return LabSettings.from_environment(
        {"VMWARE_LAB_BUILD": str(state / "build")},
        state=str(state / "for-tests"),
        port_offset=PORT_OFFSET,
        # A test that powers a VM off must not depend on when Nova looks next.
        power_sync_s=0,
    )


@dataclass(frozen=True)
class RunningLab:
    """A lab that is up, with the second readers that the tests compare with."""

    settings: LabSettings

    @property
    def horizon_url(self) -> str:
        return self.settings.horizon_url.rstrip("/")

    @property
    def login(self) -> VCenterLogin:
        """vCenter's administrator: not the account that Horizon uses."""
        return administrator(self.settings)

    @property
    def control(self) -> SimulatorControl:
        return SimulatorControl(self.login)

    def openstack(self, user: str = "admin", project: str = "admin") -> Connection:
        return connect(self.settings, user, project)

    @cached_property
    def admin(self) -> Connection:
        return self.openstack()

    def server_id(self, name: str) -> str:
        (found,) = [
            server.id
            for server in self.admin.compute.servers(details=False, all_projects=True)
            if server.name == name
        ]
        return str(found)

    @contextmanager
    def drifted(self, name: str, **options: Any) -> Iterator[drift.Change]:
        """The drift is in force within the block, and taken back after it."""
        with self.login.connected() as service:
            vcenter = drift.VCenter(service, self.control)
            change = drift.apply(vcenter, name, drift.Options(**options))
        try:
            yield change
        finally:
            with self.login.connected() as service:
                drift.undo(drift.VCenter(service, self.control), change)

    def vm_of(self, service: vim.ServiceInstance, server_id: str) -> vim.VirtualMachine:
        """The VM by the simulator's own index."""
        found = service.content.searchIndex.FindAllByUuid(
            uuid=server_id, vmSearch=True, instanceUuid=True
        )
        assert len(found) == 1, f"{len(found)} VMs carry the id {server_id}"
        return found[0]

    def horizon_calls(self) -> dict[str, int]:
        """What Horizon's account asked of vCenter since the last reset, by method."""
        return dict(self.control.calls().by_user.get(self.settings.horizon_vcenter_user, {}))

    def page_calls(self) -> dict[str, int]:
        """The same without what the collector does by itself: it waits for changes, looks once a
        minute whether its session is still there, and searches the datastores once an hour and
        after a change. No page's read is made of these alone; that none searches by itself is
        held by the tests that count a page's own calls (`vmware_panel.vsphere.counting`).
        """
        own = {"WaitForUpdatesEx", "RetrievePropertiesEx", "SearchDatastoreSubFolders_Task"}
        return {method: n for method, n in self.horizon_calls().items() if method not in own}

    def vcenter_pid(self) -> int:
        return int(Lab(self.settings).status()["services"]["vcenter"]["pid"])

    @contextmanager
    def vcenter_hanging(self) -> Iterator[None]:
        """Within the block it takes connections and answers nothing."""
        pid = self.vcenter_pid()
        os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(pid, signal.SIGCONT)

    def run(self, *arguments: str, **more: Any) -> subprocess.CompletedProcess[str]:
        """A command in this checkout, with this lab's settings in its environment."""
        environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "lab.horizon_settings",
            **self.settings.to_environment(),
            **more.pop("env", {}),
        }
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            timeout=START_TIMEOUT_S,
            check=False,
            **more,
        )


@contextmanager
def lab_for_tests() -> Iterator[RunningLab]:
    running = RunningLab(settings_for_tests())
    started = running.run("-m", "lab", "up")
    if started.returncode:
        raise RuntimeError(f"the lab did not come up:\n{started.stdout}\n{started.stderr}")
    try:
        yield running
    finally:
        if not KEEP:
            running.run("-m", "lab", "down")
