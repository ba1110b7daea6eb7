"""Every drift of the lab, and its undo, read back from the simulator."""

import argparse
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pyVmomi import vim

from lab import drift
from lab.drift import DRIFTS, Change, DriftError, Options, VCenter
from lab.drift.inventory import disks
from lab.simulator import nova_instance_uuid
from lab.vcenter import CINDER_EXTENSION, read, wait
from tests.simulator import RunningSimulator

pytestmark = pytest.mark.simulator

UUID = nova_instance_uuid(0)
VOLUME = "5f0c7d26-0000-4000-8000-000000000001"


@pytest.fixture
def simulator(start_simulator: Callable[..., RunningSimulator]) -> RunningSimulator:
    """One for each test: drifts change it."""
    return start_simulator(nova_vms=6, outside_vms=2)


@pytest.fixture
def vcenter(simulator: RunningSimulator) -> Iterator[VCenter]:
    with simulator.login.connected() as service:
        yield VCenter(service, simulator.control)


def with_uuid(vcenter: VCenter, uuid: str = UUID) -> list[Any]:
    return list(vcenter.service.content.searchIndex.FindAllByUuid(None, uuid, True, True))


def vm_of(vcenter: VCenter) -> Any:
    found = with_uuid(vcenter)
    assert len(found) == 1
    return found[0]


def snapshot(vcenter: VCenter) -> dict[str, Any]:
    """Where everything is: what an undo must bring back."""
    paths = ["name", "runtime.host", "runtime.powerState", "runtime.connectionState"]
    vms = read(
        vcenter.service,
        vim.VirtualMachine,
        *paths,
        "resourcePool",
        "datastore",
        "config.hardware.device",
        "config.files.vmPathName",
    )
    seen = {}
    for vm, row in vms.items():
        disks = [d for d in row.pop("config.hardware.device") if hasattr(d, "capacityInKB")]
        seen[vm._moId] = {
            **row,
            "datastore": set(row["datastore"]),
            "disks": [
                (d.backing.fileName, d.backing.parent and d.backing.parent.fileName) for d in disks
            ],
        }
    for host, row in vcenter.hosts().items():
        seen[host._moId] = {**row, "vm": set(row["vm"]), "datastore": set(row["datastore"])}
    for datastore, row in vcenter.datastores().items():
        seen[datastore._moId] = {**row, "vm": set(row["vm"]), "host": len(row["host"])}
    return seen


def test_every_drift_says_its_words_in_one_line() -> None:
    assert set(DRIFTS) == {
        "other-cluster",
        "child-pool",
        "power-off",
        "delete",
        "clone-ids",
        "rename",
        "move-disk",
        "volume-moved",
        "volume-ghost",
        "host-maintenance",
        "host-disconnect",
        "fill-datastore",
    }
    assert all(each.words and "\n" not in each.words for each in DRIFTS.values())


def test_other_cluster_moves_the_vm_and_names_the_instance(vcenter: VCenter) -> None:
    change = drift.apply(vcenter, "other-cluster", Options(vm=UUID))

    assert change.instance_uuid == UUID
    assert UUID in change.words
    assert "DC0_C0" in change.words
    assert "DC0_C1" in change.words
    assert vm_of(vcenter).runtime.host.parent.name == "DC0_C1"
    assert vm_of(vcenter).resourcePool.owner.name == "DC0_C1"


def test_other_cluster_takes_the_disks_along_when_they_cannot_be_reached_there(
    vcenter: VCenter,
) -> None:
    drift.apply(vcenter, "move-disk", Options(vm=UUID, datastore="c0-local-1"))

    change = drift.apply(vcenter, "other-cluster", Options(vm=UUID))

    assert [ds.name for ds in vm_of(vcenter).datastore] == ["shared-ds-1"]
    drift.undo(vcenter, change)
    assert {ds.name for ds in vm_of(vcenter).datastore} == {"shared-ds-1", "c0-local-1"}


