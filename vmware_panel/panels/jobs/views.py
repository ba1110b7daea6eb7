"""The list of jobs."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.utils.translation import gettext_lazy as _
from django.views import View

from vmware_panel import policy
from vmware_panel.api import jobs
from vmware_panel.config import ConfigError
from vmware_panel.domain.jobs import JobState
from vmware_panel.domain.kept import Kept
from vmware_panel.domain.outcome import SourceError
from vmware_panel.panels.jobs.rows import JobRow
from vmware_panel.panels.jobs.tables import JobsTable
from vmware_panel.panels.listing import views as listing
from vmware_panel.panels.listing.columns import Sort
from vmware_panel.panels.listing.filters import ChoiceFilter, FilterForm, TextFilter, labels_of
from vmware_panel.wording import job_state, trouble_words


class JobFilters(FilterForm):
    """The fields' names are the parameters of the page's address."""

    q = TextFilter(_("Search in all columns"), lambda row: (row.title, row.kind, row.user, row.id))
    state = ChoiceFilter(
        _("State"),
        lambda row: row.raw_state,
        labels=lambda row: row.state,
        fixed=labels_of(JobState, job_state),
    )
    kind = ChoiceFilter(_("What"), lambda row: row.raw_kind, labels=lambda row: row.kind)
    user = ChoiceFilter(_("Who"), lambda row: row.user)
    vcenter = ChoiceFilter(_("vCenter"), lambda row: row.vcenter)


class JobsSource(listing.ListSource):
    rule = policy.Rule.LIST_JOBS
    table_class = JobsTable
    filter_class = JobFilters
    default_sort = Sort("created_at", descending=True)
    ties = ("id",)

    def read(self) -> listing.Source:
        try:
            rows = Kept(JobRow(summary) for summary in jobs.summaries(self.request))
        except ConfigError as error:
            faults = tuple(map(str, error.faults))
            return listing.Source(rows=None, faults=faults, shown={"faults": faults})
        except SourceError as error:
            troubles = (error.trouble,)
            shown = {"troubles": [trouble_words(error.trouble)]}
            return listing.Source(rows=None, troubles=troubles, shown=shown)
        return listing.Source(rows=rows, shown={"under_way": any(row.under_way for row in rows)})


class IndexView(JobsSource, listing.ListingView):
    template_name = "vmware_panel/jobs/index.html"
    page_title = _("Jobs")


class ExportView(JobsSource, listing.ExportView):
    file_name = "vmware-jobs"


class ProgressView(View):
    """How far the jobs are, for the list's script."""

    http_method_names = ["get", "head", "options"]

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        policy.require(request, policy.Rule.LIST_JOBS)
        return super().dispatch(request, *args, **kwargs)

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            rows = [JobRow(summary) for summary in jobs.summaries(request)]
        except (SourceError, ConfigError):
            return JsonResponse({"errors": []}, status=503)
        running = [row for row in rows if row.under_way]
        return progress_answer(bool(running), [job_source(row) for row in running])


def job_source(row: JobRow) -> Mapping[str, object]:
    return {
        "name": row.id,
        "text": row.line,
        "listed": row.ended,
        "expected": max(row.items, 1),
    }


def progress_answer(under_way: bool, sources: list[Mapping[str, object]]) -> JsonResponse:
    """What the page's script takes; it loads the page anew when nothing is under way any more."""
    answer = JsonResponse({"under_way": under_way, "all_shown": False, "sources": sources})
    answer["Cache-Control"] = "no-store"
    return answer
