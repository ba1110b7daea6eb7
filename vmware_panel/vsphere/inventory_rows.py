"""What the rows become: the domain's own types, gathered into an `Inventory`."""

import re
import sys
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType
from typing import Any, TypeVar, cast

from pyVmomi import vim

from vmware_panel.domain.inventory import (
    Cluster,
    Datacenter,
    Datastore,
    EsxHost,
    Folder,
    HostConnection,
    Inventory,
    MoRef,
    ResourcePool,
    ToolsStatus,
    VCenter,
    VirtualDisk,
    VirtualMachine,
    VmPower,
)
from vmware_panel.vsphere.property_sets import (
    CINDER_VOLUME_KEY,
    EXTRA_CONFIG_PATH,
    NOVA_UUID_KEY,
    NOVA_UUID_PATH,
    VOLUME_KEY_PREFIX,
)
from vmware_panel.vsphere.rows import ManagedBy, Option, Row

T = TypeVar("T")

_NOBODY = ManagedBy("", "")
_ESCAPES = re.compile("%(2f|5c|25)", re.IGNORECASE)


class InventoryBuilder:
    """Takes rows in any order; a row that comes twice counts once."""

    def __init__(self) -> None:
        self._found: defaultdict[type, dict[MoRef, Any]] = defaultdict(dict)

    def keep(self, row: Row) -> None:
        """Turns the row into its domain type at once."""
        for kind, build in _BUILDERS.items():
            if issubclass(row.kind, kind):
                self._found[kind][row.moref] = build(row)
                return

    def inventory(self, vcenter: VCenter, read_at: datetime, *, whole: bool) -> Inventory:
        hosts = self._all(EsxHost, vim.HostSystem)
        return Inventory(
            vcenter=vcenter,
            read_at=read_at,
            whole=whole,
            datacenters=self._all(Datacenter, vim.Datacenter),
            folders=self._all(Folder, vim.Folder),
            resource_pools=self._all(ResourcePool, vim.ResourcePool),
            clusters=self._all(Cluster, vim.ClusterComputeResource),
            hosts=hosts,
            datastores=_mounted(self._all(Datastore, vim.Datastore), hosts),
            vms=self._all(VirtualMachine, vim.VirtualMachine),
        )

    def _all(self, _type: type[T], kind: type) -> tuple[T, ...]:
        return tuple(cast(T, item) for item in self._found[kind].values())


def _mounted(
    datastores: tuple[Datastore, ...], hosts: tuple[EsxHost, ...]
) -> tuple[Datastore, ...]:
    """Adds the mounting hosts, as the hosts say; a datastore's own list is many times larger."""
    mounts: defaultdict[MoRef, list[MoRef]] = defaultdict(list)
    for host in hosts:
        for datastore in host.datastores:
            mounts[datastore].append(host.moref)
    return tuple(replace(d, hosts=tuple(mounts[d.moref])) for d in datastores)


def _name(row: Row) -> str:
    """vCenter keeps `/`, `\\` and `%` in names of entities as `%2f`, `%5c` and `%25`."""
    return _ESCAPES.sub(lambda match: chr(int(match[1], 16)), row.text("name") or "")


def _datacenter(row: Row) -> Datacenter:
    return Datacenter(row.moref, _name(row), row.ref_to("parent"))


def _folder(row: Row) -> Folder:
    return Folder(row.moref, _name(row), row.ref_to("parent"))


def _resource_pool(row: Row) -> ResourcePool:
    return ResourcePool(row.moref, _name(row), row.ref_to("parent"), row.ref_to("owner"))


def _cluster(row: Row) -> Cluster:
    return Cluster(
        moref=row.moref,
        name=_name(row),
        root_pool=row.ref_to("resourcePool"),
        drs_enabled=row.flag("configuration.drsConfig.enabled"),
        drs_behavior=row.text("configuration.drsConfig.defaultVmBehavior"),
        ha_enabled=row.flag("configuration.dasConfig.enabled"),
    )


