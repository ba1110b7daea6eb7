from functools import partial

from django.utils.translation import gettext_lazy as _

from vmware_panel import policy
from vmware_panel.api import placement
from vmware_panel.config import ConfigError
from vmware_panel.panels.instances import summary
from vmware_panel.panels.instances.filters import InstanceFilters
from vmware_panel.panels.instances.rows import names_in, rows_of
from vmware_panel.panels.instances.tables import InstancesTable
from vmware_panel.panels.listing import views as listing
from vmware_panel.panels.listing.answers import sources_shown
from vmware_panel.panels.listing.columns import Sort


class InstancesSource(listing.ListSource):
    rule = policy.Rule.LIST_INSTANCES
    table_class = InstancesTable
    filter_class = InstanceFilters
    default_sort = Sort("name")
    ties = ("name", "id")

    def read(self) -> listing.Source:
        try:
            report = placement.instances_report(self.request)
            sources = sources_shown(self.request, report)
        except ConfigError as error:
            faults = tuple(map(str, error.faults))
            return listing.Source(rows=None, faults=faults, shown={"faults": faults})
        rows = None
        if report.placements is not None:
            rows = rows_of(report.placements, report.project_names)
        bar = [] if rows is None else rows.derived("bar", partial(summary.bar, rows))
        return listing.Source(
            rows=rows,
            known=names_in(report.inventories),
            read_at=report.read_at,
            troubles=report.troubles,
            shown={
                "overview": report.overview,
                "bar": bar,
                "unknown": sum(p.count for p in bar if p.share is summary.Share.UNKNOWN),
                **sources,
            },
        )


class IndexView(InstancesSource, listing.ListingView):
    template_name = "vmware_panel/instances/index.html"
    page_title = _("VMware Instances")


class ExportView(InstancesSource, listing.ExportView):
    file_name = "vmware-instances"
