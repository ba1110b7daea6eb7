"""Refresh now, and how far it is; only the answers of the api are given."""

import json
from dataclasses import replace
from unittest import mock

import pytest
from django.middleware.csrf import CsrfViewMiddleware
from django.test import RequestFactory, override_settings
from openstack_dashboard.test import helpers

from tests.unit.domain import builders
from tests.unit.panels import clouds
from tests.unit.panels.test_instances_page import Page
from vmware_panel import policy
from vmware_panel.api import refresh
from vmware_panel.api.refresh import Progress, progress_of
from vmware_panel.domain.details import DetailKind, detail
from vmware_panel.domain.outcome import Trouble, TroubleKind, told
from vmware_panel.domain.snapshot import CollectorState, CollectorStatus, Snapshot
from vmware_panel.panels.listing.refresh import RefreshView, document, progress_text

URL = "/admin/vmware_instances/"
ASK = "vmware_panel.api.refresh.ask_refresh"
PROGRESS = "vmware_panel.api.refresh.progress"
NOW = builders.READ_AT


def snapshot(state: CollectorState, **changes: object) -> Snapshot:
    status = CollectorStatus(state, NOW, **changes)  # type: ignore[arg-type]
    return Snapshot("b.1", status, NOW, clouds.inventory())


class TestAMember(helpers.TestCase):
    def test_may_neither_ask_nor_look(self) -> None:
        with mock.patch(ASK) as ask, mock.patch(PROGRESS) as look:
            assert self.client.post(f"{URL}refresh").status_code == 403
            assert self.client.get(f"{URL}progress").status_code == 403
        ask.assert_not_called()
        look.assert_not_called()


class TestAnAdmin(helpers.BaseAdminViewTests):
    def test_asks_and_comes_back_to_the_list_as_it_was(self) -> None:
        back = f"{URL}?sort=-name&cluster=blue"
        with mock.patch(ASK, return_value=()) as ask:
            response = self.client.post(f"{URL}refresh", {"next": back})
        assert ask.call_count == 1
        assert (response.status_code, response["Location"]) == (302, back)

    def test_is_led_nowhere_else(self) -> None:
        for elsewhere in ("https://evil.example.org/", "//evil.example.org", "javascript:x", ""):
            with mock.patch(ASK, return_value=()):
                response = self.client.post(f"{URL}refresh", {"next": elsewhere})
            assert response["Location"] == URL, elsewhere

    def test_a_get_asks_nothing(self) -> None:
        with mock.patch(ASK) as ask:
            assert self.client.get(f"{URL}refresh").status_code == 405
        ask.assert_not_called()

    def test_a_store_that_fails_is_said_in_words(self) -> None:
        trouble = Trouble("store", TroubleKind.UNREACHABLE, "refused")
        with mock.patch(ASK, return_value=(trouble,)):
            self.client.post(f"{URL}refresh", {"next": URL})
        with mock.patch(
            "vmware_panel.api.placement.instances_report", return_value=clouds.sound()
        ):
            page = self.client.get(URL).content.decode()
        assert "it cannot be reached" in page

    def test_the_script_gets_texts_and_whether_to_ask_again(self) -> None:
        rows = (Progress("lab", listing=True, listed=12500, expected=40000),)
        with mock.patch(PROGRESS, return_value=rows):
            response = self.client.get(f"{URL}progress")
        said = json.loads(response.content)
        assert said["under_way"] is True
        assert "12,500 of about 40,000" in said["sources"][0]["text"]
        assert response["Cache-Control"] == "no-store"


def test_a_post_without_the_token_is_refused():
    request = RequestFactory().post(f"{URL}refresh")
    answer = CsrfViewMiddleware(lambda _request: None).process_view(
        request, RefreshView.as_view(), (), {}
    )
    assert answer is not None and answer.status_code == 403


