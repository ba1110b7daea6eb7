"""Whole inventories for the lists: from what the collectors keep, or straight from vCenter.

`InventorySource` is the one way to them.
"""

import threading
import time
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from typing import Protocol, TypeVar

from vmware_panel.api.reading import Reading, gathered
from vmware_panel.api.vcenters import MOST_AT_ONCE
from vmware_panel.collecting.embedded import collectors
from vmware_panel.collecting.scanner import ScanTimes
from vmware_panel.config import (
    CollectorConfig,
    CollectorMode,
    StoreConfig,
    VCenterConfig,
    get_config,
)
from vmware_panel.domain.inventory import Inventory, MoRef
from vmware_panel.domain.outcome import Trouble, TroubleKind
from vmware_panel.domain.snapshot import CollectorState, Snapshot
from vmware_panel.domain.usage import Usage
from vmware_panel.endpoints import client
from vmware_panel.store import CacheStore, KeptScans, MemoryStore, SnapshotStore, StoreError

T = TypeVar("T")

DIRECT_KEEP_S = 60.0
"""While the store is broken, a process reads a vCenter itself, at most that often."""

STORE_REST_S = 3.0
"""After the store kept one page waiting in vain, the others do without it that long."""

SILENT_AFTER_S = 20.0
"""A collector gives a sign of life every five seconds."""

FIRST_LIST_PATIENCE_S = 3.0
"""So long after its start pages wait for a collector: a small vCenter is listed by then."""

POLL_S = 0.05


class InventorySource(Protocol):
    """Gives whole inventories; never raises, a vCenter that fails is a trouble of the reading."""

    def read(self, vcenters: Sequence[VCenterConfig]) -> Reading: ...


class DirectSource:
    """Reads every vCenter itself; those who ask meanwhile, and `keep_s` after, share the read."""

    def __init__(self, keep_s: float = 0.0) -> None:
        self._keep_s = keep_s
        self._pool = ThreadPoolExecutor(MOST_AT_ONCE, "vcenter-list")
        self._lock = threading.Lock()
        self._reads: dict[str, tuple[VCenterConfig, Future[Inventory], float]] = {}

    def read(self, vcenters: Sequence[VCenterConfig]) -> Reading:
        futures = [(vcenter, self._future(vcenter)) for vcenter in vcenters]
        # The adapter keeps its own deadlines; this frees a page that waits behind others' reads.
        return gathered([(v, partial(f.result, v.longest_list_s)) for v, f in futures])

    def _future(self, vcenter: VCenterConfig) -> Future[Inventory]:
        with self._lock:
            its, future, begun_s = self._reads.get(vcenter.name, (None, None, 0.0))
            if its == vcenter and future is not None:
                if not future.done() or time.monotonic() < begun_s + self._keep_s:
                    return future
            read = client(vcenter).read_inventory
            future = self._pool.submit(copy_context().run, read)
            self._reads[vcenter.name] = (vcenter, future, time.monotonic())
            return future


