from collections.abc import Iterable
from typing import Any

from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy

from vmware_panel.domain.remarks import Severity
from vmware_panel.domain.volumes import AttachedDisk, Finding, VolumeState
from vmware_panel.panels import links
from vmware_panel.panels.listing.cells import label, named
from vmware_panel.panels.listing.columns import (
    DENSE,
    Book,
    Column,
    ListingTable,
    nothing,
    shown,
    unknown,
)
from vmware_panel.panels.volumes.rows import VolumeRow
from vmware_panel.wording import Tone, bytes_of, foreign, gb_of
from vmware_panel.wording.volumes import (
    disk_state,
    disk_state_tone,
    finding_words,
    volume_state,
    volume_state_sentence,
    volume_state_tone,
)

STATUS_TONES = {"available": Tone.GOOD, "in-use": Tone.GOOD}


def volume_url(record: VolumeRow) -> str | None:
    """Horizon's own page of a volume or of a snapshot."""
    try:
        if record.entry.volume:
            return reverse("horizon:admin:volumes:detail", args=[record.entry.volume.id])
        if record.entry.snapshot:
            return reverse("horizon:admin:snapshots:detail", args=[record.entry.snapshot.id])
    except NoReverseMatch:  # the deployer has taken the panel out
        pass
    return None


def project_url(record: VolumeRow) -> str | None:
    if not record.project_id or "/" in record.project_id:
        return None
    return reverse("horizon:identity:projects:detail", args=[record.project_id])


class FindingsColumn(Column):
    def as_json(self, value: Any) -> Any:
        if value is None:
            return None
        return [
            {
                "kind": finding.kind.value,
                "cinder": finding.cinder,
                "vcenter": finding.vcenter,
                "subject": finding.subject,
                "text": finding_words(finding).sentence,
            }
            for finding in value
        ]

    def as_text(self, value: Any) -> str:
        if value is None:
            return super().as_text(value)
        return " ".join(f"{w.heading}: {w.sentence}" for w in map(finding_words, value))


def _findings_order(row: VolumeRow) -> Any:
    """Disagreements before notices, each kind together."""
    if row.findings is None:
        return None
    return tuple(f"{f.severity is Severity.NOTICE:d} {f.kind.value}" for f in row.findings)


class VolumesTable(ListingTable):
    caption = gettext_lazy("Volumes, and the VMs that hold their disks")

    project = Column(gettext_lazy("Project"), book=Book.KEYSTONE, linkify=project_url)
    name = Column(gettext_lazy("Volume"), book=Book.CINDER, row_header=True, linkify=volume_url)
    status = Column(gettext_lazy("Status"), book=Book.CINDER)
    size_gb = Column(gettext_lazy("Size"), book=Book.CINDER)
    state = Column(gettext_lazy("What stands behind it"), book=Book.BOTH)
    capacity_bytes = Column(gettext_lazy("Disk"), book=Book.VCENTER)
    datastore = Column(gettext_lazy("Datastore and file"), book=Book.VCENTER)
    instances = Column(gettext_lazy("Attached to, and its disk there"), book=Book.BOTH)
    findings = FindingsColumn(gettext_lazy("Finding"), book=Book.BOTH, order=_findings_order)

    id = Column(visible=False, book=Book.CINDER)
    snapshot_id = Column(visible=False, book=Book.CINDER)
    project_id = Column(visible=False, book=Book.CINDER)
    type = Column(visible=False, book=Book.CINDER)
    backend_host = Column(visible=False, book=Book.CINDER)
    backend = Column(visible=False, book=Book.CINDER)
    created = Column(visible=False, book=Book.CINDER)
    instance_ids = Column(visible=False, book=Book.CINDER)
    instance_disks = Column(visible=False, book=Book.BOTH)
    instance_paths = Column(visible=False, book=Book.VCENTER)
    vcenter = Column(visible=False, book=Book.VCENTER)
    vm = Column(visible=False, book=Book.VCENTER)
    vm_moref = Column(visible=False, book=Book.VCENTER)
    found_by_name = Column(visible=False, book=Book.VCENTER)
    datastore_moref = Column(visible=False, book=Book.VCENTER)
    home_datastore = Column(visible=False, book=Book.VCENTER)
    path = Column(visible=False, book=Book.VCENTER)

    class Meta(ListingTable.Meta):
        attrs = DENSE

    def render_name(self, record: VolumeRow) -> SafeString:
        return named(record.name)

    def render_status(self, record: VolumeRow) -> SafeString:
        if not record.status:
            return unknown() if record.status is None else nothing()
        bad = record.status.startswith("error")
        tone = Tone.BAD if bad else STATUS_TONES.get(record.status, Tone.PLAIN)
        return label(tone, foreign(record.status))

    def render_size_gb(self, record: VolumeRow) -> str:
        size = record.size_gb
        return gb_of(size) if isinstance(size, int) else shown(size)

    def render_state(self, record: VolumeRow) -> SafeString:
        state = record.entry.state
        if state is VolumeState.UNKNOWN:
            return format_html(
                '<span title="{}">{}</span>', volume_state_sentence(state), unknown()
            )
        return format_html(
            '<span title="{}">{}</span>',
            volume_state_sentence(state),
            label(volume_state_tone(state), volume_state(state)),
        )

    def render_capacity_bytes(self, record: VolumeRow) -> str:
        size = record.capacity_bytes
        return bytes_of(size) if isinstance(size, int) else shown(size)

    def render_datastore(self, record: VolumeRow) -> SafeString:
        if not record.datastore:
            return format_html("{}", shown(record.datastore))
        name: str = foreign(record.datastore)
        url = links.datastore_url(record.vcenter or "", record.datastore_moref or "")
        if url:
            name = format_html('<a href="{}">{}</a>', url, name)
        return format_html("{}<br><small>{}</small>", name, named(record.path or ""))

    def render_instances(self, record: VolumeRow) -> SafeString:
        if not record.attachments:
            return format_html("{}", shown(record.instances))
        return format_html(
            '<ul class="list-unstyled">{}</ul>',
            format_html_join("", "<li>{} {}</li>", map(_attached, record.attachments)),
        )

    def render_findings(self, record: VolumeRow) -> SafeString:
        if record.findings is None:
            return unknown()
        if not record.findings:
            return nothing()
        return format_html(
            '<ul class="list-unstyled vmware-remarks">{}</ul>', _items(record.findings)
        )


def _attached(its: AttachedDisk) -> tuple[SafeString, SafeString]:
    name = (its.server.name if its.server else "") or its.server_id
    shown_name = named(name)
    if its.server:
        shown_name = format_html(
            '<a href="{}">{}</a>', links.instance_url(its.server.id), shown_name
        )
    return shown_name, label(disk_state_tone(its.state), disk_state(its.state))


def _items(findings: Iterable[Finding]) -> SafeString:
    """Each finding: its heading, and the whole of it with what to do for those who open it."""
    return format_html_join(
        "",
        '<li><details><summary><span class="fa {}" aria-hidden="true"></span> '
        '<span class="sr-only">{}: </span>{}</summary><p>{}</p><p>{}</p></details></li>',
        (
            (
                "fa-exclamation-triangle text-danger" if w.disagrees else "fa-info-circle",
                w.severity,
                w.heading,
                w.sentence,
                w.remedy,
            )
            for w in map(finding_words, findings)
        ),
    )
