"""The vCenter's inventory as the drifts need it, and what a drift is made of and leaves behind."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

from pyVmomi import vim

from lab.simulator.client import SimulatorControl
from lab.vcenter import NOVA_EXTENSION, read, wait


class DriftError(RuntimeError):
    """A drift that cannot be made or taken back; the message says why."""


@dataclasses.dataclass(frozen=True)
class Change:
    """One drift that was made: enough to say it in words and to take it back.

    ``target`` and the values of ``before`` are managed object ids and names: plain text, so that
    a change can be written down.
    """

    drift: str
    words: str
    target: str
    instance_uuid: str | None = None
    before: Mapping[str, Any] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Options:
    """What a drift is made of; without a target, each chooses a sensible one."""

    vm: str | None = None
    """Instance uuid, name (or its part before the uuid) or managed object id."""
    host: str | None = None
    datastore: str | None = None
    managed: bool = True
    """``clone-ids``: the clone also says that Nova manages it."""


class VCenter:
    """The vCenter's inventory as the drifts need it, looked up by name or id."""

    def __init__(
        self, service: vim.ServiceInstance, control: SimulatorControl | None = None
    ) -> None:
        self.service = service
        self.control = control

    def vms(self) -> dict[vim.VirtualMachine, dict[str, Any]]:
        """Nova's VMs first, then by name."""
        rows = read(
            self.service,
            vim.VirtualMachine,
            "name",
            "config.instanceUuid",
            "config.managedBy",
            "config.template",
            "runtime.powerState",
            "runtime.host",
            "resourcePool",
            "datastore",
        )
        return dict(sorted(rows.items(), key=lambda item: (not is_novas(item[1]), _name(item))))

    def vm(self, options: Options, fits: Callable[[dict[str, Any]], bool] = bool) -> Any:
        """The VM (``vim.VirtualMachine``) that the options name, else the first of Nova's that fits.

        :raises DriftError: there is none, or the name is not enough to tell
        """
        vms = self.vms()
        if options.vm is None:
            for vm, row in vms.items():
                if is_novas(row) and not row.get("config.template") and fits(row):
                    return vm
            raise DriftError("no VM of Nova's fits: boot an instance, or name a VM by --vm")
        named = [vm for vm, row in vms.items() if _called(vm, row, options.vm)]
        if len(named) == 1:
            return named[0]
        if not named:
            raise DriftError(f"no VM {options.vm!r} in vCenter")
        found = ", ".join(f"{vms[vm]['name']} ({vm._moId})" for vm in named)
        raise DriftError(f"{options.vm!r} is more than one VM: {found}; give the id (vm-NN)")

    def hosts(self) -> dict[vim.HostSystem, dict[str, Any]]:
        rows = read(
            self.service,
            vim.HostSystem,
            "name",
            "parent",
            "vm",
            "datastore",
            "runtime.connectionState",
            "runtime.inMaintenanceMode",
        )
        return dict(sorted(rows.items(), key=_name))

    def host(self, options: Options) -> Any:
        """The host that the options name, else the usable one with the most VMs."""
        hosts = self.hosts()
        if options.host is not None:
            return one(hosts, options.host, "host")
        usable = [host for host, row in hosts.items() if is_usable(row)]
        if not usable:
            raise DriftError("no host is connected and out of maintenance mode")
        return max(usable, key=lambda host: len(hosts[host].get("vm", ())))

    def datastores(self) -> dict[vim.Datastore, dict[str, Any]]:
        rows = read(
            self.service,
            vim.Datastore,
            "name",
            "vm",
            "host",
            "summary.capacity",
            "summary.freeSpace",
        )
        return dict(sorted(rows.items(), key=_name))

    def datastore(self, options: Options) -> Any:
        """The datastore that the options name, else the one with the most VMs."""
        datastores = self.datastores()
        if options.datastore is not None:
            return one(datastores, options.datastore, "datastore")
        return max(datastores, key=lambda ds: len(datastores[ds].get("vm", ())))

    def clusters(self) -> dict[vim.ClusterComputeResource, dict[str, Any]]:
        rows = read(
            self.service, vim.ClusterComputeResource, "name", "host", "resourcePool", "datastore"
        )
        return dict(sorted(rows.items(), key=_name))

    def object(self, kind: type, moid: str) -> Any:
        """The object with that managed object id.

        :raises DriftError: it is gone
        """
        for found in read(self.service, kind, "name"):
            if found._moId == moid:
                return found
        raise DriftError(f"{moid} is not in vCenter any more")


def _name(item: tuple[Any, Mapping[str, Any]]) -> str:
    return str(item[1]["name"])


def is_novas(row: Mapping[str, Any]) -> bool:
    """Whether a row of :meth:`VCenter.vms` is a VM that Nova manages."""
    managed_by = row.get("config.managedBy")
    return managed_by is not None and managed_by.extensionKey == NOVA_EXTENSION


def is_usable(row: Mapping[str, Any]) -> bool:
    """Whether a row of :meth:`VCenter.hosts` is a host that takes VMs."""
    return row["runtime.connectionState"] == "connected" and not row["runtime.inMaintenanceMode"]


def _called(vm: vim.VirtualMachine, row: Mapping[str, Any], wanted: str) -> bool:
    uuid = row.get("config.instanceUuid", "")
    names = (vm._moId, uuid, row["name"], row["name"].removesuffix(f" ({uuid})"))
    return wanted in names


def one(rows: Mapping[Any, Mapping[str, Any]], wanted: str, kind: str) -> Any:
    """The object with that name or id.

    :raises DriftError: there is none; the message names those there are
    """
    for found, row in rows.items():
        if wanted in (found._moId, row["name"]):
            return found
    names = ", ".join(str(row["name"]) for row in rows.values())
    raise DriftError(f"no {kind} {wanted!r} in vCenter; there are: {names}")


def wait_for(task: Any) -> Any:
    """What a task has come to.

    :raises DriftError: it failed, in vCenter's words
    """
    try:
        wait([task])
    except RuntimeError as error:
        raise DriftError(str(error)) from error
    return task.info


def disks(vm: Any) -> list[Any]:
    """A VM's disks, in the order of its devices."""
    devices = vm.config.hardware.device
    return [device for device in devices if isinstance(device, vim.vm.device.VirtualDisk)]


def roomiest(hosts: Mapping[Any, Mapping[str, Any]], cluster: Any) -> Any:
    """The usable host of a cluster with the fewest VMs."""
    fitting = [h for h, row in hosts.items() if row["parent"] == cluster and is_usable(row)]
    if not fitting:
        raise DriftError("the other cluster has no usable host")
    return min(fitting, key=lambda host: len(hosts[host].get("vm", ())))
