"""DRS and its history, as the adapter reads and changes them."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from pyVmomi import vim

from lab.vcenter import wait
from tests.simulator import RunningSimulator
from tests.vsphere.rig import endpoint_of
from tests.vsphere.test_simulator_drs import Drs, until
from vmware_panel.domain.cluster_detail import DrsLevel, RuleKind
from vmware_panel.domain.drs_rules import check_rule
from vmware_panel.domain.inventory import MoRef, VmPower
from vmware_panel.domain.tasks import MoveKind, TaskState
from vmware_panel.vsphere import Endpoint, VCenterClient, VSphereError
from vmware_panel.vsphere.errors import ObjectGone, SessionLost, Unanswered

pytestmark = pytest.mark.simulator

HOUR = timedelta(hours=1)


class Rig(Drs):
    """The cluster, and the adapter's client with its id."""

    def __init__(self, simulator: RunningSimulator, service: vim.ServiceInstance) -> None:
        super().__init__(simulator, service)
        self.endpoint = endpoint_of(simulator)
        self.client = VCenterClient(self.endpoint)
        self.moref = ref(self.cluster)

    def recommend(self) -> Any:
        """A lopsided cluster with recommendations, as the adapter reads it."""
        self.crowd()
        self.level("manual")
        self.client.refresh_recommendations(self.moref)
        return self.client.drs_state(self.moref)

    def calls(self, ask: Callable[[], Any]) -> int:
        self.client.current_time()  # logged in
        before = self.client.calls.total
        ask()
        return self.client.calls.total - before

    def sent(self, method: str) -> int:
        return self.simulator.calls().methods.get(method, 0)


@pytest.fixture
def rig(start_simulator: Callable[..., RunningSimulator]) -> Iterator[Rig]:
    simulator = start_simulator(nova_vms=12)
    with simulator.login.connected() as service:
        rig = Rig(simulator, service)
        yield rig
        rig.client.close()


def ref(obj: Any) -> MoRef:
    return MoRef(obj._moId)


# -- reading -------------------------------------------------------------------------------


def test_the_state_of_a_cluster_is_what_vcenter_says(rig: Rig) -> None:
    state = rig.client.drs_state(rig.moref)

    assert (state.name, state.enabled, state.level) == (
        "DC0_C0",
        True,
        DrsLevel.FULLY_AUTOMATED,
    )
    assert state.overrides_allowed is True
    assert {h.moref: h.name for h in state.hosts} == {ref(h): h.name for h in rig.cluster.host}
    assert all(host.usable for host in state.hosts)
    assert state.recommendations == state.rules == state.groups == state.overrides == ()


def test_recommendations_say_who_moves_from_where_to_where_and_why(rig: Rig) -> None:
    state = rig.recommend()

    told = {r.key: r for r in rig.cluster.recommendation}
    assert {r.key for r in state.recommendations} == set(told)
    for one in state.recommendations:
        (move,) = one.migrations
        said = told[one.key].action[0].drsMigration
        places = (move.vm, move.source, move.destination)
        assert places == (ref(said.vm), ref(said.source), ref(said.destination))
        assert (one.rating, one.reason) == (told[one.key].rating, "fairnessMemAvg")
        assert one.reason_text == "Balance average memory loads"
        assert one.at is not None


def test_the_weightiest_recommendation_comes_first(rig: Rig) -> None:
    rig.crowd()
    rig.level("manual")
    one, two, *_ = rig.running()
    rig.add_rule(vim.cluster.AntiAffinityRuleSpec(name="apart", enabled=True, vm=[one, two]))
    rig.client.refresh_recommendations(rig.moref)

    ratings = [r.rating for r in rig.client.drs_state(rig.moref).recommendations]

    assert ratings[0] == 5
    assert ratings == sorted(ratings, reverse=True)


