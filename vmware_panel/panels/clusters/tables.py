from collections.abc import Callable
from typing import Any

from django.urls import reverse
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from vmware_panel.domain.clusters import Driven
from vmware_panel.panels.clusters.rows import ClusterRow
from vmware_panel.panels.drawing.bars import resource_bar, small_bar
from vmware_panel.panels.listing.cells import drawn, label, named, serviced
from vmware_panel.panels.listing.columns import (
    DENSE,
    Book,
    Column,
    ListingTable,
    nothing,
    shown,
    unknown,
)
from vmware_panel.wording import (
    Tone,
    driven_label,
    driven_sentence,
    drs_words,
    filled,
    foreign,
    ha_words,
    hertz_of,
    host_counts_words,
    largest_words,
    mb_of,
)

INSTANCES = "horizon:admin:vmware_instances:index"


def cluster_url(record: ClusterRow) -> str | None:
    if not record.there:
        return None
    return reverse("horizon:admin:vmware_clusters:detail", args=[record.vcenter, record.moref])


def count_of(value: object) -> str:
    return str(value) if isinstance(value, int) else _("unknown")


class ClustersTable(ListingTable):
    caption = gettext_lazy("Clusters, in the books of vCenter, Nova and Placement")

    name = Column(gettext_lazy("Cluster"), book=Book.VCENTER, row_header=True, linkify=cluster_url)
    vcenter = Column(visible=False, book=Book.VCENTER)
    hosts = Column(gettext_lazy("ESX hosts"), book=Book.VCENTER)
    drs = Column(gettext_lazy("DRS"), book=Book.VCENTER)
    ha = Column(gettext_lazy("HA"), book=Book.VCENTER)
    memory_used_percent = Column(gettext_lazy("Memory"), book=Book.VCENTER)
    cpu_used_percent = Column(gettext_lazy("CPU"), book=Book.VCENTER)
    fits_memory_mb = Column(gettext_lazy("Largest that fits"), book=Book.VCENTER)
    vms = Column(gettext_lazy("Instances"), book=Book.VCENTER)
    servers = Column(gettext_lazy("Instances"), book=Book.NOVA)
    compute = Column(gettext_lazy("Compute service"), book=Book.NOVA)
    placement_vcpus_used = Column(gettext_lazy("VCPU"), book=Book.PLACEMENT)
    placement_memory_used_mb = Column(gettext_lazy("MEMORY_MB"), book=Book.PLACEMENT)
    placement_fits_memory_mb = Column(gettext_lazy("Largest that fits"), book=Book.PLACEMENT)
    disagreeing = Column(gettext_lazy("Disagreement"), book=Book.BOTH)

    moref = Column(visible=False, book=Book.VCENTER)
    driven = Column(visible=False, book=Book.BOTH)
    hosts_usable = Column(visible=False, book=Book.VCENTER)
    hosts_in_maintenance = Column(visible=False, book=Book.VCENTER)
    hosts_disconnected = Column(visible=False, book=Book.VCENTER)
    hosts_unknown = Column(visible=False, book=Book.VCENTER)
    memory_total_mb = Column(visible=False, book=Book.VCENTER)
    memory_usable_mb = Column(visible=False, book=Book.VCENTER)
    memory_used_mb = Column(visible=False, book=Book.VCENTER)
    memory_free_mb = Column(visible=False, book=Book.VCENTER)
    memory_ha_reserved_mb = Column(visible=False, book=Book.VCENTER)
    cpu_total_mhz = Column(visible=False, book=Book.VCENTER)
    cpu_usable_mhz = Column(visible=False, book=Book.VCENTER)
    cpu_used_mhz = Column(visible=False, book=Book.VCENTER)
    cpu_free_mhz = Column(visible=False, book=Book.VCENTER)
    cpu_ha_reserved_mhz = Column(visible=False, book=Book.VCENTER)
    fits_vcpus = Column(visible=False, book=Book.VCENTER)
    other_vms = Column(visible=False, book=Book.VCENTER)
    node = Column(visible=False)
    compute_state = Column(visible=False)
    compute_status = Column(visible=False)
    disabled_reason = Column(visible=False)
    placement_vcpus = Column(visible=False, book=Book.PLACEMENT)
    placement_memory_mb = Column(visible=False, book=Book.PLACEMENT)
    placement_fits_vcpus = Column(visible=False, book=Book.PLACEMENT)

    class Meta(ListingTable.Meta):
        attrs = DENSE

    def render_name(self, record: ClusterRow) -> SafeString:
        of = format_html('<small class="vmware-below">{}</small>', shown(record.vcenter))
        if record.driven is Driven.DRIVEN:
            return format_html("{} {}", named(record.name), of)
        tone = Tone.BAD if record.driven is Driven.GONE else Tone.PLAIN
        return format_html(
            '{} <span class="label label-{}" title="{}">{}</span> {}',
            named(record.name),
            tone,
            driven_sentence(record.driven),
            driven_label(record.driven),
            of,
        )

    def render_hosts(self, record: ClusterRow) -> str:
        counts = record.host_counts
        if counts is None:
            return shown(record.hosts)
        return format_html(
            '<span title="{}">{}</span>', host_counts_words(counts), _host_cell(record)
        )

    def render_drs(self, record: ClusterRow) -> str:
        return drs_words(record.drs) if record.drs else shown(record.drs)

    def render_ha(self, record: ClusterRow) -> str:
        return ha_words(record.ha) if record.ha else shown(record.ha)

    def render_memory_used_percent(self, record: ClusterRow) -> str:
        if record.memory is None:
            return shown(record.lost)
        return drawn(resource_bar(_("Memory"), record.memory, mb_of))

    def render_cpu_used_percent(self, record: ClusterRow) -> str:
        if record.cpu is None:
            return shown(record.lost)
        return drawn(resource_bar(_("CPU"), record.cpu, hertz_of))

    def render_fits_memory_mb(self, record: ClusterRow) -> str:
        if record.fits is None or record.fits.memory_mb is None:
            return shown(record.fits_memory_mb)
        return largest_words(record.fits)

    def render_vms(self, record: ClusterRow) -> str:
        if not isinstance(record.vms, int) or not record.vms:
            return shown(record.vms)
        query = urlencode({"vcenter": record.vcenter, "cluster": record.name})
        return format_html('<a href="{}?{}">{}</a>', reverse(INSTANCES), query, record.vms)

    def render_servers(self, record: ClusterRow) -> str:
        if not isinstance(record.servers, int) or not record.servers or not record.compute:
            return shown(record.servers)
        query = urlencode({"compute": record.compute})
        return format_html('<a href="{}?{}">{}</a>', reverse(INSTANCES), query, record.servers)

    def render_compute(self, record: ClusterRow) -> str:
        if not record.compute:
            return shown(record.compute)
        return serviced(foreign(record.compute), record.service)

    def render_placement_vcpus_used(self, record: ClusterRow) -> str:
        return _granted(record, "VCPU", _plain)

    def render_placement_memory_used_mb(self, record: ClusterRow) -> str:
        return _granted(record, "MEMORY_MB", mb_of)

    def render_placement_fits_memory_mb(self, record: ClusterRow) -> str:
        if record.placement_fits is None or record.placement_fits.memory_mb is None:
            return shown(record.placement_fits_memory_mb)
        return largest_words(record.placement_fits)

    def render_disagreeing(self, record: ClusterRow) -> str:
        value = record.disagreeing
        if not value or not record.compute:
            return nothing() if value == 0 else shown(value)
        text = ngettext("%(count)d instance", "%(count)d instances", value)
        query = urlencode({"compute": record.compute, "disagreement": "any"})
        return format_html(
            '<a href="{}?{}"><span class="fa fa-exclamation-triangle text-danger" '
            'aria-hidden="true"></span> {}</a>',
            reverse(INSTANCES),
            query,
            filled(text, count=value),
        )


def _host_cell(record: ClusterRow) -> SafeString:
    counts = record.host_counts
    if counts is None:
        return unknown()
    if counts.usable == counts.all:
        return format_html("{}", counts.all)
    tone = Tone.BAD if counts.disconnected else Tone.CARE
    usable = filled(_("%(usable)d of %(all)d usable"), usable=counts.usable, all=counts.all)
    return label(tone, usable)


def _plain(value: int | None) -> str:
    return count_of(value)


def _granted(record: ClusterRow, resource_class: str, say: Callable[[int | None], str]) -> str:
    book = record.record(resource_class)
    if book is None:
        vcpus = resource_class == "VCPU"
        lost: Any = record.placement_vcpus if vcpus else record.placement_memory_mb
        return shown(lost)
    capacity = record.placement_vcpus if resource_class == "VCPU" else record.placement_memory_mb
    return drawn(small_bar(book.used, capacity, resource_class, say))
