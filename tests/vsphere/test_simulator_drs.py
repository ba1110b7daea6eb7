"""What the simulator was given of DRS: recommendations, rules, overrides, levels, its moves' events.

By plain pyVmomi, as a vCenter would be asked.
"""

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pyVmomi import vim, vmodl

from lab.vcenter import read, wait
from tests.simulator import RunningSimulator

pytestmark = pytest.mark.simulator

Behavior = vim.cluster.DrsConfigInfo.DrsBehavior


class Drs:
    """One cluster of a simulator of the test's own, with twelve VMs of Nova's in all."""

    def __init__(self, simulator: RunningSimulator, service: vim.ServiceInstance) -> None:
        self.simulator = simulator
        self.service = service
        clusters = read(service, vim.ClusterComputeResource, "name")
        self.cluster: Any = next(c for c, row in clusters.items() if row["name"] == "DC0_C0")

    def configure(self, **spec: Any) -> None:
        wait(
            [self.cluster.ReconfigureComputeResource_Task(vim.cluster.ConfigSpecEx(**spec), True)]
        )

    def level(self, behavior: str, enabled: bool = True) -> None:
        config = vim.cluster.DrsConfigInfo(enabled=enabled, defaultVmBehavior=behavior)
        self.configure(drsConfig=config)

    def add_rule(self, rule: Any) -> Any:
        self.configure(rulesSpec=[vim.cluster.RuleSpec(operation="add", info=rule)])
        return self.rule(rule.name)

    def rule(self, name: str) -> Any:
        return next(r for r in self.cluster.configurationEx.rule if r.name == name)

    def running(self) -> list[Any]:
        found = [
            vm
            for host in self.cluster.host
            for vm in host.vm
            if vm.runtime.powerState == "poweredOn"
        ]
        return sorted(found, key=lambda vm: vm._moId)

    def crowd(self) -> Any:
        """Everything that runs on one host; which."""
        full = self.cluster.host[0]
        wait(
            [
                vm.MigrateVM_Task(host=full, priority="defaultPriority")
                for vm in self.running()
                if vm.runtime.host != full
            ]
        )
        return full

    def recommended(self) -> list[Any]:
        self.cluster.RefreshRecommendation()
        return list(self.cluster.recommendation)

    def events(self, *types: str) -> list[Any]:
        by_entity = vim.event.EventFilterSpec.ByEntity(entity=self.cluster, recursion="all")
        spec = vim.event.EventFilterSpec(entity=by_entity, eventTypeId=list(types))
        return list(self.service.content.eventManager.QueryEvents(spec))


@pytest.fixture
def drs(start_simulator: Callable[..., RunningSimulator]) -> Iterator[Drs]:
    simulator = start_simulator(nova_vms=12)
    with simulator.login.connected() as service:
        yield Drs(simulator, service)


def until(true: Callable[[], Any]) -> Any:
    """The simulator's moves come after the call: waits at most thirty seconds for one."""
    end = time.monotonic() + 30
    while not (found := true()):
        assert time.monotonic() < end, "it did not come about within thirty seconds"
        time.sleep(0.05)
    return found


def migration(recommendation: Any) -> Any:
    (action,) = recommendation.action
    return action.drsMigration


def configured_mb(drs: Drs) -> list[int]:
    return sorted(
        sum(vm.config.hardware.memoryMB for vm in drs.running() if vm.runtime.host == host)
        for host in drs.cluster.host
    )


@pytest.mark.parametrize("level", [Behavior.manual, Behavior.partiallyAutomated])
def test_a_lopsided_cluster_gets_recommendations_from_the_fullest_host(
    drs: Drs, level: str
) -> None:
    full = drs.crowd()
    drs.level(level)

    found = drs.recommended()

    assert found
    assert {migration(r).source for r in found} == {full}
    assert all(r.reason == "fairnessMemAvg" for r in found)
    assert all(r.reasonText == "Balance average memory loads" for r in found)
    assert all(1 <= r.rating <= 5 and r.target == drs.cluster for r in found)
    assert all(migration(r).vm == r.action[0].target for r in found)
    assert all(migration(r).vm.runtime.host == migration(r).source for r in found)


def test_a_cluster_that_moves_by_itself_recommends_nothing(drs: Drs) -> None:
    drs.crowd()

    assert drs.recommended() == []


