"""What the rows become: the domain's own types, of which an `Inventory` is made."""

import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from functools import cache
from types import MappingProxyType
from typing import Any, NamedTuple, cast

from pyVmomi import vim

from vmware_panel.domain.inventory import (
    Cluster,
    Datacenter,
    Datastore,
    EsxHost,
    Folder,
    HaPolicy,
    HostConnection,
    Inventory,
    ResourcePool,
    ToolsStatus,
    VCenter,
    VirtualDisk,
    VirtualMachine,
    VmPower,
)
from vmware_panel.domain.ledger import Entity, Ledger
from vmware_panel.vsphere.property_sets import (
    CINDER_VOLUME_KEY,
    EXTRA_CONFIG_PATH,
    NOVA_UUID_KEY,
    NOVA_UUID_PATH,
    VOLUME_KEY_PREFIX,
)
from vmware_panel.vsphere.rows import ManagedBy, Option, Row

_NOBODY = ManagedBy("", "")
_ESCAPES = re.compile("%(2f|5c|25)", re.IGNORECASE)


class Field(NamedTuple):
    """Where one attribute of a domain type comes from."""

    name: str
    path: str
    read: Callable[[Row, str], Any]


class Fields(NamedTuple):
    """One domain type, and where each of its attributes but the id comes from."""

    made: type[Entity]
    fields: tuple[Field, ...]


class InventoryBuilder:
    """Takes rows in any order; a row that comes twice counts once."""

    def __init__(self) -> None:
        self._made: list[Entity] = []

    def keep(self, row: Row) -> None:
        """Turns the row into its domain type at once."""
        made = entity_of(row)
        if made is not None:
            self._made.append(made)

    def inventory(self, vcenter: VCenter, read_at: datetime, *, whole: bool) -> Inventory:
        return Ledger(self._made).inventory(vcenter, read_at, whole=whole)


def entity_of(row: Row) -> Entity | None:
    """The object that a row holds all properties of; None for one of a kind that is not kept."""
    found = _fields_of(row.kind)
    if found is None:
        return None
    make = cast(Callable[..., Entity], found.made)
    return make(row.moref, **{f.name: f.read(row, f.path) for f in found.fields})


def updated(known: Entity, row: Row) -> Entity:
    """The object with those attributes anew whose properties the row holds."""
    found = _fields_of(row.kind)
    if found is None or found.made is not type(known):
        return known
    news = {f.name: f.read(row, f.path) for f in found.fields if f.path in row.values}
    return replace(cast(Any, known), **news) if news else known


def _name(row: Row, path: str) -> str:
    """vCenter keeps `/`, `\\` and `%` in names of entities as `%2f`, `%5c` and `%25`."""
    return _ESCAPES.sub(lambda match: chr(int(match[1], 16)), row.text(path) or "")


def _words(row: Row, path: str) -> str:
    return row.text(path) or ""


def _yes(row: Row, path: str) -> bool:
    return bool(row.flag(path))


def _shared(row: Row, path: str) -> str | None:
    """One string for all objects of which vCenter says the same."""
    text = row.text(path)
    return None if text is None else sys.intern(text)


def _member(kind: Any) -> Callable[[Row, str], Any]:
    return lambda row, path: row.member(path, kind)


def _manager_key(row: Row, path: str) -> str:
    return sys.intern((row.one(path, ManagedBy) or _NOBODY).extension_key)


def _manager_type(row: Row, path: str) -> str:
    return sys.intern((row.one(path, ManagedBy) or _NOBODY).type)


def _disks(row: Row, path: str) -> tuple[VirtualDisk, ...]:
    return row.all(path, VirtualDisk)


def _ha_policy(row: Row, path: str) -> HaPolicy | None:
    return row.one(path, HaPolicy)


def _extra_config(row: Row, path: str) -> Mapping[str, str]:
    """From the one key that is read of all VMs, and from all of them where they were read."""
    one = row.one(path, Option)
    options = [*row.all(EXTRA_CONFIG_PATH, Option), *([one] if one else [])]
    return {option.key: option.value for option in options if _is_of_interest(option.key)}


def _is_of_interest(key: str) -> bool:
    return key in (NOVA_UUID_KEY, CINDER_VOLUME_KEY) or key.startswith(VOLUME_KEY_PREFIX)