@pytest.mark.parametrize(
    ("state", "changes", "under_way", "text"),
    [
        (CollectorState.WATCHING, {}, False, ""),
        (CollectorState.LISTING, {"listed": 7}, True, "7 objects so far"),
        (CollectorState.LISTING, {"listed": 7, "expected": 9}, True, "7 of about 9"),
        (CollectorState.CONNECTING, {}, True, "0 objects so far"),
        (CollectorState.STOPPED, {}, False, ""),
    ],
)
def test_what_a_collector_is_at_is_said(state, changes, under_way, text):
    (found,) = progress_of(["lab"], {"lab": snapshot(state, **changes)}, {})
    assert found.under_way is under_way
    assert text in progress_text(found) and bool(text) is bool(progress_text(found))


def test_a_pass_that_was_asked_for_is_under_way_until_it_is_done():
    asked = replace(snapshot(CollectorState.WATCHING), refresh_wanted="r-1")
    (found,) = progress_of(["lab"], {"lab": asked}, {})
    assert found.under_way and "asked for" in progress_text(found)
    done = replace(asked, status=replace(asked.status, refreshed="r-1"))
    (found,) = progress_of(["lab"], {"lab": done}, {})
    assert not found.under_way


def test_a_pass_that_cannot_come_keeps_no_page_asking():
    asked = replace(snapshot(CollectorState.FAILING), refresh_wanted="r-1")
    trouble = Trouble("lab", TroubleKind.UNREACHABLE)
    (found,) = progress_of(["lab"], {"lab": asked}, {"lab": trouble})
    assert not found.under_way
    assert document([found])["under_way"] is False


def test_nova_counts_its_first_list():
    assert "4,000" in progress_text(Progress(refresh.NOVA, listing=True, listed=4000))


@override_settings(
    VMWARE_PANEL={
        "vcenters": {
            "lab": {"host": "vcenter.invalid", "username": "u", "password": "not a real one"}
        }
    }
)
class TestThePage(Page):
    def test_a_list_under_way_shows_beside_the_age_of_what_stands(self) -> None:
        status = snapshot(CollectorState.LISTING, listed=300, expected=1200)
        report = replace(clouds.sound(), snapshots={"lab": status})
        page = self.page("", report)
        assert "Reading everything: 300 of about 1,200 objects" in page
        assert '<progress value="300" max="1200"' in page
        assert f'data-vmware-progress="{URL}progress"' in page
        assert "<time" in page and "web-10" in page, "what was read before stands"

    def test_a_first_list_is_no_trouble(self) -> None:
        status = replace(snapshot(CollectorState.LISTING, listed=300), inventory=None)
        report = clouds.report(
            None, complete=False, troubles=(Trouble("lab", TroubleKind.NOT_YET),)
        )
        page = self.page("", replace(report, snapshots={"lab": status}))
        assert "300 objects so far" in page and "not read yet" in page
        assert "alert-warning" not in page, "a first list is nothing to warn of"
        assert "web-10" in page, "Nova's half shows meanwhile"

    def test_a_vcenter_that_is_away_shows_its_last_word_and_that_it_is_old(self) -> None:
        trouble = Trouble("lab", TroubleKind.UNREACHABLE)
        failing = snapshot(CollectorState.FAILING, trouble=trouble)
        page = self.page(
            "", replace(clouds.sound(), snapshots={"lab": failing}, troubles=(trouble,))
        )
        assert "not since" in page and "it cannot be reached" in page
        assert "esx-1" in page and "data-vmware-progress" not in page

    def test_novas_first_list_shows_how_far_it_is(self) -> None:
        trouble = told("nova", TroubleKind.NOT_YET, detail(DetailKind.SERVERS_READ, "4,000"))
        page = self.page("", replace(clouds.sound(), placements=None, troubles=(trouble,)))
        assert "servers read so far: 4,000" in page and "data-vmware-progress" in page
        assert "did not answer" not in page and "alert-danger" not in page

    def test_the_button_is_not_there_for_who_may_not(self) -> None:
        assert "Refresh now" in self.page()

        def but_this(_request: object, rule: policy.Rule, _target: object = None) -> bool:
            return rule is not policy.Rule.REFRESH_INVENTORY

        with mock.patch("vmware_panel.policy.allowed", but_this):
            assert "Refresh now" not in self.page()
