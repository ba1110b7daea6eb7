"""Pages answer while vCenter does not: first it hangs, then it is gone. Runs after all others."""

import os
import signal
import socket
import time
from contextlib import suppress

import pytest

from lab.settings import HOST
from tests.browser import Browser
from tests.lab_run import RunningLab
from tests.selenium.pages import PANEL, horizons_row, open_tab
from tests.selenium.waiting import eventually

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


def listens(lab: RunningLab) -> bool:
    with suppress(OSError):
        socket.create_connection((HOST, lab.settings.ports["vcenter"]), timeout=10).close()
        return True
    return False


def expect_the_trouble_in_the_lists(admin: Browser) -> None:
    """As soon as the collector has noticed: within a wait and its deadline."""
    eventually(lambda: is_away(admin), "the list says that vCenter is away")
    assert admin.text(".vmware-panel .alert")
    admin.open("/admin/instances/")
    note = admin.text(".vmware-columns-note")
    assert "show what it held when it was last read" in note, note
    assert "is shown as unknown" not in note


def is_away(admin: Browser) -> bool:
    admin.open(PANEL)
    return "not since" in admin.text(".vmware-answers")


def test_the_pages_answer_while_vcenter_hangs(admin: Browser, lab: RunningLab):
    server_id = lab.server_id(NAME)
    with lab.vcenter_hanging():
        expect_what_is_known(admin, lab)
        expect_the_trouble_in_the_lists(admin)
    eventually(
        lambda: "DC0_C0" in open_tab(admin, server_id) and not admin.all(LAST_SEEN),
        "the tab recovers when vCenter does",
    )
    eventually(lambda: not is_away(admin), "the list recovers when vCenter does")


def test_the_pages_answer_when_vcenter_is_gone(admin: Browser, lab: RunningLab):
    with suppress(ProcessLookupError):  # gone already, in a second go
        os.kill(lab.vcenter_pid(), signal.SIGTERM)
    eventually(lambda: not listens(lab), "vCenter takes no connection")
    expect_what_is_known(admin, lab)
    expect_the_trouble_in_the_lists(admin)
