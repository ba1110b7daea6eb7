"""What the simulator was given so that it changes as a vCenter does: moves, clones, hosts, space."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pyVmomi import vim, vmodl

from lab.simulator import nova_instance_uuid
from lab.vcenter import read, wait
from tests.simulator import RunningSimulator

pytestmark = pytest.mark.simulator

GIB = 1 << 30


class Inventory:
    """The simulator's objects by name, read afresh each time."""

    def __init__(self, simulator: RunningSimulator, service: vim.ServiceInstance) -> None:
        self.simulator = simulator
        self.service = service

    def _named(self, kind: type, name: str) -> Any:
        rows = read(self.service, kind, "name")
        return next(found for found, row in rows.items() if row["name"] == name)

    def host(self, name: str) -> Any:
        return self._named(vim.HostSystem, f"esx-{name}.lab.example")

    def cluster(self, name: str) -> Any:
        return self._named(vim.ClusterComputeResource, name)

    def datastore(self, name: str) -> Any:
        return self._named(vim.Datastore, name)

    def nova_vm(self, index: int = 0) -> Any:
        uuid = nova_instance_uuid(index)
        return self.service.content.searchIndex.FindAllByUuid(None, uuid, True, True)[0]

    def create(self, name: str, cluster: str = "DC0_C0", datastore: str = "shared-ds-1") -> Any:
        """A VM with a thin disk of 10 GiB, by CreateVM_Task: with files."""
        controller = vim.vm.device.ParaVirtualSCSIController(key=-1, sharedBus="noSharing")
        disk = vim.vm.device.VirtualDisk(
            key=-2,
            controllerKey=-1,
            unitNumber=0,
            capacityInKB=10 << 20,
            backing=vim.vm.device.VirtualDisk.FlatVer2BackingInfo(
                fileName="", diskMode="persistent", thinProvisioned=True
            ),
        )
        add = vim.vm.device.VirtualDeviceSpec.Operation.add
        spec = vim.vm.ConfigSpec(
            name=name,
            numCPUs=2,
            memoryMB=1024,
            guestId="otherGuest",
            files=vim.vm.FileInfo(vmPathName=f"[{datastore}]"),
            extraConfig=[vim.option.OptionValue(key="nvp.vm-uuid", value=name)],
            deviceChange=[
                vim.vm.device.VirtualDeviceSpec(operation=add, device=controller),
                vim.vm.device.VirtualDeviceSpec(
                    operation=add, fileOperation="create", device=disk
                ),
            ],
        )
        folder = self._named(vim.Datacenter, "DC0").vmFolder
        task = folder.CreateVM_Task(config=spec, pool=self.cluster(cluster).resourcePool)
        wait([task])
        return task.info.result


@pytest.fixture
def inventory(start_simulator: Callable[..., RunningSimulator]) -> Iterator[Inventory]:
    simulator = start_simulator(nova_vms=6)
    with simulator.login.connected() as service:
        yield Inventory(simulator, service)


def disk_of(vm: Any) -> Any:
    return next(d for d in vm.config.hardware.device if isinstance(d, vim.vm.device.VirtualDisk))


def failed(task: Any) -> Any:
    """The fault of a task that must fail."""
    with pytest.raises(RuntimeError):
        wait([task])
    return task.info.error


def file_of(path: str, inventory: Inventory) -> Path:
    name, _, rest = path.lstrip("[").partition("] ")
    return Path(inventory.datastore(name).info.url) / rest


# -- moves ---------------------------------------------------------------------------------


def test_a_move_to_the_other_cluster_shows_on_both_sides(inventory: Inventory) -> None:
    vm, target = inventory.nova_vm(), inventory.host("c1-2")
    old_host, old_pool, pool = vm.runtime.host, vm.resourcePool, target.parent.resourcePool

    wait([vm.RelocateVM_Task(vim.vm.RelocateSpec(host=target, pool=pool))])

    assert vm.runtime.host == vm.summary.runtime.host == target
    assert vm.resourcePool == pool
    assert vm in target.vm
    assert vm in pool.vm
    assert vm not in old_host.vm
    assert vm not in old_pool.vm


