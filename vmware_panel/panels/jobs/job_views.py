"""The page of one job: how far it is, what was done and what was not; and cancelling it."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views import View

from vmware_panel import policy
from vmware_panel.api import changing, jobs
from vmware_panel.api.changing import Change
from vmware_panel.config import ConfigError
from vmware_panel.domain.jobs import ItemState, Job, JobState, Summary
from vmware_panel.domain.kept import Kept
from vmware_panel.domain.outcome import SourceError
from vmware_panel.domain.plans import Plan
from vmware_panel.panels.changes.views import ChangeView
from vmware_panel.panels.jobs.rows import ItemRow, JobRow
from vmware_panel.panels.jobs.tables import ItemsTable
from vmware_panel.panels.jobs.views import job_source, progress_answer
from vmware_panel.panels.jobs.waiting import waiting_shown
from vmware_panel.panels.links import job_url
from vmware_panel.panels.listing import views as listing
from vmware_panel.panels.listing.columns import Sort
from vmware_panel.panels.listing.filters import ChoiceFilter, FilterForm, TextFilter, labels_of
from vmware_panel.wording import bytes_of, foreign, item_state, job_tone, trouble_words

RULES = (policy.Rule.LIST_JOBS, policy.Rule.PURGE_IMAGE_CACHE, policy.Rule.SEED_IMAGE_CACHE)
"""Whoever may begin a job may see how it goes on."""

JUST_ENDED = timedelta(seconds=60)
"""So long after its end the script still hears of an item, for a page that shows it under way."""


def require_any(request: HttpRequest) -> None:
    if not any(policy.allowed(request, rule) for rule in RULES):
        policy.require(request, policy.Rule.LIST_JOBS)


def job_named(request: HttpRequest, job_id: str) -> Job:
    """Raises `Http404`, `SourceError`, `ConfigError`."""
    job = jobs.job(request, job_id)
    if job is None:
        raise Http404
    return job


class ItemFilters(FilterForm):
    """The fields' names are the parameters of the page's address."""

    q = TextFilter(
        _("Search in all columns"), lambda row: (row.title, row.key, *row.reasons, *row.tasks)
    )
    state = ChoiceFilter(
        _("State"), lambda row: row.raw_state, fixed=labels_of(ItemState, item_state)
    )


class ItemsSource(listing.ListSource):
    rule = policy.Rule.LIST_JOBS
    table_class = ItemsTable
    filter_class = ItemFilters
    default_sort = Sort("number")
    ties = ("number",)

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        require_any(request)
        return View.dispatch(self, request, *args, **kwargs)

    def read(self) -> listing.Source:
        try:
            job = job_named(self.request, self.kwargs["job_id"])
        except ConfigError as error:
            faults = tuple(map(str, error.faults))
            return listing.Source(rows=None, faults=faults, shown={"faults": faults})
        except SourceError as error:
            shown = {"troubles": [trouble_words(error.trouble)]}
            return listing.Source(rows=None, troubles=(error.trouble,), shown=shown)
        rows = Kept(
            ItemRow(number, item, job.vcenter, job.id)
            for number, item in enumerate(job.items, start=1)
        )
        return listing.Source(rows=rows, shown=self._shown(job))

    def _shown(self, job: Job) -> dict[str, Any]:
        row = JobRow(Summary(job, job.counts))
        may_cancel = row.under_way and job.state is not JobState.CANCELLING
        cancel = None
        if may_cancel and policy.allowed(self.request, policy.Rule.CANCEL_JOB):
            cancel = {
                "url": reverse("horizon:admin:vmware_jobs:cancel", args=[job.id]),
                "fingerprint": jobs.cancel_plan(job).fingerprint,
                "nonce": changing.new_nonce(),
            }
        bytes_done = [item.done_bytes for item in job.items if item.done_bytes is not None]
        return {
            "job": row,
            "job_user": foreign(row.user),
            "tone": job_tone(row.summary),
            "under_way": row.under_way,
            "cancel": cancel,
            "waiting": waiting_shown(job),
            "bytes_done": bytes_of(sum(bytes_done)) if bytes_done else "",
            "csv_url": reverse("horizon:admin:vmware_jobs:job_csv", args=[job.id]),
            "json_url": reverse("horizon:admin:vmware_jobs:job_json", args=[job.id]),
            "progress_url": reverse("horizon:admin:vmware_jobs:job_progress", args=[job.id]),
        }


class JobView(ItemsSource, listing.ListingView):
    template_name = "vmware_panel/jobs/job.html"
    page_title = _("Job")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        if "job" in context and isinstance(context["job"], JobRow):
            context["page_title"] = foreign(context["job"].title)
        return context


class ExportView(ItemsSource, listing.ExportView):
    file_name = "vmware-job"


class ProgressView(View):
    """How far it is, for the page's script."""

    http_method_names = ["get", "head", "options"]

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        require_any(request)
        return super().dispatch(request, *args, **kwargs)

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            job = job_named(request, self.kwargs["job_id"])
        except (SourceError, ConfigError):
            return JsonResponse({"errors": []}, status=503)
        row = JobRow(Summary(job, job.counts))
        return progress_answer(row.under_way, [job_source(row), *_items(job)])


def _items(job: Job) -> list[Mapping[str, object]]:
    """Those that are under way, or have just ended."""
    since = datetime.now(UTC) - JUST_ENDED
    rows = (ItemRow(n, item, job.vcenter, job.id) for n, item in enumerate(job.items, start=1))
    return [
        {
            "name": f"item {row.number}",
            "text": row.state,
            "listed": 100 if row.item.ended else row.item.progress_percent or 0,
            "expected": 100,
        }
        for row in rows
        if row.item.state is ItemState.RUNNING or (row.item.ended_at and row.item.ended_at > since)
    ]


class CancelView(ChangeView):
    """Cancels a job: what is under way ends or is undone, the rest is not begun."""

    rule = policy.Rule.CANCEL_JOB
    template_name = "vmware_panel/jobs/cancel.html"

    @cached_property
    def job(self) -> Job:
        return job_named(self.request, self.kwargs["job_id"])

    def change(self, choices: Mapping[str, Any], details: Mapping[str, Any]) -> Change:
        return jobs.CancelJob(self.job)

    def describe(self, plan: Plan) -> Mapping[str, Any]:
        asker = self.job.asker
        return {"job_title": foreign(self.job.title), "job_user": foreign(asker.user_name)}

    def back_url(self) -> str:
        return job_url(self.kwargs["job_id"])
