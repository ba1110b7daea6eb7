"""Chromium in front of the lab's Horizon. Screenshot and page are kept only of what failed."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser import Browser, chromium
from tests.lab_run import RunningLab

KEPT = Path(__file__).parents[2] / ".cache" / "failures"

_failed = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if report.when == "call":
        item.stash[_failed] = report.failed
    return report


@pytest.fixture(scope="session")
def admin_session(lab: RunningLab) -> Iterator[Browser]:
    with chromium(lab.horizon_url) as browser:
        yield browser


@pytest.fixture(scope="session")
def member_session(lab: RunningLab) -> Iterator[Browser]:
    with chromium(lab.horizon_url) as browser:
        yield browser


def _kept_if_failed(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Browser]:
    yield browser
    if request.node.stash.get(_failed, False):
        browser.keep(KEPT, re.sub(r"\W+", "_", request.node.name))


@pytest.fixture
def admin(
    admin_session: Browser, lab: RunningLab, request: pytest.FixtureRequest
) -> Iterator[Browser]:
    """Logged in as the cloud's admin."""
    admin_session.stay_logged_in("admin", lab.settings.password)
    yield from _kept_if_failed(admin_session, request)


@pytest.fixture
def member(
    member_session: Browser, lab: RunningLab, request: pytest.FixtureRequest
) -> Iterator[Browser]:
    """Logged in as a plain member of the project `web`."""
    member_session.stay_logged_in("wendy", lab.settings.password)
    yield from _kept_if_failed(member_session, request)
