from collections import Counter
from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext_lazy as _

from vmware_panel import policy
from vmware_panel.api import datastores
from vmware_panel.config import ConfigError
from vmware_panel.domain.cluster_sums import total
from vmware_panel.domain.kept import Kept
from vmware_panel.panels.datastores.filters import FLAG_LABELS, DatastoreFilters
from vmware_panel.panels.datastores.room import LEGEND
from vmware_panel.panels.datastores.rows import DatastoreRow
from vmware_panel.panels.datastores.tables import DatastoresTable
from vmware_panel.panels.drawing.bars import sum_words
from vmware_panel.panels.hosts.views import names_in
from vmware_panel.panels.listing import views as listing
from vmware_panel.panels.listing.answers import sources_shown
from vmware_panel.panels.listing.columns import Sort
from vmware_panel.wording import bytes_of


class DatastoresSource(listing.ListSource):
    rule = policy.Rule.LIST_DATASTORES
    table_class = DatastoresTable
    filter_class = DatastoreFilters
    default_sort = Sort("name")
    ties = ("name", "vcenter", "moref")

    def read(self) -> listing.Source:
        try:
            report = datastores.datastores_report(self.request)
            sources = sources_shown(self.request, report)
        except ConfigError as error:
            faults = tuple(map(str, error.faults))
            return listing.Source(rows=None, faults=faults, shown={"faults": faults})
        rows = None if report.entries is None else Kept(map(DatastoreRow, report.entries))
        return listing.Source(
            rows=rows,
            known=names_in(report.inventories),
            read_at=report.read_at,
            troubles=report.troubles,
            shown={"overview": overview(rows or ()), "legend": LEGEND, **sources},
        )


class IndexView(DatastoresSource, listing.ListingView):
    template_name = "vmware_panel/datastores/index.html"
    page_title = _("VMware Datastores")


class ExportView(DatastoresSource, listing.ExportView):
    file_name = "vmware-datastores"


def overview(rows: Iterable[DatastoreRow]) -> dict[str, Any]:
    """The sums above the list, and how many rows are worth a look, each with its filter."""
    rows = tuple(rows)
    flags = Counter(flag for row in rows for flag in row.flags if flag)
    return {
        "count": len(rows),
        "capacity": sum_words(total(row.capacity_bytes for row in rows), bytes_of),
        "free": sum_words(total(row.free_bytes for row in rows), bytes_of),
        "provisioned": sum_words(total(row.provisioned_bytes for row in rows), bytes_of),
        "inaccessible": sum(row.state == "inaccessible" for row in rows),
        "flags": [
            {"flag": flag, "label": label, "count": flags[flag]}
            for flag, label in FLAG_LABELS.items()
            if flags[flag]
        ],
    }
