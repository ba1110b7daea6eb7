"""The store that all processes of a deployment share: a cache of Django's."""

import contextlib
import threading
from collections.abc import Collection
from uuid import uuid4

from vmware_panel.domain.inventory import MoRef
from vmware_panel.domain.snapshot import Snapshot
from vmware_panel.domain.usage import Usage
from vmware_panel.store.base import KeptScans, StoreError
from vmware_panel.store.channel import Channel
from vmware_panel.store.forks import tell_after_fork
from vmware_panel.store.items import Keys, lease_key
from vmware_panel.store.lease import CacheLease
from vmware_panel.store.reader import SnapshotReader
from vmware_panel.store.scans import CacheScanWriter, ScanReader, ask_scan
from vmware_panel.store.usages import UsageReader
from vmware_panel.store.writer import CacheWriter

# One that nobody answers for so long is void: a collector that comes up lists anyway.
REFRESH_TTL_S = 3600


class CacheStore:
    """See `SnapshotStore`. `alias` is a key of CACHES, `prefix` keeps deployments apart that share
    a cache. One a process: it holds what it has read, decoded.

    Memcached, Redis and Valkey are what it is made for. The deadlines are those of the alias's
    OPTIONS: docs/operator.md names them. What the cache holds is only ever read as data; Django's
    Redis cache unpickles around it, so whoever may write to that cache may run code in Horizon.
    """

    def __init__(self, alias: str, prefix: str = "vmware_panel") -> None:
        self._channel = Channel(alias)
        self._prefix = prefix
        self._lock = threading.Lock()
        self._readers: dict[str, SnapshotReader] = {}
        self._usage_readers: dict[str, UsageReader] = {}
        self._scan_readers: dict[str, ScanReader] = {}
        tell_after_fork(self)

    @property
    def shared(self) -> bool:
        """False where the alias is memory of this process. Raises `StoreError`."""
        return self._channel.shared

    def read(self, vcenter: str) -> Snapshot | None:
        return self._reader(vcenter).read()

    def held(self, vcenter: str) -> Snapshot | None:
        return self._reader(vcenter).held()

    def _reader(self, vcenter: str) -> SnapshotReader:
        with self._lock:
            reader = self._readers.get(vcenter)
            if reader is None:
                reader = SnapshotReader(self._channel, self._keys(vcenter), vcenter)
                self._readers[vcenter] = reader
            return reader

    def usage(self, vcenter: str) -> Usage | None:
        with self._lock:
            reader = self._usage_readers.get(vcenter)
            if reader is None:
                reader = UsageReader(self._channel, self._keys(vcenter).usage, vcenter)
                self._usage_readers[vcenter] = reader
        return reader.read()

    def scans(self, vcenter: str) -> KeptScans:
        with self._lock:
            reader = self._scan_readers.get(vcenter)
            if reader is None:
                reader = ScanReader(self._channel, self._keys(vcenter), vcenter)
                self._scan_readers[vcenter] = reader
        return reader.read()

    def ask_scan(self, vcenter: str, datastores: Collection[MoRef]) -> None:
        ask_scan(self._channel, self._keys(vcenter), datastores)

    def ask_refresh(self, vcenter: str) -> str:
        """Of two who ask at the same moment one id stays, and the collector's one pass is for
        both.
        """
        snapshot = self.read(vcenter)
        key = self._keys(vcenter).refresh
        if snapshot and snapshot.refreshing:
            return snapshot.refresh_wanted
        if snapshot is None and (pending := self._channel.get(key)):
            return pending.decode("ascii", "replace")
        refresh = uuid4().hex
        self._channel.put({key: refresh.encode()}, REFRESH_TTL_S)
        return refresh

    def writer(self, vcenter: str) -> CacheWriter:
        return CacheWriter(self._channel, self._keys(vcenter), vcenter)

    def scan_writer(self, vcenter: str) -> CacheScanWriter:
        return CacheScanWriter(self._channel, self._keys(vcenter), vcenter)

    def lease(self, name: str, holder: str, ttl_s: float) -> CacheLease:
        return CacheLease(self._channel, lease_key(self._prefix, name), holder, ttl_s)

    def after_fork(self) -> None:
        self._lock = threading.Lock()
        self._readers = {}
        self._usage_readers = {}
        self._scan_readers = {}
        with contextlib.suppress(StoreError):
            self._channel.disconnect()

    def _keys(self, vcenter: str) -> Keys:
        return Keys(self._prefix, vcenter)
