"""Cluster, ESX host and datastores as columns of Admin > Instances.

`install` puts them into Horizon's own table and view. The placements of a page are read once, by
the first cell that is drawn: a page that draws no row (a redirect after an action, the menu of an
instance's own page) asks no vCenter. Without the right to list instances the table is Horizon's.
"""

import functools
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from horizon import tables
from openstack_dashboard.dashboards.admin.instances import tables as admin_tables
from openstack_dashboard.dashboards.admin.instances import views as admin_views

from vmware_panel.api import placement as placement_api
from vmware_panel.config import ConfigError
from vmware_panel.domain.placement import Placement
from vmware_panel.instance_views import cells
from vmware_panel.policy import Rule, allowed
from vmware_panel.wording import TroubleWords, settings_trouble, trouble_words

NAMES = ("vmware_cluster", "vmware_host", "vmware_datastores")
AFTER = "host"
"""Nova's compute host: the columns stand beside it."""


@dataclass(frozen=True, slots=True)
class Failed:
    """A source that failed. `read_at` is when the book was read that is shown all the same."""

    words: TroubleWords
    read_at: datetime | None = None


class PagePlacements:
    """The placements of the instances of one page, read when the first of them is asked for."""

    def __init__(self, request: HttpRequest, instances: Sequence[Any]) -> None:
        self._request = request
        self._instances = instances
        self._by_server: Mapping[str, Placement] | None = None
        self._failed: list[Failed] = []

    def of(self, instance: Any) -> Placement | None:
        if self._by_server is None:
            self._by_server = self._read()
        return self._by_server.get(instance.id)

    def _read(self) -> Mapping[str, Placement]:
        servers = [placement_api.server_of(one) for one in self._instances]
        try:
            report = placement_api.columns_report(self._request, servers)
        except ConfigError:
            self._failed = [Failed(settings_trouble())]
            return {}
        self._failed = [
            Failed(trouble_words(trouble), report.read_at.get(trouble.source))
            for trouble in report.troubles
        ]
        return report.by_server

    def note(self) -> str:
        """Which source failed, once for the whole page; nothing if none was asked or failed."""
        if not self._failed:
            return ""
        context = {"failed": self._failed}
        return str(render_to_string("vmware_panel/instance/_columns_note.html", context))


def attach(request: HttpRequest, instances: Iterable[Any]) -> None:
    """Lets each instance find the placements of its page, if its reader may see them."""
    rows = list(instances)
    if not allowed(request, Rule.LIST_INSTANCES):
        return
    page = PagePlacements(request, rows)
    for instance in rows:
        instance.vmware_page = page


def _cell(draw: Callable[[Placement | None, str], SafeString]) -> Callable[[Any], SafeString]:
    @functools.wraps(draw)
    def transform(instance: Any) -> SafeString:
        page: PagePlacements | None = getattr(instance, "vmware_page", None)
        return draw(page.of(instance) if page else None, instance.id)

    return transform


class PlacementColumn(tables.Column):
    classes = ("vmware-placement",)

    def allowed(self, request: HttpRequest) -> bool:
        return allowed(request, Rule.LIST_INSTANCES)


class NotedTable:
    """Says above the table, once, which source failed."""

    data: Sequence[Any] | None

    def render(self) -> SafeString:
        html = super().render()  # type: ignore[misc]
        page = next((i.vmware_page for i in self.data or () if hasattr(i, "vmware_page")), None)
        return SafeString((page.note() if page else "") + html)


def with_columns(base: Any) -> Any:
    """A table class with the three columns, made from whatever Admin > Instances has by now."""

    class PlacementRow(base._meta.row_class):
        def get_data(self, request: HttpRequest, instance_id: str) -> Any:
            instance = super().get_data(request, instance_id)
            attach(request, [instance])
            return instance

    class InstancesTable(NotedTable, base):
        vmware_cluster = PlacementColumn(_cell(cells.cluster), verbose_name=_("Cluster"))
        vmware_host = PlacementColumn(_cell(cells.host), verbose_name=_("ESX Host"))
        vmware_datastores = PlacementColumn(_cell(cells.datastores), verbose_name=_("Datastores"))

        class Meta(base.Meta):
            row_class = PlacementRow

    # Horizon appends a subclass's columns at the end. Meta.columns would order them too, but
    # would take away the columns of a plugin that subclasses this table in its turn.
    InstancesTable.base_columns = _beside(InstancesTable.base_columns)
    InstancesTable._columns = _beside(InstancesTable._columns)
    return InstancesTable


def _beside(columns: "OrderedDict[str, Any]") -> "OrderedDict[str, Any]":
    if AFTER not in columns:
        return columns
    order = [name for name in columns if name not in NAMES]
    at = order.index(AFTER) + 1
    return OrderedDict((name, columns[name]) for name in (*order[:at], *NAMES, *order[at:]))


def install() -> None:
    """Extends Horizon's table and view; does nothing the second time."""
    if not issubclass(admin_tables.AdminInstancesTable, NotedTable):
        table_class = with_columns(admin_tables.AdminInstancesTable)
        admin_tables.AdminInstancesTable = table_class
        admin_views.AdminIndexView.table_class = table_class
    view_class = admin_views.AdminIndexView
    if not hasattr(view_class.get_data, "attaches_placements"):
        view_class.get_data = _attaching(view_class.get_data)


def _attaching(get_data: Callable[[Any], Any]) -> Callable[[Any], Any]:
    @functools.wraps(get_data)
    def attaching(view: Any) -> Any:
        instances = get_data(view)
        attach(view.request, instances)
        return instances

    attaching.attaches_placements = True  # type: ignore[attr-defined]
    return attaching
