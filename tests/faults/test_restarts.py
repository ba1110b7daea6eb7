"""A day of vCenter's restarts in a minute: nothing grows, and nothing is left behind at vCenter."""

import gc
import os
import threading
import time
import tracemalloc
from pathlib import Path

import pytest

from tests.vsphere.fault_proxy import wait_until
from tests.vsphere.rig import NOVA_VMS, OUTSIDE_VMS, VCenter
from tests.vsphere.sinks import Remembering
from vmware_panel.vsphere.backoff import Backoff
from vmware_panel.vsphere.collector import Collector
from vmware_panel.vsphere.session import Session

pytestmark = pytest.mark.simulator

RESTARTS = 60
WARM_UP = 12
FASTER = 20.0  # than the gate's own clock
GROWTH_BYTES_A_RESTART = 1024


def clock() -> float:
    return time.monotonic() * FASTER


def sockets() -> int:
    folder = Path("/proc/self/fd")
    found = 0
    for number in os.listdir(folder):
        try:
            found += os.readlink(folder / number).startswith("socket:")
        except OSError:
            pass  # the one that lists
    return found


class Growth:
    """What is allocated by the program's own code and pyVmomi, threads and sockets."""

    def __init__(self) -> None:
        gc.collect()
        traced = tracemalloc.take_snapshot().filter_traces(
            [tracemalloc.Filter(True, "*/vmware_panel/*"), tracemalloc.Filter(True, "*/pyVmomi/*")]
        )
        self.bytes = sum(trace.size for trace in traced.traces)
        names = [thread.name for thread in threading.enumerate()]
        self.threads = sum("process_request_thread" not in name for name in names)
        self.sockets = sockets()


def test_sixty_restarts_leave_memory_threads_sockets_and_vcenter_as_they_were(
    vcenter: VCenter,
) -> None:
    control = vcenter.simulator.control
    user = vcenter.endpoint.username
    control.expire_sessions()  # those of other tests
    before = control.calls()
    objects_before = control.objects()
    sink = Remembering()
    session = Session(vcenter.endpoint, clock=clock, jitter=lambda: 0.0)
    collector = Collector(
        "west",
        session,
        vcenter.endpoint,
        sink,
        relist_interval_s=3600.0,
        page_size=10,
        max_wait_s=1,
        backoff=Backoff(steps_s=(0.05, 0.1)),
    )
    thread = threading.Thread(target=collector.run, name="collector under test")
    tracemalloc.start()
    thread.start()
    grown: list[Growth] = []
    most = 0
    try:
        sink.until_watching()
        for number in range(RESTARTS):
            replaced = sink.replaced
            vcenter.proxy.go_down()
            control.expire_sessions("fault")
            vcenter.proxy.come_back()
            sink.until(lambda s, r=replaced: s.replaced > r, f"restart {number}")
            most = max(most, control.calls().sessions.get(user, 0))
            if number in (WARM_UP, RESTARTS - 1):
                wait_until(lambda: len(vcenter.proxy.open_sockets) <= 3)
                sink.deltas.clear()
                grown.append(Growth())
        assert sink.inventory and len(sink.inventory.vms) == NOVA_VMS + OUTSIDE_VMS
        after = control.objects()
        assert (after.collectors, after.filters, after.views) == (1, 1, 1)
    finally:
        tracemalloc.stop()
        collector.stop()
        thread.join(30)
        session.close()
    assert not thread.is_alive()
    first, last = grown
    growth_bytes = (last.bytes - first.bytes) / (RESTARTS - 1 - WARM_UP)
    print(f"{growth_bytes:.0f} bytes a restart, of {first.bytes} in all")
    assert growth_bytes < GROWTH_BYTES_A_RESTART
    assert last.threads <= first.threads
    assert last.sockets <= first.sockets + 2, "one under way each"
    calls = control.calls()
    assert most == 1, "more than one session at a time"
    logins = calls.logins[user] - before.logins.get(user, 0)
    assert RESTARTS <= logins <= RESTARTS + 1, "one login a restart"
    left = control.objects()
    assert left == objects_before and calls.sessions.get(user, 0) == 0
