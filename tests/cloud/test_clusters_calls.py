"""What the pages of clusters and ESX hosts ask, counted: nothing of vCenter, and of OpenStack as much
for two thousand VMs as for twenty.
"""

import time
from datetime import UTC, datetime

import pytest

from tests.cloud.sized import sized_vcenter
from tests.lab_run import RunningLab
from vmware_panel.api import cloud, clusters, inventories
from vmware_panel.domain.clusters import Driven
from vmware_panel.domain.inventory import MoRef
from vmware_panel.openstack import counting as counting_openstack
from vmware_panel.vsphere import counting as counting_vcenter

pytestmark = [pytest.mark.lab, pytest.mark.simulator]

NODES_OF_THE_LAB = 2
ONE_EACH = 4  # servers, compute services, hypervisors, projects
OF_PLACEMENT = 1 + 2 * NODES_OF_THE_LAB

Counts = tuple[int, int]


def counted(page, *arguments) -> tuple[Counts, object]:
    """vCenter's calls and OpenStack's, and what the page got."""
    with counting_vcenter() as vcenter, counting_openstack() as made:
        report = page(*arguments)
    return (vcenter.total, len(made)), report


def listed(request) -> clusters.ClustersReport:
    """The first page has the collector begin; a busy machine lists late."""
    until = time.monotonic() + 60
    while (report := clusters.clusters_report(request)).troubles:
        assert time.monotonic() < until, report.troubles
        time.sleep(0.2)
    return report


def calls_of_each_page(request, nova_vms: int) -> dict[str, Counts]:
    with sized_vcenter(nova_vms, "embedded", clusters=2):
        first = listed(request)
        assert first.entries
        its = next(e for e in first.entries if e.books.cluster)
        moref = its.books.moref
        cloud.forget_all()
        found: dict[str, Counts] = {}
        found["clusters, first"], report = counted(clusters.clusters_report, request)
        found["clusters, again"], _ = counted(clusters.clusters_report, request)
        found["one cluster"], one = counted(clusters.cluster_report, request, "sized", moref)
        found["hosts"], hosts = counted(clusters.hosts_report, request)
        now = datetime.now(UTC)
        found["lines"], day = counted(clusters.day_of_cluster, request, "sized", moref, now)
        assert isinstance(report, clusters.ClustersReport) and report.entries
        assert sum(e.figures.instances for e in report.entries if e.figures) == nova_vms
        assert isinstance(one, clusters.ClusterReport) and one.cluster and one.entry
        assert isinstance(hosts, clusters.HostsReport) and hosts.entries
        assert getattr(day, "trouble", None) is None, day
        return found


def test_no_list_asks_vcenter_and_none_asks_more_of_a_large_one(
    lab: RunningLab, request_of, at_one_moment
):
    request = request_of()
    small = calls_of_each_page(request, 20)
    lines = small.pop("lines")
    assert small == {
        "clusters, first": (0, ONE_EACH + OF_PLACEMENT),
        "clusters, again": (0, 0),
        "one cluster": (0, 0),
        "hosts": (0, 0),
    }
    assert lines[1] == 0 and 1 <= lines[0] <= 3, "the counters' names once, then the samples"
    large = calls_of_each_page(request, 2000)
    large.pop("lines")
    assert large == small


def test_the_labs_clusters_in_all_books(lab: RunningLab, request_of, configured):
    """Each figure against the book that it is from, read by a client of the test's own."""
    with configured():
        report = clusters.clusters_report(request_of())
    assert not report.troubles and report.entries is not None
    assert {e.books.driven for e in report.entries} == {Driven.DRIVEN}
    placement = lab.admin.placement
    servers = list(lab.admin.compute.servers(details=True, all_projects=True))
    with lab.login.connected() as service:
        for entry in report.entries:
            books, figures = entry.books, entry.figures
            assert books.hypervisor and books.service and figures and entry.counts
            node = books.hypervisor.node
            assert entry.counts.servers == sum(s.hypervisor_hostname == node for s in servers)
            provider = placement.find_resource_provider(node)
            assert provider is not None and entry.provider is not None
            for its in placement.resource_provider_inventories(provider.id):
                (ours,) = [
                    i for i in entry.provider.inventories if i.resource_class == its.resource_class
                ]
                assert (ours.total, ours.max_unit) == (its.total, its.max_unit)
            cluster = _cluster(service, books.moref)
            hosts = list(cluster.host)
            sizes = [host.summary.hardware.memorySize // 1024**2 for host in hosts]
            assert figures.memory.total.exact == sum(sizes)
            assert figures.hosts.all == figures.hosts.usable == len(hosts)
            managed = [
                vm
                for host in hosts
                for vm in host.vm
                if vm.config.managedBy
                and vm.config.managedBy.extensionKey == "org.openstack.compute"
            ]
            assert figures.instances == sum(not vm.config.template for vm in managed)


def test_a_host_in_maintenance_is_no_more_among_what_can_be_used(
    lab: RunningLab, request_of, configured
):
    with lab.login.connected() as service, configured():
        host = _cluster(service, _first_cluster(service)).host[0]
        with lab.drifted("host-maintenance", host=host.name):
            report = clusters.hosts_report(request_of())
            (entry,) = [e for e in report.entries or () if e.host.moref == host._moId]
            assert entry.host.usable is False


def test_a_vcenter_that_is_away_leaves_the_rest_and_the_lines_say_so(
    lab: RunningLab, request_of, configured, monkeypatch
):
    # No sample of what its hosts use ever comes, and the page would wait for one.
    monkeypatch.setattr(inventories, "FIRST_LIST_PATIENCE_S", 3.0)
    with configured(port=1):
        request = request_of()
        report = clusters.clusters_report(request)
        day = clusters.day_of_cluster(request, "lab", MoRef("domain-c1"), datetime.now(UTC))
    assert report.entries and {e.books.driven for e in report.entries} == {Driven.UNKNOWN}
    assert {t.source for t in report.troubles} == {"lab"}
    assert day.value is None and day.trouble is not None and day.trouble.source == "lab"


def test_a_member_is_told_nothing_of_placement(lab: RunningLab, request_of, configured):
    """The page's policy refuses a member; Placement itself would, too."""
    with configured():
        report = clusters.clusters_report(request_of("wendy", "web"))
    assert all(entry.provider is None for entry in report.entries or ())


def _cluster(service, moref: str):
    from pyVmomi import vim

    return vim.ClusterComputeResource(moref, service._stub)


def _first_cluster(service) -> str:
    from pyVmomi import vim

    view = service.content.viewManager.CreateContainerView(
        service.content.rootFolder, [vim.ClusterComputeResource], True
    )
    return str(view.view[0]._moId)
