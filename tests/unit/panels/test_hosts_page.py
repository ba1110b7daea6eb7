"""The list of ESX hosts; only the answer of `hosts_report` is given to it."""

import re
from typing import Any
from unittest import mock

from django.test import override_settings
from openstack_dashboard.test import helpers

from tests.unit.panels import cluster_pages as pages
from tests.unit.panels.answers import exported_rows, ours
from tests.unit.panels.test_clusters_page import HOSTILE, SETTINGS
from vmware_panel.api.clusters import HostsReport
from vmware_panel.domain.outcome import Trouble, TroubleKind

URL = "/admin/vmware_hosts/"
REPORT = "vmware_panel.api.clusters.hosts_report"


@override_settings(VMWARE_PANEL=SETTINGS)
class TestThePage(helpers.BaseAdminViewTests):
    def page(self, query: str = "", report: HostsReport | None = None) -> str:
        with mock.patch(REPORT, return_value=report or pages.hosts_report(pages.inventory())):
            response: Any = self.client.get(URL + query)
        return ours(response)

    def names(self, query: str) -> list[str]:
        cells = re.findall(r'<th scope="row">(.*?)</th>', self.page(query))
        return [re.sub("<.*?>", "", cell) for cell in cells]

    def exported(self, report: HostsReport) -> list[dict[str, Any]]:
        with mock.patch(REPORT, return_value=report):
            response: Any = self.client.get(f"{URL}export/json")
        return exported_rows(response)

    def test_a_host_with_all_that_vcenter_says(self) -> None:
        row = self.page("?name=esx-1").partition("<tbody>")[2]
        for words in (
            "blue",
            "connected",
            "16 GiB of 64 GiB",
            "8 GHz of 32 GHz",
            "2 × 8 × 2",
        ):
            assert words in row, words
        assert "8.0.3" in row and "1 day" in row
        assert '<a href="/admin/vmware_instances/?vcenter=lab&amp;host=esx-1">2</a>' in row

    def test_it_leads_to_its_page_and_its_clusters(self) -> None:
        row = self.page("?name=esx-1")
        assert 'href="/admin/vmware_hosts/lab/host-1/"' in row
        assert 'href="/admin/vmware_clusters/lab/domain-c1/"' in row

    def test_each_filter(self) -> None:
        for query, expected in {
            "q=8.0.3": ["esx-1", "esx-2", "esx-3"],
            "name=host-2": ["esx-2"],
            "cluster=blue&sort=-name": ["esx-3", "esx-2", "esx-1"],
            "state=maintenance": ["esx-2"],
            "state=disconnected": ["esx-3"],
            "version=8.*": ["esx-1", "esx-2", "esx-3"],
            "vcenter=lab&sort=-instances": ["esx-1", "esx-2", "esx-3"],
        }.items():
            assert self.names(f"?{query}") == expected, query

    def test_a_cluster_without_a_host_may_be_asked_for(self) -> None:
        page = self.page("?cluster=green")
        assert "No ESX host matches." in page and "cannot be followed" not in page

    def test_what_vcenter_does_not_say_is_unknown(self) -> None:
        bare = pages.host(
            1, memory_bytes=None, cpu_packages=None, cpu_cores=None, cpu_threads=None, version=None
        )
        report = pages.hosts_report(pages.inventory(hosts=(bare,)))
        (row,) = self.exported(report)
        for name in ("memory_mb", "memory_free_mb", "sockets", "cores_per_socket", "version"):
            assert row[name] is None, name
        assert "16 GiB of unknown" in self.page("", report)

    def test_without_any_answer_it_says_so(self) -> None:
        report = pages.hosts_report(troubles=(Trouble("lab", TroubleKind.TIMEOUT),))
        page = self.page("", report)
        assert "vCenter lab: did not answer" in page and "<table" not in page
        with mock.patch(REPORT, return_value=report):
            assert self.client.get(f"{URL}export/json").status_code == 503

    def test_a_hostile_name_does_nothing(self) -> None:
        report = pages.hosts_report(pages.inventory(hosts=(pages.host(1, name=HOSTILE),)))
        page = self.page("", report)
        assert "<script" not in page and 'class="vmware-panel" ng-non-bindable' in page
