"""What a store of snapshots can do, whatever it keeps them in."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from vmware_panel.domain.datastore_files import Scan, ScanProgress
from vmware_panel.domain.inventory import Inventory, MoRef
from vmware_panel.domain.ledger import Delta
from vmware_panel.domain.outcome import SourceError, Trouble, TroubleKind
from vmware_panel.domain.snapshot import CollectorStatus, Snapshot
from vmware_panel.domain.usage import Usage

SOURCE = "store"  # as in Trouble.source; no vCenter may be called so


class StoreError(SourceError):
    """The store gave or took nothing."""

    def __init__(self, kind: TroubleKind, detail: str) -> None:
        super().__init__(Trouble(SOURCE, kind, detail))


class LeaseLost(StoreError):
    """Another collector writes this vCenter's book. Whoever gets this stops writing, for good.

    After it has the lease again it asks the store for a new writer.
    """

    def __init__(self, vcenter: str) -> None:
        super().__init__(TroubleKind.SESSION, f"another collector has taken over {vcenter}")


class Lease(Protocol):
    """The right to be the one collector, for a time. One thread uses it at a time."""

    @property
    def held(self) -> bool:
        """By this process's own monotonic clock; asks nobody."""

    def free(self) -> bool:
        """True if nobody has it just now. Raises `StoreError`."""

    def acquire(self) -> bool:
        """Takes the lease, or renews it; False if another holds it. Raises `StoreError`."""

    def release(self) -> None:
        """Gives it back if it is still one's own. Raises `StoreError`."""


class SnapshotWriter(Protocol):
    """Writes the book of one vCenter, for the one who holds the lease. Threads may share it.

    Every method raises `StoreError`, and `LeaseLost` if another writes. After a `StoreError` the
    writer still has what it was given: the next call, of any method, writes what is missing.
    """

    def replace(self, inventory: Inventory, status: CollectorStatus) -> None:
        """A whole new book."""

    def advance(
        self,
        delta: Delta,
        whole: Callable[[], Inventory],
        confirmed_at: datetime,
        status: CollectorStatus,
    ) -> None:
        """What changed since the last `replace` or `advance`.

        `whole` gives the book with the delta in it; called where a whole one is to be written.
        """

    def beat(self, status: CollectorStatus, confirmed_at: datetime | None, at: datetime) -> None:
        """A sign of life. `confirmed_at` is when vCenter last said that the book is as written;
        None: nothing new about that.
        """

    def sample(self, usage: Usage) -> None:
        """What hosts and clusters use, in place of the sample before; nothing else is written. One
        that was not written is not tried again: the next is on its way.
        """

    def refresh_wanted(self) -> str:
        """The id of the refresh last asked for, done or not; empty if there is none."""


@dataclass(frozen=True, slots=True)
class ScanAsk:
    """Datastores that somebody wants searched out of turn; none named: all. `key` is the store's,
    and `asked_at` is by the clock of the one who asks.
    """

    key: str
    datastores: tuple[MoRef, ...]
    asked_at: datetime


@dataclass(frozen=True, slots=True)
class KeptScans:
    """The last search of each datastore of one vCenter, and how the searches go.

    `progress` None: nobody has searched yet, or asked for it. `troubles` are the store's own: a
    search that it has and that cannot be read.
    """

    by_datastore: Mapping[MoRef, Scan] = field(default_factory=dict)
    progress: ScanProgress | None = None
    troubles: tuple[Trouble, ...] = ()


class ScanWriter(Protocol):
    """For the one who searches the datastores of one vCenter. Every method raises `StoreError`."""

    def read_ats(self) -> Mapping[MoRef, datetime]:
        """When each datastore was last searched, of those whose search is kept."""

    def keep(self, scan: Scan) -> None:
        """In place of the datastore's earlier search."""

    def drop(self, datastores: Collection[MoRef]) -> None:
        """These datastores are not there any more."""

    def tell(self, progress: ScanProgress) -> None:
        """A sign of life, too."""

    def told(self) -> ScanProgress | None:
        """What was told last, by whomever."""

    def asks(self) -> tuple[ScanAsk, ...]:
        """What is asked for and not answered yet."""

    def answered(self, ask: ScanAsk) -> None: ...


class SnapshotStore(Protocol):
    """`shared`: other processes see what is written."""

    @property
    def shared(self) -> bool: ...

    def read(self, vcenter: str) -> Snapshot | None:
        """The latest; None if no collector has written anything. Raises `StoreError`.

        Threads may share the store. What it gave stays valid whatever is written later.
        """

    def held(self, vcenter: str) -> Snapshot | None:
        """What this process read last, of whatever age; asks nobody. For when `read` fails."""

    def usage(self, vcenter: str) -> Usage | None:
        """The latest sample; None where there is none, or none of this quarter of an hour. Raises
        `StoreError`.
        """

    def ask_refresh(self, vcenter: str) -> str:
        """Asks the collector to read everything anew. Returns the id of that refresh, or of the
        one that is pending. Raises `StoreError`.
        """

    def scans(self, vcenter: str) -> KeptScans:
        """The last searches of the datastores. As long as none is new, its mapping is the same
        object. Raises `StoreError`.
        """

    def ask_scan(self, vcenter: str, datastores: Collection[MoRef]) -> None:
        """Asks the collector to search these datastores, or all if none is named. What is pending
        is not asked for twice. Raises `StoreError`.
        """

    def writer(self, vcenter: str) -> SnapshotWriter: ...

    def scan_writer(self, vcenter: str) -> ScanWriter: ...

    def lease(self, name: str, holder: str, ttl_s: float) -> Lease:
        """`holder` names who asks, for people. `ttl_s` is at least 2."""
