"""A root that no compute is told to have, and VMs of another Nova that show whose it is."""

import pytest

from tests.files import age
from tests.purging.conftest import DS, OWNERLESS, Rig, parent
from tests.vsphere.test_file_use import stand_on
from vmware_panel.api.strangers import MOST_ASKED_ONE_BY_ONE
from vmware_panel.domain.jobs import ItemState
from vmware_panel.domain.plans import RefusalKind

pytestmark = pytest.mark.simulator


def stands_on_another(rig: Rig, index: int = 1):
    """A VM of Nova's driver on an image of the root; the VM."""
    used = rig.image()
    vm = rig.inventory.nova_vm(index)
    stand_on(vm, parent(used))
    return vm


def test_a_vm_that_nova_does_not_have_keeps_the_whole_root_it_stands_on(rig: Rig):
    vm = stands_on_another(rig)
    free, elsewhere = rig.image(), rig.image("older_base")
    kept, gone = rig.purge(
        rig.target(f"{OWNERLESS}/{free}"), rig.target(f"older_base/{elsewhere}")
    )
    assert [(r.kind, r.subject, r.detail) for r in kept.refusals] == [
        (RefusalKind.OTHER_CLOUD, f"[{DS}] {OWNERLESS}", vm.name)
    ]
    assert (rig.disk / OWNERLESS / free).exists()
    assert gone.state is ItemState.DONE


def test_an_instance_of_this_nova_keeps_its_own_image_and_no_more(rig: Rig):
    vm = stands_on_another(rig)
    rig.nova.boot("another-image", "compute-2", id=vm.config.instanceUuid)
    free, next_one = rig.image(), rig.image()
    items = rig.purge(*(rig.target(f"{OWNERLESS}/{image}") for image in (free, next_one)))
    assert [item.state for item in items] == [ItemState.DONE, ItemState.DONE]
    assert rig.nova.calls.count("server") == 1, "an instance is asked for once in a job"


def test_a_vm_that_is_none_of_novas_shows_nothing(rig: Rig):
    used, free = rig.image(), rig.image()
    stand_on(rig.inventory.create("web"), parent(used))
    (item,) = rig.purge(rig.target(f"{OWNERLESS}/{free}"))
    assert item.state is ItemState.DONE
    assert "server" not in rig.nova.calls


@pytest.mark.parametrize(
    "name", ["{}-000001.vmdk", "{}.vmfd", "{}.20-delta.vmdk", ".lck-3409000000000000", "web.vmx"]
)
def test_a_file_that_nova_does_not_make_keeps_its_folder(rig: Rig, name):
    """A first-class disk's, another product's, or the lock of a host that has a file open."""
    image = rig.image()
    name = name.format(image)
    (rig.disk / OWNERLESS / image / name).write_text("whose?")
    age(rig.disk / OWNERLESS / image, 10**6)
    (item,) = rig.purge(rig.target(f"{OWNERLESS}/{image}"))
    assert [(r.kind, r.detail) for r in item.refusals] == [(RefusalKind.FOREIGN_FILES, name)]
    assert (rig.disk / OWNERLESS / image).exists()


def test_many_instances_on_a_root_are_asked_for_by_a_list(make_rig):
    rig = make_rig(nova_vms=MOST_ASKED_ONE_BY_ONE + 2)
    for index in range(MOST_ASKED_ONE_BY_ONE + 1):
        vm = stands_on_another(rig, index)
        rig.nova.boot("another-image", "compute-2", id=vm.config.instanceUuid)
    free = rig.image()
    (item,) = rig.purge(rig.target(f"{OWNERLESS}/{free}"))
    assert item.state is ItemState.DONE
    assert "server" not in rig.nova.calls
    assert rig.nova.calls.count("servers?all_tenants") == 1, rig.nova.calls
