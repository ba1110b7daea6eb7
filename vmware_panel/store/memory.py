"""The store of one process: the collector's own objects, by reference."""

import threading
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from vmware_panel.domain.datastore_files import Scan, ScanProgress
from vmware_panel.domain.inventory import Inventory, MoRef
from vmware_panel.domain.ledger import Delta
from vmware_panel.domain.snapshot import CollectorStatus, Snapshot, confirmed
from vmware_panel.domain.usage import Usage
from vmware_panel.store.base import KeptScans, ScanAsk
from vmware_panel.store.forks import tell_after_fork
from vmware_panel.store.scans import heard, with_asks
from vmware_panel.store.usages import USAGE_TTL_S


@dataclass(slots=True)
class _Shelf:
    """What is known of one vCenter. `number` counts the inventories."""

    snapshot: Snapshot | None = None
    number: int = 0
    refresh: str = ""
    usage: Usage | None = None
    scans: Mapping[MoRef, Scan] = field(default_factory=dict)
    told: tuple[ScanProgress, datetime] | None = None
    asks: tuple[ScanAsk, ...] = ()


class MemoryStore:
    """Encodes nothing and never fails. Empty again in a process that was forked."""

    shared = False

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._shelves: defaultdict[str, _Shelf] = defaultdict(_Shelf)
        tell_after_fork(self)

    def after_fork(self) -> None:
        """Whoever wrote does not exist here."""
        self._lock = threading.Lock()
        self._shelves = defaultdict(_Shelf)

    def read(self, vcenter: str) -> Snapshot | None:
        with self._lock:
            return self._shelves[vcenter].snapshot

    def held(self, vcenter: str) -> Snapshot | None:
        return self.read(vcenter)

    def usage(self, vcenter: str) -> Usage | None:
        with self._lock:
            usage = self._shelves[vcenter].usage
        if usage and datetime.now(UTC) - usage.read_at > timedelta(seconds=USAGE_TTL_S):
            return None
        return usage

    def scans(self, vcenter: str) -> KeptScans:
        with self._lock:
            shelf = self._shelves[vcenter]
            progress = heard(*shelf.told) if shelf.told else None
            return KeptScans(shelf.scans, with_asks(progress, len(shelf.asks)))

    def ask_scan(self, vcenter: str, datastores: Collection[MoRef]) -> None:
        wanted = tuple(sorted(set(datastores)))
        with self._lock:
            shelf = self._shelves[vcenter]
            if all(ask.datastores != wanted for ask in shelf.asks):
                shelf.asks = (*shelf.asks, ScanAsk(uuid4().hex, wanted, datetime.now(UTC)))

    def ask_refresh(self, vcenter: str) -> str:
        with self._lock:
            shelf = self._shelves[vcenter]
            pending = not shelf.snapshot or shelf.snapshot.refreshing
            if not (shelf.refresh and pending):
                shelf.refresh = uuid4().hex
                if shelf.snapshot:
                    shelf.snapshot = _asked(shelf.snapshot, shelf.refresh)
            return shelf.refresh

    def writer(self, vcenter: str) -> "MemoryWriter":
        with self._lock:
            return MemoryWriter(self._lock, self._shelves[vcenter])

    def scan_writer(self, vcenter: str) -> "MemoryScanWriter":
        with self._lock:
            return MemoryScanWriter(self._lock, self._shelves[vcenter])

    def lease(self, name: str, holder: str, ttl_s: float) -> "MemoryLease":
        return MemoryLease()


class MemoryWriter:
    """See `SnapshotWriter`."""

    def __init__(self, lock: threading.Lock, shelf: _Shelf) -> None:
        self._lock = lock
        self._shelf = shelf

    def replace(self, inventory: Inventory, status: CollectorStatus) -> None:
        self._put(inventory, status)

    def advance(
        self,
        delta: Delta,
        whole: Callable[[], Inventory],
        confirmed_at: datetime,
        status: CollectorStatus,
    ) -> None:
        self._put(confirmed(whole(), confirmed_at), status)

    def _put(self, inventory: Inventory, status: CollectorStatus) -> None:
        with self._lock:
            self._shelf.number += 1
            self._shelf.snapshot = Snapshot(
                f"memory.{self._shelf.number}",
                status,
                datetime.now(UTC),
                inventory,
                self._shelf.refresh,
            )

    def beat(self, status: CollectorStatus, confirmed_at: datetime | None, at: datetime) -> None:
        with self._lock:
            last = self._shelf.snapshot
            inventory = last.inventory if last else None
            if inventory and confirmed_at:
                inventory = confirmed(inventory, confirmed_at)
            self._shelf.snapshot = Snapshot(
                last.version if last else "", status, at, inventory, self._shelf.refresh
            )

    def sample(self, usage: Usage) -> None:
        with self._lock:
            self._shelf.usage = usage

    def refresh_wanted(self) -> str:
        with self._lock:
            return self._shelf.refresh


class MemoryScanWriter:
    """See `ScanWriter`. What was given to a page stays as it is."""

    def __init__(self, lock: threading.Lock, shelf: _Shelf) -> None:
        self._lock = lock
        self._shelf = shelf

    def read_ats(self) -> Mapping[MoRef, datetime]:
        with self._lock:
            return {moref: scan.read_at for moref, scan in self._shelf.scans.items()}

    def keep(self, scan: Scan) -> None:
        with self._lock:
            self._shelf.scans = {**self._shelf.scans, scan.datastore: scan}

    def drop(self, datastores: Collection[MoRef]) -> None:
        with self._lock:
            kept = {m: scan for m, scan in self._shelf.scans.items() if m not in datastores}
            if len(kept) < len(self._shelf.scans):
                self._shelf.scans = kept

    def tell(self, progress: ScanProgress) -> None:
        with self._lock:
            self._shelf.told = progress, datetime.now(UTC)

    def told(self) -> ScanProgress | None:
        with self._lock:
            return self._shelf.told[0] if self._shelf.told else None

    def asks(self) -> tuple[ScanAsk, ...]:
        with self._lock:
            return self._shelf.asks

    def answered(self, ask: ScanAsk) -> None:
        with self._lock:
            self._shelf.asks = tuple(known for known in self._shelf.asks if known != ask)


class MemoryLease:
    """Free for this process, which is the only one that sees the store."""

    held = True

    def free(self) -> bool:
        return True

    def acquire(self) -> bool:
        return True

    def release(self) -> None:
        return None


def _asked(snapshot: Snapshot, refresh: str) -> Snapshot:
    return Snapshot(
        snapshot.version, snapshot.status, snapshot.beat_at, snapshot.inventory, refresh
    )
