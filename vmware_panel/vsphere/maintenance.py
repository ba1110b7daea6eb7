# mypy: allow-untyped-calls
"""Maintenance mode of an ESX host: vCenter's own plan of it, and the way in and out."""

from collections.abc import Iterator
from typing import Any

from pyVmomi import vim

from vmware_panel.domain.cluster_detail import Migration
from vmware_panel.domain.inventory import MoRef
from vmware_panel.domain.standing import DrsFault, Forecast
from vmware_panel.vsphere.errors import fault_name, quoted
from vmware_panel.vsphere.login import Connected

NO_LIMIT_S = 0
"""vCenter's own word for "as long as it takes"."""


def forecast(connected: Connected, cluster: MoRef, host: MoRef) -> Forecast:
    """Where DRS would move what runs on the host; nothing is moved. One call.

    Raises `VSphereError`: a cluster without DRS has no plan, and the right
    `Host.Config.Maintenance` is needed.
    """
    its = connected.managed(vim.ClusterComputeResource, cluster)
    told = its.EnterMaintenanceMode(host=[vim.HostSystem(host)])
    recommended = (told.recommendations or ()) if told else ()
    moves = (
        action.drsMigration
        for recommendation in recommended
        for action in recommendation.action or ()
        if isinstance(action, vim.cluster.MigrationAction) and action.drsMigration
    )
    by_vm = (told.fault.faultsByVm or ()) if told and told.fault else ()
    return Forecast(
        moves=tuple(
            Migration(
                vm=MoRef(move.vm._moId),
                source=MoRef(move.source._moId) if move.source else None,
                destination=MoRef(move.destination._moId),
            )
            for move in moves
        ),
        faults=tuple(fault for one in by_vm for fault in _faults(one)),
    )


def enter_maintenance(
    connected: Connected, host: MoRef, *, timeout_s: int, evacuate_powered_off: bool
) -> MoRef:
    """The task. One call; `timeout_s` 0: vCenter waits until it can, or is cancelled."""
    task = connected.managed(vim.HostSystem, host).EnterMaintenanceMode_Task(
        timeout=timeout_s, evacuatePoweredOffVms=evacuate_powered_off
    )
    return MoRef(task._moId)


def exit_maintenance(connected: Connected, host: MoRef) -> MoRef:
    """The task. One call."""
    task = connected.managed(vim.HostSystem, host).ExitMaintenanceMode_Task(timeout=NO_LIMIT_S)
    return MoRef(task._moId)


def _faults(by_vm: Any) -> Iterator[DrsFault]:
    """One for each reason; of "no compatible host" those of the hosts."""
    vm = MoRef(by_vm.vm._moId) if by_vm.vm else None
    for fault in by_vm.fault or ():
        inner = getattr(fault, "error", None) or (fault,)
        yield from dict.fromkeys(
            DrsFault(vm, fault_name(one), quoted(getattr(one, "msg", None))) for one in inner
        )
