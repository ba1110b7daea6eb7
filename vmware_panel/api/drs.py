"""DRS of one cluster: its report, and the changes: apply, refresh, set the level.

A report costs three calls to vCenter, whatever the size of the cluster; the instances' names and
projects come from Nova's list of all servers, which costs none for each.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from django.http import HttpRequest

from vmware_panel.api import cloud
from vmware_panel.api.changing import Made
from vmware_panel.api.context import access_of, scope_of
from vmware_panel.config import VCenterConfig
from vmware_panel.domain.cluster_detail import DrsLevel
from vmware_panel.domain.drs import (
    PRIVILEGE,
    ApplyPlan,
    Around,
    DrsState,
    LevelPlan,
    Owner,
    RefreshPlan,
    VmPlace,
    apply_plan,
    chosen,
    level_plan,
    refresh_plan,
    vms_of,
)
from vmware_panel.domain.inventory import Inventory, MoRef
from vmware_panel.domain.outcome import Trouble
from vmware_panel.domain.plans import ChangeKind, Plan, Refusal, RefusalKind, Refused
from vmware_panel.domain.tasks import Move
from vmware_panel.endpoints import client
from vmware_panel.openstack import CloudError, gather
from vmware_panel.openstack.access import DEFAULT_TIMEOUT_S
from vmware_panel.vsphere import VSphereError
from vmware_panel.vsphere.errors import ObjectGone, Unanswered

MOST_MOVES = 1000
"""The newest that a history shows; also what vCenter gives at once."""

_NO_SUCH_KEY = "InvalidArgument"


@dataclass(frozen=True)
class DrsReport:
    """`state` None: vCenter did not tell, and `troubles` say why. `owners` None: Nova did not.

    `places` has the VMs of the cluster by vCenter's book as the collectors keep it, read at
    `placed_at`. `missing_privileges` None: unknown.
    """

    read_at: datetime
    state: DrsState | None = None
    places: Mapping[MoRef, VmPlace] = field(default_factory=dict)
    placed_at: datetime | None = None
    owners: Mapping[MoRef, Owner] | None = None
    missing_privileges: tuple[str, ...] | None = None
    troubles: tuple[Trouble, ...] = ()


@dataclass(frozen=True)
class HistoryReport:
    """`moves` None: vCenter did not tell. `whole` False: there are older ones in that time."""

    since: datetime
    moves: tuple[Move, ...] | None = None
    owners: Mapping[MoRef, Owner] | None = None
    whole: bool = True
    troubles: tuple[Trouble, ...] = ()


def drs_report(
    request: HttpRequest, vcenter: VCenterConfig, cluster: MoRef, inventory: Inventory | None
) -> DrsReport:
    """DRS as vCenter has it at that moment; where the VMs are, as `inventory` has it."""
    its = client(vcenter)
    answers, troubles = _gathered(
        request,
        vcenter,
        {
            "state": partial(its.drs_state, cluster),
            "missing": partial(its.missing_privileges, [cluster], [PRIVILEGE]),
        },
    )
    state: DrsState | None = answers["state"]
    places = _places(inventory, _named(state)) if state else {}
    return DrsReport(
        read_at=datetime.now(UTC),
        state=state,
        places=places,
        placed_at=inventory.read_at if inventory else None,
        owners=_owners(places, answers),
        missing_privileges=answers["missing"],
        troubles=troubles,
    )


def history_report(
    request: HttpRequest,
    vcenter: VCenterConfig,
    cluster: MoRef,
    inventory: Inventory | None,
    days: int,
) -> HistoryReport:
    """The moves in the cluster during the last `days` of 24 hours: four calls to vCenter."""
    since = datetime.now(UTC) - timedelta(days=days)
    parts = {"moves": partial(client(vcenter).moves, cluster, since, MOST_MOVES)}
    answers, troubles = _gathered(request, vcenter, parts)
    moves: tuple[Move, ...] | None = answers["moves"]
    vms = {move.vm for move in moves or () if move.vm}
    return HistoryReport(
        since=since,
        moves=moves,
        owners=_owners(_places(inventory, vms), answers),
        whole=moves is None or len(moves) < MOST_MOVES,
        troubles=troubles,
    )


class DrsChange:
    """What the changes of one cluster's DRS have in common."""

    kind: ChangeKind

    def __init__(self, request: HttpRequest, vcenter: VCenterConfig, cluster: MoRef) -> None:
        self.vcenter = vcenter.name
        self.subject: str = cluster
        self._cluster = cluster
        self._client = client(vcenter)
        self._access, self._scope = access_of(request), scope_of(request)

    def follow(self, plan: Plan) -> tuple[MoRef, ...]:
        return ()

    def _state(self) -> DrsState | None:
        try:
            return self._client.drs_state(self._cluster)
        except ObjectGone:
            return None

    def _around(self, vms: Collection[MoRef], *, busy: Collection[MoRef] = ()) -> Around:
        """At most seven calls to vCenter, however many VMs there are, and one to Nova."""
        named = tuple(vms)
        places = {place.moref: place for place in self._client.vm_places(named)}
        return Around(
            places=places,
            owners=self._owners(places),
            busy=self._client.tasks_of(tuple(busy), datetime.now(UTC)),
            missing_privileges=self._client.missing_privileges([self._cluster], [PRIVILEGE]),
        )

    def _owners(self, places: Mapping[MoRef, VmPlace]) -> Mapping[MoRef, Owner]:
        """Whose they are is good to know, and nothing to wait for."""
        if not places:
            return {}
        answers: dict[str, Any] = {}
        for name, ask in _books(self._access, self._scope).items():
            try:
                answers[name] = ask()
            except CloudError:
                answers[name] = None
        return _owners(places, answers) or {}


