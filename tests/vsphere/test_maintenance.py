"""Maintenance mode through the adapter, on the simulator: plan, way in, way out, lost answers."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.simulator import RunningSimulator
from tests.vsphere import hardware
from tests.vsphere.certificates import Authority
from tests.vsphere.fault_proxy import cut_off, fault_proxy, hang_up, wait_until
from tests.vsphere.rig import endpoint_of
from tests.vsphere.test_simulator_changes import Inventory
from vmware_panel.domain.cluster_detail import DrsLevel
from vmware_panel.domain.inventory import MoRef
from vmware_panel.domain.outcome import TroubleKind
from vmware_panel.domain.standing import BindingKind, what_binds
from vmware_panel.domain.tasks import TaskState
from vmware_panel.vsphere import VCenterClient, VSphereError, counting
from vmware_panel.vsphere.errors import Unanswered

pytestmark = pytest.mark.simulator


@pytest.fixture
def inventory(start_simulator: Callable[..., RunningSimulator]) -> Iterator[Inventory]:
    simulator = start_simulator(nova_vms=24, outside_vms=4)
    with simulator.login.connected() as service:
        yield Inventory(simulator, service)


@pytest.fixture
def client(inventory: Inventory, new_client: Callable[..., VCenterClient]) -> VCenterClient:
    return new_client(endpoint_of(inventory.simulator))


def ref(obj: object) -> MoRef:
    return MoRef(obj._moId)  # type: ignore[attr-defined]


def running(host) -> set[MoRef]:
    return {ref(vm) for vm in host.vm if vm.runtime.powerState == "poweredOn"}


def on_it(standing) -> set[MoRef]:
    return {vm.moref for vm in standing.vms}


def test_what_stands_on_a_host_is_read_with_its_cluster_in_two_calls(inventory, client):
    host = inventory.host("c0-1")
    client.about()
    with counting() as calls:
        standing = client.standing(ref(host))
    assert calls.total == 2, calls
    assert standing.host.name == host.name
    assert standing.cluster.name == "DC0_C0"
    assert [other.name for other in standing.others] == [
        "esx-c0-2.lab.example",
        "esx-c0-3.lab.example",
    ]
    assert on_it(standing) == {ref(vm) for vm in host.vm}
    assert set(standing.usage) == {ref(h) for h in host.parent.host}
    assert {d.name for d in standing.inventory.datastores} == {"shared-ds-1", "c0-local-1"}
    assert {standing.drs_level(vm) for vm in on_it(standing)} == {DrsLevel.FULLY_AUTOMATED}


def test_a_host_that_is_gone_leaves_nothing(client):
    standing = client.standing(MoRef("host-99999"))
    assert standing.host is None
    assert standing.vms == ()


def test_an_image_of_this_host_alone_binds_its_vm(inventory, client, tmp_path: Path):
    host = inventory.host("c0-1")
    vm, other = [vm for vm in host.vm if ref(vm) in running(host)][:2]
    hardware.mount_alone(host, "iso-store", str(tmp_path))
    hardware.insert_iso(vm, "[iso-store] rescue.iso")
    hardware.insert_iso(other, "[shared-ds-1] everywhere.iso")
    standing = client.standing(ref(host))
    by_vm = {binding.vm: binding for binding in standing.bindings}
    assert set(by_vm) == {ref(vm), ref(other)}
    assert by_vm[ref(vm)].kind is BindingKind.IMAGE
    assert by_vm[ref(vm)].backing == "[iso-store] rescue.iso"
    bound = {moref: what_binds(standing, standing_vm(standing, moref)) for moref in by_vm}
    assert [c.subject for c in bound[ref(vm)]] == ["CD/DVD drive 1 [iso-store] rescue.iso"]
    assert bound[ref(other)] == ()


def test_an_image_in_a_drive_that_is_not_connected_binds_nothing(inventory, client, tmp_path):
    host = inventory.host("c0-1")
    hardware.mount_alone(host, "iso-store", str(tmp_path))
    hardware.insert_iso(host.vm[0], "[iso-store] rescue.iso", connected=False)
    assert client.standing(ref(host)).bindings == ()


def standing_vm(standing, moref):
    return standing.inventory.vms[[vm.moref for vm in standing.inventory.vms].index(moref)]


def test_rules_and_overrides_are_those_of_the_cluster(inventory, client):
    host = inventory.host("c0-1")
    ruled, pinned = [vm for vm in host.vm if ref(vm) in running(host)][:2]
    others = [other for other in host.parent.host if other != host]
    hardware.keep_off(host.parent, [ruled], others)
    hardware.leave_alone(host.parent, pinned)
    standing = client.standing(ref(host))
    (rule,) = standing.host_rules(ref(ruled))
    assert (rule.name, rule.mandatory, rule.together) == ("keep off", True, False)
    assert not any(standing.allows(rule, ref(other)) for other in others)
    assert standing.allows(rule, ref(host))
    assert standing.drs_level(ref(pinned)) is None


def test_the_forecast_is_what_then_happens_to_every_running_vm(inventory, client):
    host = inventory.host("c0-1")
    before = running(host)
    client.about()
    with counting() as calls:
        forecast = client.maintenance_forecast(ref(host.parent), ref(host))
    assert calls.total == 1, calls
    assert running(host) == before
    assert {move.vm for move in forecast.moves} == before
    assert forecast.faults == ()

    task = client.enter_maintenance(ref(host), timeout_s=0, evacuate_powered_off=False)

    wait_until(lambda: client.tasks([task])[0].state is TaskState.SUCCESS)
    assert host.runtime.inMaintenanceMode
    went = {ref(vm): ref(vm.runtime.host) for other in host.parent.host for vm in other.vm}
    assert {move.vm: move.destination for move in forecast.moves}.items() <= went.items()


def test_the_forecast_names_who_cannot_leave_and_why(inventory, client):
    host = inventory.host("c0-1")
    ruled, pinned = [vm for vm in host.vm if ref(vm) in running(host)][:2]
    hardware.keep_off(host.parent, [ruled], [h for h in host.parent.host if h != host])
    hardware.leave_alone(host.parent, pinned)
    forecast = client.maintenance_forecast(ref(host.parent), ref(host))
    assert {(fault.vm, fault.fault) for fault in forecast.faults} == {
        (ref(ruled), "VmHostAffinityRuleViolation"),
        (ref(pinned), "DrsDisabledOnVm"),
    }
    assert all(fault.message for fault in forecast.faults)


def test_powered_off_vms_leave_only_where_that_is_asked_for(inventory, client):
    host = inventory.host("c0-1")
    hardware.wait_for(host.vm[0].PowerOffVM_Task())
    off = {ref(vm) for vm in host.vm} - running(host)
    assert off
    task = client.enter_maintenance(ref(host), timeout_s=0, evacuate_powered_off=False)
    wait_until(lambda: client.tasks([task])[0].done)
    assert {ref(vm) for vm in host.vm} == off
    task = client.exit_maintenance(ref(host))
    wait_until(lambda: client.tasks([task])[0].done)
    task = client.enter_maintenance(ref(host), timeout_s=0, evacuate_powered_off=True)
    wait_until(lambda: client.tasks([task])[0].done)
    assert list(host.vm) == []


def test_without_drs_vcenter_refuses_a_forecast(inventory, client):
    host = inventory.host("c0-1")
    hardware.set_drs(host.parent, enabled=False)
    with pytest.raises(VSphereError) as caught:
        client.maintenance_forecast(ref(host.parent), ref(host))
    assert caught.value.fault == "NotSupported"


def test_a_host_that_waits_for_a_vm_can_be_cancelled(inventory, client):
    host = inventory.host("c0-1")
    pinned = next(vm for vm in host.vm if ref(vm) in running(host))
    hardware.leave_alone(host.parent, pinned)
    task = client.enter_maintenance(ref(host), timeout_s=0, evacuate_powered_off=False)
    wait_until(lambda: running(host) == {ref(pinned)})
    (record,) = client.tasks([task])
    assert not record.done
    assert record.cancelable
    assert 0 < record.progress_percent < 100
    client.cancel_task(task)
    wait_until(lambda: client.tasks([task])[0].done)
    (record,) = client.tasks([task])
    assert (record.state, record.cancelled) == (TaskState.ERROR, True)
    assert not host.runtime.inMaintenanceMode


def test_a_missing_right_is_named(inventory, client):
    inventory.simulator.control.deny(inventory.simulator.user, "Host.Config.Maintenance")
    host = ref(inventory.host("c0-1"))
    for ask in (
        lambda: client.enter_maintenance(host, timeout_s=0, evacuate_powered_off=False),
        lambda: client.exit_maintenance(host),
        lambda: client.maintenance_forecast(ref(inventory.cluster("DC0_C0")), host),
    ):
        with pytest.raises(VSphereError) as caught:
            ask()
        assert caught.value.kind is TroubleKind.FORBIDDEN
        assert caught.value.trouble.missing_privilege == "Host.Config.Maintenance"


@pytest.mark.parametrize("fault", [hang_up, cut_off], ids=["hung up", "cut off"])
def test_a_lost_answer_is_told_as_such_and_nothing_is_sent_twice(
    inventory, new_client, authority: Authority, fault
):
    """The call goes through, and its answer does not come back."""
    simulator, host = inventory.simulator, inventory.host("c0-1")
    with fault_proxy(simulator.port, *authority.issue("127.0.0.1", "localhost")) as proxy:
        endpoint = endpoint_of(simulator)
        client = new_client(replace(endpoint, port=proxy.port, ca_file=str(authority.ca_file)))
        client.about()
        proxy.spoil("EnterMaintenanceMode_Task", passed_on(fault), times=1)
        with pytest.raises(Unanswered) as caught:
            client.enter_maintenance(ref(host), timeout_s=0, evacuate_powered_off=False)
        assert caught.value.unanswered
        assert proxy.count("EnterMaintenanceMode_Task") == 1
        wait_until(lambda: host.runtime.inMaintenanceMode)


def passed_on(fault):
    """The simulator hears the call first."""

    def spoil(exchange):
        assert exchange.upstream
        fault(exchange)

    return spoil
