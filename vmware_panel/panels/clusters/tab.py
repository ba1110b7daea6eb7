"""What every tab of a cluster's page stands on."""

from abc import abstractmethod
from typing import Any, ClassVar

from django.http import HttpRequest
from horizon import tabs

from vmware_panel import policy
from vmware_panel.api.clusters import ClusterReport
from vmware_panel.domain.inventory import MoRef


class ClusterTab(tabs.Tab):
    """`rule` is asked for the menu, and again for the content. `template_name` gets `context`,
    and extends `vmware_panel/clusters/_tab.html`.
    """

    preload = False
    rule: ClassVar[policy.Rule] = policy.Rule.GET_CLUSTER
    template_name: ClassVar[str]

    def allowed(self, request: HttpRequest) -> bool:
        return policy.allowed(request, self.rule)

    @property
    def vcenter(self) -> str:
        """The vCenter's name in the settings."""
        return str(self.tab_group.kwargs["vcenter"])

    @property
    def moref(self) -> MoRef:
        return MoRef(self.tab_group.kwargs["moref"])

    @property
    def report(self) -> ClusterReport:
        """The cluster as the books of this page have it, read once for all of the page."""
        report: ClusterReport = self.tab_group.kwargs["report"]
        return report

    def get_context_data(self, request: HttpRequest, **kwargs: Any) -> dict[str, Any]:
        policy.require(request, self.rule)
        return {"request": request, "report": self.report, **self.context(request)}

    @abstractmethod
    def context(self, request: HttpRequest) -> dict[str, Any]:
        """What the template shows besides `report`."""
