"""Writes one vCenter's snapshot into the cache: items first, the head last.

A base is a whole inventory under an id of its own; each later change is a delta under the base's
id. Items are never written twice with another content, so whoever has read a head finds what it
names, or nothing: never a mixture. What a head no longer names is deleted one base later.

Two writers for a moment (a lease that was lost and not yet noticed) have different fences, in the
head. Before each write a writer reads the head: one with a greater fence ends it with `LeaseLost`;
one with a smaller fence it writes over. Between that look and its own write the older one may put
its head back once: the newer one finds it at its next write, and the older one then finds the
newer's. Readers may see the older book for that long, whole.
"""

import contextlib
import secrets
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime

from msgspec.structs import replace

from vmware_panel.domain.inventory import Inventory
from vmware_panel.domain.ledger import Delta
from vmware_panel.domain.outcome import TroubleKind
from vmware_panel.domain.snapshot import CollectorStatus, confirmed
from vmware_panel.domain.usage import Usage
from vmware_panel.store.base import LeaseLost, StoreError
from vmware_panel.store.channel import Channel
from vmware_panel.store.encoding import FormatError, encode_delta, encode_inventory
from vmware_panel.store.head import Content, Fence, Head, Past, fence_of, packed, unpacked
from vmware_panel.store.items import PART_BYTES, Keys, cut, digest_of
from vmware_panel.store.usages import USAGE_TTL_S, encode_usage

# Nothing is to be lost over a weekend; below the thirty days above which memcached counts otherwise.
ITEM_TTL_S = 14 * 24 * 3600
WRITE_AGAIN_S = ITEM_TTL_S / 4

MAX_DELTAS = 300
MAX_DELTA_SHARE = 0.25  # of the base's bytes
MIN_DELTA_BYTES = PART_BYTES  # below which a small base is not written anew
BATCH_ITEMS = 16
RETRY_S = 15.0  # between two tries to write what the cache did not keep

Clock = Callable[[], float]


class NotKept(StoreError):
    """The cache took the items and does not have them: it is too small."""


