from datetime import datetime

from django.urls import reverse
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from vmware_panel.panels.links import instance_url
from vmware_panel.panels.listing.columns import (
    Book,
    Column,
    ListingTable,
    MomentColumn,
    nothing,
    unknown,
)
from vmware_panel.panels.tasks.rows import TaskRow
from vmware_panel.wording import foreign, task_line, task_tone


def follow_one(record: TaskRow) -> str:
    query = {"task": record.id, "since": (record.queued_at or datetime.min).isoformat()}
    back = reverse("horizon:admin:vmware_tasks:index")
    path = reverse("horizon:admin:vmware_tasks:follow", args=[record.vcenter])
    return f"{path}?{urlencode({**query, 'next': back})}"


class TasksTable(ListingTable):
    caption = gettext_lazy("vCenter's tasks of the last day on what OpenStack owns")

    queued_at = MomentColumn(gettext_lazy("Begun"), book=Book.VCENTER)
    action = Column(gettext_lazy("Task"), book=Book.VCENTER, row_header=True, linkify=follow_one)
    entity = Column(gettext_lazy("On"), book=Book.VCENTER)
    vcenter = Column(gettext_lazy("vCenter"), book=Book.VCENTER)
    state = Column(gettext_lazy("State"), book=Book.VCENTER)
    starter = Column(gettext_lazy("Started by"), book=Book.VCENTER)
    duration_s = Column(gettext_lazy("Took"), book=Book.VCENTER)

    id = Column(visible=False, book=Book.VCENTER)
    raw_state = Column(visible=False, book=Book.VCENTER)
    progress_percent = Column(visible=False, book=Book.VCENTER)
    completed_at = MomentColumn(visible=False, book=Book.VCENTER)
    entity_moref = Column(visible=False, book=Book.VCENTER)
    entity_type = Column(visible=False, book=Book.VCENTER)
    instance_id = Column(visible=False, book=Book.VCENTER)
    error = Column(visible=False, book=Book.VCENTER)

    class Meta(ListingTable.Meta):
        pass

    def render_entity(self, record: TaskRow) -> SafeString:
        name = foreign(record.entity) if record.entity else unknown()
        if not record.instance_id:
            return format_html("{}", name)
        return format_html('<a href="{}">{}</a>', instance_url(record.instance_id), name)

    def render_state(self, record: TaskRow) -> SafeString:
        shown = format_html(
            '<span class="label label-{}">{}</span>', task_tone(record.task), record.state
        )
        if not record.task.done:
            # The script finds the line by the task's id, and says how far it is.
            return format_html(
                '<span class="vmware-progress" data-vmware-source="{}"><progress max="100"{}'
                ' aria-label="{}"></progress> <span class="vmware-progress-text">{}</span></span>',
                record.id,
                _value(record.task.progress_percent),
                record.action,
                task_line(record.task),
            )
        if not record.error:
            return shown
        return format_html("{} <small>{}</small>", shown, foreign(record.error))

    def render_duration_s(self, record: TaskRow) -> SafeString | str:
        seconds = record.duration_s
        if seconds is None:
            return unknown() if record.task.done else nothing()
        return _("%(seconds).1f s") % {"seconds": seconds}


def _value(percent: int | None) -> SafeString | str:
    return "" if percent is None else format_html(' value="{}"', percent)
