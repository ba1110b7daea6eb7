"""The plan of maintenance mode: who leaves, who stays, what is in the way, what else to know."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.domain import builders
from tests.unit.domain.standings import (
    BLUE,
    HERE,
    LOCAL,
    SHARED,
    cluster,
    host,
    rule,
    standing,
    vm,
)
from vmware_panel.domain.cloud import Flavor
from vmware_panel.domain.cluster_detail import DrsLevel, DrsOverride, Migration
from vmware_panel.domain.details import Detail, DetailKind
from vmware_panel.domain.inventory import (
    HaPolicy,
    HaPolicyKind,
    HostConnection,
    MoRef,
    VmPower,
)
from vmware_panel.domain.maintenance import plan_entering, plan_leaving
from vmware_panel.domain.maintenance_cautions import Nova, flavors_that_stop_fitting, listed
from vmware_panel.domain.plans import CautionKind, RefusalKind
from vmware_panel.domain.standing import (
    AGENT_EXTENSION,
    Binding,
    BindingKind,
    DrsFault,
    Forecast,
    constraints,
    what_binds,
)
from vmware_panel.domain.tasks import TaskRecord, TaskState
from vmware_panel.domain.usage import HostUsage

NOBODY = Nova(servers={})
TWO = MoRef("host-2")


def refusals(plan: Any) -> list[tuple[RefusalKind, str, str]]:
    return [(r.kind, r.subject, r.detail) for r in plan.refusals]


def cautions(plan: Any) -> dict[CautionKind, str]:
    return {c.kind: c.detail or c.subject for c in plan.cautions}


def moving(*numbers: int) -> Forecast:
    return Forecast(tuple(Migration(MoRef(f"vm-{n}"), HERE, TWO) for n in numbers))


def nova(*numbers: int, **changes: Any) -> Nova:
    servers = [builders.server(n, project_id=f"p{n % 2}") for n in numbers]
    return Nova({s.id: s for s in servers}, {"p0": "shop", "p1": "web"}, **changes)


def test_each_instance_is_listed_by_its_project_with_where_it_would_go():
    books = standing(vm(1), vm(2), vm(3))
    plan = plan_entering(books, moving(1, 2), nova(1, 2, 3))
    assert not plan.refused
    told = {
        (group.project, move.vm_name, move.destination)
        for group in plan.leaving
        for move in group.moves
    }
    assert told == {("shop", "web-2", "esx-2"), ("web", "web-1", "esx-2"), ("web", "web-3", None)}
    assert plan.leaving_count == 3
    assert plan.usable_left == ("esx-2", "esx-3")


def test_what_is_off_stays_unless_asked_for():
    books = standing(vm(1), vm(2, power=VmPower.OFF), vm(3, power=VmPower.SUSPENDED))
    plan = plan_entering(books, moving(1), nova(1, 2, 3))
    assert [m.vm for g in plan.staying for m in g.moves] == ["vm-2", "vm-3"]
    assert CautionKind.POWERED_OFF_STAY in cautions(plan)
    all_go = plan_entering(books, moving(1), nova(1, 2, 3), evacuate_powered_off=True)
    assert all_go.leaving_count == 3
    assert not all_go.staying
    assert plan.fingerprint != all_go.fingerprint


def test_vms_that_are_not_openstacks_are_named_and_vcenters_own_agents_are_not_there():
    foreign = vm(7, name="backup-proxy", manager_key="", instance_uuid="")
    agent = vm(8, name="vCLS-1", manager_key=AGENT_EXTENSION)
    plan = plan_entering(standing(foreign, agent), moving(7), NOBODY)
    assert cautions(plan)[CautionKind.FOREIGN_VMS] == "backup-proxy"
    assert plan.leaving_count == 1
    assert plan.leaving[0].project_id == ""


def test_a_plan_means_the_same_while_drs_only_changes_its_mind_where_to():
    books = standing(vm(1))
    elsewhere = Forecast((Migration(MoRef("vm-1"), HERE, MoRef("host-3")),))
    first, second = (plan_entering(books, told, NOBODY) for told in (moving(1), elsewhere))
    assert first.fingerprint == second.fingerprint
    arrived = plan_entering(standing(vm(1), vm(2)), moving(1, 2), NOBODY)
    assert arrived.fingerprint != first.fingerprint


@pytest.mark.parametrize(
    ("extra", "changes", "wanted"),
    [
        (
            {},
            {"datastores": (SHARED, LOCAL)},
            (RefusalKind.LOCAL_DATASTORE, "local-1"),
        ),
        (
            {
                "bindings": (
                    Binding(MoRef("vm-1"), BindingKind.IMAGE, "CD 1", "[local-1] a.iso", LOCAL),
                )
            },
            {"datastores": (SHARED, LOCAL)},
            (RefusalKind.MOUNTED_DEVICE, "CD 1 [local-1] a.iso"),
        ),
        (
            {"bindings": (Binding(MoRef("vm-1"), BindingKind.PASSTHROUGH, "GPU 1", "0000:3b"),)},
            {},
            (RefusalKind.MOUNTED_DEVICE, "GPU 1 0000:3b"),
        ),
        (rule(MoRef("vm-1"), on=(HERE,)), {}, (RefusalKind.MUST_RULE, "pair")),
        (
            rule(MoRef("vm-1"), on=(TWO, MoRef("host-3")), together=False),
            {},
            (RefusalKind.MUST_RULE, "pair"),
        ),
        ({}, {"memory_mb": 65 * 1024}, (RefusalKind.NO_ROOM, "66560")),
    ],
    ids=["local disk", "image", "card", "must run here", "must not run there", "too large"],
)
def test_what_binds_a_vm_is_named(extra, changes, wanted):
    bound = vm(1, **changes)
    plan = plan_entering(standing(bound, **extra), Forecast(), NOBODY)
    assert refusals(plan) == [(wanted[0], bound.name, wanted[1])]


def test_where_vcenter_says_where_to_that_holds():
    bound = vm(1, datastores=(SHARED, LOCAL))
    assert not plan_entering(standing(bound), moving(1), NOBODY).refused


def test_an_image_binds_nobody_that_is_off_and_no_rule_does():
    off = vm(1, power=VmPower.OFF)
    books = standing(off, **rule(off.moref, on=(HERE,)))
    assert not plan_entering(books, Forecast(), NOBODY, evacuate_powered_off=True).refused


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ("InsufficientMemoryResourcesFault", RefusalKind.NO_ROOM),
        ("DrsDisabledOnVm", RefusalKind.PINNED),
        ("CPUIncompatible", RefusalKind.INCOMPATIBLE),
    ],
)
def test_vcenters_own_reason_is_told_where_none_shows(fault, kind):
    told = Forecast(faults=(DrsFault(MoRef("vm-1"), fault, "said"),))
    plan = plan_entering(standing(vm(1)), told, NOBODY)
    assert [r.kind for r in plan.refusals] == [kind]


def test_without_automated_drs_running_vms_keep_the_host():
    manual = cluster(drs_behavior="manual")
    books = standing(vm(1), vm(2), of=manual)
    assert refusals(plan_entering(books, moving(1, 2), NOBODY)) == [
        (RefusalKind.NOT_AUTOMATED, "blue", Detail(DetailKind.DRS_LEVEL, ("manual",)))
    ]
    off = standing(vm(1), of=cluster(drs_enabled=False))
    plan = plan_entering(off, None, NOBODY)
    assert refusals(plan) == [(RefusalKind.NOT_AUTOMATED, "blue", Detail(DetailKind.DRS_OFF))]
    empty = standing(vm(1, power=VmPower.OFF), of=manual)
    assert not plan_entering(empty, Forecast(), NOBODY).refused


def test_an_override_pins_its_vm_or_frees_it():
    pinned = (
        DrsOverride(MoRef("vm-1"), None, enabled=False),
        DrsOverride(MoRef("vm-2"), DrsLevel.MANUAL),
    )
    books = standing(vm(1), vm(2), vm(3), overrides=pinned)
    plan = plan_entering(books, moving(2, 3), NOBODY)
    assert {(kind, detail) for kind, _, detail in refusals(plan)} == {
        (RefusalKind.PINNED, Detail(DetailKind.DRS_OFF)),
        (RefusalKind.PINNED, Detail(DetailKind.DRS_LEVEL, ("manual",))),
    }
    freed = (DrsOverride(MoRef("vm-1"), DrsLevel.FULLY_AUTOMATED),)
    books = standing(vm(1), of=cluster(drs_behavior="manual"), overrides=freed)
    assert not plan_entering(books, moving(1), NOBODY).refused


def test_the_last_usable_host_is_refused_while_something_runs_and_warned_of_otherwise():
    alone = (
        host(1),
        host(2, in_maintenance=True),
        host(3, connection=HostConnection.DISCONNECTED),
    )
    plan = plan_entering(standing(vm(1), hosts=alone), Forecast(), NOBODY)
    assert refusals(plan) == [(RefusalKind.NO_OTHER_HOST, "blue", "")]
    idle = plan_entering(standing(hosts=alone), Forecast(), NOBODY)
    assert not idle.refused
    assert CautionKind.LAST_HOST in cautions(idle)


def test_the_state_of_the_host_may_refuse():
    def told(books, **more):
        return [r.kind for r in plan_entering(books, Forecast(), NOBODY, **more).refusals]

    assert told(standing(hosts=())) == [RefusalKind.NOT_THERE]
    out = (host(1, in_maintenance=True), host(2))
    assert told(standing(hosts=out)) == [RefusalKind.ALREADY_SO]
    lost = (host(1, connection=HostConnection.NOT_RESPONDING), host(2))
    assert told(standing(hosts=lost)) == [RefusalKind.NOT_CONNECTED]
    assert told(standing(), missing_privileges=("Host.Config.Maintenance",)) == [
        RefusalKind.NO_PRIVILEGE
    ]
    task = TaskRecord(MoRef("task-1"), "HostSystem.enterMaintenanceMode", TaskState.RUNNING)
    assert told(standing(tasks=(task,))) == [RefusalKind.UNDER_WAY]


def test_leaving_maintenance_is_for_a_host_that_is_in_it():
    assert [r.kind for r in plan_leaving(standing()).refusals] == [RefusalKind.ALREADY_SO]
    assert not plan_leaving(standing(hosts=(host(1, in_maintenance=True),))).refused


def test_what_nova_does_not_tell_is_said_and_refuses_nothing():
    plan = plan_entering(standing(vm(1)), moving(1), Nova())
    assert not plan.refused
    assert cautions(plan)[CautionKind.BOOKS_INCOMPLETE] == "nova"
    assert plan.leaving[0].moves[0].vm_name.startswith("web-1 (")


def test_nova_at_work_on_an_instance_is_said():
    busy = builders.server(1, task_state="resize_prep")
    plan = plan_entering(standing(vm(1)), moving(1), Nova({busy.id: busy}))
    assert cautions(plan)[CautionKind.NOVA_AT_WORK] == "resize_prep"


def test_a_rule_that_is_a_wish_is_said():
    books = standing(vm(1), **rule(MoRef("vm-1"), on=(HERE,), mandatory=False))
    plan = plan_entering(books, moving(1), NOBODY)
    assert not plan.refused
    assert cautions(plan)[CautionKind.SHOULD_RULE] == "pair"


def test_no_plan_of_vcenters_is_said_with_its_reason():
    plan = plan_entering(standing(vm(1)), None, NOBODY, no_forecast="NotSupported")
    assert cautions(plan)[CautionKind.NO_PLAN] == "NotSupported"
    assert not plan.forecast


def test_flavors_that_only_this_host_could_hold_are_named():
    flavors = [Flavor("1", "small", 2, 4096, 10), Flavor("2", "huge", 8, 100 * 1024, 10)]
    big = (host(1, memory_bytes=128 << 30), host(2))
    plan = plan_entering(standing(hosts=big), Forecast(), Nova({}, flavors=flavors))
    assert [c.subject for c in plan.cautions if c.kind is CautionKind.FLAVOR_STOPS_FITTING] == [
        "huge"
    ]


def test_less_than_ha_holds_back_is_said():
    guarded = cluster(
        ha_enabled=True,
        ha_admission_control=True,
        ha_policy=HaPolicy(HaPolicyKind.PERCENTAGE, cpu_percent=50, memory_percent=50),
    )
    two = (host(1), host(2))

    def told(used_mb: int | None) -> bool:
        usage = {h.moref: HostUsage(h.moref, 100, used_mb) for h in two}
        plan = plan_entering(standing(hosts=two, of=guarded, usage=usage), Forecast(), NOBODY)
        return CautionKind.HA_RESERVE_BROKEN in cautions(plan)

    assert told(17 * 1024)  # 34 GiB of 64 GiB used, 32 GiB held back
    assert not told(15 * 1024)
    assert not told(None), "an unknown use was taken for a number"


sizes = st.integers(1, 64)
esx_hosts = st.builds(
    lambda n, threads, gib: host(n, cpu_threads=threads, memory_bytes=gib << 30),
    st.integers(1, 9),
    sizes,
    sizes,
)
some_flavors = st.lists(
    st.builds(lambda v, r: Flavor(f"{v}-{r}", "f", v, r * 1024, 1), sizes, sizes), max_size=6
)


@given(some_flavors, esx_hosts, st.lists(esx_hosts, max_size=5))
def test_a_flavor_stops_fitting_only_if_this_host_and_no_other_could_hold_it(flavors, out, left):
    def fits(flavor, one):
        return flavor.vcpus <= one.cpu_threads and flavor.ram_mb <= one.memory_bytes >> 20

    stopped = flavors_that_stop_fitting(flavors, out, left)
    for flavor in flavors:
        assert (flavor in stopped) == (
            fits(flavor, out) and not any(fits(flavor, h) for h in left)
        )
    assert flavors_that_stop_fitting(flavors, out, [*left, out]) == ()


@st.composite
def bound_vms(draw):
    """A VM among hosts of which each mounts some datastores, with rules and sizes at random."""
    stores = [MoRef(f"datastore-{n}") for n in range(1, 5)]
    numbers = list(range(1, draw(st.integers(2, 5)) + 1))
    hosts = tuple(
        host(
            n,
            datastores=tuple(draw(st.sets(st.sampled_from(stores)))),
            memory_bytes=draw(st.integers(1, 8)) << 30,
            in_maintenance=draw(st.booleans()) and n != 1,
        )
        for n in numbers
    )
    group = tuple(MoRef(f"host-{n}") for n in draw(st.sets(st.sampled_from(numbers))))
    its = rule(MoRef("vm-1"), on=group, together=draw(st.booleans()))
    needs = tuple(draw(st.sets(st.sampled_from(stores), max_size=2)))
    one = vm(1, datastores=needs, memory_mb=draw(st.integers(1, 8)) * 1024)
    return standing(one, hosts=hosts, **(its if draw(st.booleans()) else {})), one


@given(bound_vms())
def test_something_binds_exactly_if_no_other_host_satisfies_everything(case):
    books, one = case
    everything = list(constraints(books, one))
    free = [h for h in books.others if all(h.moref in c.hosts for c in everything)]
    bound = what_binds(books, one)
    assert bool(bound) == (bool(books.others) and not free)
    assert set(bound) <= set(everything)
    assert all(c.hosts < {h.moref for h in books.others} for c in bound)


@given(st.lists(st.integers(1, 30), unique=True, max_size=30), st.booleans())
def test_every_vm_is_in_exactly_one_list(numbers, evacuate):
    vms = [vm(n, power=VmPower.OFF if n % 3 == 0 else VmPower.ON) for n in numbers]
    plan = plan_entering(
        standing(*vms), moving(*numbers), nova(*numbers), evacuate_powered_off=evacuate
    )
    listed_vms = [m.vm for g in (*plan.leaving, *plan.staying) for m in g.moves]
    assert sorted(listed_vms) == sorted(v.moref for v in vms)
    assert plan.leaving_count == sum(evacuate or v.power is VmPower.ON for v in vms)


def test_long_lists_of_names_are_cut_and_counted():
    assert listed(["a", "b"]) == "a, b"
    assert listed([str(n) for n in range(30)]).endswith("… (30)")


def test_the_cluster_is_named_in_the_plan():
    plan = plan_entering(standing(), Forecast(), NOBODY)
    assert (plan.cluster, plan.cluster_moref, plan.vcenter, plan.moref) == (
        "blue",
        BLUE,
        "lab",
        HERE,
    )
