from collections.abc import Iterator

import pytest

from tests.network_guard import loopback, only_to


@pytest.fixture(scope="session", autouse=True)
def this_machine_only() -> Iterator[None]:
    """No test of any kind leaves this machine."""
    with only_to(loopback) as refused:
        yield
    assert not refused, f"tests tried to connect to {sorted(set(refused))}"
