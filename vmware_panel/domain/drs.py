"""DRS of one cluster: what it recommends, and the plans to apply it or to change its level."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar

from vmware_panel.domain.cluster_detail import (
    DrsGroup,
    DrsLevel,
    DrsOverride,
    DrsRule,
    Recommendation,
)
from vmware_panel.domain.inventory import EsxHost, MoRef, VmPower
from vmware_panel.domain.plans import (
    Caution,
    CautionKind,
    ChangeKind,
    Plan,
    PlannedMove,
    Refusal,
    RefusalKind,
)
from vmware_panel.domain.tasks import TaskRecord

P = TypeVar("P", bound=Plan)

ALL = "all"
"""In the place of a recommendation's key: every one that there is."""

PRIVILEGE = "Host.Inventory.EditCluster"
"""vSphere API reference: of RefreshRecommendation, ApplyRecommendation, and a reconfiguration."""

_MOVES = ("migrate", "relocate", "executevmotion")


@dataclass(frozen=True)
class DrsState:
    """DRS of one cluster, read at that moment. `hosts` have name, connection and maintenance only.

    `overrides_allowed` False: overrides of single VMs are there, and not in force.
    """

    cluster: MoRef
    name: str
    enabled: bool | None = None
    level: DrsLevel | None = None
    overrides_allowed: bool | None = None
    hosts: tuple[EsxHost, ...] = ()
    rules: tuple[DrsRule, ...] = ()
    groups: tuple[DrsGroup, ...] = ()
    overrides: tuple[DrsOverride, ...] = ()
    recommendations: tuple[Recommendation, ...] = ()

    @cached_property
    def host_by_ref(self) -> Mapping[MoRef, EsxHost]:
        return {host.moref: host for host in self.hosts}

    @cached_property
    def group_by_name(self) -> Mapping[str, DrsGroup]:
        return {group.name: group for group in self.groups}

    def host_name(self, moref: MoRef | None) -> str:
        """Its id where there is no such host; empty for none."""
        if moref is None:
            return ""
        host = self.host_by_ref.get(moref)
        return host.name if host else moref


@dataclass(frozen=True, slots=True)
class VmPlace:
    """One VM, read at that moment: what a move of it is checked against."""

    moref: MoRef
    name: str
    host: MoRef | None = None
    power: VmPower | None = None
    instance_uuid: str = ""
    managed_by_nova: bool = False


@dataclass(frozen=True, slots=True)
class Owner:
    """The instance that a VM is, by Nova's book; `project` is a name, or its id where the name is
    not known.
    """

    server_id: str
    name: str
    project: str = ""


@dataclass(frozen=True, kw_only=True)
class ApplyPlan(Plan):
    recommendations: tuple[Recommendation, ...] = ()
    moves: tuple[PlannedMove, ...] = ()

    @property
    def by_project(self) -> tuple[tuple[str | None, tuple[PlannedMove, ...]], ...]:
        """Projects in their order; then, under an empty name, Nova's VMs whose project is not
        known; last, under None, those that are not Nova's.
        """
        groups: dict[str | None, list[PlannedMove]] = {}
        for move in self.moves:
            groups.setdefault(move.project if move.server_id else None, []).append(move)
        ordered = sorted(groups, key=lambda name: (name is None, not name, name or ""))
        return tuple((name, tuple(groups[name])) for name in ordered)


@dataclass(frozen=True, kw_only=True)
class RefreshPlan(Plan):
    """Nothing moves by it unless DRS is fully automated."""


@dataclass(frozen=True, kw_only=True)
class LevelPlan(Plan):
    """`overrides` are those that stay as they are, with the VM's name."""

    old: DrsLevel | None = None
    new: DrsLevel = DrsLevel.MANUAL
    overrides: tuple[tuple[str, DrsOverride], ...] = ()


@dataclass(frozen=True)
class Around:
    """What a plan is checked against besides the cluster itself, read right before.

    `busy` are tasks that run, of the VMs or the cluster; `owners` are by the VM's id.
    """

    places: Mapping[MoRef, VmPlace] = field(default_factory=dict)
    owners: Mapping[MoRef, Owner] = field(default_factory=dict)
    busy: Collection[TaskRecord] = ()
    missing_privileges: Sequence[str] = ()


def chosen(state: DrsState, key: str) -> tuple[Recommendation, ...]:
    """The one with that key, or all of them."""
    return tuple(r for r in state.recommendations if key == ALL or r.key == key)


def vms_of(recommendations: Iterable[Recommendation]) -> tuple[MoRef, ...]:
    """The VMs that they would move, each once."""
    return tuple(dict.fromkeys(m.vm for r in recommendations for m in r.migrations))


