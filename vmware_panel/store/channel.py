"""One cache of Django's, used with care: every failure is a `StoreError`, and nothing is dropped
without a word.
"""

import hashlib
import pickle  # noqa: S403  for its errors: Django's Redis cache unpickles what it reads
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from django.core.cache import caches
from django.core.cache.backends.base import BaseCache, InvalidCacheKey
from django.core.cache.backends.dummy import DummyCache
from django.core.cache.backends.locmem import LocMemCache
from django.core.exceptions import ImproperlyConfigured

from vmware_panel.domain.outcome import TroubleKind
from vmware_panel.store.base import StoreError

MAX_DETAIL_CHARS = 200
PROOF_TTL_S = 60

# The clients that Django's caches stand on. Looked up among what is loaded: whichever is not, has
# raised nothing.
_CLIENT_ERRORS = (
    ("pymemcache.exceptions", "MemcacheError"),
    ("pylibmc", "Error"),
    ("redis.exceptions", "RedisError"),
    ("valkey.exceptions", "ValkeyError"),
)
_SET_UP_ERRORS = (ImproperlyConfigured, InvalidCacheKey, ImportError)
_CONTENT_ERRORS = (pickle.PickleError, EOFError, ValueError, AttributeError, IndexError, KeyError)
_LOGIN_WORDS = ("noauth", "wrongpass", "authentication", "invalid password")
_FULL_WORDS = ("oom ", "out of memory", "too large", "maxmemory")

_SAFE_NAME = re.compile(r"[A-Za-z0-9_.-]{1,63}")


def safe(name: str) -> str:
    """The name as a part of a key: without spaces, colons and control characters, and short."""
    if _SAFE_NAME.fullmatch(name):
        return name
    return "~" + hashlib.blake2b(name.encode("utf-8", "surrogatepass"), digest_size=20).hexdigest()


class Channel:
    """Asks `caches` for the alias each time: a cache's connection belongs to one thread."""

    def __init__(self, alias: str) -> None:
        self.alias = alias

    @property
    def shared(self) -> bool:
        with self._cache() as cache:
            return not isinstance(cache, LocMemCache | DummyCache)

    def get_many(self, keys: Sequence[str]) -> dict[str, bytes]:
        """In one call. What is not there, or not bytes, is left out."""
        with self._cache() as cache:
            found = cache.get_many(keys)
        return {key: value for key, value in found.items() if isinstance(value, bytes)}

    def get(self, key: str) -> bytes | None:
        return self.get_many([key]).get(key)

    def put(self, items: Mapping[str, bytes], ttl_s: int | None) -> None:
        """`set_many`, because it alone says what memcached did not take. `ttl_s` None: for good."""
        with self._cache() as cache:
            refused = cache.set_many(dict(items), ttl_s)
        if refused:
            raise StoreError(
                TroubleKind.UNREACHABLE, f"the cache did not take {len(refused)} of {len(items)}"
            )

    def add(self, key: str, value: bytes, ttl_s: int | None) -> bool:
        with self._cache() as cache:
            return bool(cache.add(key, value, ttl_s))

    def touch(self, key: str, ttl_s: int) -> bool:
        with self._cache() as cache:
            return bool(cache.touch(key, ttl_s))

    def delete(self, keys: Sequence[str]) -> None:
        with self._cache() as cache:
            cache.delete_many(keys)

    def prove(self, key: str) -> None:
        """Raises `StoreError` unless the cache takes a value.

        pymemcache answers that nothing is there for a second after a server failed (its
        `retry_timeout`), without asking it: only this tells an empty cache from a broken one.
        """
        self.put({key: b"1"}, PROOF_TTL_S)

    def disconnect(self) -> None:
        """Closes this thread's connection; the next use opens another."""
        with self._cache() as cache:
            cache.close()

    @contextmanager
    def _cache(self) -> Iterator[BaseCache]:
        try:
            yield caches[self.alias]
        except (OSError, *_SET_UP_ERRORS, *_CONTENT_ERRORS, *_client_errors()) as error:
            raise _store_error(error) from None


def _client_errors() -> list[type[Exception]]:
    loaded = [(sys.modules.get(module), name) for module, name in _CLIENT_ERRORS]
    return [getattr(module, name) for module, name in loaded if module]


def _store_error(error: Exception) -> StoreError:
    words = " ".join(str(error).split())
    detail = f"{type(error).__name__}: {words}" if words else type(error).__name__
    return StoreError(_kind(error, detail.lower()), detail[:MAX_DETAIL_CHARS])


def _kind(error: Exception, words: str) -> TroubleKind:
    name = type(error).__name__
    if isinstance(error, _SET_UP_ERRORS):
        return TroubleKind.CONFIGURATION
    if isinstance(error, TimeoutError) or "Timeout" in name:
        return TroubleKind.TIMEOUT
    if any(word in words for word in _LOGIN_WORDS):
        return TroubleKind.LOGIN
    if any(word in words for word in _FULL_WORDS):
        return TroubleKind.OVERLOADED
    if isinstance(error, OSError) or "Connect" in name or "Close" in name or "down" in words:
        return TroubleKind.UNREACHABLE
    return TroubleKind.BAD_ANSWER
