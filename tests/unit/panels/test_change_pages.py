"""The page of a plan, whatever the change: shown by GET, made by POST; only the change is a sample."""

import re
from typing import Any
from unittest import mock

import pytest
from django.core.cache import cache
from django.middleware.csrf import CsrfViewMiddleware
from django.test import RequestFactory
from django.urls import resolve, reverse
from openstack_dashboard.test import helpers

from tests.unit.changes import SampleChange
from vmware_panel.api.changing import Made
from vmware_panel.domain.inventory import MoRef
from vmware_panel.domain.outcome import TroubleKind
from vmware_panel.domain.plans import Caution, CautionKind, Refusal, RefusalKind
from vmware_panel.vsphere.errors import CannotConnect, Unanswered, VSphereError

URL = "/admin/vmware_clusters/west/domain-c1/services/compute-1/disable"
BACK = "/admin/vmware_clusters/west/domain-c1/"
CHANGE = "vmware_panel.panels.clusters.service_views.ServiceChange"


CHANGES: dict[str, dict[str, str]] = {
    "vmware_clusters:disable_service": {"host": "compute-1"},
    "vmware_clusters:enable_service": {"host": "compute-1"},
    "vmware_clusters:allocation_ratio": {},
    "vmware_clusters:refresh_recommendations": {},
    "vmware_clusters:apply_recommendations": {"key": "all"},
    "vmware_clusters:drs_level": {},
    "vmware_hosts:enter_maintenance": {},
    "vmware_hosts:exit_maintenance": {},
    "vmware_datastores:refresh_space": {},
}


def hidden(page: str) -> dict[str, str]:
    found = re.findall(r'<input type="hidden" name="(\w+)" value="(\w*)"', page)
    return {name: value for name, value in found if name in ("fingerprint", "nonce")}


class TestAMember(helpers.TestCase):
    def test_neither_sees_a_plan_nor_makes_a_change(self) -> None:
        with mock.patch(CHANGE) as change:
            assert self.client.get(URL).status_code == 403
            assert self.client.post(URL, {"reason": "x"}).status_code == 403
        change.assert_not_called()


class TestAnAdmin(helpers.BaseAdminViewTests):
    def setUp(self) -> None:
        super().setUp()
        cache.clear()
        self.change = SampleChange()
        patch = mock.patch(CHANGE, return_value=self.change)
        patch.start()
        self.addCleanup(patch.stop)

    def page(self) -> str:
        return str(self.client.get(URL).content.decode())

    def confirm(self, page: str, **changes: str) -> Any:
        return self.client.post(URL, {**hidden(page), "reason": "patching", **changes})

    def test_looking_at_a_plan_sends_nothing(self) -> None:
        page = self.page()
        assert 'name="reason"' in page and "csrfmiddlewaretoken" in page
        assert (self.change.planned, self.change.sent) == (1, 0)

    def test_confirming_makes_it_and_leads_to_where_it_can_be_followed(self) -> None:
        answer = self.confirm(self.page())
        assert answer.status_code == 302 and self.change.sent == 1
        assert answer["Location"].startswith("/admin/vmware_tasks/west/follow?")
        assert "task=task-1" in answer["Location"]

    def test_a_change_without_a_task_leads_back(self) -> None:
        self.change.answer = Made()
        assert self.confirm(self.page())["Location"] == BACK

    def test_a_missing_detail_is_named_and_the_rest_kept(self) -> None:
        answer = self.confirm(self.page(), reason="")
        assert answer.status_code == 400 and self.change.sent == 0
        assert "Write a reason" in answer.content.decode()
        answer = self.confirm(self.page(), reason="x" * 256)
        assert answer.status_code == 400 and "x" * 256 in answer.content.decode()

    def test_another_state_shows_the_new_plan_which_can_be_confirmed(self) -> None:
        page = self.page()
        self.change.basis = ("host-9",)
        answer = self.confirm(page)
        shown = answer.content.decode()
        assert answer.status_code == 409 and self.change.sent == 0
        assert "not as it was when you looked" in shown and "patching" in shown
        assert self.confirm(shown).status_code == 302

    def test_a_refusal_takes_the_button_away_and_says_why(self) -> None:
        page = self.page()
        self.change.refusals = (Refusal(RefusalKind.NO_ROOM, "<b>shop</b>", "8 GiB"),)
        for shown in (self.page(), self.confirm(page).content.decode()):
            assert "The other hosts do not hold &lt;b&gt;shop&lt;/b&gt;: 8 GiB" in shown
            assert 'name="fingerprint"' not in shown
        assert self.change.sent == 0

    def test_the_second_of_the_same_form_is_led_to_what_came_of_the_first(self) -> None:
        page = self.page()
        first, second = self.confirm(page), self.confirm(page)
        assert first["Location"].split("&next")[0] == second["Location"].split("&next")[0]
        assert self.change.sent == 1

    def test_a_lost_answer_leads_to_the_tasks_since_then_and_says_so(self) -> None:
        self.change.answer = Unanswered(TroubleKind.TIMEOUT, "no answer", source="west")
        answer = self.confirm(self.page())
        assert "entity=vm-7" in answer["Location"] and "lost=1" in answer["Location"]

    def test_what_vcenter_refuses_is_told_and_the_plan_stays(self) -> None:
        error = VSphereError(
            TroubleKind.FORBIDDEN, "said", source="west", missing_privilege="Host.Config.X"
        )
        error.fault = "NoPermission"
        self.change.answer = error
        answer = self.confirm(self.page())
        shown = answer.content.decode()
        assert answer.status_code == 409
        assert "Nothing was changed" in shown and "Host.Config.X" in shown

    def test_a_vcenter_that_is_down_gives_no_plan_and_no_button(self) -> None:
        gone = CannotConnect(TroubleKind.UNREACHABLE, "refused", source="west")
        with mock.patch.object(self.change, "plan", side_effect=gone):
            page = self.page()
        assert "cannot be reached" in page and 'name="fingerprint"' not in page
        assert "The plan of a change" in page

    def test_a_caution_is_said_and_keeps_nobody_from_it(self) -> None:
        caution = Caution(CautionKind.STAYS_RUNNING, "compute-1", "7")
        plan = self.change.plan()
        with mock.patch.object(
            self.change,
            "plan",
            return_value=type(plan)(**{**vars_of(plan), "cautions": (caution,)}),
        ):
            page = self.page()
            assert "goes on running (instances: 7)" in page
            assert self.confirm(page).status_code == 302

    def test_more_than_a_hundred_things_to_follow_stay_a_usable_address(self) -> None:
        self.change.answer = Made(follow=tuple(MoRef(f"vm-{n}") for n in range(500)))
        assert len(self.confirm(self.page())["Location"]) < 4000


OF_THE_CACHE = ("vmware_image_cache:purge", "vmware_image_cache:mark")


@pytest.mark.parametrize("name", [*CHANGES, *OF_THE_CACHE])
def test_a_post_without_the_token_is_refused(name: str) -> None:
    kwargs = {"vcenter": "west", "moref": "domain-c1", **CHANGES.get(name, {})}
    kwargs = {} if name in OF_THE_CACHE else kwargs
    address = reverse(f"horizon:admin:{name}", kwargs=kwargs)
    found = resolve(address)
    request = RequestFactory().post(address)
    answer = CsrfViewMiddleware(lambda _request: None).process_view(
        request, found.func, found.args, found.kwargs
    )
    assert answer is not None and answer.status_code == 403


def vars_of(plan: Any) -> dict[str, Any]:
    return {name: getattr(plan, name) for name in plan.__dataclass_fields__}
