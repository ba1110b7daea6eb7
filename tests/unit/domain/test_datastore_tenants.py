"""Whose instances and volumes lie on a datastore."""

from tests.unit.domain import builders
from vmware_panel.domain.cloud import Volume
from vmware_panel.domain.datastore_tenants import Tenants, tenants_of
from vmware_panel.domain.inventory import CINDER_EXTENSION, MoRef, VirtualMachine
from vmware_panel.domain.occupants import Owner

DS = MoRef("datastore-1")
GIB = 1 << 30
VOLUME_ID = builders.uuid_of(40)
VOLUME_PATH = f"[ds1] volume-{VOLUME_ID}/volume-{VOLUME_ID}.vmdk"


def shadow(**changes: object) -> VirtualMachine:
    return builders.vm(
        40,
        name=f"volume-{VOLUME_ID}",
        manager_key=CINDER_EXTENSION,
        vm_path=f"[ds1] volume-{VOLUME_ID}/volume-{VOLUME_ID}.vmx",
        disks=(builders.disk(VOLUME_PATH, capacity_bytes=5 * GIB),),
        **changes,
    )


def instance(number: int, *more: str) -> VirtualMachine:
    its = builders.uuid_of(number)
    root = builders.disk(f"[ds1] {its}/{its}.vmdk", capacity_bytes=GIB)
    others = (builders.disk(path, capacity_bytes=5 * GIB) for path in more)
    return builders.vm(number, disks=(root, *others))


def tenants(*vms: VirtualMachine, nova: bool = True, cinder: bool = True) -> Tenants:
    servers = {s.id: s for s in (builders.server(1), builders.server(2, project_id="p2"))}
    volumes = {VOLUME_ID: Volume(VOLUME_ID, "data", project_id="p2")}
    return tenants_of(
        DS, vms, builders.inventory(*vms), servers if nova else None, volumes if cinder else None
    )


def test_instances_and_volumes_stand_under_their_projects_the_largest_first() -> None:
    found = tenants(instance(1), instance(2), shadow())
    assert list(found.by_project) == ["p2", "p1"]
    assert [one.vm.moref for one in found.by_project["p2"]] == ["vm-40", "vm-2"]
    assert found.by_project["p2"][0].volume_id == VOLUME_ID
    assert not found.unplaced and not found.others


def test_the_disk_of_an_attached_volume_is_the_volumes_alone() -> None:
    found = tenants(instance(1, VOLUME_PATH), shadow())
    assert found.by_project["p1"][0].disk_bytes == GIB
    assert found.by_project["p2"][0].disk_bytes == 5 * GIB


def test_disks_elsewhere_do_not_count_and_one_of_unknown_size_makes_the_sum_unknown() -> None:
    away = builders.vm(1, disks=(builders.disk("[ds2] x/x.vmdk", datastore=MoRef("datastore-2")),))
    unsized = builders.vm(2)
    found = tenants(away, unsized)
    assert found.by_project["p1"][0].disk_bytes == 0
    assert found.by_project["p2"][0].disk_bytes is None


def test_without_a_book_its_projects_are_unknown_and_not_missing() -> None:
    without_nova = tenants(instance(1), shadow(), nova=False)
    assert [one.owner for one in without_nova.unplaced] == [Owner.NOVA]
    assert without_nova.unplaced[0].project_id is None
    without_cinder = tenants(instance(1), shadow(), cinder=False)
    assert without_cinder.unplaced[0].project_id is None


def test_a_shadow_vm_that_cinder_does_not_know_belongs_to_nobody() -> None:
    other = shadow(instance_uuid=builders.uuid_of(41))
    (one,) = tenants(other).unplaced
    assert one.volume_id == builders.uuid_of(41) and one.project_id == ""


def test_what_is_not_openstacks_and_cinders_templates_are_others() -> None:
    dns = builders.vm(50, manager_key="", instance_uuid="")
    found = tenants(dns, shadow(is_template=True))
    assert {one.owner for one in found.others} == {Owner.OTHER, Owner.CINDER}
