from django.utils.translation import gettext_lazy as _

from vmware_panel import policy
from vmware_panel.api import volumes
from vmware_panel.config import ConfigError
from vmware_panel.panels.listing import views as listing
from vmware_panel.panels.listing.answers import sources_shown
from vmware_panel.panels.listing.columns import Sort
from vmware_panel.panels.volumes.filters import VolumeFilters
from vmware_panel.panels.volumes.rows import names_in, rows_of
from vmware_panel.panels.volumes.summary import summary_of
from vmware_panel.panels.volumes.tables import VolumesTable


class VolumesSource(listing.ListSource):
    rule = policy.Rule.LIST_VOLUMES
    table_class = VolumesTable
    filter_class = VolumeFilters
    default_sort = Sort("name")
    ties = ("name", "key")

    def read(self) -> listing.Source:
        try:
            report = volumes.volumes_report(self.request)
            sources = sources_shown(self.request, report)
        except ConfigError as error:
            faults = tuple(map(str, error.faults))
            return listing.Source(rows=None, faults=faults, shown={"faults": faults})
        rows = None if report.entries is None else rows_of(report.entries, report.project_names)
        return listing.Source(
            rows=rows,
            known=names_in(report.inventories),
            read_at=report.read_at,
            troubles=report.troubles,
            shown={"summary": summary_of(report), **sources},
        )


class IndexView(VolumesSource, listing.ListingView):
    template_name = "vmware_panel/volumes/index.html"
    page_title = _("VMware Volumes")


class ExportView(VolumesSource, listing.ExportView):
    file_name = "vmware-volumes"