def test_child_pool_moves_the_vm_below_the_root_pool(vcenter: VCenter) -> None:
    change = drift.apply(vcenter, "child-pool", Options(vm=UUID))

    pool = vm_of(vcenter).resourcePool
    assert pool.name == "drifted"
    assert pool.parent.name == "Resources"

    drift.undo(vcenter, change)
    assert vm_of(vcenter).resourcePool.name == "Resources"
    pools = [row["name"] for row in read(vcenter.service, vim.ResourcePool, "name").values()]
    assert "drifted" not in pools


def test_power_off_stops_the_vm(vcenter: VCenter) -> None:
    drift.apply(vcenter, "power-off", Options(vm=UUID))

    assert vm_of(vcenter).runtime.powerState == "poweredOff"


def test_delete_removes_the_vm_for_good(vcenter: VCenter) -> None:
    change = drift.apply(vcenter, "delete", Options(vm=UUID))

    assert change.instance_uuid == UUID
    assert with_uuid(vcenter) == []
    with pytest.raises(DriftError, match="cannot be undone"):
        drift.undo(vcenter, change)


@pytest.mark.parametrize("managed", [True, False])
def test_clone_ids_makes_two_vms_of_one_instance(vcenter: VCenter, managed: bool) -> None:
    change = drift.apply(vcenter, "clone-ids", Options(vm=UUID, managed=managed))

    found = with_uuid(vcenter)
    assert len(found) == 2
    clone = next(vm for vm in found if vm._moId == change.before["clone"])
    extra = {option.key: option.value for option in clone.config.extraConfig}
    assert extra["nvp.vm-uuid"] == UUID
    assert (clone.config.managedBy is not None) is managed

    drift.undo(vcenter, change)
    assert len(with_uuid(vcenter)) == 1


def test_rename_leaves_no_trace_of_nova_s_name(vcenter: VCenter) -> None:
    change = drift.apply(vcenter, "rename", Options(vm=UUID))

    assert UUID not in vm_of(vcenter).name
    assert UUID in change.words


def test_move_disk_moves_the_disk_alone(vcenter: VCenter) -> None:
    drift.apply(vcenter, "move-disk", Options(vm=UUID))

    vm = vm_of(vcenter)
    assert {ds.name for ds in vm.datastore} == {"shared-ds-1", "c0-local-1"}
    assert vm.config.files.vmPathName.startswith("[shared-ds-1]")


def a_volume(vcenter: VCenter) -> str:
    """A shadow VM as Cinder's driver makes it, with its disk at a VM of Nova's; the disk's path."""
    vm = vm_of(vcenter)
    controller = vim.vm.device.ParaVirtualSCSIController(key=-101, sharedBus="noSharing")
    disk = vim.vm.device.VirtualDisk(
        key=-102,
        controllerKey=-101,
        unitNumber=0,
        capacityInKB=1024**2,
        backing=vim.vm.device.VirtualDisk.FlatVer2BackingInfo(diskMode="persistent"),
    )
    added = vim.vm.device.VirtualDeviceSpec
    spec = vim.vm.ConfigSpec(
        name=f"volume-{VOLUME}",
        instanceUuid=VOLUME,
        managedBy=vim.ext.ManagedByInfo(extensionKey=CINDER_EXTENSION, type="volume"),
        files=vim.vm.FileInfo(vmPathName="[shared-ds-1]"),
        guestId="otherGuest",
        deviceChange=[
            added(operation="add", device=controller),
            added(operation="add", fileOperation="create", device=disk),
        ],
    )
    wait([vm.parent.CreateVM_Task(config=spec, pool=vm.resourcePool)])
    (shadow,) = with_uuid(vcenter, VOLUME)
    path = disks(shadow)[0].backing.fileName
    beside = disks(vm)[0]
    backing = vim.vm.device.VirtualDisk.FlatVer2BackingInfo(fileName=path, diskMode="persistent")
    its = vim.vm.device.VirtualDisk(
        key=-1, controllerKey=beside.controllerKey, unitNumber=9, backing=backing
    )
    change = vim.vm.device.VirtualDeviceSpec(operation="add", device=its)
    wait([vm.ReconfigVM_Task(vim.vm.ConfigSpec(deviceChange=[change]))])
    return str(path)


