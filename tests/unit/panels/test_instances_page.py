"""The page as a browser gets it; only the answer of `instances_report` is given to it."""

import dataclasses
import re
from typing import Any
from unittest import mock

from django.test import override_settings
from openstack_dashboard.test import helpers

from tests.unit.domain import builders
from tests.unit.panels import clouds
from tests.unit.panels.answers import ours
from vmware_panel.api.placement import InstancesReport
from vmware_panel.config import ConfigError
from vmware_panel.domain.cloud import ComputeService, ServiceState
from vmware_panel.domain.inventory import Cluster, Datastore, MoRef
from vmware_panel.domain.kept import Kept
from vmware_panel.domain.outcome import Trouble, TroubleKind
from vmware_panel.settings_reader import ConfigFault

URL = "/admin/vmware_instances/"
REPORT = "vmware_panel.api.placement.instances_report"
HOSTILE = "<script>alert(1)</script>\"'&{$ 1+1 $}{{ 7*7 }}{% now %}=cmd()"


class Page(helpers.BaseAdminViewTests):
    def page(self, query: str = "", report: InstancesReport | None = None) -> str:
        """The part of the page that is ours."""
        with mock.patch(REPORT, return_value=report or clouds.sound()):
            response = self.client.get(URL + query)
        self.response: Any = response
        return ours(response)

    def names(self, query: str = "", report: InstancesReport | None = None) -> list[str]:
        cells = re.findall(r'<th scope="row">(.*?)</th>', self.page(query, report))
        return [re.sub("<.*?>", "", cell) for cell in cells]


class TestWhatItShows(Page):
    def test_every_instance_in_natural_order(self) -> None:
        assert self.names() == ["on-kvm", "web-1", "web-2", "web-3", "web-10"]

    def test_both_halves_of_an_instance(self) -> None:
        page = self.page("?name=web-10")
        for words in ("beta", "ACTIVE", "compute-1", "blue", "esx-1", "ds1, ds2", "up, enabled"):
            assert words in page, words

    def test_links_to_instance_project_and_hypervisor(self) -> None:
        page = self.page("?name=web-10")
        instance = f"/admin/instances/{builders.uuid_of(10)}/detail?tab=instance_details__vmware"
        assert f'<a href="{instance}">web-10</a>' in page
        assert '<a href="/identity/p2/detail/">beta</a>' in page
        assert f'href="/admin/hypervisors/11_{builders.node_name()}/"' in page
        for path in (instance, "/identity/p2/detail/"):
            self.assertNotEqual(None, self._resolved(path.partition("?")[0]))

    def _resolved(self, path: str) -> Any:
        from django.urls import resolve

        return resolve(path)

    def test_a_disagreement_in_words(self) -> None:
        page = self.page("?name=web-2")
        assert "Nova says running, vCenter says powered off." in page

    def test_a_kvm_instance_is_a_normal_row(self) -> None:
        page = self.page("?name=on-kvm")
        assert "not on vCenter" in page and "unknown" not in page.partition("<tbody>")[2]

    def test_a_compute_service_that_is_disabled_with_its_reason(self) -> None:
        report = clouds.report([builders.server(1, compute_host="compute-2")], clouds.inventory())
        page = self.page("", report)
        assert "up, disabled" in page and "patching" in page

    def test_the_overview(self) -> None:
        page = self.page()
        assert "5 instances on 1 ESX host" in page
        assert '<a href="?disagreement=any">2 disagree</a>' in page
        assert self.names("?disagreement=any") == ["web-2", "web-3"]

    def test_whose_book_each_column_is(self) -> None:
        page = self.page()
        assert '<th scope="colgroup" colspan="3">Nova</th>' in page
        assert '<th scope="colgroup" colspan="4">vCenter</th>' in page

    def test_the_table_can_be_read_without_eyes(self) -> None:
        page = self.page("?sort=-host")
        assert '<th scope="col" aria-sort="descending">' in page
        assert page.count("aria-sort") == 1
        assert "<caption" in page and 'role="region" tabindex="0"' in page
        ids = re.findall(r' id="([^"]+)"', page)
        assert len(ids) == len(set(ids))
        for field in re.findall(r'<(?:select|input)[^>]* id="([^"]+)"', page):
            assert f'for="{field}"' in page, f"{field} has no label"

    def test_nothing_in_it_needs_inline_script_or_style(self) -> None:
        page = self.page()
        assert not re.search(r"<script|<style| style=| on[a-z]+=", page)

    def test_horizons_script_does_not_read_names_as_templates(self) -> None:
        assert '<div class="vmware-panel" ng-non-bindable>' in self.page()

    def test_the_panel_stands_in_a_group_of_its_own_right_after_compute(self) -> None:
        import horizon

        groups = list(horizon.get_dashboard("admin").get_panel_groups())
        assert groups[groups.index("compute") + 1] == "vmware"

    def test_without_any_instance_it_says_so(self) -> None:
        assert "There is no instance in any project" in self.page("", clouds.report([]))


