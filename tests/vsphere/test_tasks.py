"""vCenter's tasks, as the adapter reads them: by id, by object, by time; and cancelling one."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from pyVmomi import vim

from lab.vcenter import read, wait
from tests.simulator import READER, RunningSimulator
from tests.vsphere.rig import endpoint_of
from vmware_panel.domain.inventory import MoRef
from vmware_panel.domain.tasks import TaskRecord, TaskState
from vmware_panel.vsphere import Endpoint, VCenterClient, VSphereError

pytestmark = pytest.mark.simulator

ADMINISTRATOR = "administrator@vsphere.local"
SECOND = timedelta(seconds=1)


class Rig:
    """A simulator of the test's own, a session of pyVmomi's and the adapter's client."""

    def __init__(
        self, simulator: RunningSimulator, service: vim.ServiceInstance, client: VCenterClient
    ) -> None:
        self.simulator = simulator
        self.service = service
        self.client = client
        self.vms = sorted(read(service, vim.VirtualMachine, "name"), key=lambda vm: vm._moId)

    def power_off(self, *vms: Any) -> None:
        wait([vm.PowerOffVM_Task() for vm in vms])

    def calls(self, ask: Callable[[], Any]) -> int:
        self.client.current_time()  # logged in
        before = self.client.calls.total
        ask()
        return self.client.calls.total - before


@pytest.fixture
def rig(start_simulator: Callable[..., RunningSimulator]) -> Iterator[Rig]:
    simulator = start_simulator(nova_vms=6)
    client = VCenterClient(endpoint_of(simulator))
    with simulator.login.connected() as service:
        yield Rig(simulator, service, client)
    client.close()


def ref(obj: Any) -> MoRef:
    return MoRef(obj._moId)


def of(records: tuple[TaskRecord, ...], vm: Any) -> list[TaskRecord]:
    return [task for task in records if task.entity == ref(vm)]


def test_a_task_says_what_it_is_of_whom_and_by_whom(rig: Rig) -> None:
    vm = rig.vms[0]
    task = vm.PowerOffVM_Task()
    wait([task])

    (record,) = rig.client.tasks([ref(task)])

    assert record.state is TaskState.SUCCESS
    assert record.entity == ref(vm)
    assert record.entity_type == "VirtualMachine"
    assert record.entity_name == vm.name
    assert record.user == ADMINISTRATOR
    assert record.cause == ""
    assert record.progress_percent is None
    assert record.queued_at is not None and record.started_at is not None
    assert record.completed_at is not None
    assert record.queued_at <= record.started_at <= record.completed_at


def test_a_task_that_failed_says_by_which_fault(rig: Rig) -> None:
    vm = rig.vms[0]
    rig.power_off(vm)
    task = vm.PowerOffVM_Task()
    with pytest.raises(RuntimeError):
        wait([task])

    (record,) = rig.client.tasks([ref(task)])

    assert record.state is TaskState.ERROR
    assert record.error.startswith("InvalidPowerState")


def test_tasks_that_are_gone_are_left_out(rig: Rig) -> None:
    task = rig.vms[0].PowerOffVM_Task()

    records = rig.client.tasks([MoRef("task-999999"), ref(task)])

    assert [record.moref for record in records] == [ref(task)]


def test_the_tasks_of_some_objects_are_told_newest_first_and_no_others(rig: Rig) -> None:
    since = rig.client.current_time() - SECOND
    first, second, other = rig.vms[:3]
    rig.power_off(first)
    rig.power_off(second)
    rig.power_off(other)

    records = rig.client.tasks_of([ref(first), ref(second)], since)

    assert [record.entity for record in records] == [ref(second), ref(first)]


@pytest.mark.parametrize("how_many", [1, 2])
def test_tasks_before_the_time_asked_for_are_left_out(rig: Rig, how_many: int) -> None:
    wanted = [ref(vm) for vm in rig.vms[:how_many]]
    rig.power_off(*rig.vms[:2])
    later = rig.client.current_time() + SECOND

    assert rig.client.tasks_of(wanted, later) == ()
    assert rig.client.recent_tasks(later) == ()


def test_recent_tasks_are_the_newest_of_everybody(rig: Rig) -> None:
    since = rig.client.current_time() - SECOND
    for vm in rig.vms[:4]:
        rig.power_off(vm)

    records = rig.client.recent_tasks(since, most=2)

    assert [record.entity for record in records] == [ref(rig.vms[3]), ref(rig.vms[2])]
    assert len(rig.client.recent_tasks(since)) == 4


def test_an_object_that_is_gone_has_its_history(rig: Rig) -> None:
    since = rig.client.current_time() - SECOND
    gone, there = rig.vms[:2]
    rig.power_off(gone, there)
    wait([gone.Destroy_Task()])

    records = rig.client.tasks_of([ref(gone), ref(there)], since)

    assert len(of(records, gone)) == 2
    assert len(of(records, there)) == 1


def test_the_number_of_calls_does_not_depend_on_how_much_there_is(rig: Rig) -> None:
    since = rig.client.current_time() - SECOND
    few = rig.calls(lambda: rig.client.tasks_of([ref(rig.vms[0])], since))
    recent = rig.calls(lambda: rig.client.recent_tasks(since))
    for vm in rig.vms:
        rig.power_off(vm)
    every = [ref(vm) for vm in rig.vms]

    assert (few, recent) == (4, 4)
    assert rig.calls(lambda: rig.client.tasks_of(every, since)) == 4
    assert rig.calls(lambda: rig.client.recent_tasks(since)) == 4
    assert rig.calls(lambda: rig.client.tasks([MoRef("task-1"), MoRef("task-2")])) == 1
    assert rig.calls(lambda: (rig.client.tasks([]), rig.client.tasks_of([], since))) == 0


def test_no_collector_is_left_behind(rig: Rig) -> None:
    """A vCenter allows 32 of them for a session."""
    since = rig.client.current_time()
    for _ in range(40):
        rig.client.recent_tasks(since)
    rig.simulator.control.fault("RuntimeFault", "SetCollectorPageSize", times=1)
    with pytest.raises(VSphereError):
        rig.client.recent_tasks(since)

    assert rig.calls(lambda: rig.client.recent_tasks(since)) == 4


@pytest.mark.parametrize("reads", ["missing", "fault", "empty"])
def test_a_session_that_ended_is_no_answer_without_tasks(rig: Rig, reads: str) -> None:
    task = rig.vms[0].PowerOffVM_Task()
    rig.client.current_time()
    rig.simulator.expire_sessions(reads)

    assert [record.moref for record in rig.client.tasks([ref(task)])] == [ref(task)]


def test_an_account_that_may_only_read_sees_tasks(rig: Rig) -> None:
    since = rig.client.current_time() - SECOND
    rig.power_off(rig.vms[0])
    endpoint = endpoint_of(rig.simulator)
    fields = {name: getattr(endpoint, name) for name in ("name", "host", "port", "ca_file")}
    reader = VCenterClient(
        Endpoint(**fields, username=READER.user, password=lambda: READER.password)
    )

    assert len(reader.recent_tasks(since)) == 1
    reader.close()