def test_volume_moved_moves_the_volume_alone_and_its_shadow_vm_does_not_know(
    vcenter: VCenter,
) -> None:
    with pytest.raises(DriftError, match="attach a volume"):
        drift.apply(vcenter, "volume-moved")
    path = a_volume(vcenter)

    change = drift.apply(vcenter, "volume-moved")

    assert path in change.words and change.instance_uuid == UUID
    root, moved = (disk.backing.fileName for disk in disks(vm_of(vcenter)))
    assert root.startswith("[shared-ds-1]") and moved.startswith("[c0-local-1]")
    (shadow,) = with_uuid(vcenter, VOLUME)
    assert [disk.backing.fileName for disk in disks(shadow)] == [path]


def test_volume_ghost_is_a_shadow_vm_of_another_id_until_it_is_undone(vcenter: VCenter) -> None:
    a_volume(vcenter)
    before = snapshot(vcenter)

    change = drift.apply(vcenter, "volume-ghost")

    (ghost,) = with_uuid(vcenter, str(change.instance_uuid))
    assert ghost.name == f"volume-{change.instance_uuid}" and change.instance_uuid != VOLUME
    assert ghost.config.managedBy.extensionKey == CINDER_EXTENSION
    drift.undo(vcenter, change)
    assert snapshot(vcenter) == before


def test_host_maintenance_empties_the_host(vcenter: VCenter) -> None:
    change = drift.apply(vcenter, "host-maintenance", Options(host="esx-c0-1.lab.example"))

    row = next(row for row in vcenter.hosts().values() if row["name"] == "esx-c0-1.lab.example")
    assert row["runtime.inMaintenanceMode"]
    assert list(row["vm"]) == []
    drift.undo(vcenter, change)
    assert not any(row["runtime.inMaintenanceMode"] for row in vcenter.hosts().values())


def test_host_disconnect_disconnects_its_vms(vcenter: VCenter) -> None:
    change = drift.apply(vcenter, "host-disconnect")

    states = {row["name"]: row["runtime.connectionState"] for row in vcenter.hosts().values()}
    assert sorted(states.values()) == ["connected"] * 5 + ["disconnected"]
    host = vcenter.object(vim.HostSystem, change.target)
    assert {vm.runtime.connectionState for vm in host.vm} == {"disconnected"}


def test_fill_datastore_leaves_one_per_cent(vcenter: VCenter) -> None:
    drift.apply(vcenter, "fill-datastore", Options(datastore="c1-local-1"))

    rows = {row["name"]: row for row in vcenter.datastores().values()}
    row = rows["c1-local-1"]
    assert row["summary.freeSpace"] == row["summary.capacity"] // 100
    assert rows["shared-ds-1"]["summary.freeSpace"] > row["summary.freeSpace"]


@pytest.mark.parametrize(
    "name",
    [n for n, d in DRIFTS.items() if d.undo and n not in ("host-maintenance", "volume-ghost")],
)
def test_an_undo_brings_everything_back(vcenter: VCenter, name: str) -> None:
    before = snapshot(vcenter)

    change = drift.apply(vcenter, name)
    assert snapshot(vcenter) != before
    drift.undo(vcenter, change)

    assert snapshot(vcenter) == before


def test_a_vm_is_found_by_uuid_name_display_name_and_id(vcenter: VCenter) -> None:
    vm = vm_of(vcenter)

    for wanted in (UUID, vm.name, "server-00000", vm._moId):
        assert vcenter.vm(Options(vm=wanted)) == vm


