"""The tabs of a cluster's DRS: the pages are real, what vCenter and Nova tell is the test's."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest import mock

from openstack_dashboard.test import helpers

from tests.unit.domain import builders
from tests.unit.domain.test_drs import CLUSTER, HOSTS, VMS, place, recommendation, state
from vmware_panel import policy
from vmware_panel.api import drs
from vmware_panel.api.clusters import ClusterReport
from vmware_panel.api.drs import DrsReport, HistoryReport
from vmware_panel.domain.cluster_detail import DrsOverride, DrsRule, RuleKind
from vmware_panel.domain.drs import PRIVILEGE, Owner
from vmware_panel.domain.inventory import MoRef
from vmware_panel.domain.outcome import Trouble, TroubleKind
from vmware_panel.domain.tasks import Move, MoveKind

URL = f"/admin/vmware_clusters/lab/{CLUSTER}/"
HOSTILE = "</script><b>{{ 7 * 7 }}"
NOW = datetime.now(UTC)


def report(**changes: Any) -> DrsReport:
    sound = DrsReport(
        read_at=NOW,
        state=state(),
        places={vm: place(vm) for vm in VMS},
        placed_at=NOW,
        owners={VMS[0]: Owner("11111111-0000", HOSTILE, "alpha")},
        missing_privileges=(),
    )
    return replace(sound, **changes)


def history(*moves: Move, **changes: Any) -> HistoryReport:
    told = HistoryReport(NOW - timedelta(days=7), moves, {VMS[0]: Owner("11", HOSTILE, "alpha")})
    return replace(told, **changes)


def move(**changes: Any) -> Move:
    sound = Move(NOW, MoveKind.DRS, VMS[1], "vm-of-then", "esx-a", "esx-b")
    return replace(sound, **changes)


class TestTabs(helpers.BaseAdminViewTests):
    def setUp(self) -> None:
        super().setUp()
        kept = ClusterReport("lab", CLUSTER, inventory=builders.inventory(builders.vm(1)))
        patch = mock.patch("vmware_panel.api.clusters.cluster_report", return_value=kept)
        patch.start()
        self.addCleanup(patch.stop)

    def tab(self, name: str, told: Any, query: str = "") -> str:
        function = "history_report" if isinstance(told, HistoryReport) else "drs_report"
        asks = name if name == "history" else "drs"
        with (
            mock.patch.object(drs, function, return_value=told) as self.asked,
            mock.patch(f"vmware_panel.panels.clusters.{asks}_tab.vcenter_named"),
        ):
            answer: Any = self.client.get(f"{URL}?tab=cluster__{name}{query}")
        assert answer.status_code == 200
        page = str(answer.content.decode())
        return page[page.index(f'id="cluster__{name}"') :]

    def test_a_recommendation_leads_to_its_plan_and_a_refresh_is_a_post(self) -> None:
        page = self.tab("recommendations", report())
        assert f'href="{URL}recommendations/1/apply"' in page
        assert f'href="{URL}recommendations/all/apply"' in page
        assert f'action="{URL}recommendations/refresh"' in page
        assert "csrfmiddlewaretoken" in page and 'name="nonce"' in page
        assert "esx-host-1" in page and "3 of 5" in page

    def test_names_from_outside_are_escaped(self) -> None:
        page = self.tab("recommendations", report())
        assert "</script><b>" not in page
        assert "&lt;/script&gt;&lt;b&gt;{{ 7 * 7 }}" in page

    def test_what_the_account_may_not_is_grey_and_the_privilege_named(self) -> None:
        page = self.tab("recommendations", report(missing_privileges=(PRIVILEGE,)))
        assert PRIVILEGE in page
        assert "/apply" not in page and "/drs_level" not in page
        assert page.count(f'disabled title="{PRIVILEGE}"') == 5

    def test_what_the_policy_does_not_allow_is_not_there(self) -> None:
        def allowed(request: object, rule: policy.Rule, *more: object) -> bool:
            return rule not in (policy.Rule.APPLY_RECOMMENDATIONS, policy.Rule.CONFIGURE_DRS)

        with mock.patch.object(policy, "allowed", side_effect=allowed):
            page = self.tab("recommendations", report())
        assert "esx-host-1" in page
        assert "/apply" not in page and "/refresh" not in page and "/drs_level" not in page

    def test_without_nova_the_vms_have_vcenters_names_and_that_is_said(self) -> None:
        page = self.tab("recommendations", report(owners=None))
        assert "name of vm-1" in page and "Nova did not answer" in page

    def test_without_vcenter_the_reason_is_said_and_nothing_else(self) -> None:
        for name in ("recommendations", "rules"):
            trouble = Trouble("lab", TroubleKind.TIMEOUT, "slow")
            page = self.tab(name, report(state=None, troubles=(trouble,)))
            assert "could not be read" in page
            assert "recommends nothing" not in page and "no DRS rules" not in page

    def test_drs_that_is_off_or_has_nothing_to_say_is_told_apart(self) -> None:
        off = report(state=state(enabled=False, recommendations=()))
        assert "DRS is off" in self.tab("recommendations", off)
        quiet = report(state=state(recommendations=()))
        assert "recommends nothing at present" in self.tab("recommendations", quiet)

    def test_a_recommendation_that_moves_no_vm_is_left_to_vsphere(self) -> None:
        standby = replace(recommendation(1), migrations=(), host=HOSTS[2])
        page = self.tab("recommendations", report(state=state(recommendations=(standby,))))
        assert "only in vSphere" in page and "/apply" not in page

    def test_a_rule_that_the_books_do_not_agree_on_is_marked_and_who_breaks_it_named(self) -> None:
        rule = DrsRule(
            1,
            HOSTILE,
            RuleKind.ANTI_AFFINITY,
            enabled=True,
            in_compliance=True,
            vms=VMS[:2],
        )
        page = self.tab("rules", report(state=state(rules=(rule,))))
        assert 'class="warning"' in page and "broken" in page and "kept" in page
        assert "</script><b>" not in page

    def test_a_rule_of_vms_that_are_not_known_is_unknown(self) -> None:
        rule = DrsRule(1, "apart", RuleKind.ANTI_AFFINITY, enabled=True, vms=(MoRef("vm-99"),))
        page = self.tab("rules", report(state=state(rules=(rule,))))
        assert "unknown" in page and "broken" not in page and "vm-99" in page

    def test_overrides_that_are_not_in_force_say_so(self) -> None:
        own = DrsOverride(VMS[0], enabled=False)
        page = self.tab("rules", report(state=state(overrides=(own,), overrides_allowed=False)))
        assert "DRS leaves it alone" in page and "these are not in force" in page

    def test_moves_are_listed_with_a_bar_for_each_day_and_the_same_as_a_table(self) -> None:
        page = self.tab("history", history(move(), move(vm=VMS[0], kind=MoveKind.MIGRATED)))
        assert "vm-of-then" in page and "by DRS" in page
        assert page.count('class="vmware-moves-drs"') == 8
        assert "</script><b>" not in page

    def test_the_address_says_what_is_asked_for_and_what_is_wrong_in_it(self) -> None:
        page = self.tab("history", history(move()), "&days=30&vm=THEN")
        assert self.asked.call_args.args[-1] == 30
        assert "vm-of-then" in page
        page = self.tab("history", history(move()), "&days=99&vm=other")
        assert "days: a whole number from 1 to 30" in page
        assert "None of the moves of that time fits" in page

    def test_a_history_that_is_not_whole_says_since_when(self) -> None:
        page = self.tab("history", history(move(), whole=False))
        assert "these are the newest 1" in page

    def test_no_moves_and_no_answer_are_told_apart(self) -> None:
        assert "tells of no moves" in self.tab("history", history())
        trouble = Trouble("lab", TroubleKind.TIMEOUT, "slow")
        page = self.tab("history", history(moves=None, troubles=(trouble,)))
        assert "could not be read" in page and "tells of no moves" not in page


class TestAMember(helpers.TestCase):
    def test_reaches_no_plan_and_nobody_is_asked(self) -> None:
        with mock.patch("vmware_panel.panels.clusters.drs_views.vcenter_named") as asked:
            for path in ("recommendations/all/apply", "recommendations/refresh", "drs_level"):
                assert self.client.get(f"{URL}{path}").status_code == 403, path
                assert self.client.post(f"{URL}{path}", {}).status_code == 403, path
        asked.assert_not_called()
