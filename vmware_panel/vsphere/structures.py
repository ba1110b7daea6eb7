"""The structures that stand in properties, taken out of their XML as trees of plain values.

A tree holds an element's children by name, the last of a name where there are several, and a list
of them where the name is one of `REPEATED`; what stands under the empty name is the SDK's class of the element, where its `xsi:type` says one. Leaves are
text, or what their own `xsi:type` makes of them.
"""

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, cast

from pyVmomi import vim, vmodl

from vmware_panel.domain.cluster_detail import NumaNode
from vmware_panel.domain.host_detail import NetworkAdapter
from vmware_panel.domain.inventory import HaPolicy, HaPolicyKind, VirtualDisk
from vmware_panel.vsphere.rows import (
    ClusterSummary,
    Fault,
    LoggedIn,
    ManagedBy,
    MountedImage,
    Option,
    Reference,
    Value,
)

Tree = dict[str, Any]

TYPE = ""
REPEATED = frozenset({"cpuID", "failoverHosts", "file", "HostNumaNode", "PhysicalNic"})
MAX_CHAIN = 256  # vSphere allows 32 snapshots of a VM; anything near this is a loop

_FLAGS = MappingProxyType({"true": True, "1": True, "false": False, "0": False})


def flag(text: str) -> bool:
    """Raises `ValueError` for what is none."""
    found = _FLAGS.get(text.lower())
    if found is None:
        raise ValueError("neither true nor false")
    return found


def structure(tree: Tree) -> Value | None:
    """What the project makes of it; None if it is of no type that is read."""
    kind = tree.get(TYPE, object)
    return next((make(tree) for base, make in _MAKERS.items() if issubclass(kind, base)), None)


def fault(missing: Tree) -> Fault | None:
    """Out of one `missingSet`: the fault within the `LocalizedMethodFault`."""
    inner = _tree(_tree(missing, "fault"), "fault")
    if "fault" not in _tree(missing, "fault"):
        return None
    about = inner.get("obj")
    return Fault(
        inner.get(TYPE, vmodl.MethodFault), about if isinstance(about, Reference) else None
    )


def disk(device: Tree) -> VirtualDisk:
    """A device whose type is `VirtualDisk`; raises `ValueError`."""
    backing = _tree(device, "backing")
    store, thin = backing.get("datastore"), _text(backing, "thinProvisioned")
    capacity_bytes = _number(device, "capacityInBytes") or (_number(device, "capacityInKB") * 1024)
    return VirtualDisk(
        key=_number(device, "key"),
        label=_text(_tree(device, "deviceInfo"), "label") or "",
        path=_path(backing),
        datastore=store.moref if isinstance(store, Reference) else None,
        capacity_bytes=capacity_bytes or None,
        thin=None if thin is None else flag(thin),
        backing_uuid=_text(backing, "uuid"),
        parent_paths=tuple(_path(parent) for parent in _parents(backing)),
    )


def mounted_image(device: Tree) -> MountedImage | None:
    """A CD or floppy drive with a file in it; None for one without."""
    path = _text(_tree(device, "backing"), "fileName")
    return MountedImage(path) if path else None


def _path(backing: Tree) -> str:
    """`fileName`, which a raw device of a single host has not: that one has a device name."""
    return _text(backing, "fileName") or _text(backing, "deviceName") or ""


def _parents(backing: Tree) -> Iterator[Tree]:
    """The chain below, nearest first; not every kind of backing has a parent."""
    at = backing
    for _ in range(MAX_CHAIN):
        if "parent" not in at:
            return
        at = _tree(at, "parent")
        yield at


def _manager(tree: Tree) -> ManagedBy:
    return ManagedBy(_text(tree, "extensionKey") or "", _text(tree, "type") or "")


def _option(tree: Tree) -> Option | None:
    value = tree.get("value")
    if not isinstance(value, str | int):
        return None
    return Option(_text(tree, "key") or "", str(value))


def _ha_percentage(tree: Tree) -> HaPolicy:
    return HaPolicy(
        HaPolicyKind.PERCENTAGE,
        cpu_percent=_known_number(tree, "cpuFailoverResourcesPercent"),
        memory_percent=_known_number(tree, "memoryFailoverResourcesPercent"),
    )