def test_a_pool_of_the_other_cluster_is_enough_to_move_there(inventory: Inventory) -> None:
    vm, cluster = inventory.nova_vm(), inventory.cluster("DC0_C1")

    wait([vm.MigrateVM_Task(pool=cluster.resourcePool, priority="defaultPriority")])

    assert vm.runtime.host.parent == cluster


def test_a_host_of_another_cluster_than_the_pool_is_refused(inventory: Inventory) -> None:
    vm = inventory.nova_vm()

    fault = failed(vm.RelocateVM_Task(vim.vm.RelocateSpec(host=inventory.host("c1-1"))))

    assert isinstance(fault, vmodl.fault.InvalidArgument)


def test_a_host_that_does_not_mount_the_disks_is_refused(inventory: Inventory) -> None:
    vm = inventory.create("local", datastore="c0-local-1")
    cluster = inventory.cluster("DC0_C1")

    fault = failed(vm.RelocateVM_Task(vim.vm.RelocateSpec(pool=cluster.resourcePool)))

    assert isinstance(fault, vim.fault.CannotAccessVmDisk)
    assert vm.runtime.host.parent.name == "DC0_C0"


def test_a_move_to_another_datastore_takes_files_disks_and_lists_along(
    inventory: Inventory,
) -> None:
    vm = inventory.create("mover")
    old, new = inventory.datastore("shared-ds-1"), inventory.datastore("c0-local-1")
    old_file = file_of(disk_of(vm).backing.fileName, inventory)
    assert old_file.exists()

    wait([vm.RelocateVM_Task(vim.vm.RelocateSpec(datastore=new))])

    backing = disk_of(vm).backing
    assert backing.fileName == "[c0-local-1] mover/mover.vmdk"
    assert backing.datastore == new
    assert vm.config.files.vmPathName == "[c0-local-1] mover/mover.vmx"
    assert list(vm.datastore) == [new]
    assert vm in new.vm
    assert vm not in old.vm
    assert file_of(backing.fileName, inventory).exists()
    assert file_of(vm.config.files.vmPathName, inventory).exists()
    assert not old_file.exists()
    assert {file.name.partition("]")[0] for file in vm.layoutEx.file} == {"[c0-local-1"}


def test_a_disk_moves_by_itself_and_keeps_its_parent_when_asked(inventory: Inventory) -> None:
    vm, local = inventory.nova_vm(), inventory.datastore("c0-local-1")
    disk, parent = disk_of(vm), disk_of(vm).backing.parent.fileName
    locator = vim.vm.RelocateSpec.DiskLocator(
        diskId=disk.key, datastore=local, diskMoveType="moveChildMostDiskBacking"
    )

    wait([vm.RelocateVM_Task(vim.vm.RelocateSpec(disk=[locator]))])

    assert disk_of(vm).backing.fileName.startswith("[c0-local-1] ")
    assert disk_of(vm).backing.parent.fileName == parent
    assert {ds.name for ds in vm.datastore} == {"shared-ds-1", "c0-local-1"}
    assert vm.config.files.vmPathName.startswith("[shared-ds-1] ")

    whole = vim.vm.RelocateSpec.DiskLocator(
        diskId=disk.key, datastore=inventory.datastore("shared-ds-1")
    )
    wait([vm.RelocateVM_Task(vim.vm.RelocateSpec(disk=[whole]))])

    assert disk_of(vm).backing.parent is None, "the whole chain is copied into one disk"
    assert {ds.name for ds in vm.datastore} == {"shared-ds-1"}


def test_a_move_is_heard_by_those_who_wait_for_updates(inventory: Inventory) -> None:
    vm, target = inventory.nova_vm(), inventory.host("c0-2")
    collector = inventory.service.content.propertyCollector.CreatePropertyCollector()
    pc = vmodl.query.PropertyCollector
    collector.CreateFilter(
        pc.FilterSpec(
            objectSet=[pc.ObjectSpec(obj=vm)],
            propSet=[pc.PropertySpec(type=vim.VirtualMachine, pathSet=["runtime.host", "name"])],
        ),
        True,
    )
    version = collector.WaitForUpdatesEx(None, None).version

    wait([vm.RelocateVM_Task(vim.vm.RelocateSpec(host=target))])
    update = collector.WaitForUpdatesEx(version, pc.WaitOptions(maxWaitSeconds=10))

    changes = update.filterSet[0].objectSet[0].changeSet
    assert {change.name: change.val for change in changes} == {"runtime.host": target}


