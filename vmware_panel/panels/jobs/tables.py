from datetime import datetime

from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from vmware_panel.panels.jobs.rows import ItemRow, JobRow
from vmware_panel.panels.links import job_url
from vmware_panel.panels.listing.cells import label, named
from vmware_panel.panels.listing.columns import (
    DENSE,
    Book,
    Column,
    ListingTable,
    MomentColumn,
    nothing,
    unknown,
)
from vmware_panel.wording import bytes_of, foreign, item_tone, job_tone


def _whole(title: str) -> SafeString:
    """Most are paths of one root, and differ in what they end with."""
    return format_html("<bdi>{}</bdi>", foreign(title))


class JobsTable(ListingTable):
    caption = gettext_lazy("Jobs that make changes in the background")

    created_at = MomentColumn(gettext_lazy("Confirmed"), book=Book.JOB)
    title = Column(gettext_lazy("Job"), book=Book.JOB, row_header=True)
    kind = Column(gettext_lazy("What"), book=Book.JOB)
    vcenter = Column(gettext_lazy("vCenter"), book=Book.JOB)
    user = Column(gettext_lazy("Who"), book=Book.JOB)
    state = Column(gettext_lazy("State"), book=Book.JOB)
    items = Column(gettext_lazy("Items"), book=Book.JOB)
    done = Column(gettext_lazy("Done"), book=Book.JOB)
    refused = Column(gettext_lazy("Refused"), book=Book.JOB)
    failed = Column(gettext_lazy("Failed"), book=Book.JOB)
    unknown = Column(gettext_lazy("Outcome unknown"), book=Book.JOB)
    cancelled = Column(gettext_lazy("Cancelled"), book=Book.JOB)

    id = Column(visible=False, book=Book.JOB)
    raw_kind = Column(visible=False, book=Book.JOB)
    raw_state = Column(visible=False, book=Book.JOB)
    dry_run = Column(visible=False, book=Book.JOB)
    ended_at = MomentColumn(visible=False, book=Book.JOB)

    class Meta(ListingTable.Meta):
        attrs = DENSE

    def render_title(self, record: JobRow) -> SafeString:
        return format_html('<a href="{}">{}</a>', job_url(record.id), named(record.title))

    def render_vcenter(self, value: str) -> SafeString | str:
        return foreign(value) if value else nothing()

    def render_state(self, record: JobRow) -> SafeString:
        shown = label(job_tone(record.summary), record.state)
        if not record.under_way:
            return shown
        # The script finds the line by the job's id, and says how far it is.
        return format_html(
            '{} <span class="vmware-progress" data-vmware-source="{}"><progress max="{}" value="{}"'
            ' aria-label="{}"></progress> <span class="vmware-progress-text">{}</span></span>',
            shown,
            record.id,
            max(record.items, 1),
            record.ended,
            foreign(record.title),
            record.line,
        )


class ItemsTable(ListingTable):
    caption = gettext_lazy("The items of the job")

    number = Column(gettext_lazy("No."), book=Book.JOB)
    title = Column(gettext_lazy("Item"), book=Book.JOB, row_header=True)
    state = Column(gettext_lazy("State"), book=Book.JOB)
    reasons = Column(gettext_lazy("Why not"), book=Book.JOB)
    size_bytes = Column(gettext_lazy("Size"), book=Book.JOB)
    done_bytes = Column(gettext_lazy("Done"), book=Book.JOB)
    tasks = Column(gettext_lazy("vCenter's tasks"), book=Book.JOB)
    took_s = Column(gettext_lazy("Took"), book=Book.JOB)

    key = Column(visible=False, book=Book.JOB)
    raw_state = Column(visible=False, book=Book.JOB)
    steps = Column(visible=False, book=Book.JOB)
    progress_percent = Column(visible=False, book=Book.JOB)
    started_at = MomentColumn(visible=False, book=Book.JOB)
    ended_at = MomentColumn(visible=False, book=Book.JOB)

    class Meta(ListingTable.Meta):
        attrs = DENSE

    def render_title(self, record: ItemRow) -> SafeString:
        if record.key == record.title:
            return _whole(record.title)
        return format_html("{} <small>{}</small>", _whole(record.title), foreign(record.key))

    def render_state(self, record: ItemRow) -> SafeString:
        shown = label(item_tone(record.item.state), record.state)
        if record.item.ended:
            return shown
        return format_html(
            '<span class="vmware-progress" data-vmware-source="item {}"><progress max="100"'
            ' value="{}" aria-label="{}"></progress> <span class="vmware-progress-text">{}</span>'
            "</span>",
            record.number,
            record.item.progress_percent or 0,
            foreign(record.title),
            record.state,
        )

    def render_reasons(self, record: ItemRow) -> SafeString:
        if not record.reasons:
            return nothing()
        return format_html_join(" ", "<span>{}</span>", ((reason,) for reason in record.reasons))

    def render_size_bytes(self, value: int | None) -> SafeString | str:
        return unknown() if value is None else bytes_of(value)

    def render_done_bytes(self, value: int | str) -> SafeString | str:
        return bytes_of(value) if isinstance(value, int) else nothing()

    def render_tasks(self, record: ItemRow) -> SafeString:
        if not record.tasks:
            return nothing()
        since = record.started_at
        query = {
            "since": since.isoformat() if isinstance(since, datetime) else "",
            "next": job_url(record.job),
        }
        path = reverse("horizon:admin:vmware_tasks:follow", args=[record.vcenter])
        return format_html_join(
            ", ",
            '<a href="{}?{}">{}</a>',
            ((path, urlencode({**query, "task": task}), task) for task in record.tasks),
        )

    def render_took_s(self, value: float | str) -> SafeString | str:
        if not isinstance(value, float):
            return nothing()
        return _("%(seconds).1f s") % {"seconds": value}
