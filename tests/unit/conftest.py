from collections.abc import Iterator

import pytest

from tests.network_guard import loopback, nowhere, only_to


@pytest.fixture(autouse=True)
def no_network(request: pytest.FixtureRequest) -> Iterator[None]:
    """A unit test opens no connection, or is marked as one with a server of its own."""
    marked = request.node.get_closest_marker("loopback")
    with only_to(loopback if marked else nowhere) as refused:
        yield
    assert not refused, f"tried to connect to {sorted(set(refused))}"
