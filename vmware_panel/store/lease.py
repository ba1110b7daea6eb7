"""Who may collect: an item in the cache that one process at a time can add."""

import math
import time
from collections.abc import Callable
from uuid import uuid4

from vmware_panel.store.channel import Channel

MIN_TTL_S = 2.0

Clock = Callable[[], float]


class CacheLease:
    """See `Lease`.

    `add` is atomic in memcached and in Redis, and a `touch` can lengthen an item's life but not
    change whose it is. The holder counts its time by its own monotonic clock, from before each
    call, and the cache keeps the item a second longer (memcached's seconds may be short by one):
    so it knows that the lease has lapsed before another can have it.

    One race is left. The cache loses the item (restart, eviction, another node of a cluster), and a
    second holder adds its own while the first still counts on its time, at most `ttl_s`. Harmless:
    the head of a snapshot says who writes, the later of two goes on, and the other gets `LeaseLost`
    at its next write; items of the two never have the same key (see `writer`).
    """

    def __init__(
        self, channel: Channel, key: str, holder: str, ttl_s: float, clock: Clock = time.monotonic
    ) -> None:
        if ttl_s < MIN_TTL_S:
            raise ValueError(f"a lease lasts {MIN_TTL_S} s at least, not {ttl_s}")
        self._channel = channel
        self._key = key
        self._token = f"{holder} {uuid4().hex}".encode()
        self._ttl_s = ttl_s
        self._cache_ttl_s = math.ceil(ttl_s) + 1
        self._clock = clock
        self._until_s: float | None = None

    @property
    def held(self) -> bool:
        return self._until_s is not None and self._clock() < self._until_s

    def free(self) -> bool:
        return self._channel.get(self._key) is None

    def acquire(self) -> bool:
        return self._renewed() or self._added()

    def release(self) -> None:
        held, self._until_s = self.held, None
        if held and self._channel.get(self._key) == self._token:
            self._channel.delete([self._key])

    def _renewed(self) -> bool:
        if not self.held:
            return False
        asked_s = self._clock()
        if self._channel.get(self._key) != self._token:
            return False
        # Believed only if the old time was not over when the answer came: before, nobody else can
        # have had the lease. If it was another's item by then, it now lives longer; nothing else.
        if self._channel.touch(self._key, self._cache_ttl_s) and self.held:
            self._until_s = asked_s + self._ttl_s
            return self.held
        return False

    def _added(self) -> bool:
        self._until_s = None
        asked_s = self._clock()
        if self._channel.add(self._key, self._token, self._cache_ttl_s):
            self._until_s = asked_s + self._ttl_s
        return self.held
