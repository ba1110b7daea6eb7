"""vCenter's book and its indexes."""

from tests.unit.domain.builders import esx_host, inventory, vm
from vmware_panel.domain.inventory import (
    Datacenter,
    Datastore,
    Folder,
    HostConnection,
    MoRef,
    ResourcePool,
)


def test_a_folder_path_leaves_out_the_folders_that_vcenter_hides():
    book = inventory(
        datacenters=(Datacenter(MoRef("datacenter-1"), "DC0", MoRef("group-d1")),),
        folders=(
            Folder(MoRef("group-d1"), "Datacenters"),
            Folder(MoRef("group-v1"), "vm", MoRef("datacenter-1")),
            Folder(MoRef("group-v2"), "OpenStack", MoRef("group-v1")),
            Folder(MoRef("group-v3"), "Instances", MoRef("group-v2")),
        ),
    )
    assert book.folder_path(MoRef("group-v3")) == ("DC0", "OpenStack", "Instances")
    assert book.folder_path(None) == ()


def test_a_circle_of_folders_or_pools_ends():
    book = inventory(
        folders=(
            Folder(MoRef("group-v1"), "a", MoRef("group-v2")),
            Folder(MoRef("group-v2"), "b", MoRef("group-v1")),
        ),
        resource_pools=(
            ResourcePool(MoRef("p1"), "a", MoRef("p2")),
            ResourcePool(MoRef("p2"), "b", MoRef("p1")),
        ),
    )
    assert set(book.folder_path(MoRef("group-v1"))) == {"a", "b"}
    assert set(book.pool_path(MoRef("p1"))) == {"a", "b"}


def test_a_host_is_usable_by_novas_rule_or_unknown():
    assert esx_host(1).usable is True
    assert esx_host(1, in_maintenance=True).usable is False
    assert esx_host(1, connection=HostConnection.DISCONNECTED).usable is False
    assert esx_host(1, connection=None).usable is None
    assert esx_host(1, in_maintenance=None).usable is None


def test_what_a_datastore_does_not_tell_is_unknown_and_not_zero():
    assert Datastore(MoRef("d"), "d").used_fraction is None
    assert Datastore(MoRef("d"), "d", capacity_bytes=0, free_bytes=0).used_fraction is None
    assert Datastore(MoRef("d"), "d", capacity_bytes=10, free_bytes=0).used_fraction == 1.0


def test_sockets_are_rounded_up_and_unknown_without_both_figures():
    assert vm(vcpus=6, cores_per_socket=4).sockets == 2
    assert vm(vcpus=6).sockets is None