class SnapshotSource:
    """Reads what the collectors keep, and asks no vCenter.

    Where the store fails, the reading names it, and has what this process read last, of whatever
    age; `spare` gives the inventories of which it never read any.
    """

    def __init__(
        self, collector: CollectorConfig, store: SnapshotStore, spare: InventorySource
    ) -> None:
        self._collector = collector
        self._store = store
        self._spare = spare
        self._patient_until_s = float("-inf")
        self._store_failed: tuple[Trouble, float] | None = None  # how, and until when it rests

    @property
    def store(self) -> SnapshotStore:
        return self._store

    def read(self, vcenters: Sequence[VCenterConfig]) -> Reading:
        found: list[tuple[VCenterConfig, Snapshot | None]] = []
        held: dict[str, Snapshot] = {}
        broken: list[VCenterConfig] = []
        failures: list[Trouble] = []
        for vcenter in vcenters:
            self._see_to(vcenter)
            try:
                found.append((vcenter, self._snapshot(vcenter)))
            except StoreError as error:
                failures.append(error.trouble)
                last = self._held(vcenter)
                if last and last.inventory:
                    held[vcenter.name] = last
                else:
                    broken.append(vcenter)
        spare = self._spare.read(broken) if broken else Reading()
        troubles = [t for v, snapshot in found if (t := self._trouble(v, snapshot))]
        snapshots = {v.name: s for v, s in found if s} | held
        return Reading(
            tuple(s.inventory for s in snapshots.values() if s.inventory) + spare.inventories,
            (*dict.fromkeys(failures), *troubles, *spare.troubles),
            snapshots,
        )

    def _see_to(self, vcenter: VCenterConfig) -> None:
        if self._collector.mode is CollectorMode.EMBEDDED:
            its = self._collector
            scan_times = ScanTimes(its.scan_interval_s, its.scan_timeout_s)
            if collectors.ensure(vcenter, self._store, its.relist_interval_s, scan_times):
                self._patient_until_s = time.monotonic() + FIRST_LIST_PATIENCE_S

    def _snapshot(self, vcenter: VCenterConfig) -> Snapshot | None:
        snapshot = self._read(vcenter)
        while _is_coming(snapshot) and time.monotonic() < self._patient_until_s:
            time.sleep(POLL_S)
            snapshot = self._read(vcenter)
        return snapshot

    def usage(self, vcenter: VCenterConfig) -> Usage | None:
        """The collector's latest sample; the first is waited for as long as the first list is.

        Raises `StoreError`.
        """
        self._see_to(vcenter)
        ask = partial(self._store.usage, vcenter.name)
        usage = self._asked(ask)
        while usage is None and time.monotonic() < self._patient_until_s:
            time.sleep(POLL_S)
            usage = self._asked(ask)
        return usage

    def scans(self, vcenter: VCenterConfig) -> KeptScans:
        """What the collector's searches of datastores found. Raises `StoreError`."""
        self._see_to(vcenter)
        return self._asked(partial(self._store.scans, vcenter.name))

    def ask_scan(self, vcenter: VCenterConfig, datastores: Collection[MoRef]) -> None:
        """Raises `StoreError`."""
        self._see_to(vcenter)
        self._asked(partial(self._store.ask_scan, vcenter.name, datastores))

    def _read(self, vcenter: VCenterConfig) -> Snapshot | None:
        return _of(vcenter, self._asked(partial(self._store.read, vcenter.name)))

    def _asked(self, ask: Callable[[], T]) -> T:
        failed = self._store_failed
        if failed is not None:
            trouble, until_s = failed
            if time.monotonic() < until_s:
                raise StoreError(trouble.kind, trouble.detail)
            self._store_failed = trouble, time.monotonic() + STORE_REST_S  # the others wait for us
        try:
            answer = ask()
        except StoreError as error:
            self._store_failed = error.trouble, time.monotonic() + STORE_REST_S
            raise
        self._store_failed = None
        return answer

    def _held(self, vcenter: VCenterConfig) -> Snapshot | None:
        return _of(vcenter, self._store.held(vcenter.name))

    def _trouble(self, vcenter: VCenterConfig, snapshot: Snapshot | None) -> Trouble | None:
        if snapshot is None:
            embedded = self._collector.mode is CollectorMode.EMBEDDED
            return Trouble(
                vcenter.name, TroubleKind.NOT_YET if embedded else TroubleKind.NO_COLLECTOR
            )
        silent = datetime.now(UTC) - snapshot.beat_at > timedelta(seconds=SILENT_AFTER_S)
        if silent or snapshot.status.state is CollectorState.STOPPED:
            return Trouble(vcenter.name, TroubleKind.NO_COLLECTOR)
        if snapshot.status.trouble:
            return snapshot.status.trouble
        return Trouble(vcenter.name, TroubleKind.NOT_YET) if not snapshot.inventory else None


def inventory_source() -> InventorySource:
    """This process's source of whole inventories. Raises `ConfigError`."""
    config = get_config()
    return _source(config.collector, config.store)


def snapshot_store() -> SnapshotStore | None:
    """Where the collectors of this deployment publish; None where nobody collects.

    Raises `ConfigError`.
    """
    source = inventory_source()
    return source.store if isinstance(source, SnapshotSource) else None


def forget_all() -> None:
    """As in a process that was just started: for tests, each of which has its own vCenters."""
    collectors.stop()
    _source.cache_clear()


@cache
def _source(collector: CollectorConfig, store: StoreConfig) -> InventorySource:
    if collector.mode is CollectorMode.OFF:
        return DirectSource()
    kept = MemoryStore() if store.cache is None else CacheStore(store.cache)
    return SnapshotSource(collector, kept, DirectSource(DIRECT_KEEP_S))


def _is_coming(snapshot: Snapshot | None) -> bool:
    return snapshot is None or (snapshot.inventory is None and snapshot.status.trouble is None)


def _of(vcenter: VCenterConfig, snapshot: Snapshot | None) -> Snapshot | None:
    """Without the inventory of another vCenter, which was called so before."""
    inventory = snapshot.inventory if snapshot else None
    if snapshot and inventory and not _is_of(vcenter, inventory):
        return replace(snapshot, inventory=None)
    return snapshot


def _is_of(vcenter: VCenterConfig, inventory: Inventory) -> bool:
    its = inventory.vcenter
    return (its.host, its.port) == (vcenter.host, vcenter.port)
