"""The bulk read: all pages or none, in a number of calls that is its pages."""

import gzip
import re
from collections.abc import Callable

import pytest

from lab.simulator import nova_instance_uuid
from tests.simulator import running_simulator
from tests.vsphere.fault_proxy import (
    Exchange,
    cut_off,
    empty_answer,
    hang_up,
    http_status,
    rewritten,
    soap_fault,
)
from tests.vsphere.rig import NOVA_VMS, OUTSIDE_VMS, VCenter, endpoint_of
from vmware_panel.domain.inventory import MoRef
from vmware_panel.domain.outcome import TroubleKind
from vmware_panel.vsphere import Endpoint, VCenterClient, VSphereError, counting
from vmware_panel.vsphere.property_sets import NOVA_UUID_KEY

pytestmark = pytest.mark.simulator

PAGE = 10


def test_everything_is_there_once(reader: VCenterClient) -> None:
    inventory = reader.read_inventory()
    assert inventory.whole
    assert len(inventory.vms) == NOVA_VMS + OUTSIDE_VMS
    assert [cluster.name for cluster in inventory.clusters] == ["DC0_C0", "DC0_C1"]
    assert len(inventory.hosts) == 6
    assert {datastore.name for datastore in inventory.datastores} == {
        "shared-ds-1",
        "c0-local-1",
        "c1-local-1",
    }
    assert [datacenter.name for datacenter in inventory.datacenters] == ["DC0"]


def test_what_the_pages_need_is_read_of_a_vm(reader: VCenterClient) -> None:
    inventory = reader.read_inventory()
    (vm,) = inventory.vms_by_instance_uuid[nova_instance_uuid(0)]
    assert vm.managed_by_nova
    assert vm.extra_config[NOVA_UUID_KEY] == nova_instance_uuid(0)
    assert inventory.cluster_of_vm(vm) in inventory.clusters
    assert vm.host in inventory.host_by_ref
    assert vm.datastores
    assert set(vm.datastores) <= set(inventory.datastore_by_ref)
    assert vm.memory_mb and vm.vcpus and vm.cores_per_socket
    assert vm.power is not None
    assert "flavor" in vm.annotation
    assert inventory.folder_path(vm.folder)[0] == "DC0"
    assert inventory.pool_path(vm.resource_pool)[0] == "Resources"
    (disk,) = vm.disks
    assert disk.capacity_bytes
    assert disk.path.startswith("[")
    assert disk.datastore in inventory.datastore_by_ref


def test_what_the_pages_need_is_read_of_hosts_clusters_and_datastores(
    reader: VCenterClient,
) -> None:
    inventory = reader.read_inventory()
    host = inventory.hosts[0]
    assert host.usable is True
    assert host.cpu_threads == 32
    assert host.memory_bytes == 256 << 30
    assert host.numa_nodes
    assert host.version
    cluster = inventory.clusters[0]
    assert cluster.drs_enabled is not None
    assert cluster.root_pool in inventory.pool_by_ref
    shared, local = (
        next(d for d in inventory.datastores if d.name == name)
        for name in ("shared-ds-1", "c0-local-1")
    )
    assert len(shared.hosts) == 6
    assert len(local.hosts) == 3
    assert shared.capacity_bytes and shared.free_bytes


@pytest.mark.parametrize("page_size", [1, PAGE, 1000])
def test_pages_are_put_together_whole_and_without_doubles(
    reader: VCenterClient, page_size: int
) -> None:
    whole = reader.read_inventory()
    paged = reader.read_inventory(page_size)
    for part in ("datacenters", "folders", "resource_pools", "clusters", "hosts", "datastores"):
        assert set(getattr(paged, part)) == set(getattr(whole, part)), part
    assert sorted(vm.moref for vm in paged.vms) == sorted(vm.moref for vm in whole.vms)


