"""What the tests of maintenance mode and vMotion share: the lab's vCenter by a session of its own."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from pyVmomi import vim

from lab.vcenter import read, wait
from tests.lab_run import RunningLab
from tests.selenium.waiting import eventually

SLOW_MOVE_MS = 15_000
"""Long enough for a page to be made and looked at meanwhile, where the machine has much else to do."""

ENDED = ("success", "error")


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


def end(task: Any, what: str) -> None:
    """Cancels it where that can be, and waits for its end."""
    info = task.info
    if info.state in ENDED:
        return
    if info.cancelable:
        with suppress(vim.fault.InvalidState):  # it has just ended
            task.CancelTask()
    eventually(lambda: task.info.state in ENDED, what)


def as_it_was(lab: RunningLab) -> None:
    """Moves take no time, every right is there, no host is out, nothing is on its way."""
    lab.control.vmotion_takes(0)
    lab.control.deny(lab.settings.horizon_vcenter_user)
    with lab.login.connected() as service:
        for kind in (vim.HostSystem, vim.VirtualMachine):  # a move is a task of the VM
            for its, row in read(service, kind, "recentTask").items():
                for task in row.get("recentTask", ()):
                    end(task, f"the end of {task._moId} on {its._moId}")
        hosts = read(service, vim.HostSystem, "runtime.inMaintenanceMode")
        out = [host for host, row in hosts.items() if row["runtime.inMaintenanceMode"]]
        wait([host.ExitMaintenanceMode_Task(timeout=0) for host in out])
