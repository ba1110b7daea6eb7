"""The page of one ESX host as a browser gets it; only the answer of `host_report` is given to it."""

import dataclasses
import re
from datetime import timedelta
from typing import Any
from unittest import mock

from openstack_dashboard.test import helpers

from tests.unit.domain import builders
from vmware_panel.api.hosts import HostReport
from vmware_panel.config import ConfigError
from vmware_panel.domain.cluster_detail import NumaNode
from vmware_panel.domain.host_detail import HostDetail, NetworkAdapter
from vmware_panel.domain.inventory import EsxHost, Inventory, MoRef, VmPower
from vmware_panel.domain.outcome import Trouble, TroubleKind
from vmware_panel.domain.tasks import Series
from vmware_panel.domain.usage import HostUsage
from vmware_panel.settings_reader import ConfigFault

URL = "/admin/vmware_hosts/lab/host-1/"
REPORT = "vmware_panel.api.hosts.host_report"
HOSTILE = "<script>alert(1)</script>{{ 7*7 }}"
GIB = 1024**3
MOREF = MoRef("host-1")
NOW = builders.READ_AT


def host(**changes: object) -> EsxHost:
    its: dict[str, object] = {
        "version": "8.0.2",
        "cpu_packages": 2,
        "cpu_cores": 16,
        "cpu_threads": 32,
        "cpu_mhz": 2400,
        "memory_bytes": 256 * GIB,
        "numa_nodes": 2,
        "datastores": (MoRef("datastore-2"), MoRef("datastore-1")),
    }
    return builders.esx_host(1, **{**its, **changes})


def book(**changes: object) -> Inventory:
    vms = (
        builders.vm(1, vcpus=2, cores_per_socket=1, memory_mb=4096),
        builders.vm(10, vcpus=4, memory_mb=8192, power=VmPower.OFF),
        builders.vm(2, vcpus=1, memory_mb=2048),
        builders.vm(7, name="left behind"),
        builders.vm(8, name="crm <b>&", manager_key="", vcpus=8, memory_mb=16384),
        builders.vm(9, name="elsewhere", host=MoRef("host-2")),
    )
    return builders.inventory(*vms, hosts=(host(), builders.esx_host(2)), **changes)


def series() -> tuple[Series, ...]:
    def line(counter: str, unit: str, value: float) -> Series:
        times = [NOW - timedelta(minutes=5 * n) for n in range(6, 0, -1)]
        samples = tuple((at, None if n == 3 else value) for n, at in enumerate(times))
        return Series(counter, unit, samples)

    return (
        line("cpu.usage.average", "percent", 12.5),
        line("cpu.usagemhz.average", "megaHertz", 4800.0),
        line("mem.usage.average", "percent", 25.0),
        line("mem.consumed.average", "kiloBytes", 64.0 * 1024**2),
    )


def live(**changes: Any) -> HostReport:
    detail = HostDetail(
        inventory=book(),
        host=host(),
        usage=HostUsage(MOREF, cpu_used_mhz=9600, memory_used_mb=240 * 1024, uptime_s=3 * 86400),
        vendor="Dell Inc.",
        model="PowerEdge R740",
        cpu_model="Xeon Gold",
        product="VMware ESXi 8.0.2 build-22380479",
        numa=(NumaNode(0, 16, 128 * GIB), NumaNode(1, 16, 128 * GIB)),
        adapters=(NetworkAdapter("vmnic0", "aa:bb", "ixgben", 10000), NetworkAdapter("vmnic1")),
    )
    its: dict[str, Any] = {
        "detail": detail,
        "series": series(),
        "servers": {
            builders.uuid_of(n): builders.server(n, project_id="p1" if n != 10 else "p2")
            for n in (1, 2, 10)
        },
        "project_names": {"p1": "alpha", "p2": "beta"},
        "asked_at": NOW,
    }
    return HostReport("lab", MOREF, **{**its, **changes})


