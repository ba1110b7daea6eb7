"""vCenter restarts, is slow, or is there and says nothing."""

import threading
import time
from typing import Any

import pytest

from tests.faults.deployment import NAME, config_of, deployed
from tests.vsphere.fault_proxy import Exchange, hang_up, wait_until
from tests.vsphere.rig import NOVA_VMS, OUTSIDE_VMS, VCenter
from vmware_panel.api.vcenters import read_instance
from vmware_panel.domain.cloud import Server
from vmware_panel.domain.outcome import TroubleKind
from vmware_panel.domain.snapshot import CollectorState
from vmware_panel.vsphere import close_clients, counting

pytestmark = pytest.mark.simulator

ALL = NOVA_VMS + OUTSIDE_VMS
DOWN = (TroubleKind.UNREACHABLE, TroubleKind.TIMEOUT)
SERVER = Server(id="00000000-0000-4000-8000-000000000000", name="web-1")
SLOW_S = 20.0


class Restart:
    """vCenter goes down when it is asked for a page, and its sessions with it."""

    def __init__(self, vcenter: VCenter) -> None:
        self._vcenter = vcenter
        self.begun = threading.Event()
        self._thread = threading.Thread(target=self._go_down)

    def __call__(self, exchange: Exchange) -> None:
        self._thread.start()
        hang_up(exchange)
        self.begun.wait(60)

    def _go_down(self) -> None:
        self._vcenter.proxy.go_down()
        self._vcenter.simulator.expire_sessions("fault")
        self.begun.set()

    def wait(self) -> None:
        assert self.begun.wait(60), "no page was asked for"
        self._thread.join(10)


def test_fault_1_a_restart_in_the_middle_of_the_first_list_shows_nothing_of_it(
    vcenter: VCenter,
) -> None:
    restart = Restart(vcenter)
    vcenter.proxy.spoil("WaitForUpdatesEx", restart, after=1, times=1)
    with deployed(vcenter) as deployment:
        restart.wait()
        deployment.until_kind(TroubleKind.UNREACHABLE)
        assert not deployment.page().inventories
        vcenter.proxy.come_back()
        deployment.until_watching()
        assert deployment.vm_counts == {ALL}


@pytest.mark.parametrize("page", [1, 2, 3])
def test_fault_1_a_restart_in_the_middle_of_a_list_leaves_the_last_one_with_its_age(
    vcenter: VCenter, page: int
) -> None:
    with deployed(vcenter) as deployment:
        deployment.until_watching()
        restart = Restart(vcenter)
        listed = threading.Event()

        def list_begins(exchange: Exchange) -> None:
            vcenter.proxy.spoil("WaitForUpdatesEx", restart, after=page - 1, times=1)
            exchange.hand_on()
            listed.set()

        vcenter.proxy.spoil("CreateFilter", list_begins, times=1)
        deployment.store.ask_refresh(NAME)
        restart.wait()
        assert listed.is_set()
        deployment.until_kind(TroubleKind.UNREACHABLE)
        version, book = deployment.version, deployment.book
        time.sleep(1)
        assert deployment.version == version and deployment.book.vms is book.vms
        assert deployment.book.read_at == book.read_at, "its age must be that of the last answer"
        vcenter.proxy.come_back()
        deployment.until_newer_than(version)
        assert deployment.vm_counts == {ALL}
        assert deployment.book.read_at > book.read_at


def test_fault_7_lists_are_at_full_speed_and_the_tab_keeps_its_deadline_at_a_slow_vcenter(
    vcenter: VCenter,
) -> None:
    config = config_of(vcenter, read_timeout_s=1.0)
    with deployed(vcenter, read_timeout_s=1.0) as deployment:
        deployment.until_watching()
        try:
            read_instance([config], SERVER)  # logs in
            vcenter.simulator.control.delay(int(SLOW_S * 1000))
            with counting() as calls:
                for _ in range(500):
                    assert len(deployment.book.vms) == ALL
            assert calls.total == 0
            started = time.monotonic()
            reading = read_instance([config], SERVER)
            assert [t.kind for t in reading.troubles] == [TroubleKind.TIMEOUT]
            assert time.monotonic() - started < SLOW_S, "it waited for the slow vCenter"
            deployment.until_kind(TroubleKind.TIMEOUT)
            assert len(deployment.book.vms) == ALL
        finally:
            vcenter.simulator.control.delay(0)
            close_clients()
        deployment.until_watching()


def test_fault_8_half_open_tcp_frees_every_worker_and_the_list_stands(vcenter: VCenter) -> None:
    limits: dict[str, Any] = {"connect_timeout_s": 0.5, "read_timeout_s": 1.0}
    config = config_of(vcenter, **limits)
    with deployed(vcenter, **limits) as deployment:
        deployment.until_watching()
        threads = threads_but_the_proxys()
        vcenter.proxy.deaf = True
        vcenter.proxy.break_connections()
        try:
            for _ in range(5):
                reading = read_instance([config], SERVER)
                assert reading.troubles[0].kind in DOWN
                assert not reading.inventories
            deployment.until_kind(*DOWN)
            assert len(deployment.book.vms) == ALL
            wait_until(lambda: threads_but_the_proxys() <= threads, timeout_s=60)
        finally:
            vcenter.proxy.deaf = False
            vcenter.proxy.stopping.set()  # frees the proxy's own threads
            vcenter.proxy.stopping.clear()
            close_clients()
        deployment.until_watching()
        snapshot = deployment.store.read(NAME)
        assert snapshot and snapshot.status.state is CollectorState.WATCHING


def threads_but_the_proxys() -> int:
    return sum("process_request_thread" not in t.name for t in threading.enumerate())
