from collections.abc import Sequence
from typing import Any

from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from vmware_panel.domain.placement import Remark, Severity, Whereabouts
from vmware_panel.panels import links
from vmware_panel.panels.instances.rows import InstanceRow
from vmware_panel.panels.listing.cells import label, serviced
from vmware_panel.panels.listing.columns import Book, Column, ListingTable, nothing, unknown
from vmware_panel.wording import (
    Tone,
    foreign,
    host_state,
    host_tone,
    remark_words,
    whereabouts_label,
    whereabouts_sentence,
)

MOST_REMARKS = 2
"""As many remarks of one instance does the list show; its own page shows all."""


def instance_url(record: InstanceRow) -> str:
    return links.instance_url(record.id)


def project_url(record: InstanceRow) -> str | None:
    if not record.project_id:
        return None
    return reverse("horizon:identity:projects:detail", args=[record.project_id])


def hypervisor_url(record: InstanceRow) -> str | None:
    if not record.hypervisor_id or not record.node or "/" in record.node:
        return None
    return reverse(
        "horizon:admin:hypervisors:detail", args=[f"{record.hypervisor_id}_{record.node}"]
    )


class RemarksColumn(Column):
    def as_json(self, value: Any) -> Any:
        if value is None:
            return None
        return [
            {
                "kind": remark.kind.value,
                "subject": remark.subject,
                "nova": remark.nova,
                "vcenter": remark.vcenter,
                "text": remark_words(remark).sentence,
            }
            for remark in value
        ]

    def as_text(self, value: Any) -> str:
        if value is None:
            return super().as_text(value)
        return " ".join(f"{w.heading}: {w.sentence}" for w in map(remark_words, value))


def _remarks_order(row: InstanceRow) -> Any:
    """Disagreements before notices, each kind together."""
    if row.remarks is None:
        return None
    return tuple(f"{r.severity is Severity.NOTICE:d} {r.kind.value}" for r in row.remarks)


class InstancesTable(ListingTable):
    caption = gettext_lazy("Instances, and what stands behind them")

    project = Column(gettext_lazy("Project"), book=Book.KEYSTONE, linkify=project_url)
    name = Column(gettext_lazy("Name"), row_header=True, linkify=instance_url)
    status = Column(gettext_lazy("State"))
    compute = Column(gettext_lazy("Compute service"))
    vcenter = Column(gettext_lazy("vCenter"), book=Book.VCENTER)
    cluster = Column(gettext_lazy("Cluster"), book=Book.VCENTER)
    host = Column(gettext_lazy("ESX host"), book=Book.VCENTER)
    datastores = Column(gettext_lazy("Datastores"), book=Book.VCENTER)
    disagreements = RemarksColumn(
        gettext_lazy("Disagreement"), book=Book.BOTH, order=_remarks_order
    )

    id = Column(visible=False)
    project_id = Column(visible=False)
    task_state = Column(visible=False)
    power_state = Column(visible=False)
    compute_state = Column(visible=False)
    compute_status = Column(visible=False)
    node = Column(visible=False)
    nova_cluster = Column(visible=False)
    whereabouts = Column(visible=False)
    cluster_moref = Column(visible=False, book=Book.VCENTER)
    host_moref = Column(visible=False, book=Book.VCENTER)
    datastore_morefs = Column(visible=False, book=Book.VCENTER)
    vm = Column(visible=False, book=Book.VCENTER)
    vm_moref = Column(visible=False, book=Book.VCENTER)
    vm_power_state = Column(visible=False, book=Book.VCENTER)
    notices = RemarksColumn(visible=False, book=Book.VCENTER)

    class Meta(ListingTable.Meta):
        pass

    def render_name(self, record: InstanceRow) -> str:
        return foreign(record.name) or record.id

    def render_status(self, record: InstanceRow) -> SafeString:
        tone = {"ERROR": Tone.BAD, "ACTIVE": Tone.GOOD}.get(record.status, Tone.PLAIN)
        shown = label(tone, foreign(record.status)) if record.status else unknown()
        if not record.task_state:
            return shown
        return format_html("{} <small>{}</small>", shown, record.task_state)

    def render_compute(self, record: InstanceRow) -> SafeString:
        if not record.compute:
            return unknown() if record.compute is None else nothing()
        name: str = foreign(record.compute)
        if url := hypervisor_url(record):
            title = _("Nova's node %(node)s") % {"node": record.node}
            name = format_html('<a href="{}" title="{}">{}</a>', url, title, name)
        return serviced(name, record.service)

    def render_vcenter(self, record: InstanceRow) -> SafeString:
        if record.whereabouts is Whereabouts.ON_VCENTER:
            return format_html("{}", record.vcenter)
        words = format_html(
            '<span class="vmware-quiet" title="{}">{}</span>',
            whereabouts_sentence(record.whereabouts),
            whereabouts_label(record.whereabouts),
        )
        return format_html("{} {}", record.vcenter, words) if record.vcenter else words

    def render_host(self, record: InstanceRow) -> SafeString:
        if not record.host:
            return unknown() if record.host is None else nothing()
        host = record.esx_host
        if host is None or host.usable:
            return format_html("{}", foreign(record.host))
        return format_html("{} {}", foreign(record.host), label(host_tone(host), host_state(host)))

    def render_disagreements(self, record: InstanceRow) -> SafeString:
        if record.disagreements is None or record.notices is None:
            return unknown()
        remarks = [*record.disagreements, *record.notices]
        if not remarks:
            return nothing()
        return format_html(
            '<ul class="list-unstyled vmware-remarks">{}{}</ul>',
            _items(remarks[:MOST_REMARKS]),
            _more(record, len(remarks) - MOST_REMARKS),
        )


def _items(remarks: Sequence[Remark]) -> SafeString:
    """Each remark: its heading, and the whole of it for those who open it or hear it."""
    words = [remark_words(remark) for remark in remarks]
    return format_html_join(
        "",
        '<li><details><summary><span class="fa {}" aria-hidden="true"></span> '
        '<span class="sr-only">{}: </span>{}</summary><p>{}</p></details></li>',
        (
            (
                "fa-exclamation-triangle text-danger" if w.disagrees else "fa-info-circle",
                w.severity,
                w.heading,
                w.sentence,
            )
            for w in words
        ),
    )


def _more(row: InstanceRow, count: int) -> SafeString | str:
    if count <= 0:
        return ""
    text = ngettext("%(count)d more", "%(count)d more", count) % {"count": count}
    return format_html('<li><a href="{}">{}</a></li>', instance_url(row), text)
