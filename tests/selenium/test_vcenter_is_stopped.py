"""Pages answer while vCenter does not: first it hangs, then it is gone. Runs after all others."""

import os
import signal
import time

import pytest

from tests.browser import Browser
from tests.lab_run import RunningLab
from tests.selenium.pages import PANEL, horizons_row, open_tab

pytestmark = [
    pytest.mark.lab,
    pytest.mark.selenium,
    pytest.mark.timeout(600),
    pytest.mark.order_last,
]

NAME = "shop-frontend-1"
LAST_SEEN = ".vmware-last-seen"
DEADLINE_S = 90
"""Longer than every deadline of the settings: a page that takes so long would have hung."""


def expect_what_is_known(admin: Browser, lab: RunningLab) -> None:
    """The tab has Nova's half, and where it was; the lists have vCenter's last word, and its age."""
    server_id = lab.server_id(NAME)
    started = time.monotonic()
    text = open_tab(admin, server_id)
    assert "vmware-c0" in text, "the tab lost Nova's half"
    assert "DC0_C0" in admin.text(LAST_SEEN), "the tab does not say where it was seen last"
    assert "lab" in text and ("could not be read" in text or "did not" in text)
    admin.open(f"{PANEL}?q={NAME}")
    assert "DC0_C0" in admin.text(".vmware-panel table"), "the list lost what was collected"
    assert admin.one(".vmware-answers time")
    assert "DC0_C0" in horizons_row(admin, server_id).text
    assert time.monotonic() - started < 3 * DEADLINE_S


def expect_the_trouble_in_the_list(admin: Browser) -> None:
    """As soon as the collector has noticed: within a wait and its deadline."""
    until = time.monotonic() + DEADLINE_S
    while True:
        admin.open(PANEL)
        said = admin.text(".vmware-answers")
        if "not since" in said:
            break
        assert time.monotonic() < until, f"the list never says that vCenter is away: {said}"
        time.sleep(2)
    assert admin.text(".vmware-panel .alert")


def test_the_pages_answer_while_vcenter_hangs(admin: Browser, lab: RunningLab):
    server_id = lab.server_id(NAME)
    with lab.vcenter_hanging():
        expect_what_is_known(admin, lab)
        expect_the_trouble_in_the_list(admin)
    until = time.monotonic() + 60
    while "DC0_C0" not in open_tab(admin, server_id) or admin.all(LAST_SEEN):
        assert time.monotonic() < until, "the tab does not recover when vCenter does"
        time.sleep(2)
    while True:
        admin.open(PANEL)
        if "not since" not in admin.text(".vmware-answers"):
            break
        assert time.monotonic() < until, "the list does not recover when vCenter does"
        time.sleep(2)


def test_the_pages_answer_when_vcenter_is_gone(admin: Browser, lab: RunningLab):
    os.kill(lab.vcenter_pid(), signal.SIGTERM)
    time.sleep(2)
    expect_what_is_known(admin, lab)
    expect_the_trouble_in_the_list(admin)