def _host(row: Row) -> EsxHost:
    return EsxHost(
        moref=row.moref,
        name=_name(row),
        cluster=row.ref_to("parent"),
        connection=row.member("runtime.connectionState", HostConnection),
        in_maintenance=row.flag("runtime.inMaintenanceMode"),
        power=row.text("runtime.powerState"),
        version=row.text("summary.config.product.version"),
        cpu_packages=row.number("summary.hardware.numCpuPkgs"),
        cpu_cores=row.number("summary.hardware.numCpuCores"),
        cpu_threads=row.number("summary.hardware.numCpuThreads"),
        cpu_mhz=row.number("summary.hardware.cpuMhz"),
        memory_bytes=row.number("summary.hardware.memorySize"),
        numa_nodes=row.number("hardware.numaInfo.numNodes"),
        datastores=row.refs_to("datastore"),
    )


def _datastore(row: Row) -> Datastore:
    return Datastore(
        moref=row.moref,
        name=row.text("name") or "",  # as it stands in file paths and before Nova's regex
        type=row.text("summary.type"),
        url=row.text("summary.url"),
        capacity_bytes=row.number("summary.capacity"),
        free_bytes=row.number("summary.freeSpace"),
        uncommitted_bytes=row.number("summary.uncommitted"),
        accessible=row.flag("summary.accessible"),
        maintenance_mode=row.text("summary.maintenanceMode"),
    )


def _vm(row: Row) -> VirtualMachine:
    manager = row.one("config.managedBy", ManagedBy) or _NOBODY
    return VirtualMachine(
        moref=row.moref,
        name=_name(row),
        instance_uuid=row.text("config.instanceUuid") or "",
        bios_uuid=row.text("config.uuid") or "",
        is_template=bool(row.flag("config.template")),
        manager_key=sys.intern(manager.extension_key),
        manager_type=sys.intern(manager.type),
        power=row.member("runtime.powerState", VmPower),
        connection=_shared(row, "runtime.connectionState"),
        host=row.ref_to("runtime.host"),
        resource_pool=row.ref_to("resourcePool"),
        folder=row.ref_to("parent"),
        vm_path=row.text("config.files.vmPathName") or "",
        hardware_version=_shared(row, "config.version"),
        guest_id=_shared(row, "config.guestId"),
        tools=row.member("guest.toolsRunningStatus", ToolsStatus),
        vcpus=row.number("config.hardware.numCPU"),
        cores_per_socket=row.number("config.hardware.numCoresPerSocket"),
        memory_mb=row.number("config.hardware.memoryMB"),
        annotation=row.text("config.annotation") or "",
        datastores=row.refs_to("datastore"),
        disks=row.all("config.hardware.device", VirtualDisk),
        extra_config=_extra_config(row),
    )


def _extra_config(row: Row) -> Mapping[str, str]:
    one = row.one(NOVA_UUID_PATH, Option)
    options = [*row.all(EXTRA_CONFIG_PATH, Option), *([one] if one else [])]
    return {option.key: option.value for option in options if _is_of_interest(option.key)}


def _shared(row: Row, path: str) -> str | None:
    """One string for all VMs of which vCenter says the same."""
    text = row.text(path)
    return None if text is None else sys.intern(text)


def _is_of_interest(key: str) -> bool:
    return key in (NOVA_UUID_KEY, CINDER_VOLUME_KEY) or key.startswith(VOLUME_KEY_PREFIX)


_BUILDERS: Mapping[type, Callable[[Row], Any]] = MappingProxyType(
    {
        vim.VirtualMachine: _vm,
        vim.HostSystem: _host,
        vim.Datastore: _datastore,
        vim.ClusterComputeResource: _cluster,
        vim.ResourcePool: _resource_pool,
        vim.Folder: _folder,
        vim.Datacenter: _datacenter,
    }
)