def test_with_drs_off_there_is_nothing_to_refresh(drs: Drs) -> None:
    drs.level(Behavior.manual, enabled=False)

    with pytest.raises(vim.fault.InvalidState):
        drs.cluster.RefreshRecommendation()


def test_applied_one_after_the_other_they_even_the_hosts_out(drs: Drs) -> None:
    drs.crowd()
    drs.level(Behavior.manual)
    before = configured_mb(drs)

    for one in drs.recommended():
        drs.cluster.ApplyRecommendation(one.key)
        move = migration(one)
        until(lambda move=move: move.vm.runtime.host == move.destination)

    after = configured_mb(drs)
    assert after[-1] - after[0] < before[-1] - before[0]
    assert list(drs.cluster.recommendation) == []


def test_applying_answers_before_the_move_which_is_a_task_of_vcenters_on_the_vm(drs: Drs) -> None:
    drs.crowd()
    drs.level(Behavior.manual)
    one = drs.recommended()[0]
    move = migration(one)
    drs.simulator.control.vmotion_takes(1500)

    assert drs.cluster.ApplyRecommendation(one.key) is None

    assert move.vm.runtime.host == move.source
    task = until(lambda: [t for t in move.vm.recentTask if "Drm" in t.info.descriptionId])[0]
    assert isinstance(task.info.reason, vim.TaskReasonSystem)
    wait([task])
    assert move.vm.runtime.host == move.destination
    told = drs.events("DrsVmMigratedEvent")
    assert [event.vm.vm for event in told] == [move.vm]
    assert told[0].sourceHost.host == move.source
    assert told[0].host.host == move.destination


def test_a_move_by_hand_is_told_as_such(drs: Drs) -> None:
    vm = drs.running()[0]
    other = next(host for host in drs.cluster.host if host != vm.runtime.host)
    wait([vm.MigrateVM_Task(host=other, priority="defaultPriority")])

    (told,) = drs.events("VmMigratedEvent")
    assert type(told) is vim.event.VmMigratedEvent
    assert told.userName == drs.simulator.user
    assert drs.events("DrsVmMigratedEvent") == []


def test_each_is_applied_once_and_a_refresh_makes_the_old_ones_stale(drs: Drs) -> None:
    drs.crowd()
    drs.level(Behavior.manual)
    first, second, *_ = drs.recommended()
    drs.cluster.ApplyRecommendation(first.key)
    with pytest.raises(vmodl.fault.InvalidArgument):
        drs.cluster.ApplyRecommendation(first.key)

    drs.cluster.RefreshRecommendation()

    with pytest.raises(vmodl.fault.InvalidArgument):
        drs.cluster.ApplyRecommendation(second.key)


def test_one_whose_vm_was_moved_meanwhile_is_refused(drs: Drs) -> None:
    drs.crowd()
    drs.level(Behavior.manual)
    one = drs.recommended()[0]
    move = migration(one)
    wait([move.vm.MigrateVM_Task(host=move.destination, priority="defaultPriority")])

    with pytest.raises(vmodl.fault.InvalidArgument):
        drs.cluster.ApplyRecommendation(one.key)


def test_one_that_is_dropped_is_not_there_any_more(drs: Drs) -> None:
    drs.crowd()
    drs.level(Behavior.manual)
    first, *others = drs.recommended()

    drs.cluster.CancelRecommendation(first.key)

    assert [r.key for r in drs.cluster.recommendation] == [r.key for r in others]


def test_a_changed_level_drops_what_was_recommended(drs: Drs) -> None:
    drs.crowd()
    drs.level(Behavior.manual)
    assert drs.recommended()

    drs.level(Behavior.fullyAutomated)

    assert list(drs.cluster.recommendation) == []
    assert drs.cluster.configurationEx.drsConfig.defaultVmBehavior == "fullyAutomated"
    assert drs.cluster.configuration.drsConfig.defaultVmBehavior == "fullyAutomated"


def test_vms_that_are_left_alone_or_move_by_themselves_are_not_recommended(drs: Drs) -> None:
    drs.crowd()
    alone, automated, *_ = drs.running()
    override = vim.cluster.DrsVmConfigSpec
    info = vim.cluster.DrsVmConfigInfo
    drs.configure(
        drsVmConfigSpec=[
            override(operation="add", info=info(key=alone, enabled=False)),
            override(
                operation="add",
                info=info(key=automated, enabled=True, behavior=Behavior.fullyAutomated),
            ),
        ]
    )
    drs.level(Behavior.manual)

    moved = {migration(r).vm for r in drs.recommended()}

    assert moved
    assert not moved & {alone, automated}