class CacheWriter:
    """See `SnapshotWriter`. Keeps what it wrote, encoded, and writes it again where the cache lost
    it: after a restart or a flush, at the next beat.

    To be made after the lease was taken: being made later is what makes it the stronger of two.
    """

    def __init__(
        self,
        channel: Channel,
        keys: Keys,
        vcenter: str,
        clock: Clock = time.time,
        monotonic: Clock = time.monotonic,
    ) -> None:
        self._channel = channel
        self._keys = keys
        self._vcenter = vcenter
        self._clock = clock
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._fence = Fence(int(clock() * 1_000_000), secrets.randbits(63))
        self._lost = False
        self._content: Content | None = None  # what is to be in the cache
        self._items: dict[str, bytes] = {}  # all of it, once it is this writer's own
        self._pending: dict[str, bytes] = {}  # what is not there yet
        self._published: Content | None = None  # what the head names
        self._head = b""
        self._bygone: list[list[str]] = []  # keys of earlier bases, oldest first
        self._written_at_s = 0.0
        self._retry_at_s = 0.0
        with contextlib.suppress(StoreError):  # the first write tries again
            found = self._channel.get(self._keys.head)
            if (before := fence_of(found)) and before.epoch >= self._fence.epoch:
                self._fence = Fence(before.epoch + 1, self._fence.writer)
            self._adopt(found)

    def replace(self, inventory: Inventory, status: CollectorStatus) -> None:
        with self._lock:
            self._refuse_if_lost()
            self._set_base(inventory, None)
            self._retry_at_s = 0.0
            self._publish(status, self._now())

    def advance(
        self,
        delta: Delta,
        whole: Callable[[], Inventory],
        confirmed_at: datetime,
        status: CollectorStatus,
    ) -> None:
        with self._lock:
            self._refuse_if_lost()
            if self._content is None or not self._items:
                self._set_base(confirmed(whole(), confirmed_at), None)
            else:
                self._content = self._with_delta(self._content, delta, confirmed_at)
                if self._is_long(self._content):
                    past = Past(self._content.base, self._content.deltas)
                    self._set_base(confirmed(whole(), confirmed_at), past)
            self._publish(status, self._now())

    def beat(self, status: CollectorStatus, confirmed_at: datetime | None, at: datetime) -> None:
        with self._lock:
            self._refuse_if_lost()
            if self._content and self._items and confirmed_at:
                self._content = replace(self._content, confirmed_at=confirmed_at)
            self._publish(status, at)

    def sample(self, usage: Usage) -> None:
        self._refuse_if_lost()
        self._channel.put({self._keys.usage: encode_usage(usage)}, USAGE_TTL_S)

    def refresh_wanted(self) -> str:
        return (self._channel.get(self._keys.refresh) or b"").decode("ascii", "replace")

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._clock(), UTC)

    def _refuse_if_lost(self) -> None:
        if self._lost:
            raise LeaseLost(self._vcenter)

    def _set_base(self, inventory: Inventory, past: Past | None) -> None:
        base = secrets.token_hex(8)
        data = encode_inventory(inventory)
        items = cut(self._keys, base, 0, data)
        self._bygone.append(list(self._items) if self._items else self._adopted_keys())
        # Deltas that lead to this base and are not out yet; no other has any use for them.
        waiting = self._pending if past else {}
        self._pending = {**waiting, **items}
        self._items = items
        self._content = Content(
            base, len(items), len(data), digest_of(data), inventory.read_at, follows=past
        )

    def _with_delta(self, content: Content, delta: Delta, confirmed_at: datetime) -> Content:
        if not delta:
            return replace(content, confirmed_at=confirmed_at)
        number = len(content.deltas) + 1
        items = cut(self._keys, content.base, number, encode_delta(delta))
        self._items |= items
        self._pending |= items
        return replace(content, confirmed_at=confirmed_at, deltas=(*content.deltas, len(items)))

    def _is_long(self, content: Content) -> bool:
        stored_bytes = sum(map(len, self._items.values()))
        limit_bytes = max(MIN_DELTA_BYTES, content.size_bytes * MAX_DELTA_SHARE)
        return len(content.deltas) >= MAX_DELTAS or (
            stored_bytes - content.size_bytes > limit_bytes
        )

    def _adopt(self, item: bytes | None) -> None:
        """What another writer left stays in view until this one has a book of its own."""
        try:
            content = unpacked(item, self._vcenter).content if item else None
        except FormatError:
            content = None
        self._published = content
        if not self._items:
            self._content = content

    def _adopted_keys(self) -> list[str]:
        if self._content is None:
            return []
        numbered = enumerate((self._content.parts, *self._content.deltas))
        return [
            key
            for number, parts in numbered
            for key in self._keys.parts(self._content.base, number, parts)
        ]

    def _publish(self, status: CollectorStatus, at: datetime) -> None:
        mended = self._look()
        not_kept: NotKept | None = None
        try:
            self._write_pending()
            self._published = self._content
        except NotKept as error:
            not_kept = error
        head = packed(Head(self._vcenter, status, at, self._published), self._fence)
        self._channel.put({self._keys.head: head}, ITEM_TTL_S)
        self._head = head
        if not_kept:
            raise not_kept
        with contextlib.suppress(StoreError):  # they end by themselves, later
            if mended:
                self._channel.delete([self._keys.damage])
            while len(self._bygone) > 1:
                self._channel.delete(self._bygone.pop(0))

    def _look(self) -> bool:
        """Raises `LeaseLost`. Marks everything to be written again where the cache lost some of
        it; True if a reader said so.
        """
        found = self._channel.get_many([self._keys.head, self._keys.damage])
        item = found.get(self._keys.head)
        if not self._head:
            self._adopt(item)
        if (other := fence_of(item)) and other > self._fence:
            self._lost = True
            raise LeaseLost(self._vcenter)
        if not self._items:
            if item is None:  # and what was adopted is gone with it
                self._content = self._published = None
            return False
        damaged = found.get(self._keys.damage, b"").decode("ascii", "replace")
        mend = self._content is not None and damaged == self._content.base
        moved = self._head not in (b"", item)
        old = self._monotonic() - self._written_at_s > WRITE_AGAIN_S
        if mend or moved or old:
            self._pending |= self._items
        return mend

    def _write_pending(self) -> None:
        if not self._pending:
            return
        if self._monotonic() < self._retry_at_s:
            raise self._not_kept("written again in a moment")
        keys = list(self._pending)
        batches = [keys[at : at + BATCH_ITEMS] for at in range(0, len(keys), BATCH_ITEMS)]
        for batch in batches:
            self._put({key: self._pending[key] for key in batch})
        if len(keys) > 1:  # memcached acknowledges what it then throws out for the next
            self._read_back(batches)
        if not self._pending.keys().isdisjoint(list(self._items)[:1]):
            self._written_at_s = self._monotonic()
        self._pending = {}

    def _put(self, items: dict[str, bytes]) -> None:
        try:
            self._channel.put(items, ITEM_TTL_S)
        except StoreError as error:
            if error.trouble.kind is TroubleKind.OVERLOADED:
                raise self._not_kept(error.trouble.detail) from None
            raise

    def _read_back(self, batches: list[list[str]]) -> None:
        there = 0
        for batch in batches:
            found = self._channel.get_many(batch)
            there += sum(found.get(key) == self._pending[key] for key in batch)
        if there < len(self._pending):
            raise self._not_kept(f"it has {there} of {len(self._pending)} items")

    def _not_kept(self, reason: str) -> NotKept:
        if self._monotonic() >= self._retry_at_s:
            self._retry_at_s = self._monotonic() + RETRY_S
        return NotKept(
            TroubleKind.OVERLOADED,
            f"the cache does not keep the snapshot of {self._vcenter}: {reason}; "
            "give it more memory",
        )
