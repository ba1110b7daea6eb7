# mypy: allow-untyped-calls
"""vMotion of one VM: vCenter's check of it with some hosts, and the move."""

import time
from collections.abc import Mapping, Sequence
from typing import Any

from pyVmomi import vim

from vmware_panel.domain.inventory import MoRef
from vmware_panel.domain.migration import Verdict
from vmware_panel.domain.outcome import TroubleKind
from vmware_panel.vsphere.deadlines import current_deadline
from vmware_panel.vsphere.errors import (
    VSphereError,
    bad_answer,
    fault_answered,
    fault_name,
    quoted,
)
from vmware_panel.vsphere.live_reads import Found, read_found
from vmware_panel.vsphere.login import Connected
from vmware_panel.vsphere.property_reader import ObjectSpec

_METHOD = "QueryVMotionCompatibilityEx_Task"
_PROPERTIES: Mapping[type, Sequence[str]] = {vim.Task: ("info.state", "info.error", "info.result")}
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.05, 0.5


def compatibility(connected: Connected, vm: MoRef, hosts: Sequence[MoRef]) -> tuple[Verdict, ...]:
    """vCenter's check of the VM with each host: one call, and some looks at its task.

    No call for no host. Raises `VSphereError`; the right `Resource.QueryVMotion` is needed.
    """
    if not hosts:
        return ()
    checker = connected.content.vmProvisioningChecker
    if checker is None:
        raise bad_answer(f"{_METHOD}: there is no checker", source=connected.vcenter.name)
    task = checker.QueryVMotionCompatibilityEx_Task(
        vm=[vim.VirtualMachine(vm)], host=[vim.HostSystem(host) for host in hosts]
    )
    told = _ended(connected, task).get("info.result")
    verdicts = {
        MoRef(result.host._moId): Verdict(
            MoRef(result.host._moId), _said(result.error), _said(result.warning)
        )
        for result in told or ()
        if result.host
    }
    return tuple(verdicts[host] for host in hosts if host in verdicts)


def migrate(connected: Connected, vm: MoRef, host: MoRef) -> MoRef:
    """The task that moves the VM to another host; its resource pool stays. One call."""
    task = connected.managed(vim.VirtualMachine, vm).MigrateVM_Task(
        host=vim.HostSystem(host), priority=vim.VirtualMachine.MovePriority.defaultPriority
    )
    return MoRef(task._moId)


def _ended(connected: Connected, task: Any) -> Found:
    pause_s = _FIRST_PAUSE_S
    while True:
        found = read_found(connected, [ObjectSpec(obj=task, skip=False)], _PROPERTIES)
        state = found[0].get("info.state") if found else None
        if state == vim.TaskInfo.State.success:
            return found[0]
        if state is None or state == vim.TaskInfo.State.error:
            error = found[0].get("info.error") if found else None
            raise fault_answered(error, source=connected.vcenter.name, method=_METHOD)
        try:
            left_s = current_deadline().remaining_s()
        except TimeoutError:
            left_s = 0.0
        if left_s <= pause_s:
            raise VSphereError(
                TroubleKind.TIMEOUT,
                f"{_METHOD}: no result within the time allowed",
                source=connected.vcenter.name,
            )
        time.sleep(pause_s)
        pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)


def _said(faults: Any) -> tuple[str, ...]:
    """vCenter's words, or the fault's name where it has none."""
    return tuple(
        quoted(getattr(fault, "msg", None)) or fault_name(fault) for fault in faults or ()
    )
