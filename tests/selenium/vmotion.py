"""What the tests of maintenance mode and vMotion share: the lab's vCenter by a session of its own."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from pyVmomi import vim

from lab.vcenter import read
from tests.lab_run import RunningLab

SETTLES_S = 60


def eventually(look: Callable[[], Any], what: str, seconds: float = SETTLES_S) -> Any:
    until = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < until, f"not within {seconds} s: {what}"
        time.sleep(0.2)
    return found


@contextmanager
def host_of(lab: RunningLab, server_name: str) -> Iterator[tuple[Any, Any]]:
    """The VM of an instance and its host, by a session of the test's own."""
    with lab.login.connected() as service:
        vm = lab.vm_of(service, lab.server_id(server_name))
        yield vm, vm.runtime.host


def running_on(host: Any) -> set[str]:
    return {vm._moId for vm in host.vm if vm.runtime.powerState == "poweredOn"}


def maintenance_url(host: Any, way: str) -> str:
    return f"/admin/vmware_hosts/lab/{host._moId}/maintenance/{way}"


def as_it_was(lab: RunningLab) -> None:
    """Moves take no time, every right is there, no host is out, nothing is on its way."""
    lab.control.vmotion_takes(0)
    lab.control.deny(lab.settings.horizon_vcenter_user)
    with lab.login.connected() as service:
        for host in read(service, vim.HostSystem, "name"):
            for task in host.recentTask:
                if task.info.state == "running" and task.info.cancelable:
                    task.CancelTask()
            eventually(
                lambda host=host: all(t.info.state != "running" for t in host.recentTask),
                f"{host._moId} has no task under way",
            )
            if host.runtime.inMaintenanceMode:
                task = host.ExitMaintenanceMode_Task(timeout=0)
                eventually(lambda task=task: task.info.state == "success", "out of maintenance")
