"""The changes of DRS from their plan to what vCenter has made of them; Nova is not asked."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from unittest import mock

import pytest
from django.core.cache import cache
from pyVmomi import vim

from lab.vcenter import wait
from tests.simulator import RunningSimulator
from tests.vsphere.test_drs import Rig, ref
from tests.vsphere.test_simulator_drs import until
from vmware_panel.api import changing, drs
from vmware_panel.api.changing import Verdict, carry_out, new_nonce
from vmware_panel.api.drs import ApplyRecommendations, DrsChange, RefreshRecommendations, SetLevel
from vmware_panel.api.tasks import followed_tasks
from vmware_panel.config import VCenterConfig
from vmware_panel.domain.cloud import Server
from vmware_panel.domain.cluster_detail import DrsLevel
from vmware_panel.domain.drs import ALL
from vmware_panel.domain.inventory import MoRef
from vmware_panel.domain.plans import RefusalKind
from vmware_panel.domain.tasks import TaskState
from vmware_panel.openstack.server_index import IndexedServers
from vmware_panel.secret import Secret
from vmware_panel.vsphere import close_clients

pytestmark = pytest.mark.simulator

REQUEST: Any = SimpleNamespace(
    user=SimpleNamespace(username="ada", id="u1", project_id="p1", services_region="R1"),
    META={},
)


class Changes:
    """Changes of one cluster as Horizon would make them, by an account of the simulator."""

    def __init__(self, rig: Rig) -> None:
        self.rig = rig
        self.vcenter = self.as_user(rig.simulator.user, rig.simulator.password)

    def as_user(self, user: str, password: str, **more: Any) -> VCenterConfig:
        simulator = self.rig.simulator
        return VCenterConfig(
            name="west",
            host=simulator.host,
            port=simulator.port,
            username=user,
            password=Secret.of(password),
            ca_file=str(simulator.ca_file),
            **more,
        )

    def apply(self, key: str = ALL) -> ApplyRecommendations:
        return ApplyRecommendations(REQUEST, self.vcenter, self.rig.moref, key)

    def refresh(self) -> RefreshRecommendations:
        return RefreshRecommendations(REQUEST, self.vcenter, self.rig.moref)

    def level(self, level: DrsLevel) -> SetLevel:
        return SetLevel(REQUEST, self.vcenter, self.rig.moref, level)

    def make(self, change: DrsChange, nonce: str = "") -> changing.Result:
        """Planned, shown and confirmed at once."""
        return carry_out(REQUEST, change, change.plan().fingerprint, nonce or new_nonce())

    def host_of(self, vm: MoRef) -> MoRef | None:
        return self.rig.client.vm_places([vm])[0].host


@pytest.fixture
def changes(start_simulator: Callable[..., RunningSimulator]) -> Iterator[Changes]:
    simulator = start_simulator(nova_vms=12)
    cache.clear()
    with simulator.login.connected() as service:
        rig = Rig(simulator, service)
        servers = tuple(
            Server(vm.config.instanceUuid, f"web-{n}", project_id="p1")
            for n, vm in enumerate(rig.running())
        )
        now = datetime.now(UTC)
        with (
            mock.patch.object(drs, "access_of", return_value=None),
            mock.patch.object(drs, "scope_of", return_value="all"),
            mock.patch.object(
                drs.cloud, "all_servers", return_value=IndexedServers(servers, 1, now, now)
            ),
            mock.patch.object(drs.cloud, "project_names", return_value={"p1": "alpha"}),
        ):
            yield Changes(rig)
        rig.client.close()
    close_clients()


def refusals(result: changing.Result) -> list[RefusalKind]:
    assert result.plan is not None
    return [refusal.kind for refusal in result.plan.refusals]


def test_all_that_is_recommended_is_applied_and_followed_on_the_vms(changes: Changes) -> None:
    state = changes.rig.recommend()
    moves = [move for one in state.recommendations for move in one.migrations]

    result = changes.make(changes.apply())

    assert result.verdict is Verdict.MADE and result.made is not None
    assert set(result.made.follow) == {move.vm for move in moves}
    assert result.made.task is None and result.made.left == ()

    def ended() -> Any:
        told = changes.rig.client.tasks_of(result.made.follow, result.since)  # type: ignore[union-attr]
        its = [task for task in told if "Drm" in task.action]
        return its if len(its) == len(moves) and all(task.done for task in its) else None

    assert {task.state for task in until(ended)} == {TaskState.SUCCESS}
    for move in moves:
        assert changes.host_of(move.vm) == move.destination


def test_a_move_of_before_does_not_pass_for_the_change_that_is_followed(changes: Changes) -> None:
    vm = changes.rig.running()[0]
    other = next(h for h in changes.rig.cluster.host if h != vm.runtime.host)
    wait([vm.MigrateVM_Task(host=other, priority="defaultPriority")])
    now = datetime.now(UTC)

    def found(since: datetime) -> int:
        return len(followed_tasks(changes.vcenter, None, (ref(vm),), since))

    assert found(now - timedelta(minutes=1)) == 1
    assert found(now + timedelta(seconds=5)) == 0


def test_a_plan_names_instances_and_projects_by_novas_book(changes: Changes) -> None:
    changes.rig.recommend()

    plan = changes.apply().plan()

    assert plan.moves and not plan.refused
    assert {move.project for move in plan.moves} == {"alpha"}
    assert plan.cautions == ()


def test_looking_at_a_plan_costs_the_same_calls_however_many_vms_move(changes: Changes) -> None:
    state = changes.rig.recommend()
    assert len(state.recommendations) > 1
    changes.apply().plan()  # logged in
    costs = []
    for key in (state.recommendations[0].key, ALL):
        changes.rig.simulator.reset_calls()
        changes.apply(key).plan()
        costs.append(changes.rig.simulator.calls().total)

    assert costs[0] == costs[1] <= 9


def test_one_that_is_gone_by_then_is_refused_and_nothing_moves(changes: Changes) -> None:
    state = changes.rig.recommend()
    one = state.recommendations[0]
    change = changes.apply(one.key)
    shown = change.plan().fingerprint
    changes.rig.client.refresh_recommendations(changes.rig.moref)

    result = carry_out(REQUEST, change, shown, new_nonce())

    assert result.verdict is Verdict.REFUSED
    assert refusals(result) == [RefusalKind.GONE_STALE]
    assert changes.rig.sent("ApplyRecommendation") == 0


def test_vcenters_own_refusal_right_then_is_a_recommendation_gone_stale(changes: Changes) -> None:
    changes.rig.recommend()
    change = changes.apply()
    plan = change.plan()
    changes.rig.client.refresh_recommendations(changes.rig.moref)

    with mock.patch.object(change, "plan", return_value=plan):
        result = carry_out(REQUEST, change, plan.fingerprint, new_nonce())

    assert result.verdict is Verdict.REFUSED
    assert refusals(result) == [RefusalKind.GONE_STALE]


def test_what_was_applied_stays_and_the_rest_is_named_if_a_later_one_is_refused(
    changes: Changes,
) -> None:
    state = changes.rig.recommend()
    first, *rest = state.recommendations
    changes.rig.simulator.control.fault("InvalidArgument", "ApplyRecommendation", after=1)

    result = changes.make(changes.apply())

    assert result.verdict is Verdict.MADE and result.made is not None
    assert result.made.follow == tuple(move.vm for move in first.migrations)
    assert [left.subject for left in result.made.left] == [one.key for one in rest]
    assert changes.rig.sent("ApplyRecommendation") == 2


def test_a_lost_answer_is_not_sent_again_and_the_vms_are_followed(changes: Changes) -> None:
    changes.vcenter = changes.as_user(
        changes.rig.simulator.user, changes.rig.simulator.password, read_timeout_s=6.0
    )
    state = changes.rig.recommend()
    one = state.recommendations[0]
    changes.rig.simulator.control.hang("ApplyRecommendation")

    result = changes.make(changes.apply(one.key))

    changes.rig.simulator.control.clear_faults()
    assert result.verdict is Verdict.UNANSWERED and result.made is not None
    assert result.made.follow == tuple(move.vm for move in one.migrations)
    assert changes.rig.sent("ApplyRecommendation") == 1


def test_the_same_form_sent_twice_applies_once(changes: Changes) -> None:
    state = changes.rig.recommend()
    change, nonce = changes.apply(state.recommendations[0].key), new_nonce()
    shown = change.plan().fingerprint

    first = carry_out(REQUEST, change, shown, nonce)
    second = changing.sent_before(nonce)

    assert first.verdict is Verdict.MADE
    assert second is not None and second.made is not None and first.made is not None
    assert second.made.follow == first.made.follow
    assert carry_out(REQUEST, change, shown, nonce).verdict is Verdict.REFUSED
    assert changes.rig.sent("ApplyRecommendation") == 1


def test_a_vm_that_moves_already_is_not_moved_again(changes: Changes) -> None:
    state = changes.rig.recommend()
    (move,) = state.recommendations[0].migrations
    changes.rig.simulator.control.vmotion_takes(3000)
    vm: Any = vim.VirtualMachine(move.vm, changes.rig.service._stub)
    other = next(h for h in changes.rig.cluster.host if ref(h) not in (move.source,))
    task = vm.MigrateVM_Task(host=other, priority="defaultPriority")

    plan = changes.apply(state.recommendations[0].key).plan()

    assert RefusalKind.UNDER_WAY in [refusal.kind for refusal in plan.refusals]
    wait([task])


@pytest.mark.parametrize("what", ["apply", "refresh", "level"])
def test_a_missing_privilege_is_named_before_anything_is_sent(changes: Changes, what: str) -> None:
    changes.rig.recommend()
    reader = changes.rig.simulator.reader
    changes.vcenter = changes.as_user(reader.user, reader.password)
    change: DrsChange = {
        "apply": changes.apply(),
        "refresh": changes.refresh(),
        "level": changes.level(DrsLevel.FULLY_AUTOMATED),
    }[what]
    changes.rig.simulator.reset_calls()

    result = changes.make(change)

    assert result.verdict is Verdict.REFUSED and result.plan is not None
    (refusal,) = result.plan.refusals
    assert (refusal.kind, refusal.detail) == (
        RefusalKind.NO_PRIVILEGE,
        "Host.Inventory.EditCluster",
    )
    for method in (
        "ApplyRecommendation",
        "RefreshRecommendation",
        "ReconfigureComputeResource_Task",
    ):
        assert changes.rig.sent(method) == 0


def test_a_refresh_makes_them_anew(changes: Changes) -> None:
    before = {one.key for one in changes.rig.recommend().recommendations}

    result = changes.make(changes.refresh())

    assert result.verdict is Verdict.MADE
    after = {one.key for one in changes.rig.client.drs_state(changes.rig.moref).recommendations}
    assert after and not after & before


def test_the_level_is_changed_by_a_task_that_is_followed(changes: Changes) -> None:
    result = changes.make(changes.level(DrsLevel.MANUAL))

    assert result.verdict is Verdict.MADE and result.made is not None
    assert result.made.task is not None
    until(lambda: all(t.done for t in changes.rig.client.tasks([result.made.task])))  # type: ignore[union-attr,list-item]
    assert changes.rig.client.drs_state(changes.rig.moref).level is DrsLevel.MANUAL


def test_a_level_that_another_has_set_meanwhile_is_shown_anew(changes: Changes) -> None:
    change = changes.level(DrsLevel.PARTIALLY_AUTOMATED)
    shown = change.plan().fingerprint
    changes.rig.level("manual")

    result = carry_out(REQUEST, change, shown, new_nonce())

    assert result.verdict is Verdict.DIFFERS
    assert changes.rig.client.drs_state(changes.rig.moref).level is DrsLevel.MANUAL


def test_a_cluster_that_is_gone_is_said_to_be(changes: Changes) -> None:
    change = RefreshRecommendations(REQUEST, changes.vcenter, MoRef("domain-c99999"))

    result = changes.make(change)

    assert refusals(result) == [RefusalKind.NOT_THERE]
