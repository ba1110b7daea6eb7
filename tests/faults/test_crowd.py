"""Two hundred pages at once while something hangs: all are answered, and no worker stays behind.

The two hundred are what the views of Admin > VMware > Instances and of the columns of Admin >
Instances read (`api.placement`); before and after them the page itself is asked for through
Django's client. Two hundred of those would take minutes of Horizon's own frame around it. vCenter is
the simulator behind a proxy that falls silent, the store a real memcached that is stopped.
OpenStack's half is given: `api.cloud`'s four functions answer at once, by what
tests/cloud/test_reports.py finds that they give of the lab's OpenStack.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any
from unittest import mock

import pytest
from django.test import Client, override_settings
from openstack_dashboard.test import helpers

from lab.simulator import nova_instance_uuid
from tests.faults.deployment import NAME, deployed, setting_of
from tests.store.servers import ALIAS, QUICK_S, CacheServer
from tests.vsphere.fault_proxy import deaf_listener, silence, wait_until
from tests.vsphere.rig import NOVA_VMS, OUTSIDE_VMS, VCenter
from vmware_panel.api import cloud, inventories, placement
from vmware_panel.api.placement import InstancesReport
from vmware_panel.domain.cloud import Server
from vmware_panel.domain.outcome import TroubleKind
from vmware_panel.openstack.server_index import IndexedServers
from vmware_panel.store import CacheStore
from vmware_panel.vsphere import close_clients

pytestmark = [pytest.mark.simulator, pytest.mark.caches]

URL = "/admin/vmware_instances/"
BUNDLES = "compressor.templatetags.compress.CompressorMixin.render_compressed"
CROWD = 200
ALL = NOVA_VMS + OUTSIDE_VMS
MOST_THREADS = 5 * 8 + 8 + 2  # the lanes of a page, the lists' pool, keeper and collector
PATIENT_S = 250.0  # longer than a test may take
JOIN_S = 100.0
LATE_S = 90.0


ADMIN: Any = SimpleNamespace(  # what the reports ask of a request; their OpenStack is given
    user=SimpleNamespace(
        token=SimpleNamespace(id="token"),
        service_catalog=[],
        services_region="RegionOne",
        project_id="p1",
        roles=[{"name": "admin"}],
        is_superuser=True,
    )
)


class Crowd(helpers.BaseAdminViewTests):
    @pytest.fixture(autouse=True)
    def _rig(self, vcenter: VCenter, start_server: Callable[..., CacheServer]) -> Iterator[None]:
        self.vcenter, self.start_server = vcenter, start_server
        service = vcenter.simulator.connect()
        uuid = service.content.about.instanceUuid
        self.listed = servers = tuple(
            Server(
                id=nova_instance_uuid(n),
                name=f"web-{n}",
                node=f"domain-c1.{uuid}",
                compute_host="vmware-c0",
                status="ACTIVE",
            )
            for n in range(NOVA_VMS)
        )
        now = datetime.now(UTC)
        given: dict[str, Any] = {
            "all_servers": IndexedServers(servers, 1, now, now),
            "compute_services": (),
            "hypervisors": (),
            "project_names": {},
        }
        with ExitStack() as stack:
            for name, value in given.items():
                stack.enter_context(mock.patch.object(cloud, name, return_value=value))
            stack.enter_context(mock.patch(BUNDLES, return_value=""))
            self.enter: Any = stack.enter_context
            yield
            inventories.forget_all()
            close_clients()

    def configure(self, mode: str, store: dict[str, str] | None = None, **changes: Any) -> None:
        panel = {
            "vcenters": {NAME: setting_of(self.vcenter, **changes)},
            # No searches of datastores: they would begin by themselves, some time after the list.
            "collector": {"mode": mode, "scan_interval_s": 0},
            "store": store or {},
        }
        self.enter(override_settings(VMWARE_PANEL=panel))

    def page(self) -> str:
        client = Client()
        client.cookies = self.client.cookies
        response = client.get(URL)
        assert response.status_code == 200
        text = response.content.decode()
        return text[text.index('<div class="vmware-panel"') :]

    def crowd(self) -> list[InstancesReport]:
        """What all of them read; each has OpenStack's half."""
        reports: list[InstancesReport] = []
        errors: list[BaseException] = []
        at_once = threading.Barrier(CROWD)

        def come() -> None:
            at_once.wait(JOIN_S)
            try:
                reports.append(placement.instances_report(ADMIN))
                placement.columns_report(ADMIN, self.listed)
            except BaseException as error:  # noqa: BLE001
                errors.append(error)

        threads = [threading.Thread(target=come, daemon=True) for _ in range(CROWD)]
        started_s = time.monotonic()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(max(0.0, started_s + JOIN_S - time.monotonic()))
        waiting = sum(thread.is_alive() for thread in threads)
        print(f"{CROWD} in {time.monotonic() - started_s:.1f} s")
        assert not errors, errors[0]
        assert not waiting, f"{waiting} of {CROWD} still wait"
        assert all(len(report.placements or ()) == NOVA_VMS for report in reports)
        return reports

    def no_worker_is_stuck(self, threads_before: int) -> None:
        """Each thread of a lane answers, and there are no more of all kinds than before."""
        pages = [threading.Thread(target=self.page, daemon=True) for _ in range(8)]
        for page in pages:
            page.start()
        until_s = time.monotonic() + LATE_S
        for page in pages:
            page.join(max(0.0, until_s - time.monotonic()))
        assert not any(page.is_alive() for page in pages), "a worker is not free"
        wait_until(lambda: ours() <= threads_before, timeout_s=LATE_S)

    def until_watching(self) -> None:
        wait_until(lambda: "DC0_C0" in self.page(), timeout_s=LATE_S)

    # vCenter hangs

    def test_vcenter_hangs_after_the_first_list_and_all_are_answered_with_what_was_read(
        self,
    ) -> None:
        self.configure("embedded", read_timeout_s=PATIENT_S, list_timeout_s=PATIENT_S)
        self.until_watching()
        self.crowd()
        threads = ours()
        self.vcenter.proxy.spoil("*", silence)
        before = len(self.vcenter.proxy.seen)
        for report in self.crowd():
            assert vms_of(report) == ALL and not report.troubles
        assert len(self.vcenter.proxy.seen) - before <= 1, "the collector's one wait"
        assert "DC0_C0" in self.page()
        self.no_worker_is_stuck(threads)

    def test_vcenter_hangs_from_the_start_and_all_are_answered_with_the_reason(self) -> None:
        self.vcenter.proxy.spoil("*", silence)
        self.configure("embedded", read_timeout_s=PATIENT_S, list_timeout_s=PATIENT_S)
        for report in self.crowd():
            assert not report.inventories
            assert [t.kind for t in report.troubles] == [TroubleKind.NOT_YET]
        assert len(self.vcenter.proxy.seen) == 1
        page = self.page()
        assert "unknown" in page and "0 ESX hosts" not in page, "it must not look like no VMs"
        self.no_worker_is_stuck(MOST_THREADS)

    def test_vcenter_does_not_even_say_hello_and_all_are_told_of_it(self) -> None:
        with deaf_listener() as port:
            self.configure("embedded", port=port, connect_timeout_s=0.5, read_timeout_s=1.0)
            wait_until(lambda: "did not answer" in self.page(), timeout_s=LATE_S)
            for report in self.crowd():
                assert [t.kind for t in report.troubles] == [TroubleKind.TIMEOUT]
            self.no_worker_is_stuck(MOST_THREADS)

    def test_without_a_collector_all_are_answered_by_the_deadline_of_a_list(self) -> None:
        self.vcenter.proxy.spoil("*", silence)
        self.configure("off", connect_timeout_s=0.5, read_timeout_s=1.0, list_timeout_s=2.0)
        for report in self.crowd():
            assert [t.kind for t in report.troubles] == [TroubleKind.TIMEOUT]
        assert len(self.vcenter.proxy.seen) < 30, self.vcenter.proxy.seen
        self.no_worker_is_stuck(MOST_THREADS)

    # The store hangs

    def test_the_store_hangs_and_all_are_answered_with_what_was_read_last(self) -> None:
        assert self.lists_of_a_crowd_without_the_store() == 0, "vCenter need not be asked"

    def test_the_store_hangs_and_a_process_that_has_read_nothing_of_it_asks_vcenter_once(
        self,
    ) -> None:
        started = inventories.forget_all  # as one that was started just now
        assert self.lists_of_a_crowd_without_the_store(started) == 1, "they share it"

    def lists_of_a_crowd_without_the_store(
        self, before_it: Callable[[], object] = lambda: None
    ) -> int:
        server = self.start_server("memcached", timeout_s=QUICK_S)
        with deployed(self.vcenter, CacheStore(ALIAS)):
            self.configure("external", {"cache": ALIAS})
            self.until_watching()
            before = self.vcenter.proxy.count("CreateContainerView")
            server.freeze()
            before_it()
            try:
                for report in self.crowd():
                    assert vms_of(report) == ALL
                    assert {t.source for t in report.troubles} == {"store"}
                self.no_worker_is_stuck(MOST_THREADS)
                return self.vcenter.proxy.count("CreateContainerView") - before
            finally:
                server.thaw()

    def test_the_store_and_vcenter_hang_and_all_are_answered_with_what_was_read_last(
        self,
    ) -> None:
        server = self.start_server("memcached", timeout_s=QUICK_S)
        quick = {"connect_timeout_s": 0.5, "read_timeout_s": 1.0, "list_timeout_s": 2.0}
        with deployed(self.vcenter, CacheStore(ALIAS), **quick):
            self.configure("external", {"cache": ALIAS}, **quick)
            self.until_watching()
            server.freeze()
            self.vcenter.proxy.spoil("*", silence)
            try:
                for report in self.crowd():
                    assert vms_of(report) == ALL
                    assert {t.source for t in report.troubles} >= {"store"}
            finally:
                self.vcenter.proxy.heal()
                server.thaw()


def vms_of(report: InstancesReport) -> int:
    return sum(len(inventory.vms) for inventory in report.inventories)


def ours() -> int:
    """Threads of the program's own, the proxy's and the tests' not counted."""
    names = [thread.name for thread in threading.enumerate()]
    return sum(name.startswith(("vmware", "vcenter", "vsphere")) for name in names)
