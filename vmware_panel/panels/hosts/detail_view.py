"""The page of one ESX host."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponseBase
from horizon.views import HorizonTemplateView

from vmware_panel import policy
from vmware_panel.api import hosts
from vmware_panel.api.hosts import HostReport
from vmware_panel.config import ConfigError
from vmware_panel.domain.inventory import MoRef
from vmware_panel.panels.hosts import detail_charts, detail_facts, detail_vms
from vmware_panel.panels.hosts.actions import host_actions
from vmware_panel.wording import foreign, trouble_words


class DetailView(HorizonTemplateView):
    """Live from vCenter; where it does not answer, what the collectors kept, with its age."""

    template_name = "vmware_panel/hosts/detail.html"
    page_title = "{{ title }}"
    http_method_names = ["get", "head", "options"]

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        policy.require(request, policy.Rule.GET_HOST)
        return super().dispatch(request, *args, **kwargs)

    def get_context_data(self, *, vcenter: str, moref: str, **kwargs: Any) -> dict[str, Any]:
        try:
            report = hosts.host_report(self.request, vcenter, MoRef(moref))
        except ConfigError as error:
            faults = tuple(map(str, error.faults))
            return super().get_context_data(title=moref, faults=faults, **kwargs)
        if not report.possible:
            raise Http404
        name = report.host.name if report.host else report.moref
        return super().get_context_data(
            title=foreign(name),
            report=report,
            host_actions=host_actions(
                self.request, vcenter, report.host, answers=report.detail is not None
            ),
            **shown(report),
            **kwargs,
        )


def shown(report: HostReport) -> dict[str, Any]:
    """What the template says of the report."""
    return {
        "live": report.detail is not None,
        "read_at": report.inventory.read_at if report.inventory else None,
        "troubles": tuple(map(trouble_words, report.troubles)),
        "facts": detail_facts.facts(report),
        "bars": detail_facts.bars(report),
        "numa_nodes": detail_facts.numa_nodes(report),
        "adapters": detail_facts.adapters(report),
        "datastores": detail_facts.datastores(report),
        "vms": detail_vms.vms_on(report),
        "charts": detail_charts.charts(report),
    }
