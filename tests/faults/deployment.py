"""A collector of one vCenter behind a fault proxy, and what the pages read of it."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any

from django.test import override_settings

from tests.vsphere.rig import VCenter
from vmware_panel.api.inventories import DirectSource, InventorySource, SnapshotSource
from vmware_panel.api.reading import Reading
from vmware_panel.collecting.keeper import Keeper
from vmware_panel.config import CollectorConfig, CollectorMode, VCenterConfig, get_config
from vmware_panel.domain.inventory import Inventory
from vmware_panel.domain.outcome import Trouble, TroubleKind
from vmware_panel.domain.snapshot import CollectorState
from vmware_panel.endpoints import endpoint_of
from vmware_panel.store import MemoryStore, SnapshotStore
from vmware_panel.vsphere import Collector, VCenterClient
from vmware_panel.vsphere.collector import Sink

NAME = "west"
WAIT_S = 90.0
PAGE_SIZE = 10  # so that the list of the tests' small vCenter has pages


class QuickClient(VCenterClient):
    """Whose collector looks every second, and lists in small pages."""

    def collector(
        self,
        sink: Sink,
        relist_interval_s: float,
        page_size: int = PAGE_SIZE,
        max_wait_s: int = 1,
    ) -> Collector:
        return super().collector(sink, relist_interval_s, page_size, max_wait_s)


def setting_of(vcenter: VCenter, **changes: Any) -> dict[str, Any]:
    """The vCenter as VMWARE_PANEL describes it."""
    endpoint = vcenter.endpoint
    return {
        "host": endpoint.host,
        "port": endpoint.port,
        "username": endpoint.username,
        "password": endpoint.password(),
        "ca_file": endpoint.ca_file,
        **changes,
    }


def config_of(vcenter: VCenter, **changes: Any) -> VCenterConfig:
    with override_settings(
        VMWARE_PANEL={"vcenters": {NAME: setting_of(vcenter, **changes)}}, CACHES={}
    ):
        return get_config().vcenters[0]


@dataclass
class Deployment:
    config: VCenterConfig
    client: VCenterClient
    store: SnapshotStore
    keeper: Keeper
    source: InventorySource
    vm_counts: set[int] = field(default_factory=set)
    """How many VMs the pages have shown so far."""

    def page(self) -> Reading:
        reading = self.source.read([self.config])
        if reading.inventories:
            self.vm_counts.add(len(reading.inventories[0].vms))
        return reading

    @property
    def book(self) -> Inventory:
        (inventory,) = self.page().inventories
        return inventory

    @property
    def trouble(self) -> Trouble | None:
        return next(iter(self.page().troubles), None)

    @property
    def kind(self) -> TroubleKind | None:
        return self.trouble.kind if self.trouble else None

    @property
    def version(self) -> str:
        snapshot = self.store.read(NAME)
        return snapshot.version if snapshot else ""

    def until(self, true: Callable[[], object], what: str) -> None:
        """Reads pages meanwhile."""
        deadline = time.monotonic() + WAIT_S
        while not true():
            self.page()
            assert time.monotonic() < deadline, f"waited {WAIT_S:.0f} s for {what}: {self.trouble}"
            time.sleep(0.02)

    def until_kind(self, *kinds: TroubleKind) -> None:
        self.until(lambda: self.kind in kinds, f"the trouble {' or '.join(kinds)}")

    def until_watching(self) -> None:
        def watches() -> bool:
            snapshot = self.store.read(NAME)
            state = snapshot.status.state if snapshot else None
            return state is CollectorState.WATCHING and not self.page().troubles

        self.until(watches, "a collector that watches")

    def until_newer_than(self, version: str) -> None:
        self.until(lambda: self.version != version, "another version")
        self.until_watching()


@contextmanager
def deployed(
    vcenter: VCenter, store: SnapshotStore | None = None, **changes: Any
) -> Iterator[Deployment]:
    """`changes` are to the vCenter's settings."""
    config = config_of(vcenter, **changes)
    client = QuickClient(endpoint_of(config))
    kept = store or MemoryStore()
    keeper = Keeper(NAME, kept, lambda: nullcontext(client), "test", 3600.0)
    source = SnapshotSource(CollectorConfig(mode=CollectorMode.EXTERNAL), kept, DirectSource(60.0))
    thread = threading.Thread(target=keeper.run, name="keeper under test")
    thread.start()
    try:
        yield Deployment(config, client, kept, keeper, source)
    finally:
        keeper.stop()
        thread.join(WAIT_S)
        assert not thread.is_alive(), "the keeper does not end"
        client.close()
