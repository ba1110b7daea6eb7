"""Disks of every kind of backing that vSphere has, as the SDK itself writes them."""

from typing import Any

import pytest
from pyVmomi import vim

from tests.vsphere.answers import answer, prop, read, read_by_sdk, serialized, told
from vmware_panel.domain.inventory import MoRef, VirtualDisk
from vmware_panel.vsphere.leaves import UnreadableAnswer
from vmware_panel.vsphere.structures import MAX_CHAIN

VirtualDiskDevice = vim.vm.device.VirtualDisk
PATH = "config.hardware.device"


def disks(*devices: Any) -> tuple[VirtualDisk, ...]:
    """As read from XML, the same by our decoder and the SDK's."""
    xml = answer(vm=[prop(PATH, serialized(vim.vm.device.VirtualDevice.Array(devices)))])
    page = read(xml)
    assert told(page) == told(read_by_sdk(xml))
    return page.rows[0].all(PATH, VirtualDisk)


def disk(backing: Any, **more: Any) -> VirtualDisk:
    device = VirtualDiskDevice(key=2000, capacityInKB=1024, backing=backing, **more)
    (read,) = disks(vim.vm.device.VirtualCdrom(key=3000), device)
    return read


@pytest.mark.parametrize(
    "kind",
    ["FlatVer1", "FlatVer2", "SparseVer1", "SparseVer2", "SeSparse", "RawDiskMappingVer1"],
)
def test_the_backing_chain_is_followed_to_the_parent(kind: str) -> None:
    backing_type = getattr(VirtualDiskDevice, f"{kind}BackingInfo")
    base = backing_type(fileName="[ds] base/base.vmdk")
    middle = backing_type(fileName="[ds] vm/middle.vmdk", parent=base)
    read = disk(backing_type(fileName="[ds] vm/top.vmdk", parent=middle))
    assert read.path == "[ds] vm/top.vmdk"
    assert read.parent_paths == ("[ds] vm/middle.vmdk", "[ds] base/base.vmdk")


def test_a_plain_disk() -> None:
    read = disk(
        VirtualDiskDevice.FlatVer2BackingInfo(
            fileName="[ds] vm/vm.vmdk",
            datastore=vim.Datastore("datastore-7"),
            thinProvisioned=True,
            uuid="6000C29a",
        ),
        deviceInfo=vim.Description(label="Hard disk 1", summary=""),
    )
    assert read == VirtualDisk(
        key=2000,
        label="Hard disk 1",
        path="[ds] vm/vm.vmdk",
        datastore=MoRef("datastore-7"),
        capacity_bytes=1 << 20,
        thin=True,
        backing_uuid="6000C29a",
    )


def test_what_vcenter_does_not_say_is_unknown() -> None:
    backing = VirtualDiskDevice.FlatVer2BackingInfo(fileName="[ds] vm/vm.vmdk")
    (read,) = disks(VirtualDiskDevice(key=2000, backing=backing))
    assert read.thin is None
    assert read.capacity_bytes is None
    assert read.datastore is None
    assert read.backing_uuid is None
    assert read.label == ""


def test_a_disk_without_a_backing_is_a_disk() -> None:
    (read,) = disks(VirtualDiskDevice(key=2000))
    assert read.path == ""
    assert read.parent_paths == ()


def test_the_capacity_in_bytes_is_the_more_exact_one() -> None:
    backing = VirtualDiskDevice.FlatVer2BackingInfo(fileName="[ds] vm/vm.vmdk")
    assert disk(backing, capacityInBytes=1_000_000).capacity_bytes == 1_000_000


def test_a_raw_device_has_its_name_in_place_of_a_file() -> None:
    backing = VirtualDiskDevice.RawDiskVer2BackingInfo(
        deviceName="vml.0200", descriptorFileName="d"
    )
    assert disk(backing).path == "vml.0200"


def chain(length: int) -> Any:
    at = None
    for number in range(length):
        at = VirtualDiskDevice.FlatVer2BackingInfo(fileName=f"[ds] {number}", parent=at)
    return at


def test_a_chain_of_any_length_that_vsphere_allows_is_read() -> None:
    assert len(disk(chain(33)).parent_paths) == 32


def test_a_chain_beyond_that_is_cut_and_one_without_an_end_refused() -> None:
    assert len(disk(chain(300)).parent_paths) == MAX_CHAIN
    xml = answer(
        vm=[
            prop(
                PATH,
                '<val xsi:type="ArrayOfVirtualDevice">'
                '<VirtualDevice xsi:type="VirtualDisk"><backing>' + "<parent>" * 5000,
            )
        ]
    )
    with pytest.raises(UnreadableAnswer):
        read(xml)
