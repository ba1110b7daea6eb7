"""vMotion of one VM through the adapter, on the simulator."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.simulator import RunningSimulator
from tests.vsphere import hardware
from tests.vsphere.certificates import Authority
from tests.vsphere.fault_proxy import fault_proxy, hang_up, silence, wait_until
from tests.vsphere.rig import endpoint_of
from tests.vsphere.test_maintenance import passed_on, ref
from tests.vsphere.test_simulator_changes import Inventory
from vmware_panel.domain.outcome import TroubleKind
from vmware_panel.domain.tasks import TaskState
from vmware_panel.vsphere import VCenterClient, VSphereError, counting
from vmware_panel.vsphere.errors import Unanswered

pytestmark = pytest.mark.simulator


@pytest.fixture
def inventory(start_simulator: Callable[..., RunningSimulator]) -> Iterator[Inventory]:
    simulator = start_simulator(nova_vms=6)
    with simulator.login.connected() as service:
        yield Inventory(simulator, service)


@pytest.fixture
def client(inventory: Inventory, new_client: Callable[..., VCenterClient]) -> VCenterClient:
    return new_client(endpoint_of(inventory.simulator))


def test_vcenter_says_of_every_host_whether_it_can_take_the_vm(inventory, client, tmp_path: Path):
    vm = inventory.nova_vm()
    here = vm.runtime.host
    there, away = (host for host in here.parent.host if host != here)
    hardware.mount_alone(here, "iso-store", str(tmp_path))
    hardware.wait_for(away.DisconnectHost_Task())
    free = client.vmotion_compatibility(ref(vm), [ref(there), ref(away)])
    assert [verdict.host for verdict in free] == [ref(there), ref(away)]
    assert free[0].errors == ()
    assert free[1].errors == (
        "Unable to communicate with the remote host, since it is disconnected.",
    )
    hardware.insert_iso(vm, "[iso-store] rescue.iso")
    (bound,) = client.vmotion_compatibility(ref(vm), [ref(there)])
    assert "[iso-store] rescue.iso" in bound.errors[0]


def test_the_number_of_calls_does_not_depend_on_the_hosts(inventory, client):
    vm = inventory.nova_vm()
    hosts = [ref(host) for host in vm.runtime.host.parent.host]
    client.about()
    with counting() as calls:
        client.vmotion_compatibility(ref(vm), hosts)
    assert calls.by_method["QueryVMotionCompatibilityEx_Task"] == 1
    with counting() as none:
        assert client.vmotion_compatibility(ref(vm), []) == ()
    assert none.total == 0


def test_a_check_that_does_not_end_keeps_its_deadline(inventory, new_client):
    client = new_client(replace(endpoint_of(inventory.simulator), read_timeout_s=4.0))
    client.about()
    vm, host = ref(inventory.nova_vm()), ref(inventory.host("c0-2"))
    inventory.simulator.control.delay(10_000, "RetrievePropertiesEx")
    with pytest.raises(VSphereError) as caught:
        client.vmotion_compatibility(vm, [host])
    assert caught.value.kind is TroubleKind.TIMEOUT


def test_a_vm_moves_and_the_way_shows(inventory, client):
    inventory.simulator.control.vmotion_takes(4000)
    vm = inventory.nova_vm()
    pool = vm.resourcePool
    there = next(host for host in vm.runtime.host.parent.host if host != vm.runtime.host)
    task = client.migrate(ref(vm), ref(there))
    wait_until(lambda: (client.tasks([task])[0].progress_percent or 0) > 0)
    assert vm.runtime.host != there
    wait_until(lambda: client.tasks([task])[0].done)
    assert client.tasks([task])[0].state is TaskState.SUCCESS
    assert (vm.runtime.host, vm.resourcePool) == (there, pool)


def test_a_host_that_cannot_take_it_makes_the_task_fail_with_the_reason(inventory, client):
    vm = inventory.nova_vm()
    there = next(host for host in vm.runtime.host.parent.host if host != vm.runtime.host)
    hardware.wait_for(there.EnterMaintenanceMode_Task(timeout=0))
    task = client.migrate(ref(vm), ref(there))
    wait_until(lambda: client.tasks([task])[0].done)
    assert client.tasks([task])[0].error.startswith("InvalidHostState")


def test_a_missing_right_is_named(inventory, client):
    vm, host = ref(inventory.nova_vm()), ref(inventory.host("c0-2"))
    for privilege, ask in (
        ("Resource.QueryVMotion", lambda: client.vmotion_compatibility(vm, [host])),
        ("Resource.HotMigrate", lambda: client.migrate(vm, host)),
    ):
        inventory.simulator.control.deny(inventory.simulator.user, privilege)
        with pytest.raises(VSphereError) as caught:
            ask()
        assert caught.value.trouble.missing_privilege == privilege


@pytest.mark.parametrize("fault", [hang_up, silence], ids=["hung up", "silent"])
def test_a_lost_answer_moves_it_once(inventory, new_client, authority: Authority, fault):
    simulator, vm = inventory.simulator, inventory.nova_vm()
    there = next(host for host in vm.runtime.host.parent.host if host != vm.runtime.host)
    with fault_proxy(simulator.port, *authority.issue("127.0.0.1", "localhost")) as proxy:
        endpoint = replace(
            endpoint_of(simulator),
            port=proxy.port,
            ca_file=str(authority.ca_file),
            read_timeout_s=6.0,
        )
        client = new_client(endpoint)
        client.about()
        proxy.spoil("MigrateVM_Task", passed_on(fault), times=1)
        with pytest.raises(Unanswered):
            client.migrate(ref(vm), ref(there))
        assert proxy.count("MigrateVM_Task") == 1
    wait_until(lambda: vm.runtime.host == there)
