"""What the tabs have in common that ask vCenter for the cluster's DRS."""

from abc import abstractmethod
from typing import Any

from django.http import HttpRequest

from vmware_panel.api import drs
from vmware_panel.api.context import vcenter_named
from vmware_panel.api.drs import DrsReport
from vmware_panel.config import ConfigError
from vmware_panel.domain.drs import DrsState
from vmware_panel.panels.clusters.drs_links import Names
from vmware_panel.panels.clusters.tab import ClusterTab
from vmware_panel.wording import settings_trouble, trouble_words


class DrsTab(ClusterTab):
    def context(self, request: HttpRequest) -> dict[str, Any]:
        try:
            vcenter = vcenter_named(request, self.vcenter)
        except ConfigError:
            return {"troubles": [settings_trouble()]}
        if vcenter is None:
            return {}
        found = drs.drs_report(request, vcenter, self.moref, self.report.inventory)
        shown: dict[str, Any] = {"troubles": [trouble_words(t) for t in found.troubles]}
        state = found.state
        if state is None:
            return shown
        names = Names(self.vcenter, found.places, found.owners or {})
        return {**shown, "state": state, **self.told(request, found, state, names)}

    @abstractmethod
    def told(
        self, request: HttpRequest, found: DrsReport, state: DrsState, names: Names
    ) -> dict[str, Any]:
        """What the tab shows of it, besides the state itself and what failed."""
