"""What one process holds of one vCenter's snapshot, and how it follows the cache."""

import contextlib
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from msgspec.structs import replace

from vmware_panel.domain.inventory import Inventory
from vmware_panel.domain.ledger import Delta, Ledger
from vmware_panel.domain.outcome import TroubleKind
from vmware_panel.domain.snapshot import CollectorStatus, Snapshot, confirmed
from vmware_panel.store.base import StoreError
from vmware_panel.store.channel import Channel
from vmware_panel.store.encoding import Decoder, FormatError, objects_of
from vmware_panel.store.head import Content, Head, unpacked
from vmware_panel.store.items import DamageError, Keys, digest_of, joined

LOG = logging.getLogger(__name__)

BATCH_ITEMS = 16
MOST_OVERTAKEN = 20  # times in one read; a writer writes once a second
RETRY_S = 1.0  # between two tries to read what is damaged
WAIT_S = 60.0  # for another thread's first read; the cache's own timeouts end that sooner
DAMAGE_TTL_S = 3600


@dataclass(slots=True)
class _Held:
    """`ledger` and `decoder` are used under the reader's lock alone."""

    content: Content
    inventory: Inventory
    ledger: Ledger
    decoder: Decoder
    status: CollectorStatus
    beat_at: datetime


class SnapshotReader:
    """Threads share it. One of them reads what is new; the others meanwhile get what is held."""

    def __init__(
        self,
        channel: Channel,
        keys: Keys,
        vcenter: str,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._channel = channel
        self._keys = keys
        self._vcenter = vcenter
        self._clock = clock
        self._lock = threading.Lock()
        self._held: _Held | None = None
        self._failed: tuple[str, float, StoreError] | None = None  # version, when, how

    def read(self) -> Snapshot | None:
        """See `SnapshotStore.read`. One `get_many` where the version has not moved."""
        held = self._held
        head, refresh = self._look()
        if head is None:
            if held is None:
                self._channel.prove(self._keys.proof)
                return None
            return _snapshot(held, held.status, held.beat_at, refresh)
        if head.content is None:
            # A collector that came after a flush of the cache: what was read before still stands.
            if held is None:
                return Snapshot("", head.status, head.beat_at, None, refresh)
            return _snapshot(held, head.status, head.beat_at, refresh)
        if held is None or held.content.version != head.content.version:
            head, held = self._follow(head, held)
        content = head.content
        if content is None or content.version != held.content.version:
            return _snapshot(held, held.status, held.beat_at, refresh)
        held.inventory = confirmed(held.inventory, content.confirmed_at)
        held.status, held.beat_at = head.status, head.beat_at
        return _snapshot(held, head.status, head.beat_at, refresh)

    def held(self) -> Snapshot | None:
        """See `SnapshotStore.held`."""
        held = self._held
        return _snapshot(held, held.status, held.beat_at, "") if held else None

    def _look(self) -> tuple[Head | None, str]:
        """The head and the refresh that is asked for. What another release wrote is an error
        only for the one who holds nothing.
        """
        found = self._channel.get_many([self._keys.head, self._keys.refresh])
        refresh = found.get(self._keys.refresh, b"").decode("ascii", "replace")
        item = found.get(self._keys.head)
        if item is None:
            return None, refresh
        try:
            return unpacked(item, self._vcenter), refresh
        except FormatError as error:
            if self._held is None:
                raise StoreError(TroubleKind.BAD_ANSWER, str(error)) from None
            return None, refresh

    def _follow(self, head: Head, held: _Held | None) -> tuple[Head, _Held]:
        """Reads what is new, unless another thread does; raises `StoreError` if nothing is held."""
        if not self._lock.acquire(timeout=WAIT_S if held is None else 0):
            if held is None:
                raise StoreError(TroubleKind.TIMEOUT, "another thread is still reading it")
            return head, held
        try:
            if self._held is not held:  # another thread has read, maybe more than we saw
                head, held = self._look()[0] or head, self._held
            if head.content is None or (held and held.content.version == head.content.version):
                return head, self._kept(held)
            return self._read_anew(head, head.content, held)
        finally:
            self._lock.release()

    def _read_anew(self, head: Head, content: Content, held: _Held | None) -> tuple[Head, _Held]:
        if self._failed and self._failed[0] == content.version:
            if self._clock() - self._failed[1] < RETRY_S:
                return head, self._kept(held)
        whole, overtaken = held, 0
        try:
            while True:
                try:
                    self._held = self._fetched(head, content, whole)
                    break
                except DamageError:
                    # A writer may have gone on meanwhile and cleared away what the old head names.
                    head = self._look()[0] or head
                    newest = head.content or content
                    if overtaken and (newest.base == content.base or overtaken == MOST_OVERTAKEN):
                        raise
                    content, whole, overtaken = newest, None, overtaken + 1
        except (DamageError, FormatError) as error:
            return head, self._damaged(content, error, held)
        self._failed = None
        return head, self._held

    def _damaged(self, content: Content, error: Exception, held: _Held | None) -> _Held:
        if self._failed is None:
            LOG.warning("The snapshot of %s cannot be read: %s", self._vcenter, error)
        kind = TroubleKind.BAD_ANSWER
        failure = StoreError(kind, f"{error}; the collector is asked to write it anew"[:300])
        self._failed = content.version, self._clock(), failure
        with contextlib.suppress(StoreError):  # the next try says it again
            self._channel.put({self._keys.damage: content.base.encode()}, DAMAGE_TTL_S)
        return self._kept(held)

    def _kept(self, held: _Held | None) -> _Held:
        if held is not None:
            return held
        if self._failed is not None:
            raise StoreError(self._failed[2].trouble.kind, self._failed[2].trouble.detail)
        raise StoreError(TroubleKind.NOT_FOUND, "no snapshot is there any more")

    def _fetched(self, head: Head, content: Content, held: _Held | None) -> _Held:
        """Raises `DamageError` and `FormatError`, and then has changed nothing."""
        wanted = content.since(held.content) if held else None
        if held is None or wanted is None:
            decoder = Decoder()
            base = self._base(content, decoder)
            ledger, inventory = Ledger(objects_of(base)), base
            wanted = content.since(replace(content, deltas=()))
        else:
            decoder, ledger, inventory = held.decoder, held.ledger, held.inventory
        deltas = self._deltas(wanted or [], decoder)
        for delta in deltas:
            ledger.apply(delta)
        if deltas:
            inventory = ledger.inventory(
                inventory.vcenter, content.confirmed_at, whole=inventory.whole
            )
        inventory = confirmed(inventory, content.confirmed_at)
        return _Held(content, inventory, ledger, decoder, head.status, head.beat_at)

    def _base(self, content: Content, decoder: Decoder) -> Inventory:
        keys = self._keys.parts(content.base, 0, content.parts)
        pieces = joined(self._keys, content.base, 0, content.parts, self._all(keys))
        if digest_of(*pieces) != content.digest:
            raise DamageError(f"{content.base} is not what its head says")
        return decoder.inventory(pieces)

    def _deltas(self, wanted: list[tuple[str, int, int]], decoder: Decoder) -> list[Delta]:
        found = self._all([key for delta in wanted for key in self._keys.parts(*delta)])
        return [decoder.delta(joined(self._keys, *delta, found)) for delta in wanted]

    def _all(self, keys: list[str]) -> dict[str, bytes]:
        found: dict[str, bytes] = {}
        for at in range(0, len(keys), BATCH_ITEMS):
            found |= self._channel.get_many(keys[at : at + BATCH_ITEMS])
        return found


def _snapshot(held: _Held, status: CollectorStatus, beat_at: datetime, refresh: str) -> Snapshot:
    return Snapshot(held.content.version, status, beat_at, held.inventory, refresh)
