"""A page as the SDK's own decoder reads it: what the project's decoder is held to.

The benchmark measures against it too: it is the bulk read that pyVmomi alone makes possible.
"""

from collections.abc import Iterator
from typing import Any
from unittest import mock

from pyVmomi import vim, vmodl
from pyVmomi.SoapAdapter import XSI_TYPE, SoapDeserializer, SoapResponseDeserializer
from pyVmomi.VmomiSupport import ManagedObject

from vmware_panel.domain.cluster_detail import NumaNode
from vmware_panel.domain.host_detail import NetworkAdapter
from vmware_panel.domain.inventory import HaPolicy, HaPolicyKind, MoRef, VirtualDisk
from vmware_panel.vsphere.answer_decoder import Readable
from vmware_panel.vsphere.page_decoder import Page
from vmware_panel.vsphere.page_stub import PageStub
from vmware_panel.vsphere.rows import (
    ClusterSummary,
    Fault,
    LoggedIn,
    ManagedBy,
    Option,
    Reference,
    Row,
    Value,
)
from vmware_panel.vsphere.structures import MAX_CHAIN
from vmware_panel.vsphere.updates import ObjectUpdate, UpdateKind, UpdateSet

RESULT = vmodl.query.PropertyCollector.RetrieveResult
UPDATES = vmodl.query.PropertyCollector.UpdateSet


_DEVICE = "urn:vim25 VirtualDevice"  # an item of ArrayOfVirtualDevice


class Decoder(SoapResponseDeserializer):
    """The SDK's, but for the devices that are no disks: it would fail at an unknown one."""

    def __init__(self, stub: Any) -> None:
        super().__init__(stub)
        self.deser = _ValueDecoder(stub)


class _ValueDecoder(SoapDeserializer):
    _depth_passed_over = 0

    def StartElementHandler(self, tag: str, attr: dict[str, str]) -> None:
        if self._depth_passed_over:
            self._depth_passed_over += 1
        elif tag == _DEVICE and attr.get(XSI_TYPE, "").rpartition(":")[2] != "VirtualDisk":
            self._depth_passed_over = 1
        else:
            super().StartElementHandler(tag, attr)

    def EndElementHandler(self, tag: str) -> None:
        if self._depth_passed_over:
            self._depth_passed_over -= 1
        else:
            super().EndElementHandler(tag)

    def CharacterDataHandler(self, data: str) -> None:
        if not self._depth_passed_over:
            super().CharacterDataHandler(data)


class _Version:
    """As much of a stub as the SDK's decoder asks for."""

    def __init__(self, version: str) -> None:
        self.version = version

    def SupportServerGUIDs(self) -> bool:
        return True


def decode_page(stream: Readable, version: str) -> Page:
    return page_of(Decoder(_Version(version)).Deserialize(stream, RESULT))


def decode_updates(stream: Readable, version: str) -> UpdateSet | None:
    said = Decoder(_Version(version)).Deserialize(stream, UPDATES)
    if said is None:
        return None
    updates = [update for of_filter in said.filterSet for update in _updates(of_filter)]
    return UpdateSet(said.version, updates, bool(said.truncated))


def _updates(of_filter: Any) -> Iterator[ObjectUpdate]:
    for update in of_filter.objectSet:
        kind = UpdateKind(update.kind)
        values: dict[str, Value | None] = {}
        if kind is not UpdateKind.LEAVE:
            for change in update.changeSet:
                if change.name is not None:
                    given = change.op in ("add", "assign") and change.val is not None
                    values[change.name] = _value(change.val) if given else None
        if kind is UpdateKind.ENTER:
            values = {path: value for path, value in values.items() if value is not None}
        elif kind is UpdateKind.MODIFY:
            values |= {item.path: None for item in update.missingSet}
        faults = tuple(_fault(item.fault) for item in update.missingSet)
        yield ObjectUpdate(kind, Row(type(update.obj), _reference(update.obj), values, faults))
    for missing in of_filter.missingSet:
        gone = isinstance(missing.fault, vmodl.fault.ManagedObjectNotFound)
        kind = UpdateKind.LEAVE if gone else UpdateKind.MODIFY
        faults = (_fault(missing.fault),)
        yield ObjectUpdate(kind, Row(type(missing.obj), _reference(missing.obj), {}, faults))


def use_reference() -> Any:
    """A patch, under which the adapter reads pages by the SDK's decoder."""

    def decode(stub: PageStub, stream: Any, info: Any) -> Page:
        return page_of(Decoder(stub).Deserialize(stream, info.result))

    return mock.patch.object(PageStub, "decode", decode)


def page_of(result: Any) -> Page:
    if result is None:
        return Page([], None)
    return Page([_row(content) for content in result.objects], result.token or None)


def _row(content: Any) -> Row:
    values = ((item.name, _value(item.val)) for item in content.propSet)
    return Row(
        type(content.obj),
        _reference(content.obj),
        {name: value for name, value in values if name is not None and value is not None},
        tuple(_fault(item.fault) for item in content.missingSet if item.fault is not None),
    )


