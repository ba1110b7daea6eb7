from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import caches
from django.test import override_settings

from tests.store.servers import ALIAS, CacheServer, free_port
from vmware_panel.store import CacheStore


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.caches)


@pytest.fixture
def start_server(tmp_path: Path) -> Iterator[Callable[..., CacheServer]]:
    """Starts one, and makes it the alias of this process."""
    with ExitStack() as stack:

        def start(kind: str, **options: Any) -> CacheServer:
            server = CacheServer(kind, tmp_path, free_port(), **options)
            server.start()
            stack.callback(server.kill)
            stack.enter_context(override_settings(CACHES=server.caches))
            stack.callback(lambda: caches[ALIAS].close())
            return server

        yield start


@pytest.fixture(params=["memcached", "redis"])
def server(request: Any, start_server: Callable[..., CacheServer]) -> CacheServer:
    return start_server(request.param)


@pytest.fixture
def new_store(server: CacheServer) -> Callable[[], CacheStore]:
    return lambda: CacheStore(ALIAS)
