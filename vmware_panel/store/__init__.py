"""Where a collector leaves vCenter's book, and where pages find it.

Two stores with the same face: one in the memory of this process, and one in a cache of Django's
that all processes of a deployment share. Imports the domain and Django's cache, nothing else.
"""

from vmware_panel.store.base import (
    SOURCE,
    KeptScans,
    Lease,
    LeaseLost,
    ScanAsk,
    ScanWriter,
    SnapshotStore,
    SnapshotWriter,
    StoreError,
)
from vmware_panel.store.cache import CacheStore
from vmware_panel.store.memory import MemoryStore

__all__ = [
    "SOURCE",
    "CacheStore",
    "KeptScans",
    "Lease",
    "LeaseLost",
    "MemoryStore",
    "ScanAsk",
    "ScanWriter",
    "SnapshotStore",
    "SnapshotWriter",
    "StoreError",
]
