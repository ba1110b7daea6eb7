"""The collector: everything once, then what changes, and what stands stands whatever fails."""

import logging
import time
from collections.abc import Callable
from dataclasses import replace

import pytest
from pyVmomi import vim

from tests.simulator import RunningSimulator
from tests.vsphere.fault_proxy import hang_up, http_status
from tests.vsphere.rig import NOVA_VMS, OUTSIDE_VMS, VCenter, endpoint_of
from tests.vsphere.sinks import Remembering, collecting
from vmware_panel.domain.inventory import EsxHost, VirtualMachine, VmPower
from vmware_panel.domain.outcome import TroubleKind
from vmware_panel.domain.snapshot import CollectorState
from vmware_panel.vsphere import VCenterClient
from vmware_panel.vsphere.collector import PUBLISH_INTERVAL_S

pytestmark = pytest.mark.simulator

Start = Callable[..., RunningSimulator]


@pytest.fixture
def sink() -> Remembering:
    return Remembering()


@pytest.fixture
def own(start_simulator: Start) -> RunningSimulator:
    """A simulator that the test may change."""
    return start_simulator(nova_vms=6, outside_vms=2)


@pytest.fixture
def client(own: RunningSimulator):
    client = VCenterClient(endpoint_of(own))
    yield client
    client.close()


def vm_named(service: vim.ServiceInstance, part: str) -> vim.VirtualMachine:
    content = service.RetrieveContent()
    view = content.viewManager.CreateContainerView(content.rootFolder, [vim.VirtualMachine], True)
    try:
        return next(vm for vm in view.view if part in vm.name)
    finally:
        view.DestroyView()


def by_ref(sink: Remembering) -> dict[str, VirtualMachine]:
    assert sink.inventory is not None
    return {vm.moref: vm for vm in sink.inventory.vms}


def test_the_first_list_is_what_a_bulk_read_gives(
    vcenter: VCenter, reader: VCenterClient, sink: Remembering
):
    with collecting(reader, sink):
        sink.until_watching()
        assert sink.inventory is not None
        whole = reader.read_inventory()
        assert replace(sink.inventory, read_at=whole.read_at) == whole
        assert len(sink.inventory.vms) == NOVA_VMS + OUTSIDE_VMS
    assert sink.states == [
        CollectorState.CONNECTING,
        CollectorState.LISTING,
        CollectorState.WATCHING,
        CollectorState.STOPPED,
    ]


def test_the_first_list_comes_in_pages_that_the_status_counts(
    vcenter: VCenter, reader: VCenterClient, sink: Remembering
):
    with collecting(reader, sink, page_size=10) as collector:
        sink.until_watching()
        listed = [count for count, _ in sink.listed]
        assert sink.inventory is not None
        assert listed == sorted(listed) and len(listed) > 3, listed
        assert all(expected is None for _, expected in sink.listed), "nobody can know yet"
        total = len(sink.inventory.vms) + len(sink.inventory.hosts)
        assert listed[-1] > total, "the folders, pools and clusters count too"
        everything = listed[-1]
        collector.refresh("again")
        sink.until(lambda s: s.status and s.status.refreshed == "again", "the refresh")
    assert sink.listed[-1] == (everything, everything), "the second list knows what to expect"


def test_a_change_comes_alone_and_gives_the_same_as_a_bulk_read(
    own: RunningSimulator, client: VCenterClient, sink: Remembering
):
    with collecting(client, sink), own.login.connected() as service:
        sink.until_watching()
        machine = vm_named(service, "server-00001")
        moref = machine._moId
        assert by_ref(sink)[moref].power is VmPower.ON
        machine.PowerOffVM_Task()
        sink.until(lambda s: by_ref(s)[moref].power is VmPower.OFF, "the VM that was powered off")
        assert sink.replaced == 1, "everything was read again for one change"
        changed = {item.moref for delta in sink.deltas for item in delta.changed}
        assert moref in changed and len(changed) < 4, changed
        whole = client.read_inventory()
        assert sink.inventory is not None
        assert replace(sink.inventory, read_at=whole.read_at) == whole


def test_objects_that_come_and_go_are_followed(
    own: RunningSimulator, client: VCenterClient, sink: Remembering
):
    with collecting(client, sink), own.login.connected() as service:
        sink.until_watching()
        before = set(by_ref(sink))
        machine = vm_named(service, "server-00002")
        task = machine.CloneVM_Task(
            folder=machine.parent,
            name="a-clone",
            spec=vim.vm.CloneSpec(location=vim.vm.RelocateSpec(), powerOn=False),
        )
        sink.until(lambda s: set(by_ref(s)) - before, f"the clone ({task.info.state})")
        (new,) = set(by_ref(sink)) - before
        assert by_ref(sink)[new].name == "a-clone"
        vm_named(service, "a-clone").Destroy_Task()
        sink.until(lambda s: set(by_ref(s)) == before, "the clone to be gone")


def test_a_host_that_goes_into_maintenance_shows(
    own: RunningSimulator, client: VCenterClient, sink: Remembering
):
    def hosts() -> dict[str, EsxHost]:
        assert sink.inventory is not None
        return {host.moref: host for host in sink.inventory.hosts}

    with collecting(client, sink), own.login.connected() as service:
        sink.until_watching()
        content = service.RetrieveContent()
        view = content.viewManager.CreateContainerView(content.rootFolder, [vim.HostSystem], True)
        host = view.view[0]
        host.EnterMaintenanceMode_Task(0, False)
        sink.until(lambda _: hosts()[host._moId].in_maintenance, "the maintenance mode")
        host.ExitMaintenanceMode_Task(0)
        sink.until(lambda _: hosts()[host._moId].in_maintenance is False, "its end")


