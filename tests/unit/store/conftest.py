from collections.abc import Iterator
from unittest import mock
from uuid import uuid4

import pytest
from django.core.cache import caches
from django.core.cache.backends.base import BaseCache
from django.core.cache.backends.locmem import LocMemCache
from django.test import override_settings

from vmware_panel.store import CacheStore

ALIAS = "vmware"


@pytest.fixture
def cache() -> Iterator[BaseCache]:
    settings = {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "LOCATION": uuid4().hex,
        "OPTIONS": {"MAX_ENTRIES": 10_000},
    }
    with override_settings(CACHES={"default": settings, ALIAS: settings}):
        yield caches[ALIAS]


@pytest.fixture
def new_store(cache: BaseCache) -> type[CacheStore]:
    """Each store is a process of its own, as far as the cache can tell."""
    return lambda: CacheStore(ALIAS)  # type: ignore[return-value]


@pytest.fixture
def store(new_store) -> CacheStore:
    return new_store()


@pytest.fixture
def asked(cache: BaseCache) -> Iterator[list[list[str]]]:
    """The keys of each `get_many`, which is how the store reads everything."""
    calls: list[list[str]] = []
    get_many = LocMemCache.get_many

    def counted(self: LocMemCache, keys: list[str], version: int | None = None) -> dict:
        calls.append(list(keys))
        return get_many(self, keys, version)

    with mock.patch.object(LocMemCache, "get_many", counted):
        yield calls
