from collections.abc import Iterator

import pytest

from tests.network_guard import loopback, only_to
from tests.unit.openstack.fake_cloud import FakeServer, serving
from vmware_panel.openstack import Access, Service

TOKEN = "gAAAAABtoken-of-the-user-that-nobody-may-see"


@pytest.fixture(autouse=True)
def no_network() -> Iterator[None]:
    """These tests speak HTTP to a server of their own, and to nothing else."""
    with only_to(loopback) as refused:
        yield
    assert not refused, f"tried to connect to {sorted(set(refused))}"


@pytest.fixture
def cloud() -> Iterator[FakeServer]:
    with serving() as server:
        yield server


@pytest.fixture
def access(cloud: FakeServer) -> Access:
    return access_to(cloud.url)


def access_to(url: str, timeout_s: float = 5.0, **more: object) -> Access:
    endpoints = {
        Service.NOVA: f"{url}/v2.1",
        Service.GLANCE: url,
        Service.CINDER: f"{url}/v3/project",
        Service.PLACEMENT: f"{url}/placement",
    }
    return Access(TOKEN, endpoints, timeout_s=timeout_s, **more)  # type: ignore[arg-type]
