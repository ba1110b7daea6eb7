from datetime import UTC, datetime
from functools import partial

from django.utils.translation import gettext_lazy as _

from vmware_panel import policy
from vmware_panel.api import placement
from vmware_panel.api.refresh import NOVA
from vmware_panel.config import CollectorMode, ConfigError, get_config
from vmware_panel.domain.outcome import TroubleKind
from vmware_panel.panels.instances import summary
from vmware_panel.panels.instances.filters import InstanceFilters
from vmware_panel.panels.instances.rows import names_in, rows_of
from vmware_panel.panels.instances.tables import InstancesTable
from vmware_panel.panels.listing import views as listing
from vmware_panel.panels.listing.columns import Sort
from vmware_panel.wording import trouble_words

SETTINGS_EXAMPLE = """\
VMWARE_PANEL = {
    "vcenters": {
        "prod": {
            "host": "vcenter.example.org",
            "username": "horizon@vsphere.local",
            "password_file": "/etc/openstack-dashboard/vcenter-prod.password",
        },
    },
}"""


class InstancesSource(listing.ListSource):
    rule = policy.Rule.LIST_INSTANCES
    table_class = InstancesTable
    filter_class = InstanceFilters
    default_sort = Sort("name")
    ties = ("name", "id")

    def read(self) -> listing.Source:
        try:
            report = placement.instances_report(self.request)
            config = get_config()
        except ConfigError as error:
            faults = tuple(map(str, error.faults))
            return listing.Source(rows=None, faults=faults, shown={"faults": faults})
        names = [v.name for v in config.vcenters_for_region(self.request.user.services_region)]
        rows = None
        if report.placements is not None:
            rows = rows_of(report.placements, report.project_names)
        bar = [] if rows is None else rows.derived("bar", partial(summary.bar, rows))
        answers = summary.answers(names, report, datetime.now(UTC), config.collector.stale_after_s)
        nova_listing = next(
            (t for t in report.troubles if (t.source, t.kind) == (NOVA, TroubleKind.NOT_YET)), None
        )
        return listing.Source(
            rows=rows,
            known=names_in(report.inventories),
            read_at=report.read_at,
            troubles=report.troubles,
            shown={
                "overview": report.overview,
                "bar": bar,
                "unknown": sum(p.count for p in bar if p.share is summary.Share.UNKNOWN),
                "answers": answers,
                "nova_listing": nova_listing,
                "under_way": nova_listing is not None
                or any(a.progress and a.progress.under_way for a in answers),
                "may_refresh": config.collector.mode is not CollectorMode.OFF
                and policy.allowed(self.request, policy.Rule.REFRESH_INVENTORY),
                "troubles": [trouble_words(t) for t in report.troubles if t.source not in names],
                "configured": report.configured,
                "settings_example": SETTINGS_EXAMPLE,
            },
        )


class IndexView(InstancesSource, listing.ListingView):
    template_name = "vmware_panel/instances/index.html"
    page_title = _("VMware Instances")


class ExportView(InstancesSource, listing.ExportView):
    file_name = "vmware-instances"
