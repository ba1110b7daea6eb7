"""What the searches of one vCenter's datastores found, beside the book and apart from it.

Each search lies in items of its own, under an id that is never used twice. An index names the newest
of each datastore, and one more item tells how the searches go. Who wants a search fills one of a few
slots; the collector empties it when that search is done, so that whoever takes over finds it.
"""

import contextlib
import secrets
import threading
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from vmware_panel.domain.datastore_files import Scan, ScanProgress
from vmware_panel.domain.inventory import MoRef
from vmware_panel.domain.outcome import Trouble, TroubleKind
from vmware_panel.store.base import SOURCE, KeptScans, ScanAsk, StoreError
from vmware_panel.store.channel import Channel
from vmware_panel.store.encoding import FormatError
from vmware_panel.store.items import DamageError, Keys, cut, digest_of, joined
from vmware_panel.store.scan_encoding import (
    Entry,
    Told,
    decode_ask,
    decode_index,
    decode_progress,
    decode_scan,
    encode_ask,
    encode_index,
    encode_progress,
    encode_scan,
)

SCAN_TTL_S = 14 * 24 * 3600
"""What a search found is gone after that time, if nobody has searched again."""

ASK_TTL_S = 3600
"""Nobody waits that long for a search: one that nobody did by then is void."""

SLOTS = 16
SILENT_AFTER_S = 90.0
"""The one who searches gives a sign of life every ten seconds, but while it reads what was found."""

BATCH_ITEMS = 16
RETRY_S = 10.0  # between two tries to read what is not whole

Clock = Callable[[], float]


class CacheScanWriter:
    """See `ScanWriter`. Two that write at once, for as long as a lost lease goes unnoticed, may
    lose an entry of the index to each other: that datastore is then due for another search.
    """

    def __init__(self, channel: Channel, keys: Keys, vcenter: str) -> None:
        self._channel = channel
        self._keys = keys
        self._vcenter = vcenter

    def read_ats(self) -> Mapping[MoRef, datetime]:
        return {moref: entry.read_at for moref, entry in self._entries().items()}

    def keep(self, scan: Scan) -> None:
        data = encode_scan(scan)
        base = secrets.token_hex(8)
        items = cut(self._keys, base, 0, data)
        keys = list(items)
        batches = [keys[at : at + BATCH_ITEMS] for at in range(0, len(keys), BATCH_ITEMS)]
        for batch in batches:
            self._channel.put({key: items[key] for key in batch}, SCAN_TTL_S)
        # memcached acknowledges what it then throws out for the next
        there = sum(self._channel.get_many(b) == {key: items[key] for key in b} for b in batches)
        if there < len(batches):
            raise StoreError(
                TroubleKind.OVERLOADED,
                f"the cache does not keep what is on {scan.datastore}, {len(data)} bytes; "
                "give it more memory",
            )
        entries = self._entries()
        before = entries.get(scan.datastore)
        entry = Entry(base, len(items), digest_of(data), scan.read_at)
        self._write({**entries, scan.datastore: entry})
        if before is not None:
            self._delete(before)

    def drop(self, datastores: Collection[MoRef]) -> None:
        entries = self._entries()
        gone = [entries[moref] for moref in datastores if moref in entries]
        if gone:
            self._write({m: entry for m, entry in entries.items() if m not in datastores})
        for entry in gone:
            self._delete(entry)

    def tell(self, progress: ScanProgress) -> None:
        told = encode_progress(self._vcenter, progress, datetime.now(UTC))
        self._channel.put({self._keys.scan_progress: told}, SCAN_TTL_S)

    def told(self) -> ScanProgress | None:
        item = self._channel.get(self._keys.scan_progress)
        try:
            return decode_progress(item, self._vcenter).progress if item else None
        except FormatError:
            return None

    def asks(self) -> tuple[ScanAsk, ...]:
        return _asks(_slots(self._channel, self._keys))

    def answered(self, ask: ScanAsk) -> None:
        item = self._channel.get(ask.key)
        if item == encode_ask(
            ask.datastores, ask.asked_at
        ):  # and not what another has put there since
            self._channel.delete([ask.key])

    def _entries(self) -> Mapping[MoRef, Entry]:
        """What another release wrote is not there."""
        item = self._channel.get(self._keys.scans)
        try:
            return decode_index(item, self._vcenter) if item else {}
        except FormatError:
            return {}

    def _write(self, entries: Mapping[MoRef, Entry]) -> None:
        self._channel.put({self._keys.scans: encode_index(self._vcenter, entries)}, SCAN_TTL_S)

    def _delete(self, entry: Entry) -> None:
        with contextlib.suppress(StoreError):  # the items end by themselves, later
            self._channel.delete(self._keys.parts(entry.base, 0, entry.parts))


def ask_scan(channel: Channel, keys: Keys, datastores: Collection[MoRef]) -> None:
    """See `SnapshotStore.ask_scan`."""
    wanted = tuple(sorted(set(datastores)))
    pending = {ask.key: ask.datastores for ask in _asks(_slots(channel, keys))}
    if wanted in pending.values():
        return
    item = encode_ask(wanted, datetime.now(UTC))
    for number in range(SLOTS):
        key = keys.scan_ask(number)
        if key not in pending and channel.add(key, item, ASK_TTL_S):
            return
    channel.prove(keys.proof)
    raise StoreError(TroubleKind.OVERLOADED, "too many searches are asked for at once")


