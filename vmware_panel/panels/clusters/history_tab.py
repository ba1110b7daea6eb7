from datetime import UTC, datetime
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from vmware_panel.api import drs
from vmware_panel.api.context import vcenter_named
from vmware_panel.api.drs import HistoryReport
from vmware_panel.config import ConfigError
from vmware_panel.domain.inventory import MoRef
from vmware_panel.domain.tasks import Move, MoveKind
from vmware_panel.panels.clusters.drs_links import Linked, host_url
from vmware_panel.panels.clusters.move_chart import move_chart
from vmware_panel.panels.clusters.move_filters import BY, MOST_DAYS, move_filters
from vmware_panel.panels.clusters.tab import ClusterTab
from vmware_panel.panels.links import instance_url
from vmware_panel.wording import foreign, settings_trouble, trouble_words
from vmware_panel.wording.drs import move_kind, mover

MOST_ROWS = 200


class HistoryTab(ClusterTab):
    """The moves in the cluster, as vCenter's events tell of them."""

    name = _("History")
    slug = "history"
    template_name = "vmware_panel/clusters/history.html"

    def context(self, request: HttpRequest) -> dict[str, Any]:
        filters = move_filters(request.GET)
        shown: dict[str, Any] = {
            "filters": filters,
            "by_choices": BY,
            "most_days": MOST_DAYS,
            "tab_id": f"{self.tab_group.slug}__{self.slug}",
        }
        try:
            vcenter = vcenter_named(request, self.vcenter)
        except ConfigError:
            return {**shown, "troubles": [settings_trouble()]}
        if vcenter is None:
            return shown
        found = drs.history_report(
            request, vcenter, self.moref, self.report.inventory, filters.days
        )
        shown["troubles"] = [trouble_words(t) for t in found.troubles]
        if found.moves is None:
            return shown
        moves = filters.narrowed(found.moves)
        # Of days that are not told whole there is no picture.
        since = found.since if found.whole else found.moves[-1].at
        hosts = self._hosts()
        return {
            **shown,
            "chart": move_chart(moves, since, datetime.now(UTC)) if moves else None,
            "rows": [self._row(move, found, hosts) for move in moves[:MOST_ROWS]],
            "count": len(moves),
            "all_count": len(found.moves),
            "most_rows": MOST_ROWS,
            "whole": found.whole,
            "since": since,
        }

    def _hosts(self) -> dict[str, MoRef]:
        """An event has a host's name of that time; a link leads to the one of that name now."""
        inventory = self.report.inventory
        return {host.name: host.moref for host in inventory.hosts} if inventory else {}

    def _row(self, move: Move, found: HistoryReport, hosts: dict[str, MoRef]) -> dict[str, Any]:
        owner = (found.owners or {}).get(move.vm) if move.vm else None
        vm = Linked(
            foreign(owner.name if owner else move.vm_name or move.vm or ""),
            instance_url(owner.server_id) if owner else "",
            foreign(owner.project) if owner else "",
        )
        places = move.kind is not MoveKind.POOL
        return {
            "at": move.at,
            "vm": vm,
            "kind": move_kind(move.kind),
            "source": self._place(move.source, hosts if places else {}),
            "destination": self._place(move.destination, hosts if places else {}),
            "datastores": (foreign(move.source_datastore), foreign(move.destination_datastore))
            if move.source_datastore != move.destination_datastore
            else None,
            "by": mover(move),
        }

    def _place(self, name: str, hosts: dict[str, MoRef]) -> Linked | None:
        if not name:
            return None
        moref = hosts.get(name)
        return Linked(foreign(name), host_url(self.vcenter, moref) if moref else "")
