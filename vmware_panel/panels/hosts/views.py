from collections.abc import Iterable

from django.utils.translation import gettext_lazy as _

from vmware_panel import policy
from vmware_panel.api import clusters
from vmware_panel.config import ConfigError
from vmware_panel.domain.cluster_sums import host_counts
from vmware_panel.domain.inventory import Inventory
from vmware_panel.domain.kept import Kept
from vmware_panel.panels.hosts.filters import HostFilters
from vmware_panel.panels.hosts.rows import HostRow
from vmware_panel.panels.hosts.tables import HostsTable
from vmware_panel.panels.listing import views as listing
from vmware_panel.panels.listing.answers import sources_shown
from vmware_panel.panels.listing.columns import Sort


class HostsSource(listing.ListSource):
    rule = policy.Rule.LIST_HOSTS
    table_class = HostsTable
    filter_class = HostFilters
    default_sort = Sort("name")
    ties = ("name", "vcenter", "moref")

    def read(self) -> listing.Source:
        try:
            report = clusters.hosts_report(self.request)
            sources = sources_shown(self.request, report)
        except ConfigError as error:
            faults = tuple(map(str, error.faults))
            return listing.Source(rows=None, faults=faults, shown={"faults": faults})
        rows = None if report.entries is None else Kept(map(HostRow, report.entries))
        return listing.Source(
            rows=rows,
            known=names_in(report.inventories),
            read_at=report.read_at,
            troubles=report.troubles,
            shown={"counts": host_counts(row.host for row in rows or ()), **sources},
        )


class IndexView(HostsSource, listing.ListingView):
    template_name = "vmware_panel/hosts/index.html"
    page_title = _("VMware Hosts")


class ExportView(HostsSource, listing.ExportView):
    file_name = "vmware-hosts"


def names_in(inventories: Iterable[Inventory]) -> dict[str, frozenset[str]]:
    """What may be asked for though no host stands there: a cluster that has none, say."""
    whole = tuple(inventories)
    return {
        "vcenter": frozenset(i.vcenter.name for i in whole),
        "cluster": frozenset(c.name for i in whole for c in i.clusters),
    }
