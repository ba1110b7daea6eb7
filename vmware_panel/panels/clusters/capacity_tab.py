from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from vmware_panel import policy
from vmware_panel.api.capacity import capacity_report
from vmware_panel.config import ConfigError
from vmware_panel.panels.capacity.figures import datastore_lines, tables_of
from vmware_panel.panels.clusters.tab import ClusterTab
from vmware_panel.wording import count_text, foreign, trouble_words


class CapacityTab(ClusterTab):
    name = _("Capacity")
    slug = "capacity"
    rule = policy.Rule.GET_CAPACITY
    template_name = "vmware_panel/clusters/capacity.html"

    def context(self, request: HttpRequest) -> dict[str, Any]:
        try:
            said = capacity_report(request, self.report)
        except ConfigError as error:
            return {"faults": tuple(map(str, error.faults))}
        capacity = said.capacity
        if capacity is None:
            return {"said": said}
        cpu = capacity.cpu
        return {
            "said": said,
            "tables": tables_of(capacity),
            "unexplained": len(capacity.unexplained),
            "datastores": datastore_lines(capacity.report.datastores, self.report.vcenter),
            "driver_fails": capacity.report.fails,
            "undecided": [foreign(host.name) for host in capacity.report.undecided],
            "untold_others": [foreign(name) for name in said.untold_others],
            "said_troubles": [trouble_words(trouble) for trouble in said.troubles],
            "total_mhz": count_text(cpu.total_mhz),
            "effective_mhz": count_text(cpu.effective_mhz),
            "used_mhz": count_text(cpu.used_mhz),
            "ratio_url": self._ratio_url(request) if said.driven else "",
        }

    def _ratio_url(self, request: HttpRequest) -> str:
        """Empty where the policy does not allow to set one."""
        if not policy.allowed(request, policy.Rule.UPDATE_ALLOCATION_RATIO):
            return ""
        kwargs = {"vcenter": self.report.vcenter, "moref": self.report.moref}
        return reverse("horizon:admin:vmware_clusters:allocation_ratio", kwargs=kwargs)
