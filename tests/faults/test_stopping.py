"""A collector that is told to stop does so at once, whatever vCenter leaves it waiting for.

Its deadlines here are of minutes, so that only one that was given up ends in time.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from tests.vsphere.fault_proxy import deaf_listener, drip, http_status, silence, wait_until
from tests.vsphere.rig import VCenter
from tests.vsphere.sinks import Remembering
from vmware_panel.collecting.keeper import Keeper
from vmware_panel.domain.snapshot import CollectorState
from vmware_panel.store import MemoryStore
from vmware_panel.vsphere import Endpoint, VCenterClient
from vmware_panel.vsphere.collector import Collector

pytestmark = pytest.mark.simulator

PATIENT_S = 200.0
HANG_S = 20.0  # the proxy lets go of nobody before that

NewClient = Callable[[Endpoint], VCenterClient]


@pytest.fixture
def patient(vcenter: VCenter, new_client: NewClient) -> VCenterClient:
    return new_client(vcenter.endpoint_with(read_timeout_s=PATIENT_S, list_timeout_s=PATIENT_S))


@contextmanager
def running(
    client: VCenterClient, sink: Remembering
) -> Iterator[tuple[Collector, threading.Thread]]:
    collector = client.collector(sink, relist_interval_s=3600.0, page_size=10)
    thread = threading.Thread(target=collector.run, daemon=True)
    thread.start()
    try:
        yield collector, thread
    finally:
        collector.stop()


def ends_soon(collector: Collector, thread: threading.Thread, sink: Remembering) -> None:
    collector.stop()
    thread.join(HANG_S)
    assert not thread.is_alive(), "it still waits for a vCenter that does not answer"
    assert sink.status and sink.status.state is CollectorState.STOPPED


@pytest.mark.parametrize("fault", [silence, drip])
@pytest.mark.parametrize(
    "method",
    ["GET /sdk/vimServiceVersions.xml", "Login", "CreateContainerView", "WaitForUpdatesEx"],
)
def test_on_the_way_to_the_first_list(
    vcenter: VCenter, patient: VCenterClient, method: str, fault: Callable[..., None]
) -> None:
    sink = Remembering()
    vcenter.proxy.spoil(method, fault)
    with running(patient, sink) as (collector, thread):
        wait_until(lambda: vcenter.proxy.count(method) > 0)
        ends_soon(collector, thread, sink)
    assert sink.inventory is None


def test_in_the_middle_of_a_list(vcenter: VCenter, patient: VCenterClient) -> None:
    sink = Remembering()
    vcenter.proxy.spoil("WaitForUpdatesEx", silence, after=2)
    with running(patient, sink) as (collector, thread):
        wait_until(lambda: vcenter.proxy.count("WaitForUpdatesEx") == 3)
        ends_soon(collector, thread, sink)
    assert sink.inventory is None, "half of a list is no inventory"


def test_during_a_wait_that_hangs_and_nothing_is_logged(
    vcenter: VCenter, patient: VCenterClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "vmware_panel")
    sink = Remembering()
    with running(patient, sink) as (collector, thread):
        sink.until_watching()
        vcenter.proxy.spoil("*", silence)
        before = vcenter.proxy.count("WaitForUpdatesEx")
        wait_until(lambda: vcenter.proxy.count("WaitForUpdatesEx") > before)
        ends_soon(collector, thread, sink)
    assert sink.inventory is not None
    assert caplog.messages == [], "to be stopped is no failure"


def test_during_a_back_off(vcenter: VCenter, new_client: NewClient) -> None:
    sink = Remembering()
    client = new_client(vcenter.endpoint_with(password=lambda: "wrong"))  # waits for a minute
    with running(client, sink) as (collector, thread):
        sink.until(lambda s: s.status and s.status.retry_at, "the back-off")
        ends_soon(collector, thread, sink)


def test_while_a_connection_is_made_it_takes_the_time_allowed_for_that(
    vcenter: VCenter, new_client: NewClient
) -> None:
    sink = Remembering()
    with deaf_listener() as port:
        with running(new_client(vcenter.endpoint_with(port=port)), sink) as (collector, thread):
            time.sleep(0.5)
            ends_soon(collector, thread, sink)


def test_a_keeper_ends_in_time_and_says_so_although_vcenter_hangs(
    vcenter: VCenter, patient: VCenterClient
) -> None:
    store = MemoryStore()
    vcenter.proxy.spoil("WaitForUpdatesEx", silence, after=2)

    @contextmanager
    def its_client() -> Iterator[VCenterClient]:
        yield patient
        patient.close()

    keeper = Keeper("west", store, its_client, "me", 3600.0)
    thread = threading.Thread(target=keeper.run, daemon=True)
    thread.start()
    wait_until(lambda: vcenter.proxy.count("WaitForUpdatesEx") == 3)
    vcenter.proxy.spoil("*", silence)
    keeper.stop()
    thread.join(HANG_S)
    assert not thread.is_alive()
    snapshot = store.read("west")
    assert snapshot and snapshot.status.state is CollectorState.STOPPED


def test_a_refresh_is_not_kept_waiting_by_a_wait_and_leaves_nothing_behind(
    vcenter: VCenter, reader: VCenterClient
) -> None:
    sink = Remembering()
    before = vcenter.simulator.control.objects()  # of sessions whose logout other tests kept back
    collector = reader.collector(sink, relist_interval_s=3600.0, max_wait_s=25)
    thread = threading.Thread(target=collector.run)
    thread.start()
    try:
        sink.until_watching()
        for number in range(5):
            collector.refresh(f"r-{number}")
            sink.until(lambda s, r=f"r-{number}": s.status.refreshed == r, "the refresh")
        left = vcenter.simulator.control.objects()
        assert left.collectors - before.collectors == 1
        assert left.filters - before.filters == left.views - before.views == 1
    finally:
        collector.stop()
        thread.join(HANG_S)
    assert not thread.is_alive()
    assert sink.replaced == 6


def test_a_refresh_that_is_asked_for_during_a_back_off_is_tried_at_once(
    vcenter: VCenter, new_client: NewClient
) -> None:
    """So a password that was put right need not wait out the minutes of the wrong one."""
    sink = Remembering()
    password = ["wrong"]
    client = new_client(vcenter.endpoint_with(password=lambda: password[0]))
    with running(client, sink) as (collector, thread):
        sink.until(lambda s: s.status and s.status.retry_at, "the back-off")
        password[0] = vcenter.endpoint.password()
        collector.refresh("r-1")
        sink.until(lambda s: s.status.refreshed == "r-1", "the refresh")
        ends_soon(collector, thread, sink)


def test_a_refresh_of_a_vcenter_that_is_down_is_tried_once_and_not_again_and_again(
    vcenter: VCenter, reader: VCenterClient
) -> None:
    sink = Remembering()
    vcenter.proxy.spoil("*", http_status(503))
    with running(reader, sink) as (collector, thread):
        sink.until(lambda s: s.status and s.status.retry_at, "the back-off")
        for _ in range(300):
            collector.refresh("r-1")
            time.sleep(0.005)
        assert len(vcenter.proxy.seen) < 8, vcenter.proxy.seen
        ends_soon(collector, thread, sink)
