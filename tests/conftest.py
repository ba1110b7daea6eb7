from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from tests.network_guard import loopback, only_to

if TYPE_CHECKING:
    from tests.lab_run import RunningLab


# Every run tries the same examples: what fails, fails for its change. `--hypothesis-profile=search`
# looks for others. A machine that stands still for a moment is no fault of the code under test.
settings.register_profile("search", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("same", settings.get_profile("search"), derandomize=True)
settings.load_profile("same")


@pytest.fixture(scope="session", autouse=True)
def this_machine_only() -> Iterator[None]:
    """No test of any kind leaves this machine."""
    with only_to(loopback) as refused:
        yield
    assert not refused, f"tests tried to connect to {sorted(set(refused))}"


@pytest.fixture(scope="session")
def lab() -> Iterator["RunningLab"]:
    """An OpenStack on a vCenter simulator, with Horizon in front; up once for the whole run."""
    from tests.lab_run import lab_for_tests  # what it imports takes seconds

    with lab_for_tests() as running:
        yield running


# In a real cloud much comes by itself, in an order that nobody promises: a test that looked too early
# gets a second go, when what disturbed it may be over, and the run's summary says so, for it is to be
# mended. All others get none.
SECOND_GO = pytest.mark.flaky(reruns=1, reruns_delay=20, rerun_except=["the lab did not come up"])
# Bringing it up, which may have to build the databases before, counts towards the first test's time.
WITH_THE_LABS_START = pytest.mark.timeout(1200)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes the lab's vCenter away comes last."""
    for item in items:
        if item.get_closest_marker("lab") is not None:
            item.add_marker(SECOND_GO)
    items.sort(key=lambda item: item.get_closest_marker("order_last") is not None)
    first = next((item for item in items if item.get_closest_marker("lab") is not None), None)
    if first is not None:
        first.add_marker(WITH_THE_LABS_START, append=False)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for report in terminalreporter.stats.get("rerun", ()):
        terminalreporter.section(f"{report.nodeid} needed a second go", red=True)
        terminalreporter.line(report.longreprtext)
