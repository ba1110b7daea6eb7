from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.deployment.rig import Deployment
from tests.simulator import RunningSimulator, running_simulator
from tests.store.servers import CacheServer, free_port

NOVA_VMS = 12


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.caches)
            item.add_marker(pytest.mark.simulator)


@pytest.fixture
def start_deployment(tmp_path: Path) -> Iterator[Callable[[str], Deployment]]:
    """A simulator and a cache of the kind, both of the test's own, and no process yet."""
    with ExitStack() as stack:

        def start(kind: str) -> Deployment:
            simulator: RunningSimulator = stack.enter_context(running_simulator(nova_vms=NOVA_VMS))
            cache = CacheServer(kind, tmp_path, free_port())
            cache.start()
            stack.callback(cache.kill)
            deployment = Deployment(simulator, cache, tmp_path)
            stack.callback(deployment.end)
            return deployment

        yield start


@pytest.fixture(params=["memcached", "redis"])
def deployment(request: Any, start_deployment: Callable[[str], Deployment]) -> Deployment:
    return start_deployment(request.param)


@pytest.fixture
def one_cache(start_deployment: Callable[[str], Deployment]) -> Deployment:
    """For what does not depend on the cache."""
    return start_deployment("memcached")
