"""What hosts use, as the lists ask for it: sampled where somebody collects, read once where not."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from unittest import mock

import pytest
from django.test import override_settings

from tests.faults.deployment import NAME, WAIT_S, config_of, setting_of
from tests.vsphere.fault_proxy import http_status
from tests.vsphere.rig import VCenter
from vmware_panel.api import inventories, usages
from vmware_panel.api.usages import Usages, read_usages
from vmware_panel.config import VCenterConfig
from vmware_panel.domain.outcome import TroubleKind
from vmware_panel.endpoints import client
from vmware_panel.store import SOURCE, MemoryStore, StoreError


@pytest.fixture(autouse=True)
def as_just_started(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    # A busy machine's collector takes longer for its first list than a page waits for it.
    monkeypatch.setattr(inventories, "FIRST_LIST_PATIENCE_S", WAIT_S)
    usages.forget_all()
    inventories.forget_all()
    yield
    usages.forget_all()
    inventories.forget_all()


def settings(vcenter: VCenter, mode: str) -> override_settings:
    return override_settings(
        VMWARE_PANEL={
            "vcenters": {NAME: setting_of(vcenter)},
            "collector": {"mode": mode, "scan_interval_s": 0},
        },
        CACHES={},
    )


def test_where_somebody_collects_the_sample_costs_no_call(vcenter: VCenter) -> None:
    its = config_of(vcenter)
    with settings(vcenter, "embedded"):
        usage = sampled(its)
        assert len(usage.hosts) == 6 and len(usage.clusters) == 2
        asked = client(its).calls.by_method.get("RetrievePropertiesEx", 0)
        for _ in range(20):
            assert read_usages([its]).by_vcenter[NAME] is usage
        assert client(its).calls.by_method["RetrievePropertiesEx"] - asked <= 1, (
            "pages asked vCenter; one call may be the collector's own next sample"
        )
        inventories.forget_all()


def test_the_first_page_of_a_process_waits_for_the_sample_as_for_the_list(
    vcenter: VCenter,
) -> None:
    its = config_of(vcenter)
    with settings(vcenter, "embedded"):
        assert len(read_usages([its]).by_vcenter[NAME].hosts) == 6
        inventories.forget_all()


def sampled(its: VCenterConfig):
    until = time.monotonic() + WAIT_S
    while True:
        inventories.inventory_source().read([its])
        found = read_usages([its])
        assert not found.troubles, found
        if usage := found.by_vcenter.get(NAME):
            return usage
        assert time.monotonic() < until, "no sample came"
        time.sleep(0.05)


def test_a_store_that_fails_is_named_once_and_nobody_else_is_asked(vcenter: VCenter) -> None:
    its = config_of(vcenter)

    def refuse(*_: object) -> None:
        raise StoreError(TroubleKind.UNREACHABLE, "the cache is down")

    with settings(vcenter, "embedded"), mock.patch.object(MemoryStore, "usage", refuse):
        found = read_usages([its, its])
    assert found.by_vcenter == {}
    assert [(t.source, t.kind) for t in found.troubles] == [(SOURCE, TroubleKind.UNREACHABLE)]


def test_where_nobody_collects_those_who_ask_together_share_one_read(vcenter: VCenter) -> None:
    its = config_of(vcenter)
    client(its).about()
    with settings(vcenter, "off"):
        before = client(its).calls.total
        with ThreadPoolExecutor(8) as pool:
            found: list[Usages] = list(pool.map(lambda _: read_usages([its]), range(8)))
        assert client(its).calls.total - before == 1
        assert len({id(usages_.by_vcenter[NAME]) for usages_ in found}) == 1
        with mock.patch.object(usages, "KEEP_S", 0.0):
            read_usages([its])
        assert client(its).calls.total - before == 2, "what is kept too long is not read anew"


def test_a_vcenter_that_fails_is_a_trouble_and_no_figure(vcenter: VCenter) -> None:
    its = config_of(vcenter)
    vcenter.proxy.spoil("RetrievePropertiesEx", http_status(503))
    with settings(vcenter, "off"):
        found = read_usages([its])
    assert found.by_vcenter == {}
    assert [(t.source, t.kind) for t in found.troubles] == [(NAME, TroubleKind.OVERLOADED)]
