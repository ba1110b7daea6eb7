"""The simulator tells changes as a vCenter does: `WaitForUpdatesEx`, versions, pages, filters."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from pyVmomi import vim, vmodl

from lab.simulator import nova_instance_uuid
from lab.vcenter import read, wait
from tests.simulator import RunningSimulator
from tests.vsphere.fault_proxy import wait_until

pytestmark = pytest.mark.simulator

Collector = vmodl.query.PropertyCollector
PROPERTIES = {
    vim.VirtualMachine: ["name", "runtime.host", "runtime.powerState", "config.annotation"],
    vim.HostSystem: ["name", "runtime.inMaintenanceMode", "runtime.connectionState"],
    vim.Datastore: ["name", "summary.freeSpace"],
    vim.ClusterComputeResource: ["name", "configurationEx"],
    vim.Folder: ["name"],
    vim.ResourcePool: ["name"],
}


@dataclass
class Watcher:
    """A session with a collector of its own over the whole inventory."""

    simulator: RunningSimulator
    service: Any
    content: Any
    view: Any
    collector: Any
    version: str | None = None

    @classmethod
    def of(cls, simulator: RunningSimulator, types: Any = PROPERTIES) -> "Watcher":
        service = simulator.connect()
        content = service.RetrieveContent()
        view = content.viewManager.CreateContainerView(content.rootFolder, list(types), True)
        collector = content.propertyCollector.CreatePropertyCollector()
        watcher = cls(simulator, service, content, view, collector)
        watcher.add_filter(types)
        return watcher

    def add_filter(self, types: Any) -> Any:
        members = Collector.TraversalSpec(type=type(self.view), path="view", skip=False)
        return self.collector.CreateFilter(
            Collector.FilterSpec(
                objectSet=[Collector.ObjectSpec(obj=self.view, skip=True, selectSet=[members])],
                propSet=[
                    Collector.PropertySpec(type=kind, pathSet=PROPERTIES[kind]) for kind in types
                ],
            ),
            False,
        )

    def ask(self, seconds: int | None = 5, most: int | None = None) -> Any:
        options = Collector.WaitOptions(maxWaitSeconds=seconds, maxObjectUpdates=most)
        answer = self.collector.WaitForUpdatesEx(self.version, options)
        if answer is not None:
            self.version = answer.version
        return answer

    def list(self) -> None:
        while self.ask().truncated:
            pass

    def changes(self, seconds: int = 5) -> dict[str, Any]:
        """What the next answer says: kind, or what is new, by object id."""
        told: dict[str, Any] = {}
        for update in updates_of(self.ask(seconds)):
            told[update.obj._moId] = (
                {change.name: change.val for change in update.changeSet}
                if update.kind == "modify"
                else update.kind
            )
        return told

    def until_told(self, wanted: dict[str, Any]) -> None:
        """In one answer or in several; nothing is told twice, and nothing else."""
        told: dict[str, Any] = {}
        until = time.monotonic() + 30
        while told != wanted:
            assert time.monotonic() < until, f"told of {told}, and not of {wanted}"
            for moid, news in self.changes(1).items():
                before = told.setdefault(moid, {})
                assert not isinstance(news, dict) or not set(before) & set(news), news
                told[moid] = {**before, **news} if isinstance(news, dict) else news

    def changes_of(self, moid: str) -> Any:
        """What is new of one object; what is told of others meanwhile is passed over."""
        told: dict[str, Any] = {}
        until = time.monotonic() + 30
        while moid not in told:
            assert time.monotonic() < until, f"nothing was told of {moid}"
            told = self.changes(1)
        return told[moid]

    def vm(self, number: int = 0) -> Any:
        return self.content.searchIndex.FindAllByUuid(
            None, nova_instance_uuid(number), True, True
        )[0]


def updates_of(answer: Any) -> list[Any]:
    return [u for one in answer.filterSet for u in one.objectSet] if answer else []


@pytest.fixture
def watcher(start_simulator: Callable[..., RunningSimulator]) -> Iterator[Watcher]:
    yield Watcher.of(start_simulator(nova_vms=12, outside_vms=8))


def test_the_first_list_comes_in_pages_with_every_object_once(watcher: Watcher) -> None:
    pages, ids = [], []
    while True:
        answer = watcher.ask(most=7)
        assert {update.kind for update in updates_of(answer)} == {"enter"}
        pages.append(len(updates_of(answer)))
        ids += [update.obj._moId for update in updates_of(answer)]
        if not answer.truncated:
            break

    assert set(pages[:-1]) == {7}
    assert 0 < pages[-1] <= 7
    assert sorted(ids) == sorted(obj._moId for obj in watcher.view.view)
    assert len(ids) == len(set(ids))
    assert watcher.ask(seconds=0) is None, "nothing has changed since"


def test_only_what_differs_is_told_and_once(watcher: Watcher) -> None:
    watcher.list()
    vm = watcher.vm()

    wait([vm.Rename_Task("other")])
    wait([vm.PowerOffVM_Task()])

    watcher.until_told({vm._moId: {"name": "other", "runtime.powerState": "poweredOff"}})
    assert watcher.ask(seconds=0) is None


def test_a_property_that_is_unset_comes_without_a_value(watcher: Watcher) -> None:
    watcher.list()
    vm = watcher.vm()
    members = Collector.ObjectSpec(obj=vm)
    paths = Collector.PropertySpec(
        type=vim.VirtualMachine, pathSet=["snapshot", "snapshot.currentSnapshot"]
    )
    watcher.collector.CreateFilter(
        Collector.FilterSpec(objectSet=[members], propSet=[paths]), False
    )
    assert watcher.changes() == {vm._moId: "enter"}

    wait([vm.CreateSnapshot_Task("one", "", False, False)])
    assert set(watcher.changes()[vm._moId]) == {"snapshot", "snapshot.currentSnapshot"}
    wait([vm.RemoveAllSnapshots_Task()])
    told: dict[str, tuple[str, Any]] = {}
    until = time.monotonic() + 30
    while len(told) < 2:
        assert time.monotonic() < until, f"told of {told} alone"
        for update in updates_of(watcher.ask(1)):
            told |= {change.name: (change.op, change.val) for change in update.changeSet}
    assert told == {
        "snapshot": ("remove", None),
        "snapshot.currentSnapshot": ("indirectRemove", None),
    }


def test_what_drs_and_admins_do_is_told(watcher: Watcher) -> None:
    watcher.list()
    host = next(iter(read(watcher.service, vim.HostSystem, "name")))
    on_it = [vm._moId for vm in host.vm if vm.runtime.powerState == "poweredOn"]

    wait([host.EnterMaintenanceMode_Task(0)])

    told: dict[str, Any] = {}
    until = time.monotonic() + 30
    while set(told) < {host._moId, *on_it} and time.monotonic() < until:
        told |= watcher.changes(1)
    assert told[host._moId] == {"runtime.inMaintenanceMode": True}
    assert all(set(told[moid]) == {"runtime.host"} for moid in on_it)


def test_a_cluster_a_pool_a_folder_and_a_datastore_are_followed(watcher: Watcher) -> None:
    watcher.list()
    cluster = next(iter(read(watcher.service, vim.ClusterComputeResource, "name")))
    spec = vim.cluster.ConfigSpecEx(drsConfig=vim.cluster.DrsConfigInfo(enabled=False))
    wait([cluster.ReconfigureComputeResource_Task(spec, True)])
    assert watcher.changes_of(cluster._moId)["configurationEx"].drsConfig.enabled is False

    folder = watcher.content.rootFolder.childEntity[0].vmFolder.CreateFolder("new")
    assert watcher.changes() == {folder._moId: "enter"}
    pool = cluster.resourcePool.CreateResourcePool(
        "new", vim.ResourceConfigSpec(cpuAllocation=allocation(), memoryAllocation=allocation())
    )
    assert watcher.changes() == {pool._moId: "enter"}
    pool.UpdateConfig("renamed", None)
    assert watcher.changes() == {pool._moId: {"name": "renamed"}}
    pool.Destroy_Task()
    assert watcher.changes() == {pool._moId: "leave"}

    watcher.simulator.control.set_free("shared-ds-1", 4096)
    (told,) = watcher.changes().values()
    assert told == {"summary.freeSpace": 4096}


def allocation() -> Any:
    shares = vim.SharesInfo(level="normal", shares=0)
    return vim.ResourceAllocationInfo(
        reservation=0, limit=-1, expandableReservation=True, shares=shares
    )


def test_a_clone_enters_and_a_deleted_vm_leaves(watcher: Watcher) -> None:
    watcher.list()
    source = watcher.vm()
    location = vim.vm.RelocateSpec()
    clone = source.CloneVM_Task(
        source.parent, "the-clone", vim.vm.CloneSpec(location=location, powerOn=False)
    )
    wait([clone])
    made = clone.info.result

    assert watcher.changes_of(made._moId) == "enter"
    wait([made.Destroy_Task()])
    told = watcher.changes_of(made._moId)
    while told != "leave":
        told = watcher.changes_of(made._moId)


def test_a_vm_enters_and_leaves_a_view_of_one_cluster_as_it_moves(
    start_simulator: Callable[..., RunningSimulator],
) -> None:
    simulator = start_simulator(nova_vms=4)
    watcher = Watcher.of(simulator, [vim.VirtualMachine])
    clusters = {c.name: c for c in read(watcher.service, vim.ClusterComputeResource, "name")}
    watcher.view = watcher.content.viewManager.CreateContainerView(
        clusters["DC0_C1"], [vim.VirtualMachine], True
    )
    watcher.collector = watcher.content.propertyCollector.CreatePropertyCollector()
    watcher.add_filter([vim.VirtualMachine])
    watcher.list()
    vm = watcher.vm(0)

    wait([vm.RelocateVM_Task(vim.vm.RelocateSpec(pool=clusters["DC0_C1"].resourcePool))])
    watcher.until_told({vm._moId: "enter"})
    assert vm in watcher.view.view

    wait([vm.RelocateVM_Task(vim.vm.RelocateSpec(pool=clusters["DC0_C0"].resourcePool))])
    watcher.until_told({vm._moId: "leave"})
    assert vm not in watcher.view.view


def test_an_unknown_or_used_version_is_invalid(watcher: Watcher) -> None:
    watcher.ask(most=3)
    page = watcher.version
    watcher.ask(most=3)
    watcher.version = page
    with pytest.raises(vmodl.query.InvalidCollectorVersion):
        watcher.ask(most=3)

    watcher.version = None
    watcher.list()
    assert watcher.version
    known = watcher.version
    watcher.version = "77"
    with pytest.raises(vmodl.query.InvalidCollectorVersion):
        watcher.ask()

    watcher.version = known
    assert watcher.ask(seconds=0) is None


def test_the_last_version_gets_its_answer_again(watcher: Watcher) -> None:
    watcher.list()
    before = watcher.version
    vm = watcher.vm()
    wait([vm.Rename_Task("other")])
    first = watcher.changes()

    watcher.version = before
    assert watcher.changes() == first == {vm._moId: {"name": "other"}}
    assert watcher.ask(seconds=0) is None


def test_a_wait_ends_without_an_answer_when_its_time_is_up(watcher: Watcher) -> None:
    watcher.list()
    version = watcher.version

    assert watcher.ask(seconds=1) is None
    assert watcher.version == version


def in_background(call: Callable[[], Any]) -> tuple[threading.Thread, list[BaseException]]:
    raised: list[BaseException] = []

    def run() -> None:
        try:
            call()
        except (vmodl.MethodFault, OSError) as error:
            raised.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread, raised


def test_a_wait_ends_by_a_cancel_a_second_wait_and_the_collectors_end(watcher: Watcher) -> None:
    watcher.list()
    control = watcher.simulator.control
    for stop in (
        watcher.collector.CancelWaitForUpdates,
        lambda: watcher.ask(seconds=0),
        watcher.collector.DestroyPropertyCollector,
    ):
        thread, raised = in_background(lambda: watcher.ask(seconds=30))
        wait_until(lambda: control.objects().waits == 1)
        stop()
        thread.join(60)
        assert [type(error) for error in raised] == [vmodl.fault.RequestCanceled]

    left = control.objects()
    assert (left.collectors, left.filters, left.views, left.waits) == (0, 0, 1, 0)
    with pytest.raises(vmodl.fault.ManagedObjectNotFound):
        watcher.ask(seconds=0)


def test_a_wait_ends_with_its_session(watcher: Watcher) -> None:
    watcher.list()
    control = watcher.simulator.control
    thread, raised = in_background(lambda: watcher.ask(seconds=30))
    wait_until(lambda: control.objects().waits == 1)

    assert control.expire_sessions(user="somebody@else") == 0
    assert control.expire_sessions(user=watcher.simulator.user) == 1
    thread.join(60)

    assert [type(error) for error in raised] == [vim.fault.NotAuthenticated]
    with pytest.raises(vim.fault.NotAuthenticated):
        watcher.ask()
    left = control.objects()
    assert (left.collectors, left.filters, left.views, left.waits) == (0, 0, 0, 0)


def test_a_filter_that_is_made_late_enters_and_one_that_ends_is_silent(watcher: Watcher) -> None:
    watcher.list()
    late = watcher.add_filter([vim.HostSystem])

    entered = watcher.ask()
    assert {one.filter._moId for one in entered.filterSet} == {late._moId}
    assert len(updates_of(entered)) == 6

    late.DestroyPropertyFilter()
    vm = watcher.vm()
    wait([vm.Rename_Task("other")])
    assert watcher.changes() == {vm._moId: {"name": "other"}}


def test_a_destroyed_view_empties_its_filters(watcher: Watcher) -> None:
    watcher.list()
    watcher.view.DestroyView()

    assert set(watcher.changes().values()) == {"leave"}


def test_many_changes_come_in_pages_too(watcher: Watcher) -> None:
    watcher.list()
    vms = [watcher.vm(n) for n in range(5)]
    wait([vm.Rename_Task(f"other-{n}") for n, vm in enumerate(vms)])

    told, pages = [], 0
    until = time.monotonic() + 30
    while len(told) < len(vms):
        assert time.monotonic() < until, f"told of {told} alone"
        page = [update.obj._moId for update in updates_of(watcher.ask(1, most=2))]
        assert len(page) <= 2
        told += page
        pages += bool(page)
    assert pages >= 3
    assert sorted(told) == sorted(vm._moId for vm in vms)


def test_what_is_told_adds_up_to_the_truth_while_everything_changes(
    start_simulator: Callable[..., RunningSimulator],
) -> None:
    simulator = start_simulator(nova_vms=300, hosts_per_cluster=4)
    watcher = Watcher.of(simulator, [vim.VirtualMachine])
    simulator.control.churn(300, 2)

    told: dict[str, dict[str, Any]] = {}
    while (answer := watcher.ask(2, most=40)) or simulator.control.churn_state().running:
        for update in updates_of(answer):
            assert (update.kind == "enter") == (update.obj._moId not in told)
            properties = told.setdefault(update.obj._moId, {})
            properties |= {change.name: change.val for change in update.changeSet}

    fresh = Watcher.of(simulator, [vim.VirtualMachine]).ask()
    assert told == {
        update.obj._moId: {change.name: change.val for change in update.changeSet}
        for update in updates_of(fresh)
    }
    assert simulator.control.churn_state().done == 600