def kept(**changes: Any) -> HostReport:
    """As while vCenter does not answer."""
    its: dict[str, Any] = {
        "detail": None,
        "series": None,
        "kept": book(),
        "sample": HostUsage(MOREF, 4800, 128 * 1024, 3600),
        "sampled_at": NOW,
        "troubles": (Trouble("lab", TroubleKind.UNREACHABLE),),
    }
    return live(**{**its, **changes})


class Page(helpers.BaseAdminViewTests):
    def page(self, report: HostReport | None = None) -> str:
        """The part of the page that is ours, on one line."""
        with mock.patch(REPORT, return_value=report or live()):
            response: Any = self.client.get(URL)
        assert response.status_code == 200
        self.whole = response.content.decode()
        start = self.whole.index('<div class="vmware-panel')
        return " ".join(self.whole[start : self.whole.index('id="footer"')].split())

    def facts(self, report: HostReport | None = None) -> dict[str, str]:
        found = re.findall(r'<tr data-fact="(\w+)">(.*?)</tr>', self.page(report))
        plain = {key: re.sub("<th.*?</th>|<.*?>", " ", cells) for key, cells in found}
        return {key: " ".join(text.split()) for key, text in plain.items()}

    def rows(self, of: str, report: HostReport | None = None) -> list[list[str]]:
        (table,) = re.findall(rf'<table class="table [^"]*{of}">(.*?)</table>', self.page(report))
        rows = [re.findall("<t[hd].*?>(.*?)</t[hd]>", row) for row in table.split("<tr")[2:]]
        return [[" ".join(re.sub("<.*?>", " ", c).split()) for c in row] for row in rows]


class TestWhatItShows(Page):
    def test_what_the_host_is_and_uses(self) -> None:
        assert self.facts() == {
            "state": "connected",
            "vcenter": "lab",
            "cluster": "blue",
            "version": "VMware ESXi 8.0.2 build-22380479",
            "model": "Dell Inc. PowerEdge R740",
            "cpu_model": "Xeon Gold",
            "cpus": "2 sockets × 8 cores × 2 threads = 32 threads at 2400 MHz",
            "memory": "256 GiB",
            "numa": "2",
            "uptime": "3 days",
            "power_policy": "unknown",
            "cpu_used": "9.60 GHz used of 38.40 GHz, 25 %",
            "memory_used": "240 GiB used of 256 GiB, 94 %",
        }

    def test_bars_tell_how_full_it_is_by_more_than_a_length(self) -> None:
        page = self.page()
        assert 'class="vmware-bar-used" width="25"' in page
        assert 'class="vmware-bar-full" width="94"' in page

    def test_the_cluster_is_a_link(self) -> None:
        assert '<a href="/admin/vmware_clusters/lab/domain-c1/">' in self.page()

    def test_instances_by_project_with_what_runs(self) -> None:
        page = self.page()
        alpha, beta = page.index("<bdi>alpha</bdi>"), page.index("<bdi>beta</bdi>")
        web = [page.index(f"<bdi>web-{n}</bdi>") for n in (1, 2, 10)]
        assert alpha < web[0] < web[1] < beta < web[2]
        assert "2 instances, 2 powered on with 3 vCPUs and 6 GiB" in page
        assert "1 instance, 0 powered on with 0 vCPUs and 0 B" in page
        assert f'href="/admin/instances/{builders.uuid_of(1)}/detail"' in page.replace('/"', '"')
        assert "elsewhere" not in page, "a VM of another host"

    def test_vms_that_are_no_instances_by_what_they_are(self) -> None:
        rows = self.rows("vmware-others-here")
        assert [row[:2] for row in rows] == [
            ["crm &lt;b&gt;&amp;", "not OpenStack&#x27;s"],
            ["left behind", "made by Nova, no such instance is known"],
        ]

    def test_datastores_numa_nodes_and_adapters(self) -> None:
        assert [row[0] for row in self.rows("vmware-mounts")] == ["ds1", "ds2"]
        assert 'href="/admin/vmware_datastores/lab/datastore-1/"' in self.page()
        assert self.rows("vmware-numa") == [["0", "16", "128 GiB"], ["1", "16", "128 GiB"]]
        assert [row[:2] for row in self.rows("vmware-adapters")] == [
            ["vmnic0", "up, 10000 Mbit/s"],
            ["vmnic1", "no link"],
        ]

    def test_lines_of_the_last_day_with_the_same_as_a_table(self) -> None:
        page = self.page()
        assert page.count('<svg class="vmware-lines"') == 3
        assert "CPU: between 12.5 % and 12.5 %" in page and "There are gaps." in page
        assert page.count("no sample") == 4
        assert "64 GiB" in page and "4.8 GHz" in page