class ApplyRecommendations(DrsChange):
    """One of the present recommendations by its key, or all of them (`domain.drs.ALL`)."""

    kind = ChangeKind.DRS_APPLY

    def __init__(
        self, request: HttpRequest, vcenter: VCenterConfig, cluster: MoRef, key: str
    ) -> None:
        super().__init__(request, vcenter, cluster)
        self._key = key

    def plan(self) -> ApplyPlan:
        state = self._state()
        vms = vms_of(chosen(state, self._key)) if state else ()
        around = self._around(vms, busy=vms) if state else Around()
        return apply_plan(self.vcenter, self._cluster, state, self._key, around)

    def make(self, plan: Plan) -> Made:
        """One call for each recommendation, each sent once.

        What was applied stays applied: should vCenter refuse a later one, or not be reached, the
        rest is left alone and named (`Made.left`).
        """
        if not isinstance(plan, ApplyPlan):
            raise TypeError("a plan of another change")
        applied: list[MoRef] = []
        for number, recommendation in enumerate(plan.recommendations):
            try:
                self._client.apply_recommendation(self._cluster, recommendation.key)
            except Unanswered:
                raise
            except VSphereError as error:
                stale = error.fault == _NO_SUCH_KEY
                if applied:
                    kind = RefusalKind.GONE_STALE if stale else RefusalKind.LEFT_OUT
                    left = plan.recommendations[number:]
                    names = tuple(Refusal(kind, one.key, error.detail) for one in left)
                    return Made(follow=tuple(applied), left=names)
                if stale:
                    raise Refused(Refusal(RefusalKind.GONE_STALE, recommendation.key)) from error
                raise
            applied += vms_of((recommendation,))
        return Made(follow=tuple(dict.fromkeys(applied)))

    def follow(self, plan: Plan) -> tuple[MoRef, ...]:
        return vms_of(plan.recommendations) if isinstance(plan, ApplyPlan) else ()


class RefreshRecommendations(DrsChange):
    """Has vCenter look for recommendations now."""

    kind = ChangeKind.DRS_REFRESH

    def plan(self) -> RefreshPlan:
        state = self._state()
        around = self._around(()) if state else Around()
        return refresh_plan(self.vcenter, self._cluster, state, around)

    def make(self, plan: Plan) -> Made:
        self._client.refresh_recommendations(self._cluster)
        return Made()


class SetLevel(DrsChange):
    """Changes the automation level of the cluster."""

    kind = ChangeKind.DRS_LEVEL

    def __init__(
        self, request: HttpRequest, vcenter: VCenterConfig, cluster: MoRef, level: DrsLevel
    ) -> None:
        super().__init__(request, vcenter, cluster)
        self._level = level

    def plan(self) -> LevelPlan:
        state = self._state()
        vms = {own.vm for own in state.overrides} if state else ()
        around = self._around(vms, busy=[self._cluster]) if state else Around()
        return level_plan(self.vcenter, self._cluster, state, self._level, around)

    def make(self, plan: Plan) -> Made:
        return Made(task=self._client.set_drs_level(self._cluster, self._level))

    def follow(self, plan: Plan) -> tuple[MoRef, ...]:
        return (self._cluster,)


def _gathered(
    request: HttpRequest, vcenter: VCenterConfig, parts: Mapping[str, Callable[[], Any]]
) -> tuple[dict[str, Any], tuple[Trouble, ...]]:
    """What each part gave, None where it failed; Nova's and Keystone's books beside them."""
    every = {**parts, **_books(access_of(request), scope_of(request))}
    timeout_s = max(DEFAULT_TIMEOUT_S, vcenter.longest_read_s) + 1.0
    answers = gather(every, timeout_s=timeout_s)
    troubles = [outcome.trouble for outcome in answers.values() if outcome.trouble]
    return {name: o.value for name, o in answers.items()}, tuple(dict.fromkeys(troubles))


def _books(access: Any, scope: str) -> dict[str, Callable[[], Any]]:
    return {
        "servers": partial(cloud.all_servers, access, scope),
        "projects": partial(cloud.project_names, access, scope),
    }


def _named(state: DrsState) -> frozenset[MoRef]:
    """Every VM that the recommendations, rules, groups and overrides name."""
    return frozenset(
        [
            *vms_of(state.recommendations),
            *(vm for rule in state.rules for vm in rule.vms),
            *(vm for group in state.groups for vm in group.vms),
            *(own.vm for own in state.overrides),
        ]
    )


def _places(inventory: Inventory | None, wanted: Collection[MoRef]) -> dict[MoRef, VmPlace]:
    if inventory is None:
        return {}
    return {
        vm.moref: VmPlace(
            vm.moref, vm.name, vm.host, vm.power, vm.instance_uuid, vm.managed_by_nova
        )
        for vm in inventory.vms
        if vm.moref in wanted
    }


def _owners(
    places: Mapping[MoRef, VmPlace], answers: Mapping[str, Any]
) -> Mapping[MoRef, Owner] | None:
    """None where Nova did not answer."""
    indexed = answers["servers"]
    if indexed is None:
        return None
    projects = answers["projects"] or {}
    ids = {place.instance_uuid.lower() for place in places.values() if place.managed_by_nova}
    servers = {server.id: server for server in indexed.servers if server.id in ids}
    found = {}
    for place in places.values():
        server = servers.get(place.instance_uuid.lower()) if place.managed_by_nova else None
        if server is not None:
            project = projects.get(server.project_id, server.project_id)
            found[place.moref] = Owner(server.id, server.name, project)
    return found