class TestFilters(Page):
    def test_each_of_them(self) -> None:
        for query, expected in {
            "q=ds2": ["web-10"],
            "name=10": ["web-10"],
            f"name={builders.uuid_of(2)}": ["web-2"],
            "project=p2": ["web-10"],
            "project=beta": ["web-10"],
            "status=ERROR": ["web-3"],
            "compute=kvm-1": ["on-kvm"],
            "placed=missing": ["web-3"],
            "vcenter=lab": ["web-1", "web-2", "web-3", "web-10"],
            "cluster=blue": ["web-1", "web-2", "web-10"],
            "host=esx-1": ["web-1", "web-2", "web-10"],
            "host=~none": ["on-kvm", "web-3"],
            "datastore=ds2": ["web-10"],
            "disagreement=power_state": ["web-2"],
            "disagreement=none": ["on-kvm", "web-1", "web-10"],
            "disagreement=none&cluster=blue&sort=-name": ["web-10", "web-1"],
        }.items():
            assert self.names(f"?{query}") == expected, query

    def test_an_emptied_host_has_no_instance_and_is_no_mistake(self) -> None:
        page = self.page("?host=esx-empty")
        assert "No instance matches." in page and "cannot be followed" not in page

    def test_a_wrong_value_names_the_field_and_the_allowed_ones_and_keeps_the_rest(self) -> None:
        page = self.page("?host=esx-7&status=ERROR&sort=nope&page=0&size=x&bogus=1")
        for words in (
            "ESX host: “esx-7”",
            "esx-1",
            "Sort: “nope”",
            "Page: “0”",
            "Rows a page: “x”",
        ):
            assert words in page, words
        assert "bogus: there is no such parameter" in page
        assert self.names("?host=esx-7&status=ERROR") == ["web-3"]

    def test_an_address_keeps_nothing_empty(self) -> None:
        with mock.patch(REPORT) as report:
            response = self.client.get(URL + "?q=&name=web&host=&sort=-host")
            assert response["Location"] == URL + "?name=web&sort=-host"
            assert self.client.get(URL + "?q=")["Location"] == URL
        report.assert_not_called()

    def test_the_chosen_ones_stay_in_the_form_the_links_and_the_exports(self) -> None:
        page = self.page("?cluster=blue&sort=-host&size=50")
        assert '<option value="blue" selected>blue</option>' in page
        assert '<input type="hidden" name="sort" value="-host">' in page
        assert 'href="?cluster=blue&amp;sort=name&amp;size=50"' in page
        assert f'href="{URL}export/csv?cluster=blue&amp;sort=-host"' in page

    def test_the_users_own_page_size_is_the_default(self) -> None:
        self.client.cookies["API_RESULT_PAGE_SIZE"] = "3"
        assert len(self.names()) == 3
        assert 'rel="next" href="?page=2"' in self.page()
        assert len(self.names("?size=20")) == 5

    @override_settings(API_RESULT_LIMIT=2)
    def test_a_page_size_beyond_horizons_limit_is_cut(self) -> None:
        self.client.cookies["API_RESULT_PAGE_SIZE"] = "100000"
        assert len(self.names()) == 2

    def test_thousands_of_hosts_make_no_list_of_thousands(self) -> None:
        page = self.page("", clouds.many(2000, 2000))
        assert page.count("<option") < 400
        assert '<datalist id="filter_host_values">' in page
        assert self.names("?host=esx-77", clouds.many(2000, 2000)) == ["web-76"]