def test_a_storm_of_changes_is_published_once_a_second_at_most(
    own: RunningSimulator, client: VCenterClient, sink: Remembering
):
    with collecting(client, sink), own.login.connected() as service:
        sink.until_watching()
        machine = vm_named(service, "server-00003")
        number = 0
        while number < 25 or len(sink.published_at_s) < 4:
            number += 1
            machine.ReconfigVM_Task(vim.vm.ConfigSpec(annotation=f"note {number}"))
            time.sleep(0.1)
        sink.until(
            lambda s: by_ref(s)[machine._moId].annotation == f"note {number}",
            "the last of the notes",
        )
    gaps = [b - a for a, b in zip(sink.published_at_s[1:], sink.published_at_s[2:], strict=False)]
    assert gaps and min(gaps) >= PUBLISH_INTERVAL_S * 0.95, gaps


def test_a_refresh_reads_everything_again_once_however_often_it_is_asked_for(
    vcenter: VCenter, reader: VCenterClient, sink: Remembering
):
    with collecting(reader, sink) as collector:
        sink.until_watching()
        for _ in range(3):
            collector.refresh("r-1")
        sink.until(lambda s: s.status and s.status.refreshed == "r-1", "the refresh")
        collector.refresh("r-1")
        time.sleep(0.3)
        assert sink.replaced == 2


def test_nothing_is_left_behind_at_vcenter(
    vcenter: VCenter, reader: VCenterClient, sink: Remembering
):
    with collecting(reader, sink) as collector:
        sink.until_watching()
        collector.refresh("r-1")
        sink.until(lambda s: s.status and s.status.refreshed == "r-1", "the refresh")
    calls = reader.calls.by_method
    assert calls["CreatePropertyCollector"] == calls["DestroyPropertyCollector"] == 2
    assert calls["CreateContainerView"] == calls["DestroyView"] == 2


def test_an_idle_collector_asks_a_handful_of_calls_a_minute(
    vcenter: VCenter, reader: VCenterClient, sink: Remembering
):
    with collecting(reader, sink, max_wait_s=1):
        sink.until(lambda s: s.samples, "the first sample")
        before, began_s = reader.calls.total, time.monotonic()
        first = sink.confirmed_at
        sink.until(lambda _: reader.calls.total - before >= 4, "some waits")
        asked, took_s = reader.calls.total - before, time.monotonic() - began_s
        assert asked <= took_s + 2, f"{asked} calls in {took_s:.1f} s with waits of 1 s"
        assert sink.confirmed_at is not None and first is not None
        assert sink.confirmed_at > first, "an unchanged book must not grow old"
        assert sink.replaced == 1 and not sink.deltas


def test_while_vcenter_is_away_the_book_stands_and_one_line_is_logged_each_way(
    vcenter: VCenter, reader: VCenterClient, sink: Remembering, caplog: pytest.LogCaptureFixture
):
    caplog.set_level(logging.INFO, "vmware_panel")
    with collecting(reader, sink, max_wait_s=1):
        sink.until_watching()
        book = sink.inventory
        vcenter.proxy.spoil("*", http_status(503))
        sink.until(lambda s: s.status and s.status.state is CollectorState.FAILING, "the failure")
        assert sink.status is not None and sink.status.trouble is not None
        assert sink.status.trouble.kind is TroubleKind.OVERLOADED
        assert sink.status.retry_at is not None
        time.sleep(3)
        assert sink.inventory is book, "the last good book must stand"
        vcenter.proxy.heal()
        sink.until_watching()
        assert sink.replaced == 1, "an overloaded vCenter must not be listed anew"
    lines = [r.message for r in caplog.records if "inventory" in r.message]
    assert [r.levelno for r in caplog.records if "inventory" in r.message] == [
        logging.WARNING,
        logging.INFO,
    ], lines


def test_a_connection_that_breaks_while_waiting_costs_no_new_list(
    vcenter: VCenter, reader: VCenterClient, sink: Remembering
):
    with collecting(reader, sink, max_wait_s=1):
        sink.until_watching()
        vcenter.proxy.spoil("WaitForUpdatesEx", hang_up, times=1)
        sink.until(lambda s: CollectorState.FAILING in s.states, "the failure")
        sink.until_watching()
        assert sink.replaced == 1


def test_what_was_begun_at_a_vcenter_that_became_too_slow_is_taken_away_again(
    own: RunningSimulator, sink: Remembering
):
    """Each failed attempt would leave a property collector in a session that lives on."""
    client = VCenterClient(replace(endpoint_of(own), read_timeout_s=2.0))
    client.about()
    own.control.delay(4000, "CreateFilter")
    with collecting(client, sink):
        sink.until(lambda s: client.calls.by_method.get("CreateFilter", 0) >= 3, "attempts")
        assert own.control.objects().collectors <= 1
        own.control.delay(0, "CreateFilter")
        sink.until_watching()
        left = own.control.objects()
        assert (left.collectors, left.filters, left.views) == (1, 1, 1), left
    client.close()