def test_rules_groups_and_overrides_are_read_as_they_are(rig: Rig) -> None:
    host = rig.crowd()
    one, two, three, *_ = rig.running()
    group, override = vim.cluster.GroupSpec, vim.cluster.DrsVmConfigSpec
    own = vim.cluster.DrsVmConfigInfo(key=three, enabled=True, behavior="manual")
    rig.configure(
        groupSpec=[
            group(operation="add", info=vim.cluster.VmGroup(name="db", vm=[one, two])),
            group(operation="add", info=vim.cluster.HostGroup(name="licensed", host=[host])),
        ],
        drsVmConfigSpec=[override(operation="add", info=own)],
    )
    rig.add_rule(vim.cluster.AntiAffinityRuleSpec(name="apart", enabled=True, vm=[one, two]))
    rig.add_rule(
        vim.cluster.VmHostRuleInfo(
            name="off",
            enabled=True,
            mandatory=True,
            vmGroupName="db",
            antiAffineHostGroupName="licensed",
        )
    )

    state = rig.client.drs_state(rig.moref)

    apart, off = state.rules
    assert (apart.name, apart.kind, apart.enabled) == ("apart", RuleKind.ANTI_AFFINITY, True)
    assert (apart.vms, apart.in_compliance) == ((ref(one), ref(two)), False)
    assert (off.kind, off.vm_group, off.host_group) == (RuleKind.VM_HOST, "db", "licensed")
    assert (off.together, off.mandatory) == (False, True)
    assert state.group_by_name["db"].vms == (ref(one), ref(two))
    assert state.group_by_name["licensed"].hosts == (ref(host),)
    (pinned,) = state.overrides
    assert (pinned.vm, pinned.level, pinned.enabled) == (ref(three), DrsLevel.MANUAL, True)


def test_our_own_look_at_a_rule_and_vcenters_agree(rig: Rig) -> None:
    rig.crowd()
    vms = rig.running()
    rig.add_rule(vim.cluster.AntiAffinityRuleSpec(name="apart", enabled=True, vm=vms[:2]))
    rig.add_rule(vim.cluster.AffinityRuleSpec(name="together", enabled=True, vm=vms[2:4]))
    state = rig.client.drs_state(rig.moref)
    where = {p.moref: p.host for p in rig.client.vm_places([ref(vm) for vm in vms])}

    checked = [check_rule(rule, state.group_by_name, where) for rule in state.rules]

    assert [c.kept for c in checked] == [r.in_compliance for r in state.rules] == [False, True]


def test_vms_are_told_where_they_are_and_those_that_are_gone_are_left_out(rig: Rig) -> None:
    vm = rig.running()[0]

    (place,) = rig.client.vm_places([MoRef("vm-99999"), ref(vm)])

    assert (place.name, place.host, place.power) == (vm.name, ref(vm.runtime.host), VmPower.ON)
    assert place.instance_uuid == vm.config.instanceUuid
    assert place.managed_by_nova


def test_a_cluster_that_is_not_there_is_said_to_be_gone(rig: Rig) -> None:
    with pytest.raises(ObjectGone):
        rig.client.drs_state(MoRef("domain-c99999"))


@pytest.mark.parametrize("reads", ["missing", "fault", "empty"])
def test_a_session_that_ended_is_no_cluster_without_recommendations(rig: Rig, reads: str) -> None:
    before = rig.recommend()
    rig.simulator.expire_sessions(reads)

    assert rig.client.drs_state(rig.moref) == before


def test_each_read_costs_the_same_whatever_there_is(rig: Rig) -> None:
    rig.recommend()
    vms = [ref(vm) for vm in rig.running()]
    since = rig.client.current_time() - HOUR

    assert rig.calls(lambda: rig.client.drs_state(rig.moref)) == 1
    assert rig.calls(lambda: rig.client.vm_places(vms)) == 1
    assert rig.calls(lambda: rig.client.vm_places([])) == 0
    assert rig.calls(lambda: rig.client.moves(rig.moref, since)) == 4