@override_settings(
    VMWARE_PANEL={
        "vcenters": {
            "lab": {"host": "vcenter.invalid", "username": "u", "password": "p"},
            "second": {"host": "second.invalid", "username": "u", "password": "p"},
        }
    }
)
class TestWhenSomethingIsMissing(Page):
    def test_a_vcenter_that_is_down_leaves_the_openstack_half(self) -> None:
        trouble = Trouble("lab", TroubleKind.CERTIFICATE, "self-signed certificate")
        page = self.page("", clouds.report(None, troubles=(trouble,), complete=False))
        assert "vCenter lab: its certificate is not one that this Horizon trusts." in page
        assert "self-signed certificate" in page
        assert "vCenter lab: did not answer" in page
        assert "5 instances · ESX hosts unknown · none known to disagree" in page
        assert '<a href="?disagreement=~unknown">4 unknown</a>' in page
        assert "0 ESX hosts" not in page and "0 disagree" not in page
        row = page.partition(">web-1<")[2].partition("</tr>")[0]
        assert "compute-1" in row and row.count(">unknown<") == 5

    def test_one_vcenter_of_two(self) -> None:
        trouble = Trouble("second", TroubleKind.TIMEOUT)
        page = self.page(
            "", clouds.report(None, clouds.inventory(), troubles=(trouble,), complete=False)
        )
        assert "vCenter second: did not answer" in page
        assert re.search("vCenter lab: <strong>old, read <time", page), "its book is of 3 a.m."

    def test_a_filter_that_only_vcenter_can_decide_says_how_many_it_could_not(self) -> None:
        report = clouds.report(
            None, complete=False, troubles=(Trouble("lab", TroubleKind.TIMEOUT),)
        )
        page = self.page("?host=esx-1", report)
        assert "No instance matches." in page and "4 more may belong here" in page

    def test_nova_down_is_not_no_instance(self) -> None:
        trouble = Trouble("nova", TroubleKind.UNREACHABLE, "HTTP 503")
        read = (clouds.inventory(),)
        report = InstancesReport(placements=None, inventories=read, troubles=(trouble,))
        page = self.page("", report)
        assert "Nova did not answer, so which instances there are is unknown." in page
        assert "Nova: it cannot be reached." in page
        assert "vCenter lab: " in page and "<time" in page, "when vCenter was read"
        assert "No instance" not in page and "<table" not in page

    def test_a_service_that_only_adds_to_the_rows(self) -> None:
        trouble = Trouble("keystone", TroubleKind.FORBIDDEN)
        report = clouds.report(None, clouds.inventory(), troubles=(trouble,), project_names={})
        page = self.page("", report)
        assert "Keystone: your roles do not allow to read this." in page
        assert ">p2</a>" in page, "the project goes by its id"

    def test_services_that_nova_did_not_tell_have_an_unknown_state(self) -> None:
        report = clouds.report(None, clouds.inventory(), services=False)
        assert "state unknown" in self.page("", report)

    def test_without_any_vcenter_it_says_what_to_write(self) -> None:
        with override_settings(VMWARE_PANEL=None):
            page = self.page("", clouds.report(None, configured=False))
        assert "No vCenter is configured for this region" in page
        assert "VMWARE_PANEL = {" in page and "password_file" in page
        assert "vCenter not configured" in page

    def test_settings_that_cannot_be_read_are_named(self) -> None:
        fault = ConfigFault("vcenters.lab.host", "is missing", "Write the host")
        with mock.patch(REPORT, side_effect=ConfigError([fault])):
            page = self.client.get(URL).content.decode()
        assert "VMWARE_PANEL.vcenters.lab.host is missing. Write the host." in page


class TestHostileNames(Page):
    def test_none_of_them_is_markup_or_a_template(self) -> None:
        inventory = builders.inventory(
            builders.vm(1, power=None, name=HOSTILE),
            clusters=(Cluster(MoRef("domain-c1"), HOSTILE, root_pool=MoRef("resgroup-1")),),
            hosts=(dataclasses.replace(builders.esx_host(1), name=HOSTILE, in_maintenance=True),),
            datastores=(Datastore(MoRef("datastore-1"), HOSTILE),),
        )
        server = builders.server(
            1, name=HOSTILE, compute_host=HOSTILE, project_id="p1", status=HOSTILE
        )
        service = ComputeService(
            "9", HOSTILE, enabled=False, disabled_reason=HOSTILE, state=ServiceState.UP
        )
        report = clouds.report([server], inventory, project_names={"p1": HOSTILE})
        (placement,) = report.placements or ()
        report = dataclasses.replace(
            report, placements=Kept((dataclasses.replace(placement, service=service),))
        )
        page = self.page("?q=%3Cscript%3Ealert(1)&host=%3Cb%3E{$x$}", report)
        assert page.count("&lt;script&gt;alert(1)&lt;/script&gt;") > 8
        assert "<script" not in page and "<b>" not in page
        assert "{$" not in page and "$}" not in page, "AngularJS would evaluate it"

    def test_the_name_of_a_trouble_and_of_a_parameter(self) -> None:
        trouble = Trouble("keystone", TroubleKind.BAD_ANSWER, HOSTILE)
        report = clouds.report(None, clouds.inventory(), troubles=(trouble,))
        page = self.page("?%3Cscript%3E=1&sort=%3Cscript%3E", report)
        assert "<script" not in page

    def test_a_name_that_turns_the_direction_of_text_is_kept_to_itself(self) -> None:
        report = clouds.report([builders.server(1, name="a\u202eb")], clouds.inventory())
        assert "\u202e" not in self.page("", report).partition("<tbody>")[2]
