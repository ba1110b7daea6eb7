from typing import Any

from django.http import Http404, HttpRequest, HttpResponseBase
from django.utils.translation import gettext_lazy as _
from horizon.views import HorizonTemplateView

from vmware_panel import policy
from vmware_panel.api import clusters
from vmware_panel.config import ConfigError
from vmware_panel.domain.inventory import MoRef
from vmware_panel.wording import foreign


class IndexView(HorizonTemplateView):
    template_name = "vmware_panel/hosts/index.html"
    page_title = _("VMware Hosts")

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        policy.require(request, policy.Rule.LIST_HOSTS)
        return super().dispatch(request, *args, **kwargs)


class DetailView(HorizonTemplateView):
    """One ESX host, from what the collectors keep."""

    template_name = "vmware_panel/hosts/detail.html"
    page_title = "{{ title }}"
    http_method_names = ["get", "head", "options"]

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        policy.require(request, policy.Rule.GET_HOST)
        return super().dispatch(request, *args, **kwargs)

    def get_context_data(self, *, vcenter: str, moref: str, **kwargs: Any) -> dict[str, Any]:
        try:
            report = clusters.host_report(self.request, vcenter, MoRef(moref))
        except ConfigError as error:
            faults = tuple(map(str, error.faults))
            return super().get_context_data(title=moref, faults=faults, **kwargs)
        if not report.possible:
            raise Http404
        name = report.host.name if report.host else report.moref
        return super().get_context_data(title=foreign(name), report=report, **kwargs)
