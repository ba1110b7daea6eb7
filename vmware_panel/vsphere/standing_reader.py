# mypy: allow-untyped-calls
"""One host, its cluster and the VMs on it, with what binds them: two calls however many they are."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from pyVmomi import vim

from vmware_panel.domain.inventory import MoRef
from vmware_panel.domain.standing import Binding, BindingKind, Standing
from vmware_panel.domain.usage import HostUsage
from vmware_panel.vsphere import drs_config
from vmware_panel.vsphere.inventory_rows import InventoryBuilder
from vmware_panel.vsphere.live_reads import Found, read_found
from vmware_panel.vsphere.login import Connected
from vmware_panel.vsphere.property_reader import ObjectSpec, read_rows, traversal
from vmware_panel.vsphere.property_sets import BULK, PropertySets
from vmware_panel.vsphere.tasks import RECENT_TASK, record_of

_DEVICES = "config.hardware.device"
_CPU, _MEMORY = "summary.quickStats.overallCpuUsage", "summary.quickStats.overallMemoryUsage"

_ROWS: PropertySets = {
    kind: BULK[kind]
    for kind in (vim.VirtualMachine, vim.HostSystem, vim.ClusterComputeResource, vim.Datastore)
}
_BESIDES: Mapping[type, Sequence[str]] = {
    vim.VirtualMachine: (_DEVICES,),
    vim.HostSystem: (_CPU, _MEMORY),
    vim.ClusterComputeResource: (drs_config.RULES, drs_config.GROUPS, drs_config.OVERRIDES),
}

_Cdrom = vim.vm.device.VirtualCdrom
_Floppy = vim.vm.device.VirtualFloppy
_IMAGES = (_Cdrom.IsoBackingInfo, _Floppy.ImageBackingInfo)
_HOST_DEVICES = (
    _Cdrom.AtapiBackingInfo,
    _Cdrom.PassthroughBackingInfo,
    _Floppy.DeviceBackingInfo,
    vim.vm.device.VirtualSerialPort.DeviceBackingInfo,
    vim.vm.device.VirtualParallelPort.DeviceBackingInfo,
    vim.vm.device.VirtualUSB.USBBackingInfo,
)
# A shared GPU (VmiopBackingInfo) can move since vSphere 6.7, so it is not among them.
_CARDS = (
    vim.vm.device.VirtualPCIPassthrough.DeviceBackingInfo,
    vim.vm.device.VirtualPCIPassthrough.DynamicBackingInfo,
)


def read_standing(
    connected: Connected,
    host: MoRef,
    now: datetime,
    *,
    vm: MoRef | None = None,
) -> Standing:
    """The host with all its VMs, or with `vm` alone, and that one's tasks in place of the host's.

    Two calls; raises `VSphereError`. A host that is gone: then the inventory is empty.
    """
    rows = InventoryBuilder()
    read_rows(connected, _start(host, vm, tasks=False), _ROWS, rows.keep)
    besides = read_found(connected, _start(host, vm, tasks=True), {**_BESIDES, **RECENT_TASK})
    inventory = rows.inventory(connected.vcenter, now, whole=False)
    mounted = next((h.datastores for h in inventory.hosts if h.moref == host), ())
    datastores = {d.name: d.moref for d in inventory.datastores if d.moref in mounted}
    config = {
        path: value
        for one in besides
        if issubclass(one.kind, vim.ClusterComputeResource)
        for path, value in one.values.items()
    }
    return Standing(
        inventory=inventory,
        host_ref=host,
        bindings=tuple(binding for one in besides for binding in _bindings(one, datastores)),
        rules=drs_config.rules_of(config.get(drs_config.RULES)),
        groups=drs_config.groups_of(config.get(drs_config.GROUPS)),
        overrides=drs_config.overrides_of(config.get(drs_config.OVERRIDES)),
        usage={
            one.moref: HostUsage(one.moref, one.get(_CPU), one.get(_MEMORY))
            for one in besides
            if issubclass(one.kind, vim.HostSystem)
        },
        tasks=tuple(record_of(one) for one in besides if issubclass(one.kind, vim.Task)),
    )


def _start(host: MoRef, vm: MoRef | None, *, tasks: bool) -> list[ObjectSpec]:
    """From the host up to its cluster and down to that one's hosts; what they mount; the VMs."""
    mounted = traversal("mounted", vim.HostSystem, "datastore")
    hosts = traversal("hosts", vim.ComputeResource, "host", [mounted])
    ways = [traversal("cluster", vim.HostSystem, "parent", [hosts]), mounted]
    recent = [traversal("recent", vim.ManagedEntity, "recentTask")] if tasks else []
    if vm is None:
        ways += [traversal("vms", vim.HostSystem, "vm"), *recent]
    start = [ObjectSpec(obj=vim.HostSystem(host), skip=False, selectSet=ways)]
    if vm is not None:
        start.append(ObjectSpec(obj=vim.VirtualMachine(vm), skip=False, selectSet=recent))
    return start


def _bindings(found: Found, datastores: Mapping[str, MoRef]) -> Iterator[Binding]:
    for device in found.get(_DEVICES) or ():
        if (binding := _binding(found.moref, device, datastores)) is not None:
            yield binding


def _binding(vm: MoRef, device: Any, datastores: Mapping[str, MoRef]) -> Binding | None:
    backing = device.backing
    label = (device.deviceInfo.label if device.deviceInfo else "") or ""
    if isinstance(device, vim.vm.device.VirtualSriovEthernetCard):
        return Binding(vm, BindingKind.PASSTHROUGH, label)
    if isinstance(backing, _CARDS):
        name = getattr(backing, "deviceName", None) or ""
        return Binding(vm, BindingKind.PASSTHROUGH, label, name)
    if device.connectable is None or not device.connectable.connected:
        return None
    if isinstance(backing, _IMAGES):
        path = backing.fileName or ""
        datastore = (
            MoRef(backing.datastore._moId) if backing.datastore else _by_path(path, datastores)
        )
        return Binding(vm, BindingKind.IMAGE, label, path, datastore)
    if isinstance(backing, _HOST_DEVICES):
        return Binding(vm, BindingKind.HOST_DEVICE, label, backing.deviceName or "")
    return None


def _by_path(path: str, datastores: Mapping[str, MoRef]) -> MoRef | None:
    """`[datastore] folder/file.iso`: vCenter does not always name the datastore besides."""
    return datastores.get(path[1:].partition("] ")[0]) if path.startswith("[") else None