# -- changing ------------------------------------------------------------------------------


def test_one_applied_moves_its_vm_by_a_task_on_it(rig: Rig) -> None:
    since = rig.client.current_time() - timedelta(seconds=1)
    state = rig.recommend()
    (move,) = state.recommendations[0].migrations

    rig.client.apply_recommendation(rig.moref, state.recommendations[0].key)

    def moved() -> Any:
        tasks = rig.client.tasks_of([move.vm], since)
        return [t for t in tasks if t.state is TaskState.SUCCESS and "Drm" in t.action]

    (task,) = until(moved)
    assert (task.entity, task.cause) == (move.vm, "system")
    (place,) = rig.client.vm_places([move.vm])
    assert place.host == move.destination


def test_a_key_that_is_not_among_the_present_ones_is_refused(rig: Rig) -> None:
    rig.recommend()

    with pytest.raises(VSphereError) as refused:
        rig.client.apply_recommendation(rig.moref, "no-such-key")

    assert refused.value.fault == "InvalidArgument"


def test_the_level_changes_and_nothing_else(rig: Rig) -> None:
    before = rig.cluster.configurationEx.drsConfig

    task = rig.client.set_drs_level(rig.moref, DrsLevel.PARTIALLY_AUTOMATED)

    wait([vim.Task(task, rig.service._stub)])
    after = rig.cluster.configurationEx.drsConfig
    assert after.defaultVmBehavior == "partiallyAutomated"
    assert (after.enabled, after.vmotionRate) == (before.enabled, before.vmotionRate)


@pytest.mark.parametrize(
    ("method", "change"),
    [
        ("ApplyRecommendation", lambda rig: rig.client.apply_recommendation(rig.moref, "1")),
        ("RefreshRecommendation", lambda rig: rig.client.refresh_recommendations(rig.moref)),
        (
            "ReconfigureComputeResource_Task",
            lambda rig: rig.client.set_drs_level(rig.moref, DrsLevel.MANUAL),
        ),
    ],
)
def test_a_change_whose_answer_is_lost_is_sent_once(
    rig: Rig, method: str, change: Callable[[Rig], Any]
) -> None:
    client = VCenterClient(
        Endpoint(
            **{
                name: getattr(rig.endpoint, name)
                for name in ("name", "host", "port", "username", "password", "ca_file")
            },
            read_timeout_s=4.0,
            list_timeout_s=4.0,
        )
    )
    rig.client.close()
    rig.client = client
    client.current_time()
    rig.simulator.reset_calls()
    rig.simulator.control.hang(method)

    with pytest.raises(Unanswered):
        change(rig)

    rig.simulator.control.clear_faults()
    assert rig.sent(method) == 1


def test_a_change_in_a_session_that_ended_is_not_sent_again(rig: Rig) -> None:
    rig.recommend()
    rig.simulator.expire_sessions()
    rig.simulator.reset_calls()

    with pytest.raises(SessionLost):
        rig.client.refresh_recommendations(rig.moref)

    assert rig.sent("RefreshRecommendation") == 1


def test_an_account_that_may_only_read_is_told_which_privilege_it_lacks(rig: Rig) -> None:
    reader = rig.simulator.reader
    client = VCenterClient(
        Endpoint(
            name="west",
            host=rig.endpoint.host,
            port=rig.endpoint.port,
            username=reader.user,
            password=lambda: reader.password,
            ca_file=rig.endpoint.ca_file,
        )
    )

    with pytest.raises(VSphereError) as refused:
        client.refresh_recommendations(rig.moref)
    state = client.drs_state(rig.moref)

    assert refused.value.trouble.missing_privilege == "Host.Inventory.EditCluster"
    assert state.name == "DC0_C0"
    client.close()


# -- history -------------------------------------------------------------------------------


