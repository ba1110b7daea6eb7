from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from pyVmomi import vim

from tests.simulator import RunningSimulator, running_simulator
from tests.vsphere.rig import authority, clock, new_client, reader, vcenter

__all__ = ["authority", "clock", "new_client", "reader", "vcenter"]  # fixtures


@pytest.fixture(scope="session")
def simulator() -> Iterator[RunningSimulator]:
    """Two clusters of three hosts with twelve VMs of Nova's and eight others.

    For tests that change nothing in it; those that do start one by `start_simulator`.
    """
    with running_simulator(nova_vms=12, outside_vms=8) as running:
        yield running


@pytest.fixture
def start_simulator() -> Iterator[Callable[..., RunningSimulator]]:
    """Starts a simulator with options of its own, gone after the test."""
    with ExitStack() as stack:
        yield lambda **options: stack.enter_context(running_simulator(**options))


@pytest.fixture
def service(simulator: RunningSimulator) -> Iterator[vim.ServiceInstance]:
    """A session with the shared simulator."""
    with simulator.login.connected() as connected:
        yield connected


@pytest.fixture
def content(service: vim.ServiceInstance) -> Any:
    return service.RetrieveContent()