def apply_plan(
    vcenter: str, cluster: MoRef, state: DrsState | None, key: str, around: Around
) -> ApplyPlan:
    """Of one recommendation, or of all; `state` None: the cluster is not there."""
    if state is None:
        return _gone(ApplyPlan, ChangeKind.DRS_APPLY, vcenter, cluster)
    wanted = chosen(state, key)
    refusals = _general_refusals(state, around)
    if not wanted:
        refusals.append(Refusal(RefusalKind.GONE_STALE, "" if key == ALL else key))
    moves = []
    for recommendation in wanted:
        for migration in recommendation.migrations:
            place = around.places.get(migration.vm)
            owner = around.owners.get(migration.vm)
            name = place.name if place else migration.vm
            ours = place is not None and place.managed_by_nova
            moves.append(
                PlannedMove(
                    vm=migration.vm,
                    vm_name=name,
                    source=state.host_name(migration.source),
                    destination=state.host_name(migration.destination),
                    server_id=place.instance_uuid if place and ours else "",
                    project=owner.project if owner else "",
                    powered_on=None if not place or not place.power else place.power is VmPower.ON,
                )
            )
            if place is None:
                refusals.append(Refusal(RefusalKind.NOT_THERE, name))
            elif migration.source is not None and place.host != migration.source:
                refusals.append(Refusal(RefusalKind.GONE_STALE, recommendation.key))
            host = state.host_by_ref.get(migration.destination)
            if host is None or host.usable is not True:
                subject = state.host_name(migration.destination)
                refusals.append(Refusal(RefusalKind.NOT_USABLE, subject))
    return ApplyPlan(
        change=ChangeKind.DRS_APPLY,
        target=state.name,
        vcenter=vcenter,
        moref=state.cluster,
        refusals=tuple(dict.fromkeys(refusals)),
        cautions=_foreign(moves),
        basis=tuple(
            f"{r.key}: {m.vm} {m.source} > {m.destination}" for r in wanted for m in r.migrations
        ),
        recommendations=wanted,
        moves=tuple(moves),
    )


def refresh_plan(
    vcenter: str, cluster: MoRef, state: DrsState | None, around: Around
) -> RefreshPlan:
    """`state` None: the cluster is not there."""
    if state is None:
        return _gone(RefreshPlan, ChangeKind.DRS_REFRESH, vcenter, cluster)
    refusals = _general_refusals(state, around)
    by_itself = state.level is DrsLevel.FULLY_AUTOMATED
    return RefreshPlan(
        change=ChangeKind.DRS_REFRESH,
        target=state.name,
        vcenter=vcenter,
        moref=state.cluster,
        refusals=tuple(refusals),
        cautions=(Caution(CautionKind.MOVES_BY_ITSELF, state.name),) if by_itself else (),
    )


def level_plan(
    vcenter: str, cluster: MoRef, state: DrsState | None, new: DrsLevel, around: Around
) -> LevelPlan:
    """`around.places` names the VMs of the overrides. `state` None: the cluster is not there."""
    if state is None:
        return _gone(LevelPlan, ChangeKind.DRS_LEVEL, vcenter, cluster, new=new)
    refusals = _general_refusals(state, around)
    if state.level is new:
        refusals.append(Refusal(RefusalKind.ALREADY_SO, state.name, new.value))
    busy = [t for t in around.busy if t.entity == state.cluster and "reconfigure" in _lower(t)]
    refusals += [Refusal(RefusalKind.UNDER_WAY, task.action) for task in busy]
    overrides = tuple(
        (place.name if (place := around.places.get(own.vm)) else own.vm, own)
        for own in state.overrides
    )
    cautions = []
    if new is DrsLevel.FULLY_AUTOMATED:
        cautions.append(
            Caution(CautionKind.MOVES_BY_ITSELF, state.name, str(len(state.recommendations)))
        )
    elif state.level is DrsLevel.FULLY_AUTOMATED:
        cautions.append(Caution(CautionKind.NOTHING_MOVES, state.name, new.value))
    if overrides and state.overrides_allowed is not False:
        cautions.append(Caution(CautionKind.OVERRIDES_STAY, state.name, str(len(overrides))))
    return LevelPlan(
        change=ChangeKind.DRS_LEVEL,
        target=state.name,
        vcenter=vcenter,
        moref=state.cluster,
        refusals=tuple(refusals),
        cautions=tuple(cautions),
        basis=(str(state.level), new.value),
        old=state.level,
        new=new,
        overrides=overrides,
    )


def _general_refusals(state: DrsState, around: Around) -> list[Refusal]:
    refusals = [
        Refusal(RefusalKind.NO_PRIVILEGE, state.name, privilege)
        for privilege in around.missing_privileges
    ]
    if state.enabled is False:
        refusals.append(Refusal(RefusalKind.DRS_OFF, state.name))
    refusals += [
        Refusal(RefusalKind.UNDER_WAY, task.entity_name or task.action)
        for task in around.busy
        if task.entity != state.cluster and any(word in _lower(task) for word in _MOVES)
    ]
    return refusals


def _lower(task: TaskRecord) -> str:
    return "" if task.done else task.action.lower()


def _foreign(moves: Sequence[PlannedMove]) -> tuple[Caution, ...]:
    """VMs that vCenter does not say are Nova's move as well."""
    names = sorted(move.vm_name for move in moves if not move.server_id)
    return (Caution(CautionKind.FOREIGN_VMS, detail=", ".join(names)),) if names else ()


def _gone(plan: type[P], change: ChangeKind, vcenter: str, cluster: MoRef, **own: Any) -> P:
    refusals = (Refusal(RefusalKind.NOT_THERE, cluster),)
    return plan(
        change=change, target=cluster, vcenter=vcenter, moref=cluster, refusals=refusals, **own
    )