def _fault(fault: Any) -> Fault:
    about = getattr(fault, "obj", None)
    return Fault(type(fault), _reference(about) if isinstance(about, ManagedObject) else None)


def _reference(value: Any) -> Reference:
    return Reference(type(value)._wsdlName, MoRef(value._moId))


def _value(value: Any) -> Value | None:
    if isinstance(value, list):
        return _list(value)
    if isinstance(value, ManagedObject):
        return _reference(value)
    if isinstance(value, vim.ext.ManagedByInfo):
        return ManagedBy(value.extensionKey or "", value.type or "")
    if isinstance(value, vim.option.OptionValue):
        return _option(value)
    if isinstance(value, vim.UserSession):
        return LoggedIn()
    if isinstance(value, vim.cluster.DasAdmissionControlPolicy):
        return _ha_policy(value)
    if isinstance(value, vim.ClusterComputeResource.Summary):
        return _cluster_summary(value)
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        return int(value)
    return str(value) if isinstance(value, str) else None


def _list(value: Any) -> Value | None:
    if issubclass(value.Item, ManagedObject):
        return tuple(_reference(item) for item in value)
    if issubclass(value.Item, vim.vm.device.VirtualDevice):
        return tuple(_disk(item) for item in value if isinstance(item, vim.vm.device.VirtualDisk))
    if issubclass(value.Item, vim.option.OptionValue):
        return tuple(option for item in value if (option := _option(item)) is not None)
    if issubclass(value.Item, vim.host.NumaNode):
        return tuple(NumaNode(n.typeId, len(n.cpuID), n.memoryRangeLength) for n in value)
    if issubclass(value.Item, vim.host.PhysicalNic):
        return tuple(_adapter(nic) for nic in value)
    return None


def _adapter(nic: vim.host.PhysicalNic) -> NetworkAdapter:
    link_mbps = nic.linkSpeed.speedMb if nic.linkSpeed else None
    return NetworkAdapter(nic.device or "", nic.mac or "", nic.driver or "", link_mbps)


def _ha_policy(policy: vim.cluster.DasAdmissionControlPolicy) -> HaPolicy:
    if isinstance(policy, vim.cluster.FailoverResourcesAdmissionControlPolicy):
        return HaPolicy(
            HaPolicyKind.PERCENTAGE,
            cpu_percent=policy.cpuFailoverResourcesPercent,
            memory_percent=policy.memoryFailoverResourcesPercent,
        )
    if isinstance(policy, vim.cluster.FailoverLevelAdmissionControlPolicy):
        return HaPolicy(HaPolicyKind.HOST_FAILURES, host_failures=policy.failoverLevel)
    if isinstance(policy, vim.cluster.FailoverHostAdmissionControlPolicy):
        hosts = tuple(MoRef(host._moId) for host in policy.failoverHosts)
        return HaPolicy(HaPolicyKind.FAILOVER_HOSTS, failover_hosts=hosts)
    return HaPolicy(HaPolicyKind.OTHER)


def _cluster_summary(summary: vim.ClusterComputeResource.Summary) -> ClusterSummary:
    failover, usage = summary.admissionControlInfo, summary.usageSummary
    return ClusterSummary(
        summary.numHosts,
        summary.numEffectiveHosts,
        summary.totalCpu,
        summary.effectiveCpu,
        summary.totalMemory,
        summary.effectiveMemory,
        getattr(failover, "currentCpuFailoverResourcesPercent", None),
        getattr(failover, "currentMemoryFailoverResourcesPercent", None),
        summary.drsScore,
        usage.cpuDemandMhz if usage else None,
        usage.memDemandMB if usage else None,
    )


def _option(value: Any) -> Option | None:
    if not isinstance(value.value, str | int):
        return None
    return Option(value.key or "", str(value.value))


def _disk(device: vim.vm.device.VirtualDisk) -> VirtualDisk:
    backing = device.backing
    store = getattr(backing, "datastore", None)
    return VirtualDisk(
        key=int(device.key),
        label=str(device.deviceInfo.label or "") if device.deviceInfo else "",
        path=_path(backing),
        datastore=MoRef(store._moId) if store is not None else None,
        capacity_bytes=device.capacityInBytes or (device.capacityInKB or 0) * 1024 or None,
        thin=getattr(backing, "thinProvisioned", None),
        backing_uuid=getattr(backing, "uuid", None),
        parent_paths=tuple(_path(parent) for parent in _parents(backing)),
    )


def _path(backing: object) -> str:
    return str(getattr(backing, "fileName", None) or getattr(backing, "deviceName", None) or "")


def _parents(backing: object) -> Iterator[object]:
    at = getattr(backing, "parent", None)
    for _ in range(MAX_CHAIN):
        if at is None:
            return
        yield at
        at = getattr(at, "parent", None)
