from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from vmware_panel.panels.clusters.tab import ClusterTab


class InstancesTab(ClusterTab):
    name = _("Instances")
    slug = "instances"
    template_name = "vmware_panel/clusters/instances.html"

    def context(self, request: HttpRequest) -> dict[str, Any]:
        return {}