_DAS = "configuration.dasConfig"
_TREE = (Field("name", "name", _name), Field("parent", "parent", Row.ref_to))

_FIELDS: Mapping[type, Fields] = MappingProxyType(
    {
        vim.VirtualMachine: Fields(
            VirtualMachine,
            (
                Field("name", "name", _name),
                Field("instance_uuid", "config.instanceUuid", _words),
                Field("bios_uuid", "config.uuid", _words),
                Field("is_template", "config.template", _yes),
                Field("manager_key", "config.managedBy", _manager_key),
                Field("manager_type", "config.managedBy", _manager_type),
                Field("power", "runtime.powerState", _member(VmPower)),
                Field("connection", "runtime.connectionState", _shared),
                Field("host", "runtime.host", Row.ref_to),
                Field("resource_pool", "resourcePool", Row.ref_to),
                Field("folder", "parent", Row.ref_to),
                Field("vm_path", "config.files.vmPathName", _words),
                Field("hardware_version", "config.version", _shared),
                Field("guest_id", "config.guestId", _shared),
                Field("tools", "guest.toolsRunningStatus", _member(ToolsStatus)),
                Field("vcpus", "config.hardware.numCPU", Row.number),
                Field("cores_per_socket", "config.hardware.numCoresPerSocket", Row.number),
                Field("memory_mb", "config.hardware.memoryMB", Row.number),
                Field("annotation", "config.annotation", _words),
                Field("datastores", "datastore", Row.refs_to),
                Field("disks", "config.hardware.device", _disks),
                Field("extra_config", NOVA_UUID_PATH, _extra_config),
            ),
        ),
        vim.HostSystem: Fields(
            EsxHost,
            (
                Field("name", "name", _name),
                Field("cluster", "parent", Row.ref_to),
                Field("connection", "runtime.connectionState", _member(HostConnection)),
                Field("in_maintenance", "runtime.inMaintenanceMode", Row.flag),
                Field("power", "runtime.powerState", _shared),
                Field("version", "summary.config.product.version", _shared),
                Field("cpu_packages", "summary.hardware.numCpuPkgs", Row.number),
                Field("cpu_cores", "summary.hardware.numCpuCores", Row.number),
                Field("cpu_threads", "summary.hardware.numCpuThreads", Row.number),
                Field("cpu_mhz", "summary.hardware.cpuMhz", Row.number),
                Field("memory_bytes", "summary.hardware.memorySize", Row.number),
                Field("numa_nodes", "hardware.numaInfo.numNodes", Row.number),
                Field("datastores", "datastore", Row.refs_to),
            ),
        ),
        vim.Datastore: Fields(
            Datastore,
            (
                # Not unescaped: as it stands in file paths and before Nova's regex.
                Field("name", "name", _words),
                Field("type", "summary.type", _shared),
                Field("url", "summary.url", Row.text),
                Field("capacity_bytes", "summary.capacity", Row.number),
                Field("free_bytes", "summary.freeSpace", Row.number),
                Field("uncommitted_bytes", "summary.uncommitted", Row.number),
                Field("accessible", "summary.accessible", Row.flag),
                Field("maintenance_mode", "summary.maintenanceMode", _shared),
            ),
        ),
        vim.ClusterComputeResource: Fields(
            Cluster,
            (
                Field("name", "name", _name),
                Field("root_pool", "resourcePool", Row.ref_to),
                Field("drs_enabled", "configuration.drsConfig.enabled", Row.flag),
                Field("drs_behavior", "configuration.drsConfig.defaultVmBehavior", Row.text),
                Field("ha_enabled", "configuration.dasConfig.enabled", Row.flag),
                Field("ha_admission_control", f"{_DAS}.admissionControlEnabled", Row.flag),
                Field("ha_policy", f"{_DAS}.admissionControlPolicy", _ha_policy),
            ),
        ),
        vim.ResourcePool: Fields(ResourcePool, (*_TREE, Field("owner", "owner", Row.ref_to))),
        vim.Folder: Fields(Folder, _TREE),
        vim.Datacenter: Fields(Datacenter, _TREE),
    }
)


@cache
def _fields_of(kind: type) -> Fields | None:
    """A vApp is a resource pool, a storage pod a folder: the SDK's types inherit."""
    return next((fields for base, fields in _FIELDS.items() if issubclass(kind, base)), None)
