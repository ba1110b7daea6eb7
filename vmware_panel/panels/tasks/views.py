from typing import Any

from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.utils.translation import gettext_lazy as _
from django.views import View

from vmware_panel import policy
from vmware_panel.api import tasks
from vmware_panel.config import ConfigError
from vmware_panel.domain.kept import Kept
from vmware_panel.domain.outcome import SourceError
from vmware_panel.domain.tasks import TaskState
from vmware_panel.panels.listing import views as listing
from vmware_panel.panels.listing.columns import Sort
from vmware_panel.panels.listing.filters import ChoiceFilter, FilterForm, TextFilter, labels_of
from vmware_panel.panels.tasks.following import document
from vmware_panel.panels.tasks.rows import TaskRow, row_of
from vmware_panel.panels.tasks.tables import TasksTable
from vmware_panel.wording import task_state_word, trouble_words


def _texts(row: TaskRow) -> tuple[str | None, ...]:
    return (row.action, row.entity, row.id, row.entity_moref, row.starter, row.error)


class TaskFilters(FilterForm):
    """The fields' names are the parameters of the page's address."""

    q = TextFilter(_("Search in all columns"), _texts)
    state = ChoiceFilter(
        _("State"), lambda row: row.raw_state, fixed=labels_of(TaskState, task_state_word)
    )
    action = ChoiceFilter(_("Task"), lambda row: row.action)
    starter = ChoiceFilter(_("Started by"), lambda row: row.starter)
    vcenter = ChoiceFilter(_("vCenter"), lambda row: row.vcenter)


class TasksSource(listing.ListSource):
    rule = policy.Rule.LIST_TASKS
    table_class = TasksTable
    filter_class = TaskFilters
    default_sort = Sort("queued_at", descending=True)
    ties = ("id",)

    def read(self) -> listing.Source:
        try:
            report = tasks.recent_report(self.request)
        except ConfigError as error:
            faults = tuple(map(str, error.faults))
            return listing.Source(rows=None, faults=faults, shown={"faults": faults})
        rows = None if report.tasks is None else Kept(row_of(task) for task in report.tasks)
        return listing.Source(
            rows=rows,
            troubles=report.troubles,
            shown={
                "missing": [trouble_words(t) for t in report.missing],
                "doubts": [trouble_words(t) for t in report.doubts],
                "configured": report.configured,
                "under_way": any(not row.task.done for row in rows or ()),
                "most": tasks.MOST_TASKS,
            },
        )


class IndexView(TasksSource, listing.ListingView):
    template_name = "vmware_panel/tasks/index.html"
    page_title = _("Recent Tasks")


class ExportView(TasksSource, listing.ExportView):
    file_name = "vmware-tasks"


class ProgressView(View):
    """How far the tasks are, for the list's script."""

    http_method_names = ["get", "head", "options"]

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        policy.require(request, policy.Rule.LIST_TASKS)
        return super().dispatch(request, *args, **kwargs)

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> JsonResponse:
        try:
            found = tasks.recent_report(request).tasks or ()
        except (ConfigError, SourceError):
            found = ()
        return document([row.task for row in found if not row.task.done])