def test_moves_are_in_the_event_history(inventory: Inventory) -> None:
    vm, cluster = inventory.nova_vm(), inventory.cluster("DC0_C1")
    spec = vim.vm.RelocateSpec(host=inventory.host("c1-1"), pool=cluster.resourcePool)
    wait([vm.RelocateVM_Task(spec)])

    by_entity = vim.event.EventFilterSpec.ByEntity(entity=vm, recursion="self")
    events = inventory.service.content.eventManager.QueryEvents(
        vim.event.EventFilterSpec(entity=by_entity)
    )

    kinds = {type(event) for event in events}
    assert {vim.event.VmMigratedEvent, vim.event.VmResourcePoolMovedEvent} <= kinds
    moved = next(event for event in events if isinstance(event, vim.event.VmMigratedEvent))
    assert moved.sourceHost.name.startswith("esx-c0-")
    assert moved.host.name == "esx-c1-1.lab.example"
    assert moved.userName == inventory.simulator.user


# -- clones and configuration --------------------------------------------------------------


def test_a_clone_has_disks_of_its_own_and_the_ids_it_was_given(inventory: Inventory) -> None:
    vm = inventory.create("original")
    before = disk_of(vm).backing.fileName
    uuid = nova_instance_uuid(50)
    manager = vim.ext.ManagedByInfo(extensionKey="org.openstack.compute", type="instance")
    spec = vim.vm.CloneSpec(
        location=vim.vm.RelocateSpec(pool=vm.resourcePool),
        config=vim.vm.ConfigSpec(instanceUuid=uuid, managedBy=manager),
        powerOn=True,
        template=False,
    )

    task = vm.CloneVM_Task(folder=vm.parent, name="copy", spec=spec)
    wait([task])
    clone = task.info.result

    assert disk_of(vm).backing.fileName == before == "[shared-ds-1] original/original.vmdk"
    assert disk_of(clone).backing.fileName == "[shared-ds-1] copy/copy.vmdk"
    assert disk_of(clone).backing.uuid != disk_of(vm).backing.uuid
    assert clone.config.instanceUuid == uuid
    assert clone.config.managedBy.type == "instance"
    assert {o.key: o.value for o in clone.config.extraConfig}["nvp.vm-uuid"] == "original"
    assert clone.config.hardware.numCPU == 2
    assert clone.runtime.powerState == "poweredOn"


def test_a_clone_for_the_other_cluster_goes_to_a_host_there(inventory: Inventory) -> None:
    vm, cluster = inventory.create("original"), inventory.cluster("DC0_C1")
    spec = vim.vm.CloneSpec(
        location=vim.vm.RelocateSpec(pool=cluster.resourcePool), powerOn=False, template=False
    )

    task = vm.CloneVM_Task(folder=vm.parent, name="copy", spec=spec)
    wait([task])

    assert task.info.result.runtime.host.parent == cluster


def test_extra_config_is_replaced_and_removed_by_an_empty_value(inventory: Inventory) -> None:
    vm = inventory.create("configured")

    def options(value: str) -> dict[str, str]:
        changed = [vim.option.OptionValue(key="nvp.iface-id.0", value=value)]
        wait([vm.ReconfigVM_Task(vim.vm.ConfigSpec(extraConfig=changed))])
        pairs = [(option.key, option.value) for option in vm.config.extraConfig]
        assert len(pairs) == len(dict(pairs))
        return dict(pairs)

    assert options("port")["nvp.iface-id.0"] == "port"
    assert options("free")["nvp.iface-id.0"] == "free"
    assert "nvp.iface-id.0" not in options("")


def test_a_rename_shows_in_the_configuration_too(inventory: Inventory) -> None:
    vm = inventory.nova_vm()

    wait([vm.Rename_Task("another name")])

    assert vm.name == vm.config.name == vm.summary.config.name == "another name"


