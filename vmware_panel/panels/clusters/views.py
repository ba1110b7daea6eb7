from typing import Any

from django.http import Http404, HttpRequest, HttpResponseBase
from django.utils.translation import gettext_lazy as _
from horizon import tabs

from vmware_panel import policy
from vmware_panel.api import clusters
from vmware_panel.api.clusters import ClusterReport
from vmware_panel.config import ConfigError
from vmware_panel.domain.inventory import MoRef
from vmware_panel.domain.kept import Kept
from vmware_panel.panels.clusters import summary
from vmware_panel.panels.clusters.filters import ClusterFilters
from vmware_panel.panels.clusters.head import head_of, service_action
from vmware_panel.panels.clusters.rows import row_of
from vmware_panel.panels.clusters.tables import ClustersTable
from vmware_panel.panels.clusters.tabs import ClusterTabs
from vmware_panel.panels.drawing.bars import OF_HOSTS
from vmware_panel.panels.listing import views as listing
from vmware_panel.panels.listing.answers import sources_shown
from vmware_panel.panels.listing.columns import Sort
from vmware_panel.wording import foreign


class ClustersSource(listing.ListSource):
    rule = policy.Rule.LIST_CLUSTERS
    table_class = ClustersTable
    filter_class = ClusterFilters
    default_sort = Sort("name")
    ties = ("name", "vcenter", "moref")

    def read(self) -> listing.Source:
        try:
            report = clusters.clusters_report(self.request)
            sources = sources_shown(self.request, report)
        except ConfigError as error:
            faults = tuple(map(str, error.faults))
            return listing.Source(rows=None, faults=faults, shown={"faults": faults})
        rows = None
        if report.entries is not None:
            rows = Kept(row_of(entry) for entry in report.entries)
        return listing.Source(
            rows=rows,
            read_at=report.read_at,
            troubles=report.troubles,
            shown={"overview": summary.overview(rows or ()), "legend": OF_HOSTS, **sources},
        )


class IndexView(ClustersSource, listing.ListingView):
    template_name = "vmware_panel/clusters/index.html"
    page_title = _("VMware Clusters")


class ExportView(ClustersSource, listing.ExportView):
    file_name = "vmware-clusters"


class DetailView(tabs.TabView):
    """One cluster, from what the collectors keep; tabs that ask vCenter itself say so."""

    tab_group_class = ClusterTabs
    template_name = "vmware_panel/clusters/detail.html"
    page_title = "{{ title }}"
    http_method_names = ["get", "head", "options"]

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        policy.require(request, policy.Rule.GET_CLUSTER)
        return super().dispatch(request, *args, **kwargs)

    def get(
        self, request: HttpRequest, *args: Any, vcenter: str, moref: str, **kwargs: Any
    ) -> HttpResponseBase:
        try:
            report = clusters.cluster_report(request, vcenter, MoRef(moref))
            sources = sources_shown(request, report, only=vcenter)
        except ConfigError as error:
            report = ClusterReport(vcenter, MoRef(moref))
            sources = {"faults": tuple(map(str, error.faults))}
        if not report.possible:
            raise Http404
        return super().get(request, vcenter=vcenter, moref=moref, report=report, sources=sources)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        report: ClusterReport = kwargs["report"]
        name = report.cluster.name if report.cluster else report.moref
        context = super().get_context_data(
            title=foreign(name),
            head=head_of(report),
            service_action=service_action(self.request, report),
            **kwargs,
        )
        return {**context, **kwargs["sources"]}