def test_a_vm_host_or_datastore_that_is_not_there_is_named(vcenter: VCenter) -> None:
    with pytest.raises(DriftError, match="no VM 'nobody'"):
        drift.apply(vcenter, "rename", Options(vm="nobody"))
    with pytest.raises(DriftError, match="no host 'nowhere'.*esx-c0-1.lab.example"):
        drift.apply(vcenter, "host-disconnect", Options(host="nowhere"))
    with pytest.raises(DriftError, match="no datastore 'nothing'.*shared-ds-1"):
        drift.apply(vcenter, "fill-datastore", Options(datastore="nothing"))


def test_two_vms_with_one_uuid_need_the_id(vcenter: VCenter) -> None:
    drift.apply(vcenter, "clone-ids", Options(vm=UUID))

    with pytest.raises(DriftError, match=r"more than one VM.*vm-\d+.*give the id"):
        drift.apply(vcenter, "power-off", Options(vm=UUID))


def test_one_cluster_is_not_enough_for_another(
    start_simulator: Callable[..., RunningSimulator],
) -> None:
    simulator = start_simulator(clusters=1, nova_vms=1)
    with simulator.login.connected() as service, pytest.raises(DriftError, match="one cluster"):
        drift.apply(VCenter(service), "other-cluster")


# -- the command line ----------------------------------------------------------------------


@pytest.fixture
def command(simulator: RunningSimulator, tmp_path: Path) -> Callable[..., int]:
    settings = SimpleNamespace(
        run=tmp_path,
        ports={"vcenter": simulator.port},
        vcenter_user=simulator.user,
        vcenter_password=simulator.password,
        ca_file=simulator.ca_file,
    )
    parser = argparse.ArgumentParser()
    drift.add_arguments(parser)

    def run(*argv: str) -> int:
        return drift.run(parser.parse_args(argv), settings)  # type: ignore[arg-type]

    return run


def test_the_command_makes_a_drift_lists_it_and_takes_it_back(
    command: Callable[..., int], vcenter: VCenter, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command("rename", "--vm", UUID) == 0
    assert UUID in capsys.readouterr().out
    assert command("list") == 0
    listed = capsys.readouterr().out
    assert "in force: rename: renamed-" in listed
    assert "delete a VM with its files" in listed

    assert command("rename", "--undo") == 0
    assert UUID in vm_of(vcenter).name
    assert command("list") == 0
    assert "in force" not in capsys.readouterr().out


def test_the_command_names_what_cannot_be_done(
    command: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert command("rename", "--undo") == 1
    assert "rename is not in force" in capsys.readouterr().err
    assert command("rename", "--vm", "nobody") == 1
    assert "no VM 'nobody'" in capsys.readouterr().err


def test_the_command_says_when_there_is_no_vcenter(
    tmp_path: Path, simulator: RunningSimulator, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = SimpleNamespace(
        run=tmp_path,
        ports={"vcenter": 1},
        vcenter_user="u",
        vcenter_password="secret-word",
        ca_file=simulator.ca_file,
    )
    parser = argparse.ArgumentParser()
    drift.add_arguments(parser)

    assert drift.run(parser.parse_args(["rename"]), settings) == 1  # type: ignore[arg-type]

    error = capsys.readouterr().err
    assert "no vCenter at 127.0.0.1:1" in error
    assert "secret-word" not in error


def test_a_change_can_be_written_down_and_read_back(tmp_path: Path) -> None:
    from lab.drift.command import Journal

    journal = Journal(tmp_path / "run" / "drift.json")
    first = Change("rename", "words", "vm-1", UUID, {"name": "n"})
    second = Change("host-disconnect", "words", "host-1")
    journal.add(first)
    journal.add(second)

    assert journal.changes() == [first, second]
    assert journal.last("rename") == first
    journal.remove(first)
    assert journal.changes() == [second]
