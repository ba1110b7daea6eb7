"""What DRS does in a real vCenter, done to the lab's: VMs move among hosts and datastores."""

from __future__ import annotations

import dataclasses
import itertools
import time
from collections.abc import Collection
from contextlib import AbstractContextManager
from typing import Any

from pyVmomi import vim, vmodl

from lab.settings import HOST, LabSettings
from lab.simulator import VCenterLogin

NOVA_EXTENSION = "org.openstack.compute"
CINDER_EXTENSION = "org.openstack.storage"
_TIMEOUT_S = 60
_TASK_POLL_S = 0.05


def administrator(settings: LabSettings) -> VCenterLogin:
    """The lab's vCenter, as the account that Nova uses."""
    return VCenterLogin(
        HOST,
        settings.ports["vcenter"],
        settings.vcenter_user,
        settings.vcenter_password,
        settings.ca_file,
    )


def connected(settings: LabSettings) -> AbstractContextManager[vim.ServiceInstance]:
    """A session with the lab's vCenter as its administrator, TLS verified."""
    return administrator(settings).connected()


@dataclasses.dataclass(frozen=True)
class NovaVm:
    """A VM that Nova made."""

    vm: vim.VirtualMachine
    name: str
    host: vim.HostSystem
    datastores: tuple[vim.Datastore, ...]

    @property
    def instance(self) -> str:
        """The instance's name: Nova calls a VM ``<instance> (<id>)``."""
        return self.name.rpartition(" ")[0]


def read(service: vim.ServiceInstance, kind: type, *paths: str) -> dict[Any, dict[str, Any]]:
    """The named properties of every object of a kind, in one call."""
    content = service.RetrieveContent()
    view = content.viewManager.CreateContainerView(content.rootFolder, [kind], recursive=True)
    collector = vmodl.query.PropertyCollector
    traversal = collector.TraversalSpec(
        name="view", path="view", skip=False, type=vim.view.ContainerView
    )
    specification = collector.FilterSpec(
        objectSet=[collector.ObjectSpec(obj=view, skip=True, selectSet=[traversal])],
        propSet=[collector.PropertySpec(type=kind, pathSet=list(paths), all=False)],
    )
    try:
        found = content.propertyCollector.RetrieveContents([specification])
    finally:
        view.DestroyView()
    return {item.obj: {value.name: value.val for value in item.propSet} for item in found}


def nova_vms(service: vim.ServiceInstance) -> list[NovaVm]:
    """Nova's VMs, by name."""
    rows = read(
        service, vim.VirtualMachine, "name", "config.managedBy", "runtime.host", "datastore"
    )
    vms = [
        NovaVm(vm, row["name"], row["runtime.host"], tuple(row["datastore"]))
        for vm, row in rows.items()
        if row.get("config.managedBy") and row["config.managedBy"].extensionKey == NOVA_EXTENSION
    ]
    return sorted(vms, key=lambda vm: vm.name)


def spread(service: vim.ServiceInstance, instances: Collection[str]) -> int:
    """Deal these instances out to the hosts of their cluster, as DRS would; how many moved."""
    hosts = read(service, vim.HostSystem, "name", "parent")
    clusters: dict[Any, list[Any]] = {}
    for host, row in sorted(hosts.items(), key=lambda item: item[1]["name"]):
        clusters.setdefault(row["parent"], []).append(host)
    turns = {cluster: itertools.cycle(members) for cluster, members in clusters.items()}
    moves = []
    for vm in nova_vms(service):
        if vm.instance not in instances:
            continue
        target = next(turns[hosts[vm.host]["parent"]])
        if target != vm.host:
            moves.append(vm.vm.RelocateVM_Task(vim.vm.RelocateSpec(host=target)))
    wait(moves)
    return len(moves)


def move_to_local_datastores(service: vim.ServiceInstance, instances: Collection[str]) -> int:
    """Move these instances' files to a datastore of their cluster alone, as Storage DRS would."""
    datastores = read(service, vim.Datastore, "name", "host")
    hosts = read(service, vim.HostSystem, "parent")
    local: dict[Any, Any] = {}
    for datastore, row in sorted(datastores.items(), key=lambda item: item[1]["name"]):
        clusters = {hosts[mount.key]["parent"] for mount in row["host"]}
        if len(clusters) == 1 and not row["name"].startswith("shared-"):
            local.setdefault(clusters.pop(), datastore)
    moves = []
    for vm in nova_vms(service):
        target = local.get(hosts[vm.host]["parent"])
        if vm.instance in instances and target not in (None, *vm.datastores):
            moves.append(vm.vm.RelocateVM_Task(vim.vm.RelocateSpec(datastore=target)))
    wait(moves)
    return len(moves)


def wait(tasks: list[vim.Task]) -> None:
    """Until all tasks are done.

    :raises RuntimeError: a task failed, or they take longer than a minute
    """
    end = time.monotonic() + _TIMEOUT_S
    for task in tasks:
        while (info := task.info).state not in ("success", "error"):
            if time.monotonic() > end:
                raise RuntimeError(f"vCenter's task {info.key} is not done after {_TIMEOUT_S} s")
            time.sleep(_TASK_POLL_S)
        if info.state == "error":
            raise RuntimeError(f"vCenter's task {info.descriptionId} failed: {info.error.msg}")
