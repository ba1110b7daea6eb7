"""The list of clusters as a browser gets it; only the answer of `clusters_report` is given to it."""

import csv
import io
import re
from dataclasses import replace
from typing import Any
from unittest import mock

from django.test import override_settings
from openstack_dashboard.test import helpers

from tests.unit.domain import builders
from tests.unit.panels import cluster_pages as pages
from tests.unit.panels.answers import exported_rows, ours
from vmware_panel.api.clusters import ClustersReport
from vmware_panel.config import ConfigError
from vmware_panel.domain.inventory import Cluster, MoRef
from vmware_panel.domain.outcome import Trouble, TroubleKind
from vmware_panel.settings_reader import ConfigFault

URL = "/admin/vmware_clusters/"
REPORT = "vmware_panel.api.clusters.clusters_report"
HOSTILE = "<script>alert(1)</script>\"'&{$ 1+1 $}{{ 7*7 }}{% now %}=cmd()"
SETTINGS = {"vcenters": {"lab": {"host": "vcenter.invalid", "username": "u", "password": "p"}}}


@override_settings(VMWARE_PANEL=SETTINGS)
class Page(helpers.BaseAdminViewTests):
    def page(self, query: str = "", report: ClustersReport | None = None) -> str:
        """The part of the page that is ours."""
        with mock.patch(REPORT, return_value=report or self.sound()):
            response: Any = self.client.get(URL + query)
        return ours(response)

    def sound(self) -> ClustersReport:
        return pages.clusters_report(pages.inventory())

    def names(self, query: str = "", report: ClustersReport | None = None) -> list[str]:
        cells = re.findall(r'<th scope="row">(.*?)</th>', self.page(query, report))
        return [re.sub("<.*?>", " ", cell).split()[0] for cell in cells]

    def row(self, name: str, report: ClustersReport | None = None) -> str:
        page = self.page(f"?name={name}", report)
        return page.partition("<tbody>")[2].partition("</tbody>")[0]

    def exported(self, report: ClustersReport) -> list[dict[str, Any]]:
        with mock.patch(REPORT, return_value=report):
            response: Any = self.client.get(f"{URL}export/json")
        return exported_rows(response)


class TestWhatItShows(Page):
    def test_a_cluster_in_three_books(self) -> None:
        row = self.row("blue")
        for words in (
            "lab",
            "1 of 3 usable",
            "1 usable, 1 in maintenance, 1 disconnected",
            "fully automated",
            "compute-1",
            "up, enabled",
            "48 GiB free of 192 GiB",
            "24 GHz free of 96 GHz",
            "32 vCPUs, 48 GiB",
            "5 of 128",
            "12 GiB of 63.5 GiB",
            "16 vCPUs, 51.5 GiB",
        ):
            assert words in row, words

    def test_both_books_count_the_instances(self) -> None:
        row = self.row("blue")
        of_vcenter = "/admin/vmware_instances/?vcenter=lab&amp;cluster=blue"
        assert f'<a href="{of_vcenter}">2</a>' in row
        assert '<a href="/admin/vmware_instances/?compute=compute-1">3</a>' in row
        link = "/admin/vmware_instances/?compute=compute-1&amp;disagreement=any"
        assert f'href="{link}"' in row and "1 instance" in row

    def test_the_name_leads_to_its_page(self) -> None:
        assert 'href="/admin/vmware_clusters/lab/domain-c1/"' in self.row("blue")

    def test_a_cluster_that_no_node_drives_is_listed_as_such(self) -> None:
        assert "no Nova node" in self.row("green")
        (_blue, green) = self.exported(self.sound())
        assert (green["compute"], green["servers"]) == ("", ""), "not none of many: none asked"

    def test_a_cluster_without_a_host_has_nothing_and_not_unknown(self) -> None:
        row = self.row("green")
        assert "no host" in row and "0 B free of 0 B" in row

    def test_a_node_whose_cluster_is_not_there_is_listed_too(self) -> None:
        report = pages.clusters_report(
            pages.inventory(), hypervisors=(pages.HYPERVISOR, pages.GONE)
        )
        assert self.names("", report) == ["blue", "domain-c9", "green"]
        row = self.row("domain-c9", report)
        assert "no such cluster" in row and "up, disabled" in row and "patching" in row
        assert "/domain-c9/" not in row, "what is not there has no page"
        assert self.names("?driven=gone", report) == ["domain-c9"]

    def test_whose_book_each_column_is(self) -> None:
        groups = re.findall(r'<th scope="colgroup" colspan="(\d+)">(.*?)</th>', self.page())
        assert groups == [("8", "vCenter"), ("2", "Nova"), ("3", "Placement"), ("1", "Both books")]

    def test_bars_are_drawn_in_proportion(self) -> None:
        row = self.row("blue")
        bar = row.partition("<svg")[2].partition("</svg>")[0]
        parts = re.findall(
            r'class="vmware-gauge-([a-z]+)" x="([\d.]+)" y="0" width="([\d.]+)"', bar
        )
        assert [(name, float(width)) for name, _x, width in parts] == [
            ("used", 8.333),
            ("free", 25.0),
            ("out", 66.667),
        ]

    def test_nothing_in_it_needs_inline_script_or_style(self) -> None:
        assert not re.search(r"<script|<style| style=| on[a-z]+=", self.page())

    def test_the_overview(self) -> None:
        page = self.page()
        assert "2 clusters" in page and "1 of 3 ESX hosts usable" in page
        assert "1 without a Nova node" in page and "1 instance disagrees" in page


