"""The tab "VMware": who sees it, what it says, and what it says when a source is down."""

import re
from dataclasses import replace

import pytest
from django.core.exceptions import PermissionDenied
from django.template.loader import render_to_string
from django.utils.html import escape

from tests.unit.domain import builders
from tests.unit.instance_views import samples
from tests.unit.instance_views.pages import InstancePages
from vmware_panel.api import placement as api
from vmware_panel.api.placement import ClusterFacts, InstanceReport
from vmware_panel.config import ConfigError
from vmware_panel.domain.inventory import MoRef, VmPower
from vmware_panel.domain.outcome import Trouble, TroubleKind
from vmware_panel.domain.placement import Books, place
from vmware_panel.domain.volumes import ShadowVm
from vmware_panel.instance_views import storage, tab

MENU = 'data-target="#instance_details__vmware"'
CONTENT = "vmware-instance"
OPENED = "vmware:instances:get_cluster: 'role:member and project_id:%(project_id)s'\n"


class TabPages(InstancePages):
    def setUp(self) -> None:
        super().setUp()
        self.asked: list[str] = []

        def instance_report(request: object, server: object) -> InstanceReport:
            self.asked.append("everything")
            return samples.report()

        def cluster_facts(request: object, server: object) -> ClusterFacts:
            self.asked.append("cluster")
            return ClusterFacts(True, "blue", VmPower.ON, 4, 4096)

        self.fake(api, instance_report=instance_report, cluster_facts=cluster_facts)

    def test_an_admin_sees_the_tab_in_both_dashboards(self):
        self.admin()
        for dashboard in ("admin", "project"):
            self.assertContains(self.detail(dashboard, ajax=False), MENU)
            self.assertContains(self.detail(dashboard), "esx-1")
        assert self.asked == ["everything"] * 4  # each page asks once, as the tab was named

    def test_the_list_of_volumes_is_a_step_away_for_whoever_may_see_it(self):
        self.admin()
        self.fake(storage, volumes_url="/volumes/?q=its-id")
        assert 'href="/volumes/?q=its-id"' in self.detail("admin").content.decode()
        self.write_policy("vmware:volumes:list: '!'\n")
        page = self.detail("admin").content.decode()
        assert CONTENT in page and "/volumes/?q=its-id" not in page

    def test_the_page_asks_nothing_until_the_tab_is_opened(self):
        self.admin()
        page = self.detail("admin", tab="instance_details__overview", ajax=False)
        self.assertContains(page, MENU)
        assert self.asked == []

    def test_a_member_sees_no_tab_and_cannot_ask_for_it(self):
        for dashboard in ("admin", "project"):
            for ajax in (True, False):
                html = self.detail(dashboard, ajax=ajax).content.decode()
                assert MENU not in html and CONTENT not in html
        assert self.asked == []

    def test_a_member_gets_the_cluster_where_the_policy_is_opened(self):
        self.write_policy(OPENED)
        page = self.detail("project")
        self.assertContains(page, "blue")
        self.assertContains(page, "powered on")
        assert self.asked == ["cluster"]
        assert CONTENT not in self.detail("admin").content.decode()
        assert self.asked == ["cluster"]

    def test_a_member_of_another_project_gets_nothing(self):
        self.write_policy(OPENED)
        self.instance.tenant_id = "another"
        self.assertNotContains(self.detail("project"), CONTENT)
        assert self.asked == []

    def test_an_unreadable_policy_refuses_even_an_admin(self):
        self.admin()
        self.write_policy("]: not yaml [")
        self.assertNotContains(self.detail("admin"), CONTENT)
        assert self.asked == []

    def test_the_content_asks_the_policy_again(self):
        self.admin()
        request = self.factory.get("/")
        request.user = self.request.user
        group = type("Group", (), {"slug": "g", "kwargs": {"instance": self.instance}})()
        made = tab.AdminVMwareTab(group, request)
        assert made._allowed
        self.write_policy("vmware:instances:get: '!'\n")
        for ask in (made.get_context_data, made.get_template_name):
            with pytest.raises(PermissionDenied):
                ask(request)
        assert self.asked == []


def full(report: InstanceReport | Exception, monkeypatch: pytest.MonkeyPatch) -> str:
    def instance_report(request: object, server: object) -> InstanceReport:
        if isinstance(report, Exception):
            raise report
        return report

    monkeypatch.setattr(api, "instance_report", instance_report)
    server = samples.server() if isinstance(report, Exception) else report.placement.server
    context = tab.full_context(None, server, storage.ADMIN_PAGES)
    return str(render_to_string(tab.Access.FULL.value, context))


def cluster(facts: ClusterFacts | Exception, monkeypatch: pytest.MonkeyPatch) -> str:
    def cluster_facts(request: object, server: object) -> ClusterFacts:
        if isinstance(facts, Exception):
            raise facts
        return facts

    monkeypatch.setattr(api, "cluster_facts", cluster_facts)
    context = tab.cluster_context(None, samples.server(node=None, compute_host=None))
    return str(render_to_string(tab.Access.CLUSTER.value, context))


