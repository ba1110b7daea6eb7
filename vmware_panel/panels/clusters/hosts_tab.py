from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from vmware_panel.panels.clusters.tab import ClusterTab


class HostsTab(ClusterTab):
    name = _("Hosts")
    slug = "hosts"
    template_name = "vmware_panel/clusters/hosts.html"

    def context(self, request: HttpRequest) -> dict[str, Any]:
        return {}
