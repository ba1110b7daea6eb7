"""The page of one cluster; the answers of the api are given to it."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest import mock

from django.test import override_settings
from openstack_dashboard.test import helpers

from tests.unit.panels import cluster_pages as pages
from tests.unit.panels.test_clusters_page import HOSTILE, SETTINGS
from vmware_panel.api.clusters import ClusterReport
from vmware_panel.domain.cloud import Hypervisor
from vmware_panel.domain.outcome import Outcome, Trouble, TroubleKind
from vmware_panel.domain.tasks import Series

URL = "/admin/vmware_clusters/lab/domain-c1/"
REPORT = "vmware_panel.api.clusters.cluster_report"
DAY = "vmware_panel.api.clusters.day_of_cluster"
NOW = datetime.now(UTC)
SAMPLES = tuple((NOW - timedelta(hours=n), 40.0 + n) for n in range(23, -1, -1))
LINES = Outcome((Series("cpu.usage.average", "percent", SAMPLES),))


@override_settings(VMWARE_PANEL=SETTINGS)
class Page(helpers.BaseAdminViewTests):
    def page(
        self,
        query: str = "",
        report: ClusterReport | None = None,
        day: Outcome[tuple[Series, ...]] = LINES,
    ) -> str:
        whole = pages.clusters_report(pages.inventory())
        report = report or pages.cluster_report(whole)
        with mock.patch(REPORT, return_value=report), mock.patch(DAY, return_value=day) as asked:
            response: Any = self.client.get(URL + query)
        self.asked = asked
        assert response.status_code == 200
        text = response.content.decode()
        return " ".join(text[text.index('id="content_body"') : text.index('id="footer"')].split())


class TestTheOverview(Page):
    def test_says_how_old_it_is_and_whose(self) -> None:
        page = self.page()
        assert page.count("<time datetime=") >= 2 and "vCenter says" in page

    def test_the_head_has_service_and_client(self) -> None:
        page = self.page()
        assert "compute-1" in page and "up, enabled" in page
        assert 'href="https://vc.example.org/ui/app/cluster" target="_blank" rel="noopener' in page

    def test_bars_come_with_their_figures(self) -> None:
        page = self.page()
        for label, text in (("Total", "192 GiB"), ("On hosts that can be used", "64 GiB")):
            assert f'<th scope="row">{label}</th><td>{text}</td>' in page
        assert "<td>16 GiB (25 %)</td>" in page

    def test_each_host_is_a_cell_and_a_row(self) -> None:
        page = self.page()
        heat = page.partition('<svg class="vmware-heat"')[2].partition("</svg>")[0]
        table = page.partition("<details>")[2].partition("</details>")[0]
        for number in (1, 2, 3):
            assert f'<a href="/admin/vmware_hosts/lab/host-{number}/" aria-label=' in heat
            assert f'<a href="/admin/vmware_hosts/lab/host-{number}/"' in table
        assert heat.count("vmware-heat-out") == 2, "in maintenance, and disconnected"
        assert heat.count("vmware-tile-instance") == 2 and heat.count("vmware-tile-other") == 1

    def test_a_tile_leads_to_its_instance_and_keys_pass_it_by(self) -> None:
        heat = self.page().partition('<svg class="vmware-heat"')[2].partition("</svg>")[0]
        tiles = re.findall(r'<a href="(/admin/instances/[^"]+)" tabindex="-1"', heat)
        assert len(tiles) == 2 and all("tab=instance_details__vmware" in tile for tile in tiles)

    def test_the_switch(self) -> None:
        page = self.page("?tab=cluster__overview&heat=cpu")
        assert "CPU use of each ESX host" in page and "25 %" in page
        assert 'href="?tab=cluster__overview&amp;heat=memory"' in page
        assert "Memory use of each ESX host" in self.page("?heat=nonsense")

    def test_the_lines_of_the_day(self) -> None:
        page = self.page()
        assert 'class="vmware-lines"' in page and "between 40 % and 63 %" in page

    def test_without_an_answer_of_vcenters_the_lines_say_so_and_the_rest_stands(self) -> None:
        page = self.page(day=Outcome(trouble=Trouble("lab", TroubleKind.TIMEOUT)))
        assert "The samples could not be read" in page and "vCenter lab: " in page
        assert "192 GiB" in page and "vmware-heat" in page

    def test_only_this_tab_asks_for_the_lines(self) -> None:
        self.page("?tab=cluster__hosts")
        self.asked.assert_not_called()

    def test_a_cluster_without_a_host(self) -> None:
        whole = pages.clusters_report(pages.inventory())
        page = self.page("", pages.cluster_report(whole, "domain-c2"))
        assert "The cluster has no ESX host." in page and "no Nova node" in page
        assert "vmware-heat" not in page

    def test_a_vcenter_that_was_never_read(self) -> None:
        trouble = Trouble("lab", TroubleKind.UNREACHABLE)
        whole = pages.clusters_report(troubles=(trouble,), complete=False)
        page = self.page("", pages.cluster_report(whole))
        assert "What vCenter holds of this cluster is unknown." in page
        assert "vCenter lab: it cannot be reached." in page

    def test_two_nodes_of_one_cluster_are_told(self) -> None:
        twice = (pages.HYPERVISOR, replace(pages.HYPERVISOR, id="99", service_host="compute-2"))
        assert isinstance(twice[1], Hypervisor)
        whole = pages.clusters_report(pages.inventory(), hypervisors=twice)
        assert "1 more Nova node names it" in self.page("", pages.cluster_report(whole))

    def test_a_hostile_name_does_nothing(self) -> None:
        blue = replace(pages.BLUE, name=HOSTILE)
        hosts = (pages.host(1, name=HOSTILE),)
        whole = pages.clusters_report(pages.inventory(clusters=(blue,), hosts=hosts))
        for tab in ("overview", "hosts", "instances"):
            page = self.page(f"?tab=cluster__{tab}", pages.cluster_report(whole))
            assert "<script>alert" not in page and "&lt;script&gt;alert(1)" in page
            for part in page.split(HOSTILE[:8])[1:]:
                assert part
            assert page.index("ng-non-bindable") < page.index("&lt;script"), tab
        assert not re.search(r" style=| on[a-z]+=\"", page)


class TestItsLists(Page):
    def test_the_hosts_lead_to_the_whole_list(self) -> None:
        page = self.page("?tab=cluster__hosts")
        for name in ("esx-1", "esx-2", "esx-3"):
            assert f">{name}</span></a>" in page
        assert 'href="/admin/vmware_hosts/?vcenter=lab&amp;cluster=blue"' in page
        assert 'href="/admin/vmware_hosts/?vcenter=lab&amp;cluster=blue&amp;sort=-name"' in page

    def test_the_instances_are_those_that_vcenter_runs_here(self) -> None:
        page = self.page("?tab=cluster__instances")
        assert ">web-1</a>" in page and ">web-2</a>" in page and ">web-3</a>" not in page
        assert "Nova has 3 instances on the compute service of this cluster." in page
        assert 'href="/admin/vmware_instances/?vcenter=lab&amp;cluster=blue"' in page

    def test_without_nova_the_instances_are_unknown(self) -> None:
        whole = pages.clusters_report(pages.inventory(), servers=False)
        page = self.page("?tab=cluster__instances", pages.cluster_report(whole))
        assert "Which instances run in this cluster is unknown" in page
