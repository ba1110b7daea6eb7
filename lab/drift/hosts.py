"""Drifts of ESX hosts and datastores: see the table :data:`lab.drift.DRIFTS`."""

from __future__ import annotations

from pyVmomi import vim

from lab.drift.inventory import Change, DriftError, Options, VCenter, wait_for
from lab.simulator.client import SimulatorControl

FILLED_PERCENT = 99


def into_maintenance(vcenter: VCenter, options: Options) -> Change:
    host = vcenter.host(options)
    moved = [vm.name for vm in host.vm if vm.runtime.powerState != "poweredOff"]
    wait_for(host.EnterMaintenanceMode_Task(timeout=60, evacuatePoweredOffVms=False))
    words = f"{host.name} is in maintenance mode; {len(moved)} VMs moved to other hosts"
    return Change("host-maintenance", words, host._moId)


def out_of_maintenance(vcenter: VCenter, change: Change) -> str:
    host = vcenter.object(vim.HostSystem, change.target)
    wait_for(host.ExitMaintenanceMode_Task(timeout=0))
    return f"{host.name} is out of maintenance mode; the VMs stay where they are"


def disconnect(vcenter: VCenter, options: Options) -> Change:
    host = vcenter.host(options)
    wait_for(host.DisconnectHost_Task())
    words = f"{host.name} is disconnected, and so are its {len(host.vm)} VMs"
    return Change("host-disconnect", words, host._moId)


def reconnect(vcenter: VCenter, change: Change) -> str:
    host = vcenter.object(vim.HostSystem, change.target)
    wait_for(host.ReconnectHost_Task())
    return f"{host.name} is connected"


def fill(vcenter: VCenter, options: Options) -> Change:
    datastore = vcenter.datastore(options)
    summary = datastore.summary
    free_bytes = summary.capacity * (100 - FILLED_PERCENT) // 100
    _control(vcenter).set_free(summary.name, free_bytes)
    words = (
        f"{summary.name} has {free_bytes >> 30} GiB free of {summary.capacity >> 30}, "
        f"it was {summary.freeSpace >> 30} GiB"
    )
    return Change("fill-datastore", words, datastore._moId)


def empty(vcenter: VCenter, change: Change) -> str:
    datastore = vcenter.object(vim.Datastore, change.target)
    _control(vcenter).set_free(datastore.name, None)
    return f"{datastore.name} has {datastore.summary.freeSpace >> 30} GiB free again"


def _control(vcenter: VCenter) -> SimulatorControl:
    if vcenter.control is None:
        raise DriftError("only the simulator can fill a datastore: a vCenter would need the data")
    return vcenter.control
