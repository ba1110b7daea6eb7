from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _

from vmware_panel.panels.clusters.tab import ClusterTab
from vmware_panel.panels.instances.rows import rows_of
from vmware_panel.panels.instances.tables import InstancesTable
from vmware_panel.panels.listing.excerpt import excerpt


class InstancesTab(ClusterTab):
    """The list of instances, of those that vCenter runs in this cluster."""

    name = _("Instances")
    slug = "instances"
    template_name = "vmware_panel/clusters/instances.html"

    def context(self, request: HttpRequest) -> dict[str, Any]:
        whole, cluster = self.report.whole, self.report.cluster
        if whole is None or whole.placements is None or cluster is None:
            return {"excerpt": None}
        place = (self.vcenter, self.moref)
        rows = [
            row
            for row in rows_of(whole.placements, whole.project_names)
            if (row.vcenter, row.cluster_moref) == place
        ]
        address = reverse("horizon:admin:vmware_instances:index")
        filters = {"vcenter": self.vcenter, "cluster": cluster.name}
        return {
            "excerpt": excerpt(InstancesTable, rows, address, filters, ties=("id",)),
            **self._novas(address),
        }

    def _novas(self, address: str) -> dict[str, Any]:
        """How many Nova has here, which need not be the same ones."""
        entry = self.report.entry
        node = entry.books.hypervisor if entry else None
        if entry is None or node is None or entry.counts is None:
            return {"novas": None}
        query = urlencode({"compute": node.service_host})
        return {"novas": entry.counts.servers, "novas_href": f"{address}?{query}"}