def test_overrides_are_changed_and_taken_away(drs: Drs) -> None:
    vm = drs.running()[0]
    override = vim.cluster.DrsVmConfigSpec
    info = vim.cluster.DrsVmConfigInfo(key=vm, behavior=Behavior.manual)
    drs.configure(drsVmConfigSpec=[override(operation="add", info=info)])
    info = vim.cluster.DrsVmConfigInfo(key=vm, behavior=Behavior.partiallyAutomated)
    drs.configure(drsVmConfigSpec=[override(operation="edit", info=info)])

    (own,) = drs.cluster.configurationEx.drsVmConfig
    assert own.key == vm
    assert own.behavior == Behavior.partiallyAutomated

    drs.configure(drsVmConfigSpec=[override(operation="remove", removeKey=vm)])
    assert list(drs.cluster.configurationEx.drsVmConfig) == []


def test_a_rule_says_whether_it_is_kept_and_drs_mends_it(drs: Drs) -> None:
    drs.crowd()
    drs.level(Behavior.manual)
    one, two, *_ = drs.running()

    apart = vim.cluster.AntiAffinityRuleSpec(name="apart", enabled=True, vm=[one, two])
    assert drs.add_rule(apart).inCompliance is False
    mend = drs.recommended()[0]

    assert (mend.reason, mend.rating) == ("antiAffin", 5)
    assert migration(mend).vm in (one, two)
    drs.cluster.ApplyRecommendation(mend.key)
    until(lambda: drs.rule("apart").inCompliance)
    assert one.runtime.host != two.runtime.host


def test_a_rule_between_vms_and_hosts_says_whether_it_is_kept(drs: Drs) -> None:
    full = drs.crowd()
    vm = drs.running()[0]
    group = vim.cluster.GroupSpec
    drs.configure(
        groupSpec=[
            group(operation="add", info=vim.cluster.VmGroup(name="db", vm=[vm])),
            group(operation="add", info=vim.cluster.HostGroup(name="licensed", host=[full])),
        ]
    )
    on = vim.cluster.VmHostRuleInfo(
        name="on", enabled=True, mandatory=True, vmGroupName="db", affineHostGroupName="licensed"
    )
    off = vim.cluster.VmHostRuleInfo(
        name="off", enabled=True, vmGroupName="db", antiAffineHostGroupName="licensed"
    )

    assert drs.add_rule(on).inCompliance is True
    assert drs.add_rule(off).inCompliance is False
    assert {rule.name for rule in drs.cluster.FindRulesForVm(vm)} == {"on", "off"}

    key = drs.rule("off").key
    drs.configure(rulesSpec=[vim.cluster.RuleSpec(operation="remove", removeKey=key)])
    assert [rule.name for rule in drs.cluster.configurationEx.rule] == ["on"]


def test_a_rule_keeps_its_key_when_it_is_changed(drs: Drs) -> None:
    one, two, *_ = drs.running()
    rule = drs.add_rule(vim.cluster.AffinityRuleSpec(name="together", enabled=True, vm=[one, two]))
    key = rule.key

    changed = vim.cluster.AffinityRuleSpec(name="together", key=key, enabled=False, vm=[one, two])
    drs.configure(rulesSpec=[vim.cluster.RuleSpec(operation="edit", info=changed)])

    assert drs.rule("together").key == key
    assert drs.rule("together").enabled is False


@pytest.mark.parametrize("method", ["RefreshRecommendation", "ApplyRecommendation"])
def test_an_account_that_may_only_read_is_told_which_privilege_it_lacks(
    drs: Drs, method: str
) -> None:
    with drs.simulator.reader.connected() as service:
        cluster: Any = vim.ClusterComputeResource(drs.cluster._moId, service._stub)
        with pytest.raises(vim.fault.NoPermission) as refused:
            getattr(cluster, method)(*(["1"] if method.startswith("Apply") else []))

    assert refused.value.privilegeId == "Host.Inventory.EditCluster"


def test_all_vms_of_nova_are_told_in_one_call(drs: Drs) -> None:
    found = drs.service.content.extensionManager.QueryManagedBy("org.openstack.compute")

    assert len(found) == 12
