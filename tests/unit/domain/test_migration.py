"""The plan of one vMotion: where it could go, and every reason against it."""

from typing import Any

import pytest

from tests.unit.domain import builders
from tests.unit.domain.standings import HERE, host, rule, standing, vm
from vmware_panel.domain.inventory import HostConnection, MoRef, VmPower
from vmware_panel.domain.migration import (
    COLD,
    HOT,
    QUERY,
    MigrationPlan,
    Verdict,
    needed_privileges,
    plan_migration,
)
from vmware_panel.domain.plans import CautionKind, RefusalKind
from vmware_panel.domain.tasks import TaskRecord, TaskState

TWO, THREE = MoRef("host-2"), MoRef("host-3")
FREE = {TWO: Verdict(TWO), THREE: Verdict(THREE)}


def plan(
    to: MoRef | None = TWO, verdicts: Any = None, books: Any = None, **changes: Any
) -> MigrationPlan:
    one = changes.pop("vm", vm(1))
    server = changes.pop("server", builders.server(1))
    return plan_migration(
        server,
        changes.pop("vms", (one,)),
        books or standing(one),
        FREE if verdicts is None else verdicts,
        to,
        vcenter="lab",
        **changes,
    )


def kinds(made: MigrationPlan) -> list[RefusalKind]:
    return [refusal.kind for refusal in made.refusals]


def test_a_host_of_the_cluster_that_vcenter_says_yes_to_is_fine():
    made = plan()
    assert not made.refused
    assert (made.source, made.destination, made.cluster) == ("esx-1", "esx-2", "blue")


def test_without_a_destination_the_hosts_are_there_to_choose_from_the_possible_first():
    verdicts = {TWO: Verdict(TWO, ("no CPU",)), THREE: Verdict(THREE)}
    made = plan(None, verdicts)
    assert [(c.host.moref, c.possible) for c in made.candidates] == [(THREE, True), (TWO, False)]
    assert not made.refused


def test_what_vcenter_says_is_told_word_by_word():
    made = plan(verdicts={TWO: Verdict(TWO, ("no CPU", "no net"), ("slow",))})
    assert [(r.kind, r.detail) for r in made.refusals] == [
        (RefusalKind.INCOMPATIBLE, "no CPU"),
        (RefusalKind.INCOMPATIBLE, "no net"),
    ]
    assert [(c.kind, c.detail) for c in made.cautions] == [(CautionKind.CHECK_WARNS, "slow")]


def test_a_host_that_vcenter_said_nothing_of_is_not_taken_for_possible():
    assert kinds(plan(verdicts={})) == [RefusalKind.SOURCE_DOWN]


@pytest.mark.parametrize(
    ("to", "kind"),
    [
        (HERE, RefusalKind.SAME_PLACE),
        (MoRef("host-77"), RefusalKind.OTHER_CLUSTER),
    ],
)
def test_another_place_than_the_clusters_other_hosts_is_refused(to, kind):
    assert kinds(plan(to)) == [kind]


def test_a_vm_that_is_not_in_the_cluster_of_novas_node_stays():
    """Its books differ already: nothing is moved before that is cleared up."""
    server = builders.server(1, node=builders.node_name("domain-c9"))
    assert kinds(plan(server=server)) == [RefusalKind.OTHER_CLUSTER]


@pytest.mark.parametrize(
    "changes", [{"in_maintenance": True}, {"connection": HostConnection.DISCONNECTED}]
)
def test_a_host_that_takes_no_vm_is_refused(changes):
    one = vm(1)
    books = standing(one, hosts=(host(1), host(2, **changes)))
    assert kinds(plan(books=books, vm=one)) == [RefusalKind.NOT_USABLE]


def test_nova_at_work_two_vms_of_the_id_and_a_clone_are_refused():
    busy = builders.server(1, task_state="migrating")
    assert kinds(plan(server=busy)) == [RefusalKind.AT_WORK]
    twins = (vm(1), vm(2, instance_uuid=builders.uuid_of(1)))
    assert kinds(plan(vms=twins)) == [RefusalKind.NOT_OURS]
    assert RefusalKind.NOT_OURS in kinds(plan(vm=vm(1, manager_key="")))


def test_an_instance_without_a_vm_is_said_to_be_missing():
    made = plan_migration(builders.server(1), (), None, {}, TWO, vcenter="lab")
    assert kinds(made) == [RefusalKind.NOT_THERE]


def test_a_move_that_is_under_way_is_not_made_again():
    one = vm(1)
    task = TaskRecord(MoRef("task-1"), "VirtualMachine.migrate", TaskState.RUNNING)
    books = standing(one, tasks=(task,))
    assert kinds(plan(books=books, vm=one)) == [RefusalKind.UNDER_WAY]


def test_every_missing_right_is_named():
    made = plan(missing_privileges=(HOT, QUERY))
    assert [r.detail for r in made.refusals if r.kind is RefusalKind.NO_PRIVILEGE] == [HOT, QUERY]


def test_a_vm_that_is_off_needs_another_right():
    assert needed_privileges(vm(1)) == (HOT, QUERY)
    assert needed_privileges(vm(1, power=VmPower.OFF)) == (COLD, QUERY)


def test_a_rule_that_is_a_wish_is_said():
    one = vm(1)
    books = standing(one, **rule(one.moref, on=(HERE,), mandatory=False))
    assert [c.kind for c in plan(books=books, vm=one).cautions] == [CautionKind.SHOULD_RULE]


def test_another_source_or_destination_is_another_plan():
    prints = {plan(to).fingerprint for to in (TWO, THREE)}
    moved = standing(vm(1), hosts=(host(1), host(2), host(3)))
    assert len(prints) == 2
    assert plan(TWO, books=moved).fingerprint in prints
