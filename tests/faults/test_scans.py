"""What lies on the datastores, as pages ask for it: never of vCenter, whoever searches."""

import threading
import time
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any, cast
from unittest import mock

import pytest
from django.http import HttpRequest
from django.test import override_settings

from tests.faults.deployment import NAME, WAIT_S, config_of, setting_of
from tests.vsphere.fault_proxy import Exchange, http_status
from tests.vsphere.rig import VCenter
from vmware_panel.api import inventories, scans
from vmware_panel.api.scans import Scans, ask_scan, read_scans
from vmware_panel.collecting import scanner
from vmware_panel.config import get_config
from vmware_panel.domain.outcome import TroubleKind
from vmware_panel.endpoints import client
from vmware_panel.store import SOURCE, MemoryStore, StoreError
from vmware_panel.vsphere import Deadline, counting

REQUEST = cast(
    HttpRequest, SimpleNamespace(user=SimpleNamespace(id="admin", services_region="RegionOne"))
)
SEARCH = "SearchDatastoreSubFolders_Task"


@pytest.fixture(autouse=True)
def as_just_started(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(scanner, "LOOK_S", 0.05)
    monkeypatch.setattr(scanner, "START_AFTER_S", 0.0)
    scans.forget_all()
    inventories.forget_all()
    yield
    scans.forget_all()
    inventories.forget_all()


def settings(vcenter: VCenter, mode: str, interval_s: int = 0) -> override_settings:
    return override_settings(
        VMWARE_PANEL={
            "vcenters": {NAME: setting_of(vcenter)},
            "collector": {"mode": mode, "scan_interval_s": interval_s},
        },
        CACHES={},
    )


def read_until(true: Callable[[Scans], Any], what: str) -> Scans:
    until = time.monotonic() + WAIT_S
    while not true(found := read_scans(get_config().vcenters)):
        assert time.monotonic() < until, f"waited for {what}: {found}"
        time.sleep(0.02)
    return found


@pytest.mark.parametrize("mode", ["embedded", "off"])
def test_what_is_asked_for_is_searched_in_the_background(vcenter: VCenter, mode: str) -> None:
    its = config_of(vcenter)
    one = next(iter(client(its).mounted_datastores(Deadline(WAIT_S))))
    looked = threading.Event()

    def after_the_look(exchange: Exchange) -> None:
        looked.wait(WAIT_S)
        exchange.hand_on()

    vcenter.proxy.spoil(SEARCH, after_the_look, times=1)
    with settings(vcenter, mode):
        with counting() as calls:
            assert read_scans(get_config().vcenters).by_datastore == {}
            assert ask_scan(REQUEST, NAME, [one]) == ()
            assert read_scans(get_config().vcenters).under_way, "it is on its way at once"
        looked.set()
        assert SEARCH not in calls.by_method, "a page's own thread searches nothing"
        found = read_until(lambda s: s.by_datastore and not s.under_way, "the search")
        assert set(found.by_datastore) == {(NAME, one)} and found.troubles == ()
        assert ask_scan(REQUEST, NAME, []) == ()
        read_until(lambda s: len(s.by_datastore) == 3 and not s.under_way, "all")
        searched = client(its).calls.by_method[SEARCH]
        for _ in range(20):
            read_scans(get_config().vcenters)
        assert client(its).calls.by_method[SEARCH] == searched == 4
        scans.forget_all()
        inventories.forget_all()


def test_by_its_interval_the_collector_searches_of_itself(vcenter: VCenter) -> None:
    with settings(vcenter, "embedded", 3600):
        found = read_until(lambda s: len(s.by_datastore) == 3, "all")
        names = {scan.datastore_name for scan in found.by_datastore.values()}
        assert names == {"shared-ds-1", "c0-local-1", "c1-local-1"}
        inventories.forget_all()


def test_as_long_as_nothing_is_new_pages_get_the_same_object(vcenter: VCenter) -> None:
    with settings(vcenter, "off"):
        ask_scan(REQUEST, NAME, [])
        found = read_until(lambda s: len(s.by_datastore) == 3 and not s.under_way, "all")
        assert read_scans(get_config().vcenters).by_datastore is found.by_datastore
        ask_scan(REQUEST, NAME, [next(iter(found.by_datastore))[1]])
        read_until(lambda s: s.by_datastore is not found.by_datastore, "a newer one")
        scans.forget_all()


def test_a_vcenter_of_another_region_is_not_asked(vcenter: VCenter) -> None:
    setting = {**setting_of(vcenter), "region": "elsewhere"}
    with override_settings(
        VMWARE_PANEL={"vcenters": {NAME: setting}, "collector": {"mode": "off"}}, CACHES={}
    ):
        (trouble,) = ask_scan(REQUEST, NAME, [])
    assert (trouble.source, trouble.kind) == (NAME, TroubleKind.CONFIGURATION)


def test_a_store_that_fails_is_named(vcenter: VCenter) -> None:
    def refuse(*_: object) -> None:
        raise StoreError(TroubleKind.UNREACHABLE, "the cache is down")

    with (
        settings(vcenter, "embedded"),
        mock.patch.object(MemoryStore, "scans", refuse),
        mock.patch.object(MemoryStore, "ask_scan", refuse),
    ):
        found = read_scans(get_config().vcenters * 2)
        (asked,) = ask_scan(REQUEST, NAME, [])
        inventories.forget_all()
    assert found.by_datastore == {} and found.progress == {}
    assert [(t.source, t.kind) for t in found.troubles] == [(SOURCE, TroubleKind.UNREACHABLE)]
    assert (asked.source, asked.kind) == (SOURCE, TroubleKind.UNREACHABLE)


def test_where_nobody_collects_a_vcenter_that_fails_is_named_in_the_progress(
    vcenter: VCenter,
) -> None:
    its = config_of(vcenter)
    one = next(iter(client(its).mounted_datastores(Deadline(WAIT_S))))
    vcenter.proxy.spoil(SEARCH, http_status(503))
    with settings(vcenter, "off"):
        ask_scan(REQUEST, NAME, [one])
        found = read_until(lambda s: s.progress and s.progress[NAME].troubles, "the trouble")
        assert found.progress[NAME].troubles[one].kind is TroubleKind.OVERLOADED
        assert found.under_way, "it is tried again"
        scans.forget_all()
