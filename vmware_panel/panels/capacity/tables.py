from django.urls import reverse
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from vmware_panel.panels.capacity.rows import FitRow
from vmware_panel.panels.listing.cells import named
from vmware_panel.panels.listing.columns import DENSE, Book, Column, ListingTable, nothing, unknown
from vmware_panel.wording import count_text, mb_of


def cluster_url(record: FitRow) -> str:
    path = reverse(
        "horizon:admin:vmware_clusters:detail", args=[record.vcenter, record.cluster_moref]
    )
    return f"{path}?{urlencode({'tab': 'cluster__capacity'})}"


def landing_url(record: FitRow) -> str:
    query = urlencode({"flavor": record.flavor_id})
    return f"{reverse('horizon:admin:vmware_capacity:landing')}?{query}"


class FitsTable(ListingTable):
    caption = gettext_lazy("How many more instances of each flavor fit each cluster")

    flavor = Column(gettext_lazy("Flavor"), row_header=True, linkify=landing_url)
    vcpus = Column(gettext_lazy("vCPUs"))
    ram_mb = Column(gettext_lazy("Memory"))
    disk_gb = Column(gettext_lazy("Disk, GiB"))
    vcenter = Column(gettext_lazy("vCenter"), book=Book.VCENTER)
    cluster = Column(gettext_lazy("Cluster"), book=Book.VCENTER, linkify=cluster_url)
    fits = Column(gettext_lazy("Fit"), book=Book.BOTH)
    by_placement = Column(gettext_lazy("By Placement"), book=Book.BOTH)
    by_hosts = Column(gettext_lazy("By ESX hosts"), book=Book.VCENTER)
    after_ha = Column(gettext_lazy("After HA's reserve"), book=Book.VCENTER)
    by_datastores = Column(gettext_lazy("By datastores"), book=Book.VCENTER)
    bites = Column(gettext_lazy("Bound"), book=Book.BOTH)

    flavor_id = Column(visible=False)
    cluster_moref = Column(visible=False, book=Book.VCENTER)
    certain = Column(visible=False, book=Book.BOTH)

    class Meta(ListingTable.Meta):
        attrs = DENSE

    def render_flavor(self, record: FitRow) -> SafeString:
        return named(record.flavor)

    def render_cluster(self, record: FitRow) -> SafeString:
        return named(record.cluster)

    def render_ram_mb(self, record: FitRow) -> str:
        return mb_of(record.ram_mb)

    def render_fits(self, record: FitRow) -> SafeString:
        return fits_cell(record)

    def render_bites(self, record: FitRow) -> str:
        return ", ".join(record.bite_labels) or nothing()


def fits_cell(record: FitRow) -> SafeString:
    """The count; where a bound is unknown, that it may be fewer."""
    if record.fits is None:
        return unknown()
    if record.certain:
        return format_html("<strong>{}</strong>", count_text(record.fits))
    title = _("one of the bounds is unknown, so it may be fewer")
    return format_html('<span title="{}">≤ {}</span>', title, count_text(record.fits))
