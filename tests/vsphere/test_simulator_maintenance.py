"""What the simulator was given for maintenance mode and vMotion, asked as a vCenter is: by pyVmomi."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pyVmomi import vim, vmodl

from lab.vcenter import wait
from tests.simulator import RunningSimulator
from tests.vsphere.fault_proxy import wait_until
from tests.vsphere.hardware import (
    insert_iso,
    keep_off,
    leave_alone,
    mount_alone,
    reserve_memory,
    set_drs,
)
from tests.vsphere.test_simulator_changes import Inventory, failed

pytestmark = pytest.mark.simulator


@pytest.fixture
def inventory(start_simulator: Callable[..., RunningSimulator]) -> Iterator[Inventory]:
    simulator = start_simulator(nova_vms=24, outside_vms=4)
    with simulator.login.connected() as service:
        yield Inventory(simulator, service)


def running(host: Any) -> list[Any]:
    return [vm for vm in host.vm if vm.runtime.powerState == "poweredOn"]


def plan_of(host: Any) -> Any:
    return host.parent.EnterMaintenanceMode([host])


def moves_of(plan: Any) -> dict[Any, Any]:
    migrations = [action.drsMigration for r in plan.recommendations for action in r.action]
    return {migration.vm: migration.destination for migration in migrations}


def faults_of(plan: Any) -> dict[Any, list[Any]]:
    return {one.vm: one.fault for one in plan.fault.faultsByVm} if plan.fault else {}


def test_the_plan_moves_nothing_and_is_what_then_happens(inventory: Inventory) -> None:
    host = inventory.host("c0-1")
    leaving = running(host)
    assert leaving

    plan = plan_of(host)

    assert set(moves_of(plan)) == set(leaving)
    assert not faults_of(plan)
    assert running(host) == leaving
    wait([host.EnterMaintenanceMode_Task(timeout=0)])
    assert {vm: vm.runtime.host for vm in leaving} == moves_of(plan)


def test_a_vm_with_an_image_of_this_host_alone_stays_in_the_plan_and_for_good(
    inventory: Inventory, tmp_path: Path
) -> None:
    host = inventory.host("c0-1")
    bound = running(host)[0]
    mount_alone(host, "iso-store", str(tmp_path))
    insert_iso(bound, "[iso-store] rescue.iso")

    (fault,) = faults_of(plan_of(host))[bound]

    assert isinstance(fault, vim.fault.NoCompatibleHost)
    assert {type(each) for each in fault.error} == {vim.fault.CannotAccessVmDevice}
    assert isinstance(failed(host.EnterMaintenanceMode_Task(timeout=1)), vim.fault.Timedout)
    assert running(host) == [bound]


def test_a_must_rule_and_a_reservation_keep_a_vm_where_it_is(inventory: Inventory) -> None:
    host = inventory.host("c0-1")
    ruled, large = running(host)[:2]
    cluster = host.parent
    keep_off(cluster, [ruled], [other for other in cluster.host if other != host])
    reserve_memory(large, 250 << 10)
    for other in cluster.host:
        if other != host:
            reserve_memory(running(other)[0], 100 << 10)

    faults = faults_of(plan_of(host))

    assert set(faults) == {ruled, large}
    assert {type(e) for e in faults[ruled][0].error} == {vim.fault.VmHostAffinityRuleViolation}
    assert {type(e) for e in faults[large][0].error} == {
        vim.fault.InsufficientMemoryResourcesFault
    }
    assert [rule.name for rule in cluster.FindRulesForVm(ruled)] == ["keep off"]
    assert not cluster.FindRulesForVm(large)


def test_drs_leaves_a_vm_alone_that_it_is_told_to(inventory: Inventory) -> None:
    host = inventory.host("c0-1")
    vm = running(host)[0]
    leave_alone(host.parent, vm)

    assert [type(f) for f in faults_of(plan_of(host))[vm]] == [vim.fault.DrsDisabledOnVm]


def test_without_automated_drs_the_host_waits_for_the_admin(inventory: Inventory) -> None:
    host = inventory.host("c0-1")
    set_drs(host.parent, level="manual")
    vms = running(host)
    task = host.EnterMaintenanceMode_Task(timeout=0)
    wait_until(lambda: task.info.progress is not None)
    for vm in vms:
        wait([vm.MigrateVM_Task(host=inventory.host("c0-2"), priority="defaultPriority")])
    wait([task])
    assert host.runtime.inMaintenanceMode


def test_without_drs_there_is_no_plan(inventory: Inventory) -> None:
    host = inventory.host("c0-1")
    set_drs(host.parent, enabled=False)
    with pytest.raises(vmodl.fault.NotSupported):
        plan_of(host)


def test_the_way_into_maintenance_shows_and_can_be_cancelled(inventory: Inventory) -> None:
    inventory.simulator.control.vmotion_takes(1500)
    host = inventory.host("c0-1")
    before = len(running(host))
    task = host.EnterMaintenanceMode_Task(timeout=0)
    seen: list[int] = []

    def shows() -> bool:
        percent = task.info.progress
        if percent is not None and percent not in seen:
            seen.append(percent)
        return len(seen) > 3

    wait_until(shows)
    assert task.info.cancelable
    assert not host.runtime.inMaintenanceMode
    task.CancelTask()
    assert seen == sorted(seen)
    assert isinstance(failed(task), vmodl.fault.RequestCanceled)
    assert task.info.cancelled
    assert not host.runtime.inMaintenanceMode
    assert 0 < len(running(host)) < before


def test_a_host_on_its_way_into_maintenance_takes_no_vm(inventory: Inventory) -> None:
    inventory.simulator.control.vmotion_takes(2000)
    host = inventory.host("c0-1")
    task = host.EnterMaintenanceMode_Task(timeout=0)
    wait_until(lambda: task.info.progress is not None)

    placed = {inventory.create(f"new-{n}").runtime.host for n in range(4)}

    assert host not in placed
    task.CancelTask()


def test_a_move_takes_the_time_that_a_test_sets_and_shows_it(inventory: Inventory) -> None:
    inventory.simulator.control.vmotion_takes(4000)
    vm, target = inventory.nova_vm(), inventory.host("c0-3")
    task = vm.MigrateVM_Task(host=target, priority="defaultPriority")
    wait_until(lambda: (task.info.progress or 0) > 20)
    assert vm.runtime.host != target
    wait([task])
    assert vm.runtime.host == target


def test_vmotion_is_checked_for_many_hosts_at_once(inventory: Inventory) -> None:
    vm = inventory.nova_vm()
    hosts = [inventory.host(f"c0-{n}") for n in (1, 2, 3)]
    wait([hosts[1].DisconnectHost_Task()])
    checker = inventory.service.content.vmProvisioningChecker
    task = checker.QueryVMotionCompatibilityEx_Task([vm], hosts)
    wait([task])
    told = {result.host: [type(e) for e in result.error] for result in task.info.result}
    assert told == {hosts[0]: [], hosts[1]: [vmodl.fault.HostNotConnected], hosts[2]: []}


def test_a_read_only_account_lacks_the_rights(inventory: Inventory) -> None:
    vm, host = inventory.nova_vm()._moId, inventory.host("c0-1")._moId
    with inventory.simulator.reader.connected() as service:
        stub = service._stub
        checker = service.content.vmProvisioningChecker
        mine = vim.VirtualMachine(vm, stub), vim.HostSystem(host, stub)
        refused = []
        for ask in (
            lambda: checker.QueryVMotionCompatibilityEx_Task([mine[0]], [mine[1]]),
            lambda: mine[0].MigrateVM_Task(host=mine[1], priority="defaultPriority"),
            lambda: mine[1].EnterMaintenanceMode_Task(timeout=0),
            lambda: mine[1].parent.EnterMaintenanceMode([mine[1]]),
        ):
            with pytest.raises(vim.fault.NoPermission) as error:
                ask()
            refused.append(error.value.privilegeId)
    assert refused == [
        "Resource.QueryVMotion",
        "Resource.HotMigrate",
        "Host.Config.Maintenance",
        "Host.Config.Maintenance",
    ]
