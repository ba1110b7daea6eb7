"""What the tests of the vSphere adapter share: a simulator, a fault proxy before it, clients."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import pytest

from tests.simulator import RunningSimulator
from tests.vsphere.certificates import Authority
from tests.vsphere.fault_proxy import FaultProxy, fault_proxy
from vmware_panel.vsphere import Endpoint, VCenterClient
from vmware_panel.vsphere.session import Session

NOVA_VMS = 12  # in the simulator that the tests share
OUTSIDE_VMS = 8


@dataclass
class VCenter:
    """A simulator behind a fault proxy with a certificate of its own."""

    simulator: RunningSimulator
    proxy: FaultProxy
    endpoint: Endpoint

    def endpoint_with(self, **changes: Any) -> Endpoint:
        return replace(self.endpoint, **changes)


def endpoint_of(simulator: RunningSimulator) -> Endpoint:
    """Straight to a simulator, by the certificate of its own."""
    return Endpoint(
        name="west",
        host=simulator.host,
        port=simulator.port,
        username=simulator.user,
        password=lambda: simulator.password,
        ca_file=str(simulator.ca_file),
    )


class Clock:
    """A clock that stands still until it is told to go on."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s

    def forward(self, seconds: float) -> None:
        self.now_s += seconds


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture
def vcenter(simulator: RunningSimulator, authority: Authority) -> Iterator[VCenter]:
    """Behind a proxy of the test's own, so that nothing spoilt outlives the test."""
    with behind_proxy(simulator, authority) as vcenter:
        yield vcenter


@contextmanager
def behind_proxy(simulator: RunningSimulator, authority: Authority) -> Iterator[VCenter]:
    certificate, key = authority.issue("127.0.0.1", "localhost")
    with fault_proxy(simulator.port, certificate, key) as proxy:
        endpoint = replace(endpoint_of(simulator), port=proxy.port, ca_file=str(authority.ca_file))
        yield VCenter(simulator, proxy, endpoint)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def new_client(clock: Clock) -> Iterator[Callable[[Endpoint], VCenterClient]]:
    """Makes clients with the test's clock, and logs them out at the end."""
    made: list[VCenterClient] = []

    def make(endpoint: Endpoint) -> VCenterClient:
        reader = VCenterClient(endpoint, Session(endpoint, clock=clock, jitter=lambda: 1.0))
        made.append(reader)
        return reader

    yield make
    for reader in made:
        reader.close()


@pytest.fixture
def reader(vcenter: VCenter, new_client: Callable[[Endpoint], VCenterClient]) -> VCenterClient:
    """A client of `vcenter`, not yet logged in."""
    return new_client(vcenter.endpoint)
