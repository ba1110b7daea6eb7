from typing import Any

from django.http import Http404, HttpRequest, HttpResponseBase
from django.utils.translation import gettext_lazy as _
from horizon import tabs
from horizon.views import HorizonTemplateView

from vmware_panel import policy
from vmware_panel.api import clusters
from vmware_panel.api.clusters import ClusterReport
from vmware_panel.config import ConfigError
from vmware_panel.domain.inventory import MoRef
from vmware_panel.panels.clusters.tabs import ClusterTabs
from vmware_panel.wording import foreign


class IndexView(HorizonTemplateView):
    template_name = "vmware_panel/clusters/index.html"
    page_title = _("VMware Clusters")

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        policy.require(request, policy.Rule.LIST_CLUSTERS)
        return super().dispatch(request, *args, **kwargs)


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
        report = self._report(request, vcenter, MoRef(moref))
        return super().get(request, vcenter=vcenter, moref=moref, report=report)

    def _report(self, request: HttpRequest, vcenter: str, moref: MoRef) -> ClusterReport:
        try:
            report = clusters.cluster_report(request, vcenter, moref)
        except ConfigError as error:
            return ClusterReport(vcenter, moref, faults=tuple(map(str, error.faults)))
        if not report.possible:
            raise Http404
        return report

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        report: ClusterReport = kwargs["report"]
        name = report.cluster.name if report.cluster else report.moref
        return super().get_context_data(title=foreign(name), **kwargs)
