"""Who gets to the panels of clusters and ESX hosts, and that nobody is asked for the others."""

from typing import Any
from unittest import mock

from openstack_dashboard.test import helpers

from tests.unit.domain import builders
from vmware_panel import policy
from vmware_panel.api.clusters import ClusterReport
from vmware_panel.api.hosts import HostReport
from vmware_panel.domain.inventory import MoRef
from vmware_panel.panels.clusters.panel import Clusters
from vmware_panel.panels.clusters.tabs import ClusterTabs
from vmware_panel.panels.hosts.panel import Hosts

CLUSTER = "/admin/vmware_clusters/lab/domain-c1/"
HOST = "/admin/vmware_hosts/lab/host-1/"
PATHS = (
    *(
        f"/admin/vmware_{panel}/{page}"
        for panel in ("clusters", "hosts")
        for page in ("", "export/csv", "export/json?q=x", "progress", "?q=")
    ),
    CLUSTER,
    *(f"{CLUSTER}?tab=cluster__{tab.slug}" for tab in ClusterTabs.tabs),
    HOST,
)
READ = "vmware_panel.api.inventories.SnapshotSource.read"


def cluster_report(moref: str = "domain-c1") -> ClusterReport:
    return ClusterReport("lab", MoRef(moref), inventory=builders.inventory(builders.vm(1)))


class TestAMember(helpers.TestCase):
    def test_gets_none_of_it_and_nobody_is_asked(self) -> None:
        for path in PATHS:
            with mock.patch(READ) as read:
                response: Any = self.client.get(path)
            assert response.status_code == 403, path
            read.assert_not_called()

    def test_does_not_see_the_panels(self) -> None:
        for panel in (Clusters(), Hosts()):
            assert not panel.can_access({"request": self.factory.get(PATHS[0])})


class TestAnAdmin(helpers.BaseAdminViewTests):
    def test_sees_the_panels(self) -> None:
        for panel in (Clusters(), Hosts()):
            assert panel.can_access({"request": self.factory.get(PATHS[0])})

    def test_is_refused_a_page_where_the_rule_says_so(self) -> None:
        with mock.patch.object(policy, "allowed", return_value=False), mock.patch(READ) as read:
            for path in PATHS:
                response: Any = self.client.get(path)
                assert response.status_code == 403, path
        read.assert_not_called()

    def test_opens_a_cluster_with_each_of_its_tabs(self) -> None:
        with mock.patch("vmware_panel.api.clusters.cluster_report", return_value=cluster_report()):
            for tab in ClusterTabs.tabs:
                response: Any = self.client.get(f"{CLUSTER}?tab=cluster__{tab.slug}")
                assert response.status_code == 200, tab
                page = response.content.decode()
                assert "blue" in page and f'id="cluster__{tab.slug}"' in page

    def test_finds_no_page_of_a_cluster_or_host_that_is_not_there(self) -> None:
        gone = cluster_report("domain-c9")
        with mock.patch("vmware_panel.api.clusters.cluster_report", return_value=gone):
            assert self.client.get(CLUSTER).status_code == 404
        for lost in (
            HostReport("lab", MoRef("host-9"), kept=builders.inventory()),
            HostReport("nowhere", MoRef("host-1"), configured=False),
        ):
            with mock.patch("vmware_panel.api.hosts.host_report", return_value=lost):
                assert self.client.get(HOST).status_code == 404
