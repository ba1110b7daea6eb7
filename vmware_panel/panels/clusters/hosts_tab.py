from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from vmware_panel.api.clusters import host_entry
from vmware_panel.panels.clusters.tab import ClusterTab
from vmware_panel.panels.hosts.rows import HostRow
from vmware_panel.panels.hosts.tables import HostsTable
from vmware_panel.panels.listing.excerpt import excerpt


class HostsTab(ClusterTab):
    """The list of ESX hosts, of this cluster alone."""

    name = _("Hosts")
    slug = "hosts"
    template_name = "vmware_panel/clusters/hosts.html"

    def context(self, request: HttpRequest) -> dict[str, Any]:
        report, entry = self.report, self.report.entry
        if report.inventory is None or report.cluster is None:
            return {"excerpt": None}
        usage = entry.usage if entry else None
        hosts = report.inventory.hosts_by_cluster.get(self.moref, ())
        return {
            "excerpt": excerpt(
                HostsTable,
                [HostRow(host_entry(report.inventory, host, usage)) for host in hosts],
                reverse("horizon:admin:vmware_hosts:index"),
                {"vcenter": self.vcenter, "cluster": report.cluster.name},
            )
        }