def test_every_disk_has_a_uuid_and_every_scsi_controller_its_unit(inventory: Inventory) -> None:
    vm = inventory.create("plain")
    controllers = [
        device.scsiCtlrUnitNumber
        for device in vm.config.hardware.device
        if isinstance(device, vim.vm.device.VirtualSCSIController)
    ]

    assert disk_of(vm).backing.uuid
    assert controllers == [7]
    assert "[shared-ds-1] plain/plain.vmdk" in {file.name for file in vm.layoutEx.file}


# -- hosts ---------------------------------------------------------------------------------


def test_maintenance_mode_moves_the_running_vms_away(inventory: Inventory) -> None:
    host, cluster = inventory.host("c0-1"), inventory.cluster("DC0_C0")
    running = list(host.vm)
    assert running

    wait([host.EnterMaintenanceMode_Task(timeout=0)])

    assert host.runtime.inMaintenanceMode
    assert list(host.vm) == []
    assert {vm.runtime.host.parent.name for vm in running} == {"DC0_C0"}
    assert cluster.summary.numEffectiveHosts == 2
    placed = {inventory.create(f"new-{n}").runtime.host for n in range(4)}
    assert host not in placed

    wait([host.ExitMaintenanceMode_Task(timeout=0)])
    assert not host.runtime.inMaintenanceMode
    assert cluster.summary.numEffectiveHosts == 3


def test_maintenance_mode_that_cannot_evacuate_times_out(inventory: Inventory) -> None:
    wait([inventory.host(f"c0-{n}").EnterMaintenanceMode_Task(timeout=0) for n in (1, 2)])
    last = inventory.host("c0-3")

    fault = failed(last.EnterMaintenanceMode_Task(timeout=1))

    assert isinstance(fault, vim.fault.Timedout)
    assert not last.runtime.inMaintenanceMode
    assert len(last.vm) == 3


def test_a_disconnected_host_takes_its_vms_along(inventory: Inventory) -> None:
    host = inventory.host("c0-1")
    vm = host.vm[0]

    wait([host.DisconnectHost_Task()])
    assert host.runtime.connectionState == host.summary.runtime.connectionState == "disconnected"
    assert vm.runtime.connectionState == "disconnected"
    assert inventory.cluster("DC0_C0").summary.numEffectiveHosts == 2

    wait([host.ReconnectHost_Task()])
    assert host.runtime.connectionState == "connected"
    assert vm.runtime.connectionState == "connected"


# -- free space ----------------------------------------------------------------------------


def test_free_space_follows_what_is_on_a_datastore(inventory: Inventory) -> None:
    datastore = inventory.datastore("c0-local-1")
    before = datastore.summary

    vm = inventory.create("filler", datastore="c0-local-1")
    datastore.RefreshDatastore()  # by itself it is counted a moment later on a busy machine
    with_vm = datastore.summary
    assert before.freeSpace - with_vm.freeSpace == GIB, "a tenth of a thin disk of 10 GiB"
    assert with_vm.uncommitted == 9 * GIB

    wait([vm.RelocateVM_Task(vim.vm.RelocateSpec(datastore=inventory.datastore("shared-ds-1")))])
    datastore.RefreshDatastore()
    assert datastore.summary.freeSpace == before.freeSpace


def test_a_count_that_was_asked_for_is_made_right_after_another(inventory: Inventory) -> None:
    datastore, control = inventory.datastore("shared-ds-1"), inventory.simulator.control
    control.fill_cache("shared-ds-1", "c0_base", 3000)  # so that a count takes a while
    datastore.RefreshDatastore()
    before = datastore.summary.freeSpace
    control.fill_cache("shared-ds-1", "c1_base", 1, bytes_each=GIB)
    datastore.RefreshDatastore()
    assert before - datastore.summary.freeSpace >= GIB


def test_a_datastore_says_what_a_test_wants_until_it_is_told_otherwise(
    inventory: Inventory,
) -> None:
    datastore = inventory.datastore("shared-ds-1")
    before = datastore.summary.freeSpace

    inventory.simulator.control.set_free("shared-ds-1", 5 * GIB)
    datastore.RefreshDatastore()
    assert datastore.summary.freeSpace == datastore.info.freeSpace == 5 * GIB

    inventory.simulator.control.set_free("shared-ds-1", None)
    assert datastore.summary.freeSpace == before