class TestFilters(Page):
    def test_each_of_them(self) -> None:
        for query, expected in {
            "q=compute-1": ["blue"],
            "name=gre": ["green"],
            "vcenter=lab": ["blue", "green"],
            "compute=compute-1": ["blue"],
            "compute=~none": ["green"],
            "driven=undriven": ["green"],
            "hosts=in_maintenance": ["blue"],
            "hosts=~none": ["green"],
            "drs=off": ["green"],
            "ha=~unknown": ["green"],
            "disagreement=any": ["blue"],
            "disagreement=none": ["green"],
            "sort=-name": ["green", "blue"],
            "sort=-memory_used_percent": ["blue", "green"],
        }.items():
            assert self.names(f"?{query}") == expected, query

    def test_every_column_can_be_the_order(self) -> None:
        page = self.page()
        heads = set(re.findall(r'href="\?sort=(\w+)"', page))
        assert len(heads) == 13, "all but the one that it is in the order of"
        for head in heads:
            assert sorted(self.names(f"?sort={head}")) == ["blue", "green"], head


class TestWhenSomethingIsMissing(Page):
    def test_a_host_of_unknown_size_makes_the_sum_at_least(self) -> None:
        hosts = (pages.host(1), pages.host(4, memory_bytes=None))
        report = pages.clusters_report(
            pages.inventory(hosts=hosts), usages={"lab": pages.usage(*hosts)}
        )
        row = self.row("blue", report)
        assert "at least 48 GiB free of at least 64 GiB" in row
        (blue, _green) = self.exported(report)
        assert blue["memory_total_mb"] is None and blue["cpu_total_mhz"] == 64000

    def test_what_was_not_sampled_yet_is_unknown_and_not_zero(self) -> None:
        report = pages.clusters_report(pages.inventory(), usages={})
        row = self.row("blue", report)
        assert "unknown free of 192 GiB" in row and "vmware-gauge-untold" in row
        (blue, _green) = self.exported(report)
        assert blue["memory_used_mb"] is None and blue["memory_total_mb"] == 3 * 65536
        assert blue["fits_memory_mb"] is None

    def test_a_vcenter_that_is_down_leaves_novas_clusters(self) -> None:
        trouble = Trouble("lab", TroubleKind.TIMEOUT)
        report = pages.clusters_report(troubles=(trouble,), complete=False)
        page = self.page("", report)
        assert "vCenter lab: did not answer" in page
        row = self.row("domain-c1", report)
        assert "compute-1" in row and "5 of 128" in row
        assert row.count(">unknown<") >= 8

    def test_nova_down_leaves_vcenters_clusters(self) -> None:
        report = pages.clusters_report(
            pages.inventory(),
            hypervisors=None,
            providers=None,
            servers=False,
            troubles=(Trouble("nova", TroubleKind.UNREACHABLE),),
        )
        page = self.page("", report)
        assert "Nova: it cannot be reached." in page and "disagreements unknown" in page
        row = self.row("green", report)
        assert "no Nova node" not in row, "that nobody knows"
        (blue, _green) = self.exported(report)
        assert (blue["servers"], blue["compute"], blue["driven"]) == (None, None, "unknown")
        assert blue["vms"] == 2

    def test_placement_down_leaves_the_rest(self) -> None:
        report = pages.clusters_report(
            pages.inventory(),
            providers=None,
            troubles=(Trouble("placement", TroubleKind.FORBIDDEN),),
        )
        assert "48 GiB free" in self.row("blue", report)
        blue, green = self.exported(report)
        assert blue["placement_vcpus"] is None and green["placement_vcpus"] == ""

    def test_nobody_answers(self) -> None:
        report = pages.clusters_report(
            hypervisors=None,
            providers=None,
            servers=False,
            troubles=(Trouble("lab", TroubleKind.TIMEOUT), Trouble("nova", TroubleKind.TIMEOUT)),
        )
        page = self.page("", report)
        assert "<table" not in page and "Try again" in page
        with mock.patch(REPORT, return_value=report):
            assert self.client.get(f"{URL}export/csv").status_code == 503

    def test_settings_that_cannot_be_read(self) -> None:
        error = ConfigError((ConfigFault("vcenters", "is no mapping", "Write one."),))
        with mock.patch(REPORT, side_effect=error):
            response: Any = self.client.get(URL)
        assert b"VMWARE_PANEL cannot be used" in response.content


