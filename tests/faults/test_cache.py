"""The cache is down, or frozen; the collector is gone: what the pages then show."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from unittest import mock

import pytest

from tests.faults.deployment import NAME, deployed
from tests.store.servers import ALIAS, QUICK_S, CacheServer
from tests.vsphere.fault_proxy import silence
from tests.vsphere.rig import NOVA_VMS, OUTSIDE_VMS, VCenter
from vmware_panel.domain.outcome import TroubleKind
from vmware_panel.domain.snapshot import CollectorState, CollectorStatus
from vmware_panel.store import CacheStore, MemoryStore
from vmware_panel.vsphere import close_clients

pytestmark = [pytest.mark.simulator, pytest.mark.caches]

ALL = NOVA_VMS + OUTSIDE_VMS
StartServer = Callable[..., CacheServer]


@pytest.mark.parametrize("kind", ["memcached", "redis"])
@pytest.mark.parametrize("fault", ["killed", "frozen"])
def test_fault_12_the_cache_is_down_and_what_was_read_last_stands_without_a_call_to_vcenter(
    vcenter: VCenter, start_server: StartServer, kind: str, fault: str
) -> None:
    server = start_server(kind, timeout_s=QUICK_S)
    with deployed(vcenter, CacheStore(ALIAS)) as deployment:
        deployment.until_watching()
        server.kill() if fault == "killed" else server.freeze()
        try:
            before = vcenter.proxy.count("CreateContainerView")
            for _ in range(5):
                reading = deployment.page()
                assert len(reading.inventories[0].vms) == ALL
                (trouble,) = reading.troubles
                assert trouble.source == "store", "the page names what is wrong"
                assert trouble.kind in (TroubleKind.UNREACHABLE, TroubleKind.TIMEOUT)
            assert vcenter.proxy.count("CreateContainerView") == before
        finally:
            server.start() if fault == "killed" else server.thaw()
        deployment.until(lambda: not deployment.page().troubles, "the cache to be used again")
        close_clients()


def test_fault_12_the_cache_and_vcenter_are_down_and_what_was_read_last_still_stands(
    vcenter: VCenter, start_server: StartServer
) -> None:
    server = start_server("memcached")
    quick = {"connect_timeout_s": 2.0, "read_timeout_s": 5.0, "list_timeout_s": 5.0}
    with deployed(vcenter, CacheStore(ALIAS), **quick) as deployment:
        deployment.until_watching()
        book = deployment.book
        server.kill()
        vcenter.proxy.spoil("*", silence)
        reading = deployment.page()
        (old,) = reading.inventories
        assert old.vms == book.vms and old.read_at <= datetime.now(UTC)
        assert [t.source for t in reading.troubles] == ["store"], "vCenter is not asked"
        vcenter.proxy.heal()
        close_clients()


def test_fault_13_a_collector_that_was_killed_is_named_and_its_list_stands_with_its_age(
    vcenter: VCenter,
) -> None:
    """It leaves in the store what it said last, and gives no sign of life any more."""
    store = MemoryStore()
    with deployed(vcenter, store) as deployment:
        deployment.until_watching()
        book = deployment.book
    killed_at = datetime.now(UTC) - timedelta(seconds=60)
    status = CollectorStatus(CollectorState.WATCHING, killed_at)
    store.writer(NAME).beat(status, None, killed_at)
    reading = deployment.page()
    assert [(t.source, t.kind) for t in reading.troubles] == [(NAME, TroubleKind.NO_COLLECTOR)]
    (old,) = reading.inventories
    assert old.vms == book.vms and old.read_at == book.read_at
    time.sleep(0.2)
    assert deployment.page().read_at == book.read_at, "nobody has confirmed it since"


def test_fault_12_one_page_waits_for_a_frozen_cache_and_the_others_do_without_it(
    vcenter: VCenter, start_server: StartServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vmware_panel.api.inventories.STORE_REST_S", 60.0)
    server = start_server("redis", timeout_s=QUICK_S)
    store = CacheStore(ALIAS)
    with deployed(vcenter, store) as deployment:
        deployment.until_watching()
        server.freeze()
        try:
            with mock.patch.object(store, "read", wraps=store.read) as read:
                for _ in range(20):
                    assert deployment.page().troubles[0].source == "store"
            assert read.call_count == 1
        finally:
            server.thaw()
            close_clients()
