"""The targeted read: one instance's VM and what it stands on, in two calls."""

import re
from collections.abc import Callable

import pytest
from pyVmomi import vim

from lab.simulator import nova_instance_uuid
from tests.simulator import RunningSimulator
from tests.vsphere.fault_proxy import rewritten, wait_until
from tests.vsphere.rig import VCenter, endpoint_of
from vmware_panel.domain.inventory import MoRef
from vmware_panel.vsphere import Endpoint, VCenterClient, counting
from vmware_panel.vsphere.property_sets import NOVA_UUID_KEY

pytestmark = pytest.mark.simulator

INSTANCE = nova_instance_uuid(3)
MISSING = "00000000-0000-4000-8000-000000000000"


def test_it_says_of_the_vm_what_the_bulk_read_says(reader: VCenterClient) -> None:
    whole = reader.read_inventory()
    (expected,) = whole.vms_by_instance_uuid[INSTANCE]
    one = reader.read_vm(INSTANCE)
    assert not one.whole
    assert one.vms == (expected,)
    (vm,) = one.vms
    assert one.cluster_of_vm(vm) == whole.cluster_of_vm(vm)
    assert one.folder_path(vm.folder) == whole.folder_path(vm.folder) != ()
    assert one.pool_path(vm.resource_pool) == whole.pool_path(vm.resource_pool) != ()
    assert vm.host in one.host_by_ref
    assert set(one.datastore_by_ref) == set(vm.datastores)


def test_it_costs_two_calls_on_a_warm_session(reader: VCenterClient) -> None:
    reader.about()
    with counting() as calls:
        reader.read_vm(INSTANCE, MoRef("domain-c9999"))
    assert calls.by_method == {"FindAllByUuid": 1, "RetrievePropertiesEx": 1}


def test_the_case_of_the_id_does_not_matter(reader: VCenterClient) -> None:
    assert len(reader.read_vm(INSTANCE.upper()).vms) == 1


def test_a_vm_that_is_not_there_is_no_error(reader: VCenterClient) -> None:
    inventory = reader.read_vm(MISSING)
    assert inventory.vms == ()
    assert not inventory.whole


def test_the_cluster_that_nova_names_is_read_although_the_vm_is_elsewhere(
    reader: VCenterClient,
) -> None:
    whole = reader.read_inventory()
    (vm,) = whole.vms_by_instance_uuid[INSTANCE]
    other = next(c for c in whole.clusters if c != whole.cluster_of_vm(vm))
    one = reader.read_vm(INSTANCE, other.moref)
    assert set(one.clusters) == set(whole.clusters)
    assert one.cluster_by_ref[other.moref] == other


def test_the_cluster_that_nova_names_is_read_without_a_vm(reader: VCenterClient) -> None:
    cluster = reader.read_inventory().clusters[0]
    assert reader.read_vm(MISSING, cluster.moref).clusters == (cluster,)


def test_a_cluster_that_is_gone_takes_nothing_with_it(reader: VCenterClient) -> None:
    gone = MoRef("domain-c9999")
    with counting() as calls:
        one = reader.read_vm(INSTANCE, gone)
    assert len(one.vms) == 1
    assert gone not in one.cluster_by_ref
    assert calls.by_method["RetrievePropertiesEx"] == 1


def test_every_vm_that_carries_the_id_is_shown(
    start_simulator: Callable[..., RunningSimulator],
    new_client: Callable[[Endpoint], VCenterClient],
) -> None:
    """As after a clone by hand, which keeps what is in the VM's configuration."""
    simulator = start_simulator(nova_vms=2)
    reader = new_client(endpoint_of(simulator))
    (vm,) = reader.read_vm(nova_instance_uuid(0)).vms
    with simulator.login.connected() as service:
        original = vim.VirtualMachine(vm.moref, service._stub)
        spec = vim.vm.CloneSpec(
            location=vim.vm.RelocateSpec(),
            config=vim.vm.ConfigSpec(instanceUuid=vm.instance_uuid),
        )
        task = original.CloneVM_Task(folder=original.parent, name="by hand", spec=spec)
        wait_until(lambda: task.info.state == "success")
    one = reader.read_vm(nova_instance_uuid(0))
    assert {seen.name for seen in one.vms} == {vm.name, "by hand"}
    by_hand = next(seen for seen in one.vms if seen.name == "by hand")
    assert not by_hand.managed_by_nova
    assert by_hand.extra_config[NOVA_UUID_KEY] == vm.instance_uuid


def test_a_vm_that_vanishes_between_the_calls_is_not_there(
    reader: VCenterClient, vcenter: VCenter
) -> None:
    def moved_on(body: bytes) -> bytes:
        return re.sub(rb'(<returnval type="VirtualMachine">).*?<', rb"\1vm-999999<", body)

    vcenter.proxy.spoil("FindAllByUuid", rewritten(moved_on))
    assert reader.read_vm(INSTANCE).vms == ()


def test_the_linked_clones_parent_is_told(reader: VCenterClient) -> None:
    chains = [disk.parent_paths for vm in reader.read_inventory().vms for disk in vm.disks]
    assert any(chain and chain[-1].endswith(".vmdk") for chain in chains)
