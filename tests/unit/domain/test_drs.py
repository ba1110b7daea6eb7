"""Plans of DRS, and rules held against where the VMs are."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmware_panel.domain.cluster_detail import (
    DrsGroup,
    DrsLevel,
    DrsOverride,
    DrsRule,
    Migration,
    Recommendation,
    RuleKind,
)
from vmware_panel.domain.drs import (
    ALL,
    PRIVILEGE,
    ApplyPlan,
    Around,
    DrsState,
    Owner,
    VmPlace,
    apply_plan,
    level_plan,
    refresh_plan,
)
from vmware_panel.domain.drs_rules import check_rule
from vmware_panel.domain.inventory import EsxHost, HostConnection, MoRef, VmPower
from vmware_panel.domain.plans import CautionKind, RefusalKind
from vmware_panel.domain.tasks import TaskRecord, TaskState

CLUSTER = MoRef("domain-c1")
HOSTS = tuple(MoRef(f"host-{n}") for n in (1, 2, 3))
VMS = tuple(MoRef(f"vm-{n}") for n in range(1, 7))


def host(moref: MoRef, **changes: Any) -> EsxHost:
    sound = EsxHost(
        moref, f"esx-{moref}", CLUSTER, connection=HostConnection.CONNECTED, in_maintenance=False
    )
    return replace(sound, **changes)


def recommendation(number: int) -> Recommendation:
    move = Migration(VMS[number - 1], HOSTS[0], HOSTS[1])
    return Recommendation(str(number), 3, "fairnessMemAvg", migrations=(move,))


def state(**changes: Any) -> DrsState:
    sound = DrsState(
        CLUSTER,
        "blue",
        enabled=True,
        level=DrsLevel.MANUAL,
        overrides_allowed=True,
        hosts=tuple(host(moref) for moref in HOSTS),
        recommendations=(recommendation(1), recommendation(2)),
    )
    return replace(sound, **changes)


def place(vm: MoRef, at: MoRef | None = HOSTS[0], ours: bool = True) -> VmPlace:
    return VmPlace(vm, f"name of {vm}", at, VmPower.ON, f"id-of-{vm}", ours)


def around(**changes: Any) -> Around:
    sound = Around(
        places={vm: place(vm) for vm in VMS},
        owners={vm: Owner(f"id-of-{vm}", f"web-{vm}", "alpha") for vm in VMS},
    )
    return replace(sound, **changes)


def plan(key: str = ALL, its: DrsState | None = None, **changes: Any) -> ApplyPlan:
    return apply_plan("west", CLUSTER, its or state(), key, around(**changes))


def kinds(refused: Any) -> list[RefusalKind]:
    return [refusal.kind for refusal in refused.refusals]


def running(entity: MoRef, action: str = "VirtualMachine.migrate") -> TaskRecord:
    return TaskRecord(MoRef("task-1"), action, TaskState.RUNNING, entity, entity_name="busy one")


# -- applying ------------------------------------------------------------------------------


def test_all_or_one_are_planned_with_who_moves_from_where_to_where():
    assert [move.vm for move in plan().moves] == [VMS[0], VMS[1]]
    (move,) = plan("2").moves
    assert (move.vm, move.source, move.destination) == (VMS[1], "esx-host-1", "esx-host-2")
    assert (move.server_id, move.project, move.powered_on) == ("id-of-vm-2", "alpha", True)
    assert not plan().refused and plan().cautions == ()


def test_moves_are_told_by_project_and_those_that_are_not_novas_last():
    owners = {VMS[0]: Owner("a", "a", "beta"), VMS[1]: Owner("b", "b", "alpha")}
    four = state(recommendations=tuple(recommendation(n) for n in (1, 2, 3, 4)))
    places = {vm: place(vm, ours=vm != VMS[3]) for vm in VMS}
    told = plan(its=four, owners=owners, places=places)
    assert [name for name, _ in told.by_project] == ["alpha", "beta", "", None]
    assert [c.kind for c in told.cautions] == [CautionKind.FOREIGN_VMS]
    assert "name of vm-4" in told.cautions[0].detail


def test_an_instance_that_nova_did_not_name_is_no_foreign_vm():
    told = plan("1", owners={})
    assert told.cautions == ()
    assert told.moves[0].server_id == "id-of-vm-1" and told.moves[0].project == ""


@pytest.mark.parametrize(
    ("wanted", "refusal"),
    [
        ({"key": "99"}, RefusalKind.GONE_STALE),
        ({"its": state(recommendations=())}, RefusalKind.GONE_STALE),
        ({"key": "1", "places": {VMS[0]: place(VMS[0], HOSTS[2])}}, RefusalKind.GONE_STALE),
        ({"key": "1", "places": {}}, RefusalKind.NOT_THERE),
        ({"missing_privileges": (PRIVILEGE,)}, RefusalKind.NO_PRIVILEGE),
        ({"its": state(enabled=False)}, RefusalKind.DRS_OFF),
        ({"key": "1", "busy": (running(VMS[0]),)}, RefusalKind.UNDER_WAY),
        ({"key": "1", "busy": (running(VMS[0], "Drm.ExecuteVMotionLRO"),)}, RefusalKind.UNDER_WAY),
        ({"its": state(hosts=(host(HOSTS[0]),))}, RefusalKind.NOT_USABLE),
    ],
)
def test_what_is_not_as_recommended_any_more_is_refused(wanted, refusal):
    assert refusal in kinds(plan(**wanted))


@pytest.mark.parametrize(
    "changed",
    [
        {"in_maintenance": True},
        {"in_maintenance": None},
        {"connection": HostConnection.DISCONNECTED},
        {"connection": None},
    ],
)
def test_a_destination_that_may_not_take_it_is_refused_unknown_included(changed):
    hosts = (host(HOSTS[0]), host(HOSTS[1], **changed), host(HOSTS[2]))
    assert kinds(plan("1", state(hosts=hosts))) == [RefusalKind.NOT_USABLE]


def test_a_task_that_ended_or_moves_nothing_hinders_nobody():
    done = replace(running(VMS[0]), state=TaskState.SUCCESS)
    other = running(VMS[0], "VirtualMachine.reconfigure")
    assert not plan("1", busy=(done, other)).refused


def test_a_cluster_that_is_gone_is_refused_by_every_plan():
    gone = around()
    for told in (
        apply_plan("west", CLUSTER, None, ALL, gone),
        refresh_plan("west", CLUSTER, None, gone),
        level_plan("west", CLUSTER, None, DrsLevel.MANUAL, gone),
    ):
        assert kinds(told) == [RefusalKind.NOT_THERE]


@given(st.permutations([recommendation(n) for n in (1, 2, 3, 4)]))
def test_the_order_that_vcenter_tells_them_in_does_not_change_what_is_confirmed(shuffled):
    first = plan(its=state(recommendations=tuple(recommendation(n) for n in (1, 2, 3, 4))))
    assert plan(its=state(recommendations=tuple(shuffled))).fingerprint == first.fingerprint


@given(st.sampled_from(["vm", "source", "destination", "key"]), st.sampled_from(HOSTS))
def test_another_move_is_another_plan(field, other):
    (move,) = recommendation(1).migrations
    changed = (
        replace(recommendation(1), key="7")
        if field == "key"
        else replace(
            recommendation(1),
            migrations=(replace(move, **{field: VMS[5] if field == "vm" else other}),),
        )
    )
    same = changed == recommendation(1)
    one = plan(its=state(recommendations=(recommendation(1),)))
    two = plan(its=state(recommendations=(changed,)))
    assert (one.fingerprint == two.fingerprint) is same


# -- refreshing and the level --------------------------------------------------------------


def test_a_refresh_warns_where_drs_would_move_at_once():
    assert refresh_plan("west", CLUSTER, state(), around()).cautions == ()
    automated = state(level=DrsLevel.FULLY_AUTOMATED)
    told = refresh_plan("west", CLUSTER, automated, around())
    assert [c.kind for c in told.cautions] == [CautionKind.MOVES_BY_ITSELF]
    assert not told.refused


def test_a_refresh_is_the_same_whatever_is_recommended_at_the_moment():
    one = refresh_plan("west", CLUSTER, state(), Around())
    two = refresh_plan("west", CLUSTER, state(recommendations=()), around())
    assert one.fingerprint == two.fingerprint


@pytest.mark.parametrize("new", list(DrsLevel))
@pytest.mark.parametrize("old", list(DrsLevel))
def test_a_level_says_what_it_does_to_moves(old, new):
    told = level_plan("west", CLUSTER, state(level=old), new, around())
    said = {c.kind for c in told.cautions}
    assert (RefusalKind.ALREADY_SO in kinds(told)) is (old is new)
    assert (CautionKind.MOVES_BY_ITSELF in said) is (new is DrsLevel.FULLY_AUTOMATED)
    stops = old is DrsLevel.FULLY_AUTOMATED and new is not DrsLevel.FULLY_AUTOMATED
    assert (CautionKind.NOTHING_MOVES in said) is stops


def test_overrides_are_named_and_warned_of_where_they_are_in_force():
    own = DrsOverride(VMS[0], DrsLevel.MANUAL)
    told = level_plan("west", CLUSTER, state(overrides=(own,)), DrsLevel.FULLY_AUTOMATED, around())
    assert told.overrides == (("name of vm-1", own),)
    assert CautionKind.OVERRIDES_STAY in {c.kind for c in told.cautions}
    off = state(overrides=(own,), overrides_allowed=False)
    told = level_plan("west", CLUSTER, off, DrsLevel.FULLY_AUTOMATED, around())
    assert CautionKind.OVERRIDES_STAY not in {c.kind for c in told.cautions}


def test_a_cluster_that_is_being_reconfigured_is_left_alone():
    busy = (running(CLUSTER, "ComputeResource.reconfigureEx"),)
    told = level_plan("west", CLUSTER, state(), DrsLevel.FULLY_AUTOMATED, around(busy=busy))
    assert kinds(told) == [RefusalKind.UNDER_WAY]


# -- rules ---------------------------------------------------------------------------------

places = st.dictionaries(st.sampled_from(VMS), st.sampled_from((*HOSTS, None)), max_size=6)
members = st.lists(st.sampled_from(VMS), min_size=2, max_size=5, unique=True).map(tuple)


def rule(kind: RuleKind, vms: tuple[MoRef, ...] = (), **changes: Any) -> DrsRule:
    return replace(DrsRule(1, "rule", kind, enabled=True, vms=vms), **changes)


@given(members, places)
def test_vms_kept_apart_are_broken_where_two_share_a_host(vms, where):
    told = check_rule(rule(RuleKind.ANTI_AFFINITY, vms), {}, where)
    if any(vm not in where for vm in vms):
        assert told.kept is None
        return
    taken = [where[vm] for vm in vms if where[vm]]
    assert told.kept is (len(taken) == len(set(taken)))
    for vm in told.broken or ():
        assert taken.count(where[vm]) > 1


@given(members, places)
def test_vms_kept_together_are_broken_where_they_are_on_several_hosts(vms, where):
    told = check_rule(rule(RuleKind.AFFINITY, vms), {}, where)
    if any(vm not in where for vm in vms):
        assert told.kept is None
        return
    assert told.kept is (len({where[vm] for vm in vms if where[vm]}) <= 1)


@given(members, places, st.booleans(), st.lists(st.sampled_from(HOSTS), unique=True))
def test_vms_are_on_or_off_the_hosts_of_a_group(vms, where, together, hosts):
    groups = {
        "db": DrsGroup("db", vms=vms),
        "licensed": DrsGroup("licensed", hosts=tuple(hosts)),
    }
    told = check_rule(
        rule(RuleKind.VM_HOST, vm_group="db", host_group="licensed", together=together),
        groups,
        where,
    )
    if any(vm not in where for vm in vms):
        assert told.kept is None
        return
    wrong = [vm for vm in vms if where[vm] and (where[vm] in hosts) is not together]
    assert list(told.broken or ()) == wrong and told.kept is (not wrong)


def test_a_group_that_is_not_there_makes_a_rule_unknown_and_not_kept():
    asked = rule(RuleKind.VM_HOST, vm_group="db", host_group="licensed")
    told = check_rule(asked, {"db": DrsGroup("db", vms=VMS)}, dict.fromkeys(VMS, HOSTS[0]))
    assert told.kept is None and told.vms == VMS


def test_a_rule_that_says_nothing_of_places_is_neither_kept_nor_broken():
    assert check_rule(rule(RuleKind.DEPENDENCY), {}, {}).kept is None