def _slots(channel: Channel, keys: Keys) -> Mapping[str, bytes]:
    return channel.get_many([keys.scan_ask(number) for number in range(SLOTS)])


def _asks(slots: Mapping[str, bytes]) -> tuple[ScanAsk, ...]:
    """Oldest first. What another release wrote ends by itself."""
    asks = []
    for key, item in slots.items():
        with contextlib.suppress(FormatError):
            asks.append(decode_ask(key, item))
    return tuple(sorted(asks, key=lambda ask: ask.asked_at))


class ScanReader:
    """One vCenter's searches, each decoded once for all who ask until there is another. Threads
    share it; as long as nothing is new they get the same objects.
    """

    def __init__(
        self, channel: Channel, keys: Keys, vcenter: str, clock: Clock = time.monotonic
    ) -> None:
        self._channel = channel
        self._keys = keys
        self._vcenter = vcenter
        self._clock = clock
        self._lock = threading.Lock()
        self._index_item: bytes | None = None
        self._entries: Mapping[MoRef, Entry] = {}
        self._held: dict[MoRef, tuple[Entry, Scan]] = {}
        self._scans: Mapping[MoRef, Scan] = {}
        self._damaged: dict[MoRef, Trouble] = {}
        self._retry_at_s = 0.0
        self._progress: tuple[bytes, Told] | None = None

    def read(self) -> KeptScans:
        """See `SnapshotStore.scans`. One `get_many` where nothing is new."""
        with self._lock:
            slots = [self._keys.scan_ask(number) for number in range(SLOTS)]
            found = self._channel.get_many([self._keys.scans, self._keys.scan_progress, *slots])
            if not found and not self._held:
                self._channel.prove(self._keys.proof)
            self._take_index(found.get(self._keys.scans))
            progress = self._progress_of(found.get(self._keys.scan_progress))
            progress = with_asks(progress, sum(key in found for key in slots))
            return KeptScans(self._scans, progress, tuple(self._damaged.values()))

    def _take_index(self, item: bytes | None) -> None:
        """A cache that lost it all does not take what this process has read."""
        if item is None or (
            item == self._index_item and (not self._damaged or self._clock() < self._retry_at_s)
        ):
            return
        self._entries = self._decoded(item)
        self._index_item = item
        if self._fetch():
            # Another search may have come meanwhile, and the one before is cleared away.
            again = self._channel.get(self._keys.scans)
            if again is not None and again != item:
                self._entries = self._decoded(again)
                self._index_item = again
                self._fetch()
        if self._damaged:
            self._retry_at_s = self._clock() + RETRY_S

    def _decoded(self, item: bytes) -> Mapping[MoRef, Entry]:
        oldest = datetime.now(UTC) - timedelta(seconds=SCAN_TTL_S)
        try:
            entries = decode_index(item, self._vcenter)
        except FormatError as error:
            raise StoreError(TroubleKind.BAD_ANSWER, str(error)) from None
        return {moref: entry for moref, entry in entries.items() if entry.read_at > oldest}

    def _fetch(self) -> bool:
        """Reads what is new; True if some of it is not whole. The earlier search then stands."""
        self._damaged = {}
        held: dict[MoRef, tuple[Entry, Scan]] = {}
        for moref, entry in self._entries.items():
            known = self._held.get(moref)
            if known is not None and known[0].base == entry.base:
                held[moref] = known
                continue
            try:
                held[moref] = entry, self._scan(moref, entry)
            except (DamageError, FormatError) as error:
                detail = f"the search of {moref}: {error}"[:200]
                self._damaged[moref] = Trouble(SOURCE, TroubleKind.BAD_ANSWER, detail)
                if known is not None:
                    held[moref] = known
        if held != self._held:
            self._held = held
            self._scans = {moref: scan for moref, (_, scan) in held.items()}
        return bool(self._damaged)

    def _scan(self, moref: MoRef, entry: Entry) -> Scan:
        """Raises `DamageError` and `FormatError`."""
        keys = self._keys.parts(entry.base, 0, entry.parts)
        found: dict[str, bytes] = {}
        for at in range(0, len(keys), BATCH_ITEMS):
            found |= self._channel.get_many(keys[at : at + BATCH_ITEMS])
        data = b"".join(joined(self._keys, entry.base, 0, entry.parts, found))
        if digest_of(data) != entry.digest:
            raise DamageError(f"{entry.base} is not what the index says")
        scan = decode_scan(data)
        if scan.vcenter != self._vcenter or scan.datastore != moref:
            raise FormatError("the search of another datastore")
        return scan

    def _progress_of(self, item: bytes | None) -> ScanProgress | None:
        if item is None:
            return None
        if self._progress is None or self._progress[0] != item:
            try:
                self._progress = item, decode_progress(item, self._vcenter)
            except FormatError as error:
                raise StoreError(TroubleKind.BAD_ANSWER, str(error)) from None
        told = self._progress[1]
        return heard(told.progress, told.at)


def with_asks(progress: ScanProgress | None, asks: int) -> ScanProgress | None:
    """What is asked for is wanted before the collector has seen it."""
    if not asks or (progress is not None and progress.under_way):
        return progress
    return replace(progress or ScanProgress(), wanted=asks)


def heard(progress: ScanProgress, at: datetime) -> ScanProgress:
    """Without a search of one who has given no sign of life since."""
    if progress.running and datetime.now(UTC) - at > timedelta(seconds=SILENT_AFTER_S):
        return replace(progress, running="", running_percent=None)
    return progress