def test_calls_are_three_and_one_for_each_further_page(reader: VCenterClient) -> None:
    reader.about()
    with counting() as calls:
        reader.read_inventory()
    assert calls.by_method == {
        "CreateContainerView": 1,
        "RetrievePropertiesEx": 1,
        "DestroyView": 1,
    }
    with counting() as calls:
        inventory = reader.read_inventory(PAGE)
    parts = ("datacenters", "folders", "resource_pools", "clusters", "hosts", "datastores", "vms")
    objects = sum(len(getattr(inventory, part)) for part in parts) + 1  # and the session manager
    assert calls.by_method["ContinueRetrievePropertiesEx"] == -(-objects // PAGE) - 1
    assert calls.total == 3 + calls.by_method["ContinueRetrievePropertiesEx"]


def test_a_hundred_times_the_vms_cost_no_call_more_but_their_pages(
    new_client: Callable[[Endpoint], VCenterClient], vcenter: VCenter
) -> None:
    with running_simulator(nova_vms=2000) as large:
        reader = new_client(endpoint_of(large))
        reader.about()
        with counting() as calls:
            inventory = reader.read_inventory(page_size=3000)
        assert len(inventory.vms) == 2000
        assert calls.total == 3
        with counting() as calls:
            assert len(reader.read_inventory(page_size=1000).vms) == 2000
        assert calls.total == 3 + 2
        with counting() as calls:
            one = reader.read_vm(nova_instance_uuid(1234), inventory.clusters[0].moref)
        assert len(one.vms) == 1
        assert calls.total == 2


@pytest.mark.parametrize("fault", [http_status(503), soap_fault("RuntimeFault"), cut_off, hang_up])
def test_a_page_that_fails_makes_the_whole_read_fail(
    reader: VCenterClient, vcenter: VCenter, fault: object
) -> None:
    vcenter.proxy.spoil("ContinueRetrievePropertiesEx", fault, after=1)  # type: ignore[arg-type]
    with pytest.raises(VSphereError):
        reader.read_inventory(PAGE)


def test_the_view_is_given_back_when_a_page_fails(reader: VCenterClient, vcenter: VCenter) -> None:
    vcenter.proxy.spoil("ContinueRetrievePropertiesEx", soap_fault("RuntimeFault"))
    with pytest.raises(VSphereError):
        reader.read_inventory(PAGE)
    assert vcenter.proxy.count("DestroyView") == vcenter.proxy.count("CreateContainerView") == 1


def test_a_connection_lost_between_pages_begins_anew_and_reads_all(
    reader: VCenterClient, vcenter: VCenter
) -> None:
    vcenter.proxy.spoil("ContinueRetrievePropertiesEx", hang_up, after=1, times=1)
    inventory = reader.read_inventory(PAGE)
    assert len(inventory.vms) == NOVA_VMS + OUTSIDE_VMS


def test_a_session_lost_between_pages_begins_anew_and_reads_all(
    reader: VCenterClient, vcenter: VCenter
) -> None:
    def expire(exchange: object) -> None:
        vcenter.simulator.expire_sessions()
        exchange.hand_on()  # type: ignore[attr-defined]

    vcenter.proxy.spoil("ContinueRetrievePropertiesEx", expire, after=1, times=1)
    inventory = reader.read_inventory(PAGE)
    assert len(inventory.vms) == NOVA_VMS + OUTSIDE_VMS
    assert vcenter.proxy.count("Login") == 2


def test_a_session_that_was_gone_before_the_end_makes_nothing_of_what_was_read(
    reader: VCenterClient, vcenter: VCenter
) -> None:
    vcenter.proxy.spoil("DestroyView", soap_fault("NotAuthenticated"), times=1)
    reader.read_inventory()
    assert vcenter.proxy.count("RetrievePropertiesEx") == 2
    assert vcenter.proxy.count("Login") == 2


@pytest.mark.parametrize("method", ["RetrievePropertiesEx", "ContinueRetrievePropertiesEx"])
def test_an_empty_page_is_never_taken_for_no_vms(
    reader: VCenterClient, vcenter: VCenter, method: str
) -> None:
    vcenter.proxy.spoil(method, empty_answer(method), times=1)
    inventory = reader.read_inventory(PAGE)
    assert len(inventory.vms) == NOVA_VMS + OUTSIDE_VMS
    assert vcenter.proxy.count("Login") == 2


def test_an_answer_without_the_session_is_never_taken_for_no_vms(
    reader: VCenterClient, vcenter: VCenter
) -> None:
    def without_session(body: bytes) -> bytes:
        return re.sub(rb"<propSet><name>currentSession</name>.*?</propSet>", b"", body, flags=re.S)

    vcenter.proxy.spoil("RetrievePropertiesEx", rewritten(without_session))
    with pytest.raises(VSphereError) as raised:
        reader.read_inventory()
    assert raised.value.trouble.kind is TroubleKind.SESSION
    assert vcenter.proxy.count("RetrievePropertiesEx") == 2


def missing(path: str, fault: str, inside: str = "") -> bytes:
    return (
        f'<missingSet><path>{path}</path><fault><fault xsi:type="{fault}" '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
        f"{inside}</fault><localizedMessage>no</localizedMessage></fault></missingSet>"
    ).encode()


def spoilt_object(kind: str, moref: MoRef, spoil: Callable[[bytes], bytes]) -> Callable[..., None]:
    """Rewrites what the answer says of one object."""
    pattern = re.compile(
        rf'<objects>(<obj type="{kind}">{moref}</obj>.*?)</objects>'.encode(), re.S
    )

    def change(body: bytes) -> bytes:
        changed, hits = pattern.subn(
            lambda match: b"<objects>" + spoil(match[1]) + b"</objects>", body
        )
        assert hits == 1, "the answer does not hold the object that is to be spoilt"
        return changed

    return rewritten(change)


def without(path: str, put: bytes) -> Callable[[bytes], bytes]:
    gone = re.compile(rf"<propSet><name>{re.escape(path)}</name>.*?</propSet>".encode(), re.S)
    return lambda content: gone.sub(b"", content) + put


def test_a_property_that_may_not_be_seen_is_unknown(
    reader: VCenterClient, vcenter: VCenter
) -> None:
    host = reader.read_inventory().hosts[0]
    path = "runtime.inMaintenanceMode"
    vcenter.proxy.spoil(
        "RetrievePropertiesEx",
        spoilt_object("HostSystem", host.moref, without(path, missing(path, "NoPermission"))),
    )
    seen = reader.read_inventory().host_by_ref[host.moref]
    assert seen.in_maintenance is None
    assert seen.usable is None
    assert seen.name == host.name


def test_an_object_that_vanished_during_the_read_goes_and_the_rest_stay(
    reader: VCenterClient, vcenter: VCenter
) -> None:
    before = reader.read_inventory()
    gone = before.vms[0].moref
    inside = f'<obj type="VirtualMachine">{gone}</obj>'
    vcenter.proxy.spoil(
        "RetrievePropertiesEx",
        spoilt_object(
            "VirtualMachine",
            gone,
            without("name", missing("name", "ManagedObjectNotFound", inside)),
        ),
    )
    after = reader.read_inventory()
    assert {vm.moref for vm in after.vms} == {vm.moref for vm in before.vms} - {gone}


def test_not_being_logged_in_shows_as_a_missing_set_as_well(
    reader: VCenterClient, vcenter: VCenter
) -> None:
    vm = reader.read_inventory().vms[0].moref
    vcenter.proxy.spoil(
        "RetrievePropertiesEx",
        spoilt_object("VirtualMachine", vm, without("name", missing("name", "NotAuthenticated"))),
        times=1,
    )
    assert len(reader.read_inventory().vms) == NOVA_VMS + OUTSIDE_VMS
    assert vcenter.proxy.count("Login") == 2


def test_a_session_that_may_not_be_seen_is_asked_for_in_another_way(
    reader: VCenterClient, vcenter: VCenter
) -> None:
    def unreadable(body: bytes) -> bytes:
        return re.sub(
            rb"<propSet><name>currentSession</name>.*?</propSet>",
            missing("currentSession", "NoPermission"),
            body,
            flags=re.S,
        )

    vcenter.proxy.spoil("RetrievePropertiesEx", rewritten(unreadable))
    assert len(reader.read_inventory().vms) == NOVA_VMS + OUTSIDE_VMS
    assert vcenter.proxy.count("CurrentTime") == 1


def test_a_compressed_answer_is_read_like_any_other(
    reader: VCenterClient, vcenter: VCenter
) -> None:
    plain = reader.read_inventory()

    def compress(exchange: Exchange) -> None:
        status, body, headers = exchange.upstream
        assert "gzip" in exchange.handler.headers["Accept-Encoding"]
        exchange.answer(status, gzip.compress(body), [*headers, ("Content-Encoding", "gzip")])

    vcenter.proxy.spoil("*", compress)
    assert {vm.moref for vm in reader.read_inventory().vms} == {vm.moref for vm in plain.vms}
    assert vcenter.proxy.connections == 1


def test_names_are_shown_as_they_are_written_in_the_vsphere_client(
    reader: VCenterClient, vcenter: VCenter
) -> None:
    vm = reader.read_inventory().vms[0]

    def renamed(content: bytes) -> bytes:
        return content.replace(f">{vm.name}</val>".encode(), b">a%2fb%5cc 100%25 %2525 %41</val>")

    vcenter.proxy.spoil("RetrievePropertiesEx", spoilt_object("VirtualMachine", vm.moref, renamed))
    names = {seen.moref: seen.name for seen in reader.read_inventory().vms}
    assert names[vm.moref] == "a/b\\c 100% %25 %41"