class TestWhenSomethingIsMissing(Page):
    def test_a_vcenter_that_does_not_answer_leaves_its_last_book_with_its_age(self) -> None:
        page = self.page(kept())
        assert "vCenter lab: it cannot be reached." in page
        assert "is shown as it was last read" in page and "Unknown until vCenter answers" in page
        facts = self.facts(kept())
        assert facts["state"] == "connected" and facts["version"] == "8.0.2"
        assert facts["model"] == facts["cpu_model"] == "unknown"
        assert facts["cpu_used"] == "4.80 GHz used of 38.40 GHz, 12 %"
        assert "What is in use was sampled" in page
        assert "The samples could not be read" in page and '<svg class="vmware-lines"' not in page
        assert "<bdi>web-1</bdi>" in page

    def test_without_any_book_that_is_said_and_novas_half_is_not_guessed(self) -> None:
        page = self.page(kept(kept=None, sample=None))
        assert "Nothing is known of this host until vCenter answers." in page
        assert self.facts(kept(kept=None, sample=None)) == {}
        assert "host-1" in self.whole

    def test_without_nova_no_vm_is_called_an_instance(self) -> None:
        page = self.page(live(servers=None, troubles=(Trouble("nova", TroubleKind.TIMEOUT),)))
        assert (
            "Nova did not answer, so which of the VMs are instances, and whose, is unknown" in page
        )
        rows = self.rows("vmware-others-here", live(servers=None))
        assert {row[1] for row in rows} == {"made by Nova", "not OpenStack&#x27;s"}

    def test_unknown_is_never_zero(self) -> None:
        bare = builders.esx_host(1)
        detail = dataclasses.replace(
            live().detail,
            inventory=builders.inventory(hosts=(bare,)),
            host=bare,
            usage=HostUsage(MOREF),
            numa=(),
            adapters=None,
        )
        facts = self.facts(live(detail=detail, series=()))
        for key in ("cpus", "memory", "numa", "uptime"):
            assert facts[key] == "unknown", key
        assert facts["cpu_used"] == "unknown used of unknown"
        page = self.page(live(detail=detail, series=()))
        assert "vCenter has no samples of this host." in page
        assert "No instance stands on this host." in page

    def test_a_host_that_vcenter_does_not_have_is_not_found(self) -> None:
        for report in (
            HostReport("lab", MOREF, gone=True, kept=book()),
            HostReport("nowhere", MOREF, configured=False),
            HostReport("lab", MoRef("host-9"), kept=book()),
        ):
            with mock.patch(REPORT, return_value=report):
                assert self.client.get(URL).status_code == 404

    def test_settings_that_cannot_be_read(self) -> None:
        fault = ConfigFault("VMWARE_PANEL['vcenters']", "is no list", "")
        with mock.patch(REPORT, side_effect=ConfigError((fault,))):
            assert "is no list" in self.client.get(URL).content.decode()


class TestWhatIsForeign(Page):
    def test_names_are_escaped_wherever_they_stand(self) -> None:
        bad = host(name=HOSTILE)
        bad_book = book(clusters=(), datastores=())
        bad_book = dataclasses.replace(
            bad_book, hosts=(bad,), vms=(builders.vm(8, name=HOSTILE, manager_key=""),)
        )
        detail = dataclasses.replace(
            live().detail,
            inventory=bad_book,
            host=bad,
            vendor=HOSTILE,
            product=HOSTILE,
            adapters=(NetworkAdapter(HOSTILE, HOSTILE, HOSTILE),),
        )
        page = self.page(live(detail=detail, project_names={"p1": HOSTILE}))
        assert "<script>alert" not in self.whole
        assert "ng-non-bindable" in page