def text_of(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def row(html: str, label: str) -> list[str]:
    """What Nova and what vCenter say of the figure."""
    for found in re.findall(r"<tr[^>]*>(.*?)</tr>", html, re.DOTALL):
        if text_of(found.partition("</th>")[0]).removesuffix(" Disagreement") == label:
            return [text_of(cell) for cell in re.findall(r"<td[^>]*>(.*?)</td>", found, re.DOTALL)]
    raise AssertionError(f"no figure {label!r}")


NOT_HELD = "– not in this book"


def test_each_figure_says_whose_it_is(monkeypatch):
    html = full(samples.report(), monkeypatch)
    assert row(html, "Cluster") == ["blue domain-c1", "blue domain-c1"]
    assert row(html, "ESX host") == [NOT_HELD, "esx-1 connected"]
    assert row(html, "Resource pool") == [NOT_HELD, "Resources"]
    assert row(html, "Compute service") == ["compute-1 up, enabled", NOT_HELD]
    assert row(html, "Power state") == ["running", "powered on"]
    assert row(html, "vCPUs") == ["4 flavor m1.medium", "4 (2 sockets × 2 cores)"]
    assert row(html, "Memory") == ["4 GiB flavor m1.medium", "4 GiB"]
    assert row(html, "Hardware version") == [NOT_HELD, "vmx-19"]
    assert row(html, "VMware Tools") == [NOT_HELD, "running"]
    assert "Read from vCenter" in text_of(html) and "disagree" not in html


def test_what_vcenter_did_not_tell_is_unknown_and_never_zero(monkeypatch):
    its_vm = samples.vm(vcpus=None, memory_mb=None, tools=None, power=None, host=None, folder=None)
    html = full(samples.report(its_vm), monkeypatch)
    labels = ("vCPUs", "Memory", "VMware Tools", "Power state", "ESX host", "Folder", "Disk")
    for label in (*labels, "NUMA nodes of the ESX host"):
        assert row(html, label)[1].startswith("unknown"), label
    assert "unknown in 3 disks" in row(html, "Disk")[1], "one of the sizes is not known"


def test_what_novas_policy_hides_is_unknown(monkeypatch):
    server = samples.server(node=None, compute_host=None, flavor_vcpus=None)
    html = full(samples.report(its_server=server), monkeypatch)
    assert row(html, "Cluster")[0] == row(html, "Node")[0] == "unknown"
    assert row(html, "Compute service")[0] == row(html, "vCPUs")[0] == "unknown"


def test_disks_and_datastores_are_shown_with_what_they_go_back_to(monkeypatch):
    html = full(samples.report(), monkeypatch)
    text = text_of(html)
    for part in ("linked clone", "Cinder volume", "ephemeral disk", samples.CACHED, "db-data"):
        assert part in text
    assert f'href="/admin/images/{builders.IMAGE_ID}/detail/"' in html
    assert f'href="/admin/volumes/{samples.VOLUME_ID}/"' in html
    assert 'href="/admin/vmware_datastores/lab/datastore-1/"' in html
    assert "50 B free of 100 B , 50 % used" in text.replace("B, ", "B , ")


def test_its_volumes_are_a_step_away_in_the_list_of_volumes(monkeypatch):
    server = samples.server(volume_ids=(samples.VOLUME_ID,))
    assert storage.volumes_url(server) == f"/admin/vmware_volumes/?q={server.id}"
    assert storage.volumes_url(samples.server(volume_ids=())) == ""


@pytest.mark.parametrize(
    ("path", "words"),
    [
        (None, "names the same file"),
        ("[ds9] old/old.vmdk", "names another file, [ds9] old/old.vmdk"),
    ],
)
def test_a_volumes_disk_is_held_against_its_shadow_vm(monkeypatch, path, words):
    its = samples.vm().disks[1]
    shadow = builders.vm(9, disks=(replace(its, path=path or its.path),))
    report = samples.report()
    assert "Shadow VM" not in text_of(full(report, monkeypatch)), "unknown is not the same"
    shadows = {samples.VOLUME_ID: ShadowVm(builders.inventory(shadow), shadow)}
    assert words in text_of(full(replace(report, shadows=shadows), monkeypatch))


def test_every_disagreement_stands_on_top_in_words(monkeypatch):
    its_vm = samples.vm(host=MoRef("host-2"), power=VmPower.OFF, manager_key="")
    html = full(samples.report(its_vm), monkeypatch)
    top = text_of(html.partition("Where it runs")[0])
    assert "3 points on which Nova and vCenter disagree" in top
    assert "Nova says cluster blue, vCenter says cluster green" in top
    assert "Nova says running, vCenter says powered off." in top
    assert "Disagreement" in html and row(html, "Cluster") == ["blue domain-c1", "green domain-c2"]


def test_a_notice_is_milder_than_a_disagreement(monkeypatch):
    html = full(samples.report(samples.vm(name="by hand")), monkeypatch)
    assert "alert-info vmware-remarks" in html and "alert-warning" not in html


def test_vcenter_down_leaves_novas_half(monkeypatch):
    trouble = Trouble("prod", TroubleKind.CERTIFICATE, "self-signed certificate")
    html = full(samples.unread(trouble), monkeypatch)
    top = text_of(html.partition("Where it runs")[0])
    assert "vCenter prod: its certificate is not one that this Horizon trusts." in top
    assert "ca_file" in top and "self-signed certificate" in top
    assert row(html, "ESX host") == [NOT_HELD, "unknown"]
    assert row(html, "Compute service")[0] == "compute-1 up, enabled"
    assert row(html, "Power state") == ["running", "unknown"]
    assert "Read from vCenter" not in html and "Where it is stored" not in html


def test_where_the_collector_last_had_it_is_said_while_vcenter_is_down(monkeypatch):
    report = samples.unread(Trouble("prod", TroubleKind.TIMEOUT))
    assert "vmware-last-seen" not in full(report, monkeypatch), "the collector does not know it"
    seen = samples.report().placement
    html = full(replace(report, last_seen=seen), monkeypatch)
    top = text_of(html.partition("Where it runs")[0])
    assert f'datetime="{builders.READ_AT.isoformat()}"' in html
    assert f"Cluster {seen.cluster.name} ESX host {seen.host.name} Datastores ds1" in top
    assert row(html, "ESX host") == [NOT_HELD, "unknown"], "what is old is taken for what is"
    hostile = replace(report, last_seen=samples.hostile_report().placement)
    assert samples.HOSTILE not in full(hostile, monkeypatch)


def test_faulty_settings_leave_novas_half(monkeypatch):
    html = full(ConfigError([]), monkeypatch)
    assert "VMWARE_PANEL" in html and "manage.py check" in html
    assert row(html, "Power state") == ["running", "unknown"]


@pytest.mark.parametrize(
    ("server", "books", "words", "of_vcenter"),
    [
        ({"node": "kvm-1.example.org"}, Books(()), "Not on vCenter", NOT_HELD),
        ({"node": ""}, Books(()), "on no node", NOT_HELD),
        ({}, Books(()), "not in the settings", "unknown"),
        ({}, Books((), complete=False), "is unknown", "unknown"),
        ({"status": "BUILD"}, Books((builders.inventory(),)), "still building", "being built"),
        ({}, Books((builders.inventory(),)), "holds no VM", "no VM"),
    ],
)
def test_an_instance_without_vm_says_why(monkeypatch, server, books, words, of_vcenter):
    placed = place(samples.server(**server), books, samples.service())
    html = full(InstanceReport(placed, builders.READ_AT), monkeypatch)
    assert words in text_of(html.partition("Where it runs")[0])
    assert row(html, "Power state") == ["running", of_vcenter]


def test_a_region_without_vcenter_says_so(monkeypatch):
    placed = place(samples.server(), Books(()))
    report = InstanceReport(placed, builders.READ_AT, configured=False)
    assert "No vCenter is configured for this region" in full(report, monkeypatch)


def test_no_name_from_a_server_becomes_markup(monkeypatch):
    """Neither HTML nor SVG, nor an expression for the AngularJS that Horizon runs on each page."""
    html = full(samples.hostile_report(), monkeypatch)
    assert html.count(escape("<script>alert(1)</script>\"'")) > 20, "the sample is not hostile"
    assert "<script" not in html and "{$" not in html and "$}" not in html
    assert "1 + 1" not in html and "{{ x }}" in html, "a template read a name"
    assert not re.search(r"""\son\w+\s*=|style\s*=|javascript:""", html)
    for value in re.findall(r'"([^"]*)"', html):
        assert "<" not in value, "a name broke out of an attribute"


def test_a_members_page_names_no_host_and_no_datastore(monkeypatch):
    facts = ClusterFacts(
        True,
        "blue",
        VmPower.OFF,
        2,
        None,
        (Trouble("prod", TroubleKind.TIMEOUT, "esx-1 and ds1 are slow"),),
    )
    html = cluster(facts, monkeypatch)
    for secret in ("esx-1", "ds1", "prod", "host-1", "datastore", "compute-1"):
        assert secret not in html
    assert row(html, "Cluster") == [NOT_HELD, "blue"]
    assert row(html, "Power state") == ["running", "powered off"]
    assert row(html, "vCPUs") == ["4", "2"] and row(html, "Memory") == ["4 GiB", "unknown"]
    assert "vCenter did not answer" in html


def test_a_members_page_says_what_is_unknown(monkeypatch):
    assert "vCenter shows no VM" in cluster(ClusterFacts(False), monkeypatch)
    html = cluster(ConfigError([]), monkeypatch)
    assert "vCenter cannot be asked" in html and "VMWARE_PANEL" not in html
    assert row(html, "Cluster")[1] == row(html, "Power state")[1] == "unknown"


def test_a_hostile_cluster_name_is_escaped_for_a_member(monkeypatch):
    html = cluster(ClusterFacts(True, samples.HOSTILE), monkeypatch)
    assert "<script" not in html and "{$" not in html
