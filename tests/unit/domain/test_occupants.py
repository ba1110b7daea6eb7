"""Whose the VMs on a host are, by Nova's servers and by the drivers' own marks."""

from tests.unit.domain.builders import server, uuid_of, vm
from vmware_panel.domain.inventory import CINDER_EXTENSION, MoRef
from vmware_panel.domain.occupants import Owner, occupants

HOST = MoRef("host-1")
SERVERS = {uuid_of(number): server(number) for number in (1, 2)}


def test_each_vm_on_the_host_has_an_owner_and_those_of_others_are_left_out() -> None:
    vms = (
        vm(1, instance_uuid=uuid_of(1).upper()),
        vm(2, host=MoRef("host-2")),
        vm(3),
        vm(4, name="volume-4", manager_key=CINDER_EXTENSION),
        vm(5, name="theirs", manager_key=""),
        vm(6, name="unplaced", host=None),
    )
    found = {one.vm.moref: one for one in occupants(vms, HOST, SERVERS)}
    assert {moref: one.owner for moref, one in found.items()} == {
        "vm-1": Owner.INSTANCE,
        "vm-3": Owner.NOVA,
        "vm-4": Owner.CINDER,
        "vm-5": Owner.OTHER,
    }
    assert found[MoRef("vm-1")].server == SERVERS[uuid_of(1)]
    assert found[MoRef("vm-3")].server is None


def test_a_template_with_an_instances_id_is_no_instance() -> None:
    (one,) = occupants((vm(1, is_template=True, manager_key=""),), HOST, SERVERS)
    assert (one.owner, one.server) == (Owner.OTHER, None)


def test_a_vm_with_an_instances_id_is_that_instance_whoever_made_it() -> None:
    (one,) = occupants((vm(1, manager_key=""),), HOST, SERVERS)
    assert one.owner is Owner.INSTANCE


def test_without_novas_answer_nothing_is_an_instance_for_sure() -> None:
    its = occupants((vm(1), vm(5, name="theirs", manager_key="")), HOST, None)
    assert [one.owner for one in its] == [Owner.OTHER, Owner.NOVA]
