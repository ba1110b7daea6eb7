"""Maintenance mode of one ESX host: what would move where, what stays, and what is in the way."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from vmware_panel.domain.cluster_detail import DrsLevel
from vmware_panel.domain.details import Detail, DetailKind
from vmware_panel.domain.inventory import EsxHost, MoRef, VirtualMachine, VmPower
from vmware_panel.domain.maintenance_cautions import Nova, cautions
from vmware_panel.domain.plans import (
    Caution,
    CautionKind,
    ChangeKind,
    Plan,
    PlannedMove,
    Refusal,
    RefusalKind,
)
from vmware_panel.domain.standing import Bound, DrsFault, Forecast, Standing, what_binds

ENTER_ACTION = "enterMaintenanceMode"
EXIT_ACTION = "exitMaintenanceMode"
PRIVILEGE = "Host.Config.Maintenance"

_REASONS = {
    Bound.DATASTORE: RefusalKind.LOCAL_DATASTORE,
    Bound.DEVICE: RefusalKind.MOUNTED_DEVICE,
    Bound.RULE: RefusalKind.MUST_RULE,
    Bound.ROOM: RefusalKind.NO_ROOM,
}


@dataclass(frozen=True, slots=True)
class ProjectMoves:
    """The moves of one project; `project_id` empty: not an instance that Nova knows."""

    project_id: str
    project: str
    moves: tuple[PlannedMove, ...]


@dataclass(frozen=True, kw_only=True)
class MaintenancePlan(Plan):
    """`leaving` leave the host, `staying` do not (powered-off VMs and templates).

    `forecast` tells whether vCenter said where to. `usable_left` are the cluster's hosts that take
    VMs while this one is out.
    """

    cluster: str = ""
    cluster_moref: MoRef | None = None
    leaving: tuple[ProjectMoves, ...] = ()
    staying: tuple[ProjectMoves, ...] = ()
    forecast: bool = False
    usable_left: tuple[str, ...] = ()
    evacuate_powered_off: bool = False

    @property
    def leaving_count(self) -> int:
        return sum(len(project.moves) for project in self.leaving)


def plan_entering(
    standing: Standing,
    forecast: Forecast | None,
    nova: Nova,
    *,
    evacuate_powered_off: bool = False,
    missing_privileges: Collection[str] = (),
    no_forecast: str = "",
) -> MaintenancePlan:
    """`forecast` None: vCenter gave none, for the reason `no_forecast`.

    Where vCenter has said where a VM goes, that holds. For the others what binds them is named, as
    far as it shows.
    """
    host = standing.host
    if host is None:
        refusal = Refusal(RefusalKind.NOT_THERE, standing.host_ref)
        return _plan(ChangeKind.MAINTENANCE_ENTER, standing, refusals=(refusal,))
    leaving = [vm for vm in standing.vms if _leaves(vm, evacuate_powered_off)]
    staying = [vm for vm in standing.vms if not _leaves(vm, evacuate_powered_off)]
    refusals = (
        *_of_the_host(standing, host, missing_privileges, into=True),
        *_blockers(standing, forecast, leaving),
    )
    moving_to = {m.vm: m.destination for m in forecast.moves} if forecast else {}
    hosts = standing.inventory.host_by_ref
    names = {vm: h.name for vm, to in moving_to.items() if (h := hosts.get(to))}
    to_know = [*cautions(standing, leaving, staying, nova, moving_to)]
    if forecast is None and leaving:
        to_know.insert(0, Caution(CautionKind.NO_PLAN, host.name, no_forecast))
    return _plan(
        ChangeKind.MAINTENANCE_ENTER,
        standing,
        refusals=tuple(dict.fromkeys(refusals)),
        cautions=tuple(to_know),
        basis=(
            f"evacuate_powered_off={evacuate_powered_off}",
            *(f"leaves {vm.moref}" for vm in leaving),
        ),
        leaving=_by_project(leaving, host.name, names, nova),
        staying=_by_project(staying, host.name, {}, nova),
        forecast=forecast is not None,
        evacuate_powered_off=evacuate_powered_off,
    )


def plan_leaving(
    standing: Standing, *, missing_privileges: Collection[str] = ()
) -> MaintenancePlan:
    """Out of maintenance mode: nothing moves back by itself but by DRS."""
    host = standing.host
    if host is None:
        refusal = Refusal(RefusalKind.NOT_THERE, standing.host_ref)
        return _plan(ChangeKind.MAINTENANCE_EXIT, standing, refusals=(refusal,))
    refusals = tuple(_of_the_host(standing, host, missing_privileges, into=False))
    return _plan(ChangeKind.MAINTENANCE_EXIT, standing, refusals=refusals)


def _plan(change: ChangeKind, standing: Standing, **told: object) -> MaintenancePlan:
    host, cluster = standing.host, standing.cluster
    return MaintenancePlan(
        change=change,
        target=host.name if host else standing.host_ref,
        vcenter=standing.inventory.vcenter.name,
        moref=standing.host_ref,
        cluster=cluster.name if cluster else "",
        cluster_moref=cluster.moref if cluster else None,
        usable_left=tuple(other.name for other in standing.others),
        **told,  # type: ignore[arg-type]
    )


def _leaves(vm: VirtualMachine, evacuate_powered_off: bool) -> bool:
    """vCenter's rule: what runs has to go; what is off, suspended or a template, only if asked."""
    return vm.power is VmPower.ON or evacuate_powered_off


