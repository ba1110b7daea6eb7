from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from vmware_panel.panels.clusters.tab import ClusterTab


class OverviewTab(ClusterTab):
    name = _("Overview")
    slug = "overview"
    template_name = "vmware_panel/clusters/overview.html"

    def context(self, request: HttpRequest) -> dict[str, Any]:
        return {}
