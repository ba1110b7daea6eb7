"""Every kind of VM that may stand on a cached file is seen by a purge's looks, whosever it is."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pyVmomi import vim

from lab.vcenter import wait
from tests.simulator import running_simulator
from tests.vsphere import hardware
from tests.vsphere.rig import endpoint_of
from tests.vsphere.test_file_use import DS, FOLDER, IMAGE, names, stand_on
from tests.vsphere.test_simulator_changes import Inventory
from vmware_panel.domain.file_use import UseBook
from vmware_panel.domain.inventory import MoRef
from vmware_panel.vsphere import VCenterClient

pytestmark = pytest.mark.simulator

PARENT = f"[{DS}] x_base/{IMAGE}/{IMAGE}.20.vmdk"


@pytest.fixture(scope="module")
def inventory() -> Iterator[Inventory]:
    with running_simulator(nova_vms=3) as simulator, simulator.login.connected() as service:
        yield Inventory(simulator, service)


@pytest.fixture
def parent_file(inventory: Inventory) -> Iterator[None]:
    """The parent lies there: the simulator looks for what is attached by its own path."""
    file = Path(inventory.datastore(DS).summary.url) / "x_base" / IMAGE / f"{IMAGE}.20.vmdk"
    file.parent.mkdir(parents=True)
    file.write_bytes(b"# descriptor")
    file.with_name(f"{IMAGE}.20-flat.vmdk").write_bytes(b"x" * 1024)
    yield
    shutil.rmtree(file.parent, ignore_errors=True)


@pytest.fixture
def standing(
    inventory: Inventory, new_client: Callable[..., VCenterClient]
) -> Iterator[Callable[[], list[str]]]:
    client = new_client(endpoint_of(inventory.simulator))
    live = client.live_use()
    place = client.file_place(MoRef(inventory.datastore(DS)._moId))
    before = live.current()
    assert isinstance(before, UseBook)
    yield lambda: names(live.current().use_of(place, FOLDER).standing)
    live.close()


@pytest.fixture
def vm(inventory: Inventory, request) -> Iterator[vim.VirtualMachine]:
    made = inventory.create(request.node.name[:60])
    yield made
    if made.runtime.powerState != "poweredOff":
        wait([made.PowerOffVM_Task()])
    wait([made.Destroy_Task()])


def test_a_template_is_seen(vm, standing):
    stand_on(vm, PARENT)
    vm.MarkAsTemplate()
    assert standing() == [vm.name]


def test_a_suspended_vm_is_seen(vm, standing):
    stand_on(vm, PARENT)
    wait([vm.PowerOnVM_Task()])
    wait([vm.SuspendVM_Task()])
    assert vm.runtime.powerState == "suspended"
    assert standing() == [vm.name]


def test_another_products_linked_clone_is_seen(vm, standing):
    stand_on(vm, PARENT)
    other = vim.ext.ManagedByInfo(extensionKey="com.example.desktops", type="clone")
    wait([vm.ReconfigVM_Task(vim.vm.ConfigSpec(managedBy=other))])
    assert standing() == [vm.name]


@pytest.mark.parametrize("mode", ["independent_persistent", "independent_nonpersistent"])
def test_a_disk_that_snapshots_leave_alone_is_seen(vm, standing, parent_file, mode):
    attach(vm, vim.vm.device.VirtualDisk.FlatVer2BackingInfo(fileName=PARENT, diskMode=mode))
    assert standing() == [vm.name]


def test_what_only_a_snapshot_stands_on_is_seen(vm, standing):
    """The disk was taken off the VM after the snapshot: going back to it needs the parent."""
    stand_on(vm, PARENT)
    wait([vm.CreateSnapshot_Task(name="before", memory=False, quiesce=False)])
    take_off(vm)
    chains = [
        d.backing.parent
        for d in vm.config.hardware.device
        if isinstance(d, vim.vm.device.VirtualDisk)
    ]
    assert not any(parent and parent.fileName == PARENT for parent in chains)
    assert standing() == [vm.name]


def test_a_snapshot_below_a_snapshot_is_seen(vm, standing):
    wait([vm.CreateSnapshot_Task(name="first", memory=False, quiesce=False)])
    stand_on(vm, PARENT)
    wait([vm.CreateSnapshot_Task(name="second", memory=False, quiesce=False)])
    take_off(vm)
    assert standing() == [vm.name]
    wait([vm.RemoveAllSnapshots_Task()])
    assert standing() == []


def test_a_disk_that_is_attached_by_its_own_path_is_seen(vm, standing, parent_file):
    """As a first-class disk that was registered where it lay, once a VM has it."""
    attach(
        vm, vim.vm.device.VirtualDisk.FlatVer2BackingInfo(fileName=PARENT, diskMode="persistent")
    )
    assert standing() == [vm.name]


def take_off(vm) -> None:
    """The disk of `stand_on`."""
    disk = next(
        d
        for d in vm.config.hardware.device
        if isinstance(d, vim.vm.device.VirtualDisk) and d.unitNumber == 5
    )
    remove = vim.vm.device.VirtualDeviceSpec(
        operation=vim.vm.device.VirtualDeviceSpec.Operation.remove, device=disk
    )
    wait([vm.ReconfigVM_Task(vim.vm.ConfigSpec(deviceChange=[remove]))])


def attach(vm, backing) -> None:
    controller = next(
        d.key
        for d in vm.config.hardware.device
        if isinstance(d, vim.vm.device.VirtualSCSIController)
    )
    device = vim.vm.device.VirtualDisk(
        key=-9, controllerKey=controller, unitNumber=5, capacityInKB=1024, backing=backing
    )
    change = vim.vm.device.VirtualDeviceSpec(operation=hardware.ADD, device=device)
    wait([vm.ReconfigVM_Task(vim.vm.ConfigSpec(deviceChange=[change]))])