class TestNamesOfAllKinds(Page):
    def report(self, name: str) -> ClustersReport:
        blue = replace(pages.BLUE, name=name)
        return pages.clusters_report(pages.inventory(clusters=(blue,)))

    def test_a_hostile_one_does_nothing(self) -> None:
        page = self.page("", self.report(HOSTILE))
        assert "<script" not in page and "&lt;script&gt;alert(1)" in page
        assert 'class="vmware-panel" ng-non-bindable' in page

    def test_a_long_one_is_whole_in_its_title(self) -> None:
        name = "cluster-" + "n" * 72
        page = self.page("", self.report(name))
        assert f'<span class="vmware-name" title="{name}">{name}</span>' in page

    def test_twenty_clusters(self) -> None:
        clusters = tuple(Cluster(MoRef(f"domain-c{n}"), f"c-{n}") for n in range(1, 21))
        report = pages.clusters_report(pages.inventory(clusters=clusters))
        assert self.names("?size=50", report) == [f"c-{n}" for n in range(1, 21)]


class TestExports(Page):
    def test_csv_and_json_have_every_figure_with_its_unit(self) -> None:
        with mock.patch(REPORT, return_value=self.sound()):
            response: Any = self.client.get(f"{URL}export/csv?sort=name")
        rows = list(csv.DictReader(io.StringIO(b"".join(response.streaming_content).decode())))
        blue = rows[0]
        assert blue["name"] == "blue" and blue["hosts_in_maintenance"] == "1"
        assert blue["memory_total_mb"] == str(3 * 65536) and blue["memory_free_mb"] == "49152"
        assert blue["placement_vcpus"] == "128" and blue["disagreeing"] == "1"
        (as_json, _green) = self.exported(self.sound())
        for name, value in as_json.items():
            assert blue[name].lstrip("'") == str(value), name

    def test_the_nodes_own_name_is_there(self) -> None:
        (blue, _green) = self.exported(self.sound())
        assert blue["node"] == builders.node_name()
