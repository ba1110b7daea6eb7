# mypy: allow-untyped-calls
"""DRS of one cluster: its state and recommendations, read live; and the changes of it."""

from collections.abc import Iterable, Sequence
from typing import Any

from pyVmomi import vim

from vmware_panel.domain.cluster_detail import DrsLevel, Migration, Recommendation
from vmware_panel.domain.drs import DrsState, VmPlace
from vmware_panel.domain.inventory import (
    NOVA_EXTENSION,
    EsxHost,
    HostConnection,
    MoRef,
    VmPower,
)
from vmware_panel.vsphere import drs_config
from vmware_panel.vsphere.errors import ObjectGone
from vmware_panel.vsphere.live_reads import Found, read_found
from vmware_panel.vsphere.login import Connected
from vmware_panel.vsphere.property_reader import ObjectSpec, traversal

_DRS = "configurationEx.drsConfig"
_CLUSTER = (
    "name",
    f"{_DRS}.enabled",
    f"{_DRS}.defaultVmBehavior",
    f"{_DRS}.enableVmBehaviorOverrides",
    drs_config.RULES,
    drs_config.GROUPS,
    drs_config.OVERRIDES,
    "recommendation",
)
_HOST = ("name", "runtime.connectionState", "runtime.inMaintenanceMode")
_VM = (
    "name",
    "runtime.host",
    "runtime.powerState",
    "config.instanceUuid",
    "config.managedBy.extensionKey",
)


def read_state(connected: Connected, cluster: MoRef) -> DrsState:
    """One call, whatever the size of the cluster; raises `ObjectGone` without one."""
    hosts = traversal("hosts", vim.ComputeResource, "host")
    start = ObjectSpec(obj=vim.ClusterComputeResource(cluster), skip=False, selectSet=[hosts])
    found = read_found(
        connected, [start], {vim.ClusterComputeResource: _CLUSTER, vim.HostSystem: _HOST}
    )
    own = next((one for one in found if one.moref == cluster), None)
    if own is None:
        raise ObjectGone(cluster, source=connected.vcenter.name)
    return DrsState(
        cluster=cluster,
        name=own.get("name") or cluster,
        enabled=own.get(f"{_DRS}.enabled"),
        level=drs_config.drs_level(own.get(f"{_DRS}.defaultVmBehavior")),
        overrides_allowed=own.get(f"{_DRS}.enableVmBehaviorOverrides"),
        hosts=tuple(_host(one, cluster) for one in found if one.kind is vim.HostSystem),
        rules=drs_config.rules_of(own.get(drs_config.RULES)),
        groups=drs_config.groups_of(own.get(drs_config.GROUPS)),
        overrides=drs_config.overrides_of(own.get(drs_config.OVERRIDES)),
        recommendations=recommendations(own.get("recommendation")),
    )


def read_places(connected: Connected, vms: Sequence[MoRef]) -> tuple[VmPlace, ...]:
    """Where these VMs are; those that are gone are left out. One call, none for no VM."""
    if not vms:
        return ()
    start = [ObjectSpec(obj=vim.VirtualMachine(vm), skip=False) for vm in dict.fromkeys(vms)]
    return tuple(_place(one) for one in read_found(connected, start, {vim.VirtualMachine: _VM}))


def recommendations(
    infos: Iterable[vim.cluster.Recommendation] | None,
) -> tuple[Recommendation, ...]:
    """The weightiest first, else in vCenter's order."""
    told = [_recommendation(info) for info in infos or ()]
    return tuple(sorted(told, key=lambda one: -one.rating))


def refresh(connected: Connected, cluster: MoRef) -> None:
    """Has DRS look at the cluster; answers when it has. One call."""
    connected.managed(vim.ClusterComputeResource, cluster).RefreshRecommendation()


def apply(connected: Connected, cluster: MoRef, key: str) -> None:
    """Names no task: those of the moves come to be on the VMs. One call.

    vCenter refuses a key that is not among the present ones (`InvalidArgument`).
    """
    connected.managed(vim.ClusterComputeResource, cluster).ApplyRecommendation(key)


def set_level(connected: Connected, cluster: MoRef, level: DrsLevel) -> MoRef:
    """Changes the automation level and nothing else; the task that does it. One call."""
    spec = vim.cluster.ConfigSpecEx(
        drsConfig=vim.cluster.DrsConfigInfo(defaultVmBehavior=level.value)
    )
    its = connected.managed(vim.ClusterComputeResource, cluster)
    task = its.ReconfigureComputeResource_Task(spec, modify=True)
    return MoRef(task._moId)


def _recommendation(info: vim.cluster.Recommendation) -> Recommendation:
    migrations = []
    host = None
    for action in info.action or ():
        if isinstance(action, vim.cluster.MigrationAction) and action.drsMigration is not None:
            move = action.drsMigration
            migrations.append(
                Migration(_moref(move.vm), _moref(move.source), _moref(move.destination))
            )
        elif isinstance(action, vim.cluster.InitialPlacementAction):
            migrations.append(Migration(_moref(action.target), None, _moref(action.targetHost)))
        elif isinstance(action, vim.cluster.HostPowerAction):
            host = _moref(action.target)
    return Recommendation(
        key=info.key,
        rating=info.rating,
        reason=info.reason or "",
        reason_text=info.reasonText or "",
        at=info.time,
        migrations=tuple(migrations),
        prerequisites=tuple(info.prerequisite or ()),
        host=host,
    )


def _host(found: Found, cluster: MoRef) -> EsxHost:
    state = found.get("runtime.connectionState")
    return EsxHost(
        moref=found.moref,
        name=found.get("name") or found.moref,
        cluster=cluster,
        connection=HostConnection(state) if state else None,
        in_maintenance=found.get("runtime.inMaintenanceMode"),
    )


def _place(found: Found) -> VmPlace:
    host, power = found.get("runtime.host"), found.get("runtime.powerState")
    return VmPlace(
        moref=found.moref,
        name=found.get("name") or found.moref,
        host=_moref(host) if host is not None else None,
        power=VmPower(power) if power else None,
        instance_uuid=found.get("config.instanceUuid") or "",
        managed_by_nova=found.get("config.managedBy.extensionKey") == NOVA_EXTENSION,
    )


def _moref(obj: Any) -> MoRef:
    return MoRef(obj._moId)