def _of_the_host(
    standing: Standing, host: EsxHost, missing_privileges: Collection[str], *, into: bool
) -> Iterator[Refusal]:
    for privilege in missing_privileges:
        yield Refusal(RefusalKind.NO_PRIVILEGE, host.name, privilege)
    for task in standing.tasks:
        if not task.done and task.action.endswith((ENTER_ACTION, EXIT_ACTION)):
            yield Refusal(RefusalKind.UNDER_WAY, host.name, task.action)
            return
    if host.connection is not None and host.connection != "connected":
        yield Refusal(RefusalKind.NOT_CONNECTED, host.name, host.connection)
    elif host.in_maintenance is into:
        yield Refusal(RefusalKind.ALREADY_SO, host.name)


def _blockers(
    standing: Standing, forecast: Forecast | None, leaving: Iterable[VirtualMachine]
) -> Iterator[Refusal]:
    leaving = tuple(leaving)
    if not leaving:
        return
    cluster = standing.cluster
    if cluster is None:
        yield Refusal(RefusalKind.NOT_AUTOMATED, standing.host.name if standing.host else "")
        return
    if not standing.others:
        yield Refusal(RefusalKind.NO_OTHER_HOST, cluster.name)
        return
    planned = {move.vm for move in forecast.moves} if forecast else set()
    faults: dict[MoRef, list[DrsFault]] = {}
    for fault in forecast.faults if forecast else ():
        if fault.vm:
            faults.setdefault(fault.vm, []).append(fault)
    for vm in leaving:
        if vm.power is VmPower.ON:
            yield from _not_moved_by_drs(standing, vm)
        if vm.moref in planned:
            continue
        bound = what_binds(standing, vm)
        for constraint in bound:
            yield Refusal(_REASONS[constraint.bound], vm.name, constraint.subject)
        if not bound:
            yield from _of_faults(vm, faults.get(vm.moref, ()))


def _not_moved_by_drs(standing: Standing, vm: VirtualMachine) -> Iterator[Refusal]:
    cluster = standing.cluster
    own = standing.override_by_vm.get(vm.moref)
    if cluster is None or standing.drs_level(vm.moref) is DrsLevel.FULLY_AUTOMATED:
        return
    if cluster.drs_enabled and own and (own.enabled is False or own.level):
        yield Refusal(
            RefusalKind.PINNED,
            vm.name,
            Detail(DetailKind.DRS_OFF) if own.enabled is False else _level(own.level or ""),
        )
    else:
        off = Detail(DetailKind.DRS_OFF)
        level = _level(cluster.drs_behavior or "") if cluster.drs_enabled else off
        yield Refusal(RefusalKind.NOT_AUTOMATED, cluster.name, level)


def _level(level: str) -> str | Detail:
    """One that no list here holds stays as vCenter calls it."""
    return Detail(DetailKind.DRS_LEVEL, (level,)) if level in set(DrsLevel) else level


def _of_faults(vm: VirtualMachine, faults: Iterable[DrsFault]) -> Iterator[Refusal]:
    """What vCenter says where nothing that binds shows."""
    for fault in faults:
        said = fault.message or fault.fault
        if fault.fault == "DrsDisabledOnVm":
            yield Refusal(RefusalKind.PINNED, vm.name, Detail(DetailKind.DRS_OFF))
        elif fault.fault.startswith("Insufficient"):
            yield Refusal(RefusalKind.NO_ROOM, vm.name, said)
        else:
            yield Refusal(RefusalKind.INCOMPATIBLE, vm.name, said)


def _by_project(
    vms: Iterable[VirtualMachine], source: str, names: Mapping[MoRef, str], nova: Nova
) -> tuple[ProjectMoves, ...]:
    """By the project's name; what Nova does not know comes last."""
    groups: dict[str, list[PlannedMove]] = {}
    titles = nova.names or {}
    for vm in vms:
        server = nova.server_of(vm)
        project = server.project_id if server else ""
        groups.setdefault(project, []).append(
            PlannedMove(
                vm=vm.moref,
                vm_name=server.name if server else vm.name,
                source=source,
                destination=names.get(vm.moref),
                server_id=server.id if server else "",
                project=titles.get(project, project),
                powered_on=None if vm.power is None else vm.power is VmPower.ON,
            )
        )
    found = [
        ProjectMoves(project, titles.get(project, project), tuple(moves))
        for project, moves in groups.items()
    ]
    return tuple(sorted(found, key=lambda p: (not p.project_id, p.project, p.project_id)))
