"""Who stands on which file, as fresh as vCenter has it, at the same price however many VMs."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from pyVmomi import vim

from lab.vcenter import wait
from tests.simulator import RunningSimulator
from tests.vsphere import hardware
from tests.vsphere.certificates import Authority
from tests.vsphere.fault_proxy import fault_proxy, http_status
from tests.vsphere.rig import endpoint_of
from tests.vsphere.test_simulator_changes import Inventory
from vmware_panel.domain.datastore_paths import FilePlace, below
from vmware_panel.domain.inventory import MoRef
from vmware_panel.vsphere import VCenterClient, VSphereError, counting
from vmware_panel.vsphere.file_use import LiveUse

pytestmark = pytest.mark.simulator

IMAGE = "11111111-2222-3333-4444-555555555555"
DS = "shared-ds-1"
FOLDER = below(DS, "x_base", IMAGE)


@pytest.fixture
def inventory(start_simulator: Callable[..., RunningSimulator]) -> Iterator[Inventory]:
    simulator = start_simulator(nova_vms=40, outside_vms=5)
    with simulator.login.connected() as service:
        yield Inventory(simulator, service)


@pytest.fixture
def client(inventory: Inventory, new_client: Callable[..., VCenterClient]) -> VCenterClient:
    return new_client(endpoint_of(inventory.simulator))


@pytest.fixture
def use(client: VCenterClient) -> Iterator[LiveUse]:
    live = client.live_use()
    yield live
    live.close()


@pytest.fixture
def place(inventory: Inventory, client: VCenterClient) -> FilePlace:
    return client.file_place(MoRef(inventory.datastore(DS)._moId))


def stand_on(vm, parent: str) -> None:
    """As Nova does with a linked clone: a disk of the VM's own, with a parent."""
    backing = vim.vm.device.VirtualDisk.FlatVer2BackingInfo
    device = vim.vm.device.VirtualDisk(
        key=-9,
        controllerKey=next(
            d.key
            for d in vm.config.hardware.device
            if isinstance(d, vim.vm.device.VirtualSCSIController)
        ),
        unitNumber=5,
        capacityInKB=1024,
        backing=backing(fileName="", diskMode="persistent", parent=backing(fileName=parent)),
    )
    change = vim.vm.device.VirtualDeviceSpec(
        operation=hardware.ADD, fileOperation="create", device=device
    )
    wait([vm.ReconfigVM_Task(vim.vm.ConfigSpec(deviceChange=[change]))])


def names(users) -> list[str]:
    return [user.name for user in users]


def test_the_first_look_knows_every_vm_and_each_further_one_costs_two_calls(use, client, place):
    book = use.current()
    assert len(book) >= 45
    assert book.use_of(place, FOLDER).free
    with counting() as calls:
        use.current()
    assert calls.by_method == {"WaitForUpdatesEx": 1, "RetrievePropertiesEx": 1}


def test_a_linked_clone_that_came_after_the_first_look_is_seen(inventory, use, place):
    assert use.current().use_of(place, FOLDER).free
    vm = inventory.create("fresh")
    stand_on(vm, f"[{DS}] x_base/{IMAGE}/{IMAGE}.20.vmdk")
    with counting() as calls:
        found = use.current().use_of(place, FOLDER)
    assert names(found.standing) == ["fresh"]
    assert calls.total <= 3, calls
    assert use.current().use_of(place, below(DS, "y_base", IMAGE)).free
    wait([vm.Destroy_Task()])
    assert use.current().use_of(place, FOLDER).free


def test_an_instance_that_runs_from_a_cached_iso_stands_on_it(inventory, use, place):
    vm = inventory.nova_vm(3)
    hardware.insert_iso(vm, f"[{DS}] x_base/{IMAGE}/{IMAGE}.iso")
    assert names(use.current().use_of(place, FOLDER).standing) == [vm.name]


def test_an_iso_that_is_put_in_after_the_first_look_is_seen(inventory, use, place):
    assert use.current().use_of(place, FOLDER).free
    vm = inventory.nova_vm(3)
    hardware.insert_iso(vm, f"[{DS}] x_base/{IMAGE}/{IMAGE}.iso", connected=False)
    assert names(use.current().use_of(place, FOLDER).standing) == [vm.name]


def test_a_vms_own_folder_is_in_use_by_it(inventory, use, place):
    vm = inventory.create("mine")
    folder = vm.config.files.vmPathName.split("] ")[1].partition("/")[0]
    assert names(use.current().use_of(place, below(DS, folder)).standing) == ["mine"]


def test_the_price_of_a_look_does_not_grow_with_the_vms(start_simulator, new_client):
    prices = []
    for vms in (5, 400):
        simulator = start_simulator(nova_vms=vms)
        live = new_client(endpoint_of(simulator)).live_use()
        live.current()
        with counting() as calls:
            live.current()
        prices.append(calls.total)
        live.close()
    assert prices == [2, 2]


def test_a_watch_that_is_lost_is_made_anew_with_everything_read_again(inventory, use, place):
    use.current()
    inventory.simulator.expire_sessions("empty")
    with inventory.simulator.login.connected() as service:
        again = Inventory(inventory.simulator, service)
        hardware.insert_iso(again.nova_vm(3), f"[{DS}] x_base/{IMAGE}/{IMAGE}.iso")
        assert len(use.current().use_of(place, FOLDER).standing) == 1


@pytest.mark.parametrize("reads", ["missing", "fault", "empty"])
def test_nobody_is_never_the_answer_to_a_session_that_has_ended(inventory, use, place, reads):
    """Either everything was read again, or an error; never an empty book."""
    hardware.insert_iso(inventory.nova_vm(3), f"[{DS}] x_base/{IMAGE}/{IMAGE}.iso")
    assert not use.current().use_of(place, FOLDER).free
    for _ in range(3):
        inventory.simulator.expire_sessions(reads)
        try:
            book = use.current()
        except VSphereError:
            continue
        assert not book.use_of(place, FOLDER).free


def test_what_cannot_be_read_is_an_error_and_no_free_folder(
    inventory, new_client, authority: Authority
):
    simulator = inventory.simulator
    with fault_proxy(simulator.port, *authority.issue("127.0.0.1", "localhost")) as proxy:
        endpoint = endpoint_of(simulator)
        client = new_client(replace(endpoint, port=proxy.port, ca_file=str(authority.ca_file)))
        live = client.live_use()
        live.current()
        proxy.spoil("WaitForUpdatesEx", http_status(500))
        with pytest.raises(VSphereError):
            live.current()
        proxy.heal()
        assert len(live.current()) >= 45
        live.close()


def test_nothing_is_left_at_vcenter_when_it_is_closed(inventory, use):
    use.current()
    use.close()
    left = inventory.simulator.control.objects()
    assert (left.collectors, left.filters, left.views) == (0, 0, 0)
