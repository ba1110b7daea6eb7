"""Drifts of VMs: what an admin in the vSphere Client, or Storage DRS, does to one.

Each function is one line of the table :data:`lab.drift.DRIFTS`, which says what it does.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pyVmomi import vim

from lab.drift.inventory import (
    Change,
    DriftError,
    Options,
    VCenter,
    disks,
    one,
    roomiest,
    wait_for,
)

CHILD_POOL = "drifted"


def _changed(drift: str, vm: Any, words: str, **before: Any) -> Change:
    uuid = vm.config.instanceUuid
    return Change(drift, f"{vm.name}: {words} (instance uuid {uuid})", vm._moId, uuid, before)


def to_other_cluster(vcenter: VCenter, options: Options) -> Change:
    vm = vcenter.vm(options)
    hosts, clusters = vcenter.hosts(), vcenter.clusters()
    here = hosts[vm.runtime.host]["parent"]
    others = [cluster for cluster in clusters if cluster != here]
    if not others:
        raise DriftError("there is one cluster only: start the lab with --clusters 2")
    if options.host is not None:
        host = vcenter.host(options)
        other = hosts[host]["parent"]
    else:
        other = others[0]
        host = roomiest(hosts, other)
    spec = vim.vm.RelocateSpec(host=host, pool=clusters[other]["resourcePool"])
    shared = [ds for ds in clusters[here]["datastore"] if ds in clusters[other]["datastore"]]
    where = _layout(vm)
    if not set(vm.datastore) <= set(clusters[other]["datastore"]):
        if not shared:
            raise DriftError(f"no datastore is shared with {clusters[other]['name']}")
        spec.datastore = shared[0]
    before = {"host": vm.runtime.host._moId, "pool": vm.resourcePool._moId, **where}
    wait_for(vm.RelocateVM_Task(spec))
    words = (
        f"moved from cluster {clusters[here]['name']} to {clusters[other]['name']}, "
        f"host {hosts[host]['name']}"
    )
    if spec.datastore:
        words += f", with its disks to {spec.datastore.name}"
    return _changed("other-cluster", vm, words, **before)


def back_to_cluster(vcenter: VCenter, change: Change) -> str:
    vm = vcenter.object(vim.VirtualMachine, change.target)
    spec = _back_in_place(vcenter, vm, change.before)
    spec.host = vcenter.object(vim.HostSystem, change.before["host"])
    spec.pool = vcenter.object(vim.ResourcePool, change.before["pool"])
    wait_for(vm.RelocateVM_Task(spec))
    return f"{vm.name} is back on {spec.host.name}"


def to_child_pool(vcenter: VCenter, options: Options) -> Change:
    vm = vcenter.vm(options)
    hosts, clusters = vcenter.hosts(), vcenter.clusters()
    root = clusters[hosts[vm.runtime.host]["parent"]]["resourcePool"]
    child = next((pool for pool in root.resourcePool if pool.name == CHILD_POOL), None)
    if child is None:
        share = vim.SharesInfo(level="normal", shares=0)
        allocation = vim.ResourceAllocationInfo(
            reservation=0, limit=-1, expandableReservation=True, shares=share
        )
        spec = vim.ResourceConfigSpec(cpuAllocation=allocation, memoryAllocation=allocation)
        child = root.CreateResourcePool(name=CHILD_POOL, spec=spec)
    before = vm.resourcePool
    wait_for(vm.RelocateVM_Task(vim.vm.RelocateSpec(pool=child)))
    words = f"moved from the resource pool {before.name} to its child {CHILD_POOL}"
    return _changed("child-pool", vm, words, pool=before._moId)


def back_to_pool(vcenter: VCenter, change: Change) -> str:
    vm = vcenter.object(vim.VirtualMachine, change.target)
    child = vm.resourcePool
    pool = vcenter.object(vim.ResourcePool, change.before["pool"])
    wait_for(vm.RelocateVM_Task(vim.vm.RelocateSpec(pool=pool)))
    if child.name == CHILD_POOL and not child.vm:
        wait_for(child.Destroy_Task())
    return f"{vm.name} is back in the resource pool {pool.name}"


def power_off(vcenter: VCenter, options: Options) -> Change:
    vm = vcenter.vm(options, lambda row: bool(row["runtime.powerState"] == "poweredOn"))
    before = vm.runtime.powerState
    wait_for(vm.PowerOffVM_Task())
    return _changed("power-off", vm, f"was {before}, is powered off", power=before)


def power_on(vcenter: VCenter, change: Change) -> str:
    vm = vcenter.object(vim.VirtualMachine, change.target)
    wait_for(vm.PowerOnVM_Task())
    return f"{vm.name} is powered on"


def delete(vcenter: VCenter, options: Options) -> Change:
    vm = vcenter.vm(options)
    change = _changed("delete", vm, "deleted with its files")
    if vm.runtime.powerState != "poweredOff":
        wait_for(vm.PowerOffVM_Task())
    wait_for(vm.Destroy_Task())
    return change


def clone_with_ids(vcenter: VCenter, options: Options) -> Change:
    vm = vcenter.vm(options)
    config = vim.vm.ConfigSpec(instanceUuid=vm.config.instanceUuid)
    if options.managed:
        config.managedBy = vm.config.managedBy
    name = f"{vm.name} clone"
    spec = vim.vm.CloneSpec(
        location=vim.vm.RelocateSpec(pool=vm.resourcePool),
        config=config,
        powerOn=False,
        template=False,
    )
    clone = wait_for(vm.CloneVM_Task(folder=vm.parent, name=name, spec=spec)).result
    manager = "managed by Nova too" if options.managed else "without a manager"
    words = f"cloned to {name!r} ({clone._moId}) with its instanceUuid and nvp.vm-uuid, {manager}"
    return _changed("clone-ids", vm, words, clone=clone._moId)


def destroy_clone(vcenter: VCenter, change: Change) -> str:
    clone = vcenter.object(vim.VirtualMachine, change.before["clone"])
    name = clone.name
    if clone.runtime.powerState != "poweredOff":
        wait_for(clone.PowerOffVM_Task())
    wait_for(clone.Destroy_Task())
    return f"{name!r} is deleted"


def rename(vcenter: VCenter, options: Options) -> Change:
    vm = vcenter.vm(options)
    before = vm.name
    name = f"renamed-{vm._moId}"
    wait_for(vm.Rename_Task(name))
    return _changed("rename", vm, f"was called {before!r}", name=before)


def rename_back(vcenter: VCenter, change: Change) -> str:
    vm = vcenter.object(vim.VirtualMachine, change.target)
    wait_for(vm.Rename_Task(change.before["name"]))
    return f"{vm.name} has its name again"


def move_disk(vcenter: VCenter, options: Options) -> Change:
    datastores = vcenter.datastores()

    def elsewhere(host: Any, datastore: Any) -> list[Any]:
        mounted = [ds for ds, row in datastores.items() if host in [m.key for m in row["host"]]]
        return [ds for ds in mounted if ds != datastore]

    vm = vcenter.vm(options, lambda row: bool(elsewhere(row["runtime.host"], row["datastore"][0])))
    found = disks(vm)
    if not found:
        raise DriftError(f"{vm.name} has no disk")
    disk = found[0]
    targets = elsewhere(vm.runtime.host, disk.backing.datastore)
    if options.datastore is not None:
        targets = [one({ds: datastores[ds] for ds in targets}, options.datastore, "datastore")]
    if not targets:
        raise DriftError(f"the host of {vm.name} mounts no other datastore")
    before = {"disk": disk.key, "datastore": disk.backing.datastore._moId}
    move_one_disk(vm, disk.key, targets[0])
    words = (
        f"{disk.deviceInfo.label} moved from {disk.backing.datastore.name} to {targets[0].name}"
    )
    return _changed("move-disk", vm, words, **before)


def move_one_disk(vm: Any, key: int, datastore: vim.Datastore) -> None:
    """Storage vMotion of the child-most backing alone: a linked clone keeps its parent."""
    locator = vim.vm.RelocateSpec.DiskLocator(
        diskId=key, datastore=datastore, diskMoveType="moveChildMostDiskBacking"
    )
    wait_for(vm.RelocateVM_Task(vim.vm.RelocateSpec(disk=[locator])))


def move_disk_back(vcenter: VCenter, change: Change) -> str:
    vm = vcenter.object(vim.VirtualMachine, change.target)
    datastore = vcenter.object(vim.Datastore, change.before["datastore"])
    move_one_disk(vm, change.before["disk"], datastore)
    return f"the disk of {vm.name} is back on {datastore.name}"


def _layout(vm: Any) -> dict[str, Any]:
    """Where a VM's own files and its disks are."""
    by_name = {ds.name: ds._moId for ds in vm.datastore}
    home = vm.config.files.vmPathName.partition("]")[0].lstrip("[")
    return {
        "home": by_name[home],
        "disks": {str(disk.key): disk.backing.datastore._moId for disk in disks(vm)},
    }


def _back_in_place(vcenter: VCenter, vm: Any, before: Mapping[str, Any]) -> vim.vm.RelocateSpec:
    """What brings the files and disks back; nothing if they are there."""
    now = _layout(vm)
    if now == {"home": before["home"], "disks": before["disks"]}:
        return vim.vm.RelocateSpec()
    locators = [
        vim.vm.RelocateSpec.DiskLocator(
            diskId=int(key), datastore=vcenter.object(vim.Datastore, moid)
        )
        for key, moid in before["disks"].items()
    ]
    home = vcenter.object(vim.Datastore, before["home"])
    return vim.vm.RelocateSpec(datastore=home, disk=locators)