def _ha_host_failures(tree: Tree) -> HaPolicy:
    return HaPolicy(HaPolicyKind.HOST_FAILURES, host_failures=_known_number(tree, "failoverLevel"))


def _ha_failover_hosts(tree: Tree) -> HaPolicy:
    named = (host for host in _list(tree, "failoverHosts") if isinstance(host, Reference))
    return HaPolicy(
        HaPolicyKind.FAILOVER_HOSTS, failover_hosts=tuple(host.moref for host in named)
    )


def _cluster_summary(tree: Tree) -> ClusterSummary:
    failover, usage = _tree(tree, "admissionControlInfo"), _tree(tree, "usageSummary")
    return ClusterSummary(
        hosts=_known_number(tree, "numHosts"),
        effective_hosts=_known_number(tree, "numEffectiveHosts"),
        total_cpu_mhz=_known_number(tree, "totalCpu"),
        effective_cpu_mhz=_known_number(tree, "effectiveCpu"),
        total_memory_bytes=_known_number(tree, "totalMemory"),
        effective_memory_mb=_known_number(tree, "effectiveMemory"),
        cpu_failover_percent=_known_number(failover, "currentCpuFailoverResourcesPercent"),
        memory_failover_percent=_known_number(failover, "currentMemoryFailoverResourcesPercent"),
        drs_score=_known_number(tree, "drsScore"),
        cpu_demand_mhz=_known_number(usage, "cpuDemandMhz"),
        memory_demand_mb=_known_number(usage, "memDemandMB"),
    )


def _numa_nodes(tree: Tree) -> tuple[NumaNode, ...]:
    nodes = [node for node in _list(tree, "HostNumaNode") if isinstance(node, dict)]
    return tuple(
        NumaNode(
            id=_number(node, "typeId"),
            threads=len(_list(node, "cpuID")),
            memory_bytes=_number(node, "memoryRangeLength"),
        )
        for node in nodes
    )


def _adapters(tree: Tree) -> tuple[NetworkAdapter, ...]:
    adapters = [adapter for adapter in _list(tree, "PhysicalNic") if isinstance(adapter, dict)]
    return tuple(
        NetworkAdapter(
            device=_text(adapter, "device") or "",
            mac=_text(adapter, "mac") or "",
            driver=_text(adapter, "driver") or "",
            link_mbps=_known_number(_tree(adapter, "linkSpeed"), "speedMb"),
        )
        for adapter in adapters
    )


def _list(tree: Tree, name: str) -> list[Any]:
    value = tree.get(name)
    return value if isinstance(value, list) else []


def _known_number(tree: Tree, name: str) -> int | None:
    value = tree.get(name)
    return int(value) if isinstance(value, str | int) else None


def _text(tree: Tree, name: str) -> str | None:
    value = tree.get(name)
    return value if isinstance(value, str) else None


def _number(tree: Tree, name: str) -> int:
    """Zero where there is none, as with the SDK."""
    return int(tree.get(name, 0))


def _tree(tree: Tree, name: str) -> Tree:
    value = tree.get(name)
    return value if isinstance(value, dict) else {}


_MAKERS: Mapping[type, Callable[[Tree], Value | None]] = MappingProxyType(
    cast(
        dict[type, Callable[[Tree], Value | None]],
        {
            vim.ext.ManagedByInfo: _manager,
            vim.option.OptionValue: _option,
            vim.UserSession: lambda _: LoggedIn(),
            vim.cluster.FailoverResourcesAdmissionControlPolicy: _ha_percentage,
            vim.cluster.FailoverLevelAdmissionControlPolicy: _ha_host_failures,
            vim.cluster.FailoverHostAdmissionControlPolicy: _ha_failover_hosts,
            vim.cluster.DasAdmissionControlPolicy: lambda _: HaPolicy(HaPolicyKind.OTHER),
            vim.ClusterComputeResource.Summary: _cluster_summary,
            cast(Any, vim.host.NumaNode).Array: _numa_nodes,
            cast(Any, vim.host.PhysicalNic).Array: _adapters,
        },
    )
)
