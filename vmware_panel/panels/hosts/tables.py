from typing import Any

from django.urls import reverse
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from vmware_panel.panels.drawing.bars import small_bar
from vmware_panel.panels.hosts.rows import HostRow
from vmware_panel.panels.listing.cells import drawn, label, named
from vmware_panel.panels.listing.columns import DENSE, Book, Column, ListingTable, nothing, shown
from vmware_panel.wording import (
    UNKNOWN,
    hertz_of,
    host_state,
    host_tone,
    mb_of,
    uptime_of,
)

POWERED_ON = "poweredOn"


def host_url(record: HostRow) -> str:
    return reverse("horizon:admin:vmware_hosts:detail", args=[record.vcenter, record.moref])


def cluster_url(record: HostRow) -> str | None:
    if not record.cluster_moref:
        return None
    return reverse(
        "horizon:admin:vmware_clusters:detail", args=[record.vcenter, record.cluster_moref]
    )


def instances_url(record: HostRow) -> str:
    query = urlencode({"vcenter": record.vcenter, "host": record.name})
    return f"{reverse('horizon:admin:vmware_instances:index')}?{query}"


def topology(record: HostRow) -> tuple[Any, ...] | None:
    """Sockets, cores a socket and threads a core; None where none of them is known."""
    its = (record.sockets, record.cores_per_socket, record.threads_per_core)
    return None if its == (None, None, None) else its


class HostsTable(ListingTable):
    caption = gettext_lazy("ESX hosts, in vCenter's book")

    name = Column(gettext_lazy("ESX host"), book=Book.VCENTER, row_header=True, linkify=host_url)
    vcenter = Column(gettext_lazy("vCenter"), book=Book.VCENTER)
    cluster = Column(gettext_lazy("Cluster"), book=Book.VCENTER, linkify=cluster_url)
    state = Column(gettext_lazy("State"), book=Book.VCENTER)
    memory_used_percent = Column(gettext_lazy("Memory"), book=Book.VCENTER)
    cpu_used_percent = Column(gettext_lazy("CPU"), book=Book.VCENTER)
    cpu_threads = Column(gettext_lazy("Sockets × cores × threads"), book=Book.VCENTER)
    numa_nodes = Column(gettext_lazy("NUMA nodes"), book=Book.VCENTER)
    datastores = Column(gettext_lazy("Datastores"), book=Book.VCENTER)
    instances = Column(gettext_lazy("Instances"), book=Book.VCENTER)
    other_vms = Column(gettext_lazy("Other VMs"), book=Book.VCENTER)
    version = Column(gettext_lazy("Version"), book=Book.VCENTER)
    uptime_s = Column(gettext_lazy("Uptime"), book=Book.VCENTER)

    moref = Column(visible=False, book=Book.VCENTER)
    cluster_moref = Column(visible=False, book=Book.VCENTER)
    power = Column(visible=False, book=Book.VCENTER)
    memory_mb = Column(visible=False, book=Book.VCENTER)
    memory_used_mb = Column(visible=False, book=Book.VCENTER)
    memory_free_mb = Column(visible=False, book=Book.VCENTER)
    cpu_mhz = Column(visible=False, book=Book.VCENTER)
    cpu_used_mhz = Column(visible=False, book=Book.VCENTER)
    sockets = Column(visible=False, book=Book.VCENTER)
    cores_per_socket = Column(visible=False, book=Book.VCENTER)
    threads_per_core = Column(visible=False, book=Book.VCENTER)

    class Meta(ListingTable.Meta):
        attrs = DENSE

    def render_name(self, record: HostRow) -> SafeString:
        return named(record.name)

    def render_cluster(self, record: HostRow) -> SafeString:
        return named(record.cluster) if record.cluster else nothing()

    def render_state(self, record: HostRow) -> SafeString:
        state = label(host_tone(record.host), host_state(record.host))
        if record.power in (None, POWERED_ON):
            return state
        return format_html("{} <small>{}</small>", state, record.power)

    def render_memory_used_percent(self, record: HostRow) -> SafeString:
        return drawn(small_bar(record.memory_used_mb, record.memory_mb, _("Memory"), mb_of))

    def render_cpu_used_percent(self, record: HostRow) -> SafeString:
        return drawn(small_bar(record.cpu_used_mhz, record.cpu_mhz, _("CPU"), hertz_of))

    def render_cpu_threads(self, record: HostRow) -> str:
        parts = topology(record)
        if parts is None:
            return shown(None)
        # no-break spaces: it is one thing
        return "\u00a0×\u00a0".join(str(UNKNOWN if part is None else part) for part in parts)

    def render_instances(self, record: HostRow) -> str:
        if not record.instances:
            return shown(record.instances)
        return format_html('<a href="{}">{}</a>', instances_url(record), record.instances)

    def render_uptime_s(self, record: HostRow) -> str:
        return shown(None) if record.uptime_s is None else uptime_of(record.uptime_s)