def test_moves_say_when_who_from_where_to_where_and_by_whom(rig: Rig) -> None:
    vm = rig.running()[0]
    old = vm.runtime.host
    other = next(host for host in rig.cluster.host if host != old)
    since = rig.client.current_time() - timedelta(seconds=1)
    wait([vm.MigrateVM_Task(host=other, priority="defaultPriority")])
    state = rig.recommend()
    key = state.recommendations[0].key
    (planned,) = state.recommendations[0].migrations
    rig.client.apply_recommendation(rig.moref, key)

    def by_drs() -> Any:
        found = rig.client.moves(rig.moref, since)
        return found if found[0].kind is MoveKind.DRS else None

    moves = until(by_drs)

    newest, oldest = moves[0], moves[-1]
    assert (newest.vm, newest.source) == (planned.vm, state.host_name(planned.source))
    assert newest.destination == state.host_name(planned.destination)
    assert (oldest.kind, oldest.vm, oldest.vm_name) == (MoveKind.MIGRATED, ref(vm), vm.name)
    assert (oldest.source, oldest.destination) == (old.name, other.name)
    assert oldest.user == rig.simulator.user
    assert [m.at for m in moves] == sorted((m.at for m in moves), reverse=True)


def test_a_move_to_another_datastore_names_both(rig: Rig) -> None:
    vm = rig.running()[0]
    home = vm.config.files.vmPathName.split("]")[0].lstrip("[")
    other = next(d for d in vm.runtime.host.datastore if d.name != home)
    since = rig.client.current_time() - timedelta(seconds=1)
    wait([vm.RelocateVM_Task(vim.vm.RelocateSpec(datastore=other))])

    (move,) = rig.client.moves(ref(vm), since)

    assert move.kind is MoveKind.RELOCATED
    assert (move.source_datastore, move.destination_datastore) == (home, other.name)


def test_a_move_between_pools_names_the_pools(rig: Rig) -> None:
    vm = rig.running()[0]
    spec = vim.ResourceConfigSpec(
        cpuAllocation=vim.ResourceAllocationInfo(
            shares=vim.SharesInfo(shares=4000, level="normal"),
            reservation=0,
            limit=-1,
            expandableReservation=True,
        ),
        memoryAllocation=vim.ResourceAllocationInfo(
            shares=vim.SharesInfo(shares=4000, level="normal"),
            reservation=0,
            limit=-1,
            expandableReservation=True,
        ),
    )
    pool = rig.cluster.resourcePool.CreateResourcePool("gold", spec)
    since = rig.client.current_time() - timedelta(seconds=1)
    wait([vm.MigrateVM_Task(pool=pool, priority="defaultPriority")])

    (move,) = rig.client.moves(ref(vm), since)

    assert (move.kind, move.source, move.destination) == (MoveKind.POOL, "Resources", "gold")


def test_only_the_newest_are_told_and_only_of_the_time_asked_for(rig: Rig) -> None:
    vm = rig.running()[0]
    since = rig.client.current_time() - timedelta(seconds=1)
    hosts = list(rig.cluster.host)
    for _ in range(3):
        for host in hosts:
            if vm.runtime.host != host:
                wait([vm.MigrateVM_Task(host=host, priority="defaultPriority")])

    every = rig.client.moves(rig.moref, since)
    newest = rig.client.moves(rig.moref, since, most=3)

    assert len(every) > 3
    assert newest == every[:3]
    assert rig.client.moves(rig.moref, rig.client.current_time() + HOUR) == ()


def test_no_collector_of_events_is_left_behind(rig: Rig) -> None:
    since = rig.client.current_time()
    rig.simulator.control.fault("RuntimeFault", "SetCollectorPageSize", times=1)
    with pytest.raises(VSphereError):
        rig.client.moves(rig.moref, since)
    before = rig.sent("DestroyCollector")

    rig.client.moves(rig.moref, since)

    assert before == 1
    assert rig.sent("DestroyCollector") == rig.sent("CreateCollectorForEvents") == 2
