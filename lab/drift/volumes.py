"""Drifts of volumes: what Storage DRS does to their disks, and what a broken deletion leaves."""

from __future__ import annotations

import uuid
from typing import Any

from pyVmomi import vim

from lab.drift.inventory import Change, DriftError, Options, VCenter, disks, one, wait_for
from lab.drift.virtual_machines import move_one_disk
from lab.vcenter import CINDER_EXTENSION


def _is_cinders(row: dict[str, Any]) -> bool:
    managed_by = row.get("config.managedBy")
    return managed_by is not None and managed_by.extensionKey == CINDER_EXTENSION


def _shadows(vcenter: VCenter) -> list[Any]:
    """Cinder's VMs with a disk, by name; templates are snapshots."""
    found = [
        vm
        for vm, row in vcenter.vms().items()
        if _is_cinders(row) and not row.get("config.template") and disks(vm)
    ]
    if not found:
        raise DriftError("Cinder has no VM yet: attach a volume to an instance")
    return found


def move_volume(vcenter: VCenter, options: Options) -> Change:
    paths = {disk.backing.fileName for vm in _shadows(vcenter) for disk in disks(vm)}

    def volumes(vm: Any) -> list[Any]:
        return [disk for disk in disks(vm) if disk.backing.fileName in paths]

    candidates = [vm for vm, row in vcenter.vms().items() if not _is_cinders(row)]
    if options.vm is not None:
        candidates = [vcenter.vm(options)]
    vm = next((vm for vm in candidates if volumes(vm)), None)
    if vm is None:
        raise DriftError("no such VM has a volume: attach one to an instance")
    disk = volumes(vm)[0]
    stores = vcenter.datastores()
    targets = {
        ds: row
        for ds, row in stores.items()
        if ds != disk.backing.datastore and vm.runtime.host in [m.key for m in row["host"]]
    }
    if not targets:
        raise DriftError(f"the host of {vm.name} mounts no other datastore")
    target = next(iter(targets))
    if options.datastore is not None:
        target = one(targets, options.datastore, "datastore")
    path = disk.backing.fileName
    move_one_disk(vm, disk.key, target)
    now = next(its.backing.fileName for its in disks(vm) if its.key == disk.key)
    words = f"{vm.name}: {disk.deviceInfo.label} moved from {path} to {now}"
    return Change("volume-moved", words, vm._moId, vm.config.instanceUuid)


def copy_shadow(vcenter: VCenter, options: Options) -> Change:
    vm = vcenter.vm(options) if options.vm is not None else _shadows(vcenter)[0]
    its_id = str(uuid.uuid4())
    spec = vim.vm.CloneSpec(
        location=vim.vm.RelocateSpec(pool=vm.resourcePool),
        config=vim.vm.ConfigSpec(instanceUuid=its_id, managedBy=vm.config.managedBy),
        powerOn=False,
        template=False,
    )
    name = f"volume-{its_id}"
    clone = wait_for(vm.CloneVM_Task(folder=vm.parent, name=name, spec=spec)).result
    words = f"{name} ({clone._moId}) is a shadow VM of no volume, cloned from {vm.name}"
    return Change("volume-ghost", words, vm._moId, its_id, {"clone": clone._moId})
