"""One change, followed to its end: the tasks that vCenter made of it."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views import View
from horizon.views import HorizonTemplateView

from vmware_panel import policy
from vmware_panel.api import changing, tasks
from vmware_panel.api.changing import Change
from vmware_panel.api.context import vcenter_named
from vmware_panel.config import ConfigError, VCenterConfig
from vmware_panel.domain.inventory import MoRef
from vmware_panel.domain.outcome import SourceError
from vmware_panel.domain.tasks import TaskRecord
from vmware_panel.panels.changes.following import Followed, followed
from vmware_panel.panels.changes.views import ChangeView
from vmware_panel.panels.tasks.rows import TaskRow
from vmware_panel.wording import settings_trouble, task_line, trouble_words

NOT_BEGUN_S = timedelta(seconds=20)
"""So long after it was asked for, a change that has no task yet may still get one."""

RULES = (
    policy.Rule.LIST_TASKS,
    policy.Rule.HOST_MAINTENANCE,
    policy.Rule.APPLY_RECOMMENDATIONS,
    policy.Rule.CONFIGURE_DRS,
    policy.Rule.MIGRATE_INSTANCE,
)
"""Whoever may make a change may see how it goes on."""


class Following(View):
    """What the page and its script's answers have in common."""

    http_method_names = ["get", "head", "options"]

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not any(policy.allowed(request, rule) for rule in RULES):
            policy.require(request, policy.Rule.LIST_TASKS)
        return super().dispatch(request, *args, **kwargs)

    @cached_property
    def wanted(self) -> Followed:
        """Raises `ValueError`: see `followed`."""
        return followed(self.request.GET)

    def found(self) -> tuple[TaskRecord, ...]:
        """Raises `ValueError`, `SourceError`, `ConfigError`, `Http404`."""
        wanted = self.wanted
        vcenter = named(self.request, self.kwargs["vcenter"])
        return tasks.followed_tasks(vcenter, wanted.task, wanted.entities, wanted.since)

    def may_begin(self, found: Iterable[TaskRecord]) -> bool:
        """Nothing is to be seen yet, and it is not long ago that it was asked for."""
        return not list(found) and datetime.now(UTC) - self.wanted.since < NOT_BEGUN_S


class FollowView(Following, HorizonTemplateView):
    template_name = "vmware_panel/tasks/follow.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        context["page_title"] = _("Under way at vCenter %(name)s") % {"name": kwargs["vcenter"]}
        shown: Mapping[str, Any]
        try:
            shown = self._shown(self.found())
        except ValueError as error:
            shown = {"wrong": str(error), "back_url": self._back("")}
        except ConfigError:
            shown = {"trouble": settings_trouble(), "back_url": self._back("")}
        except SourceError as error:
            shown = {
                "trouble": trouble_words(error.trouble),
                "back_url": self._back(self.wanted.back),
                "again": True,
            }
        return {**context, **shown}

    def _shown(self, found: tuple[TaskRecord, ...]) -> dict[str, Any]:
        wanted = self.wanted
        query = self.request.GET.urlencode()
        at = reverse("horizon:admin:vmware_tasks:followed", args=[self.kwargs["vcenter"]])
        waits = self.may_begin(found)
        may_cancel = policy.allowed(self.request, policy.Rule.CANCEL_TASK)
        return {
            "rows": [self._row(task, may_cancel) for task in found],
            "lost": wanted.lost,
            "waits": waits,
            "gone": not found and not waits,
            "under_way": waits or any(not task.done for task in found),
            "progress_url": f"{at}?{query}",
            "back_url": self._back(wanted.back),
        }

    def _row(self, task: TaskRecord, may_cancel: bool) -> dict[str, Any]:
        row = TaskRow(self.kwargs["vcenter"], task, "")
        cancel = None
        if may_cancel and task.cancelable and not task.done and not task.cancelled:
            cancel = {
                "url": reverse(
                    "horizon:admin:vmware_tasks:cancel", args=[self.kwargs["vcenter"], task.moref]
                ),
                "fingerprint": tasks.cancel_plan(self.kwargs["vcenter"], task).fingerprint,
                "nonce": changing.new_nonce(),
            }
        return {"row": row, "line": task_line(task), "cancel": cancel}

    def _back(self, wanted: str) -> str:
        if url_has_allowed_host_and_scheme(
            wanted,
            allowed_hosts={self.request.get_host()},
            require_https=self.request.is_secure(),
        ):
            return wanted
        return reverse("horizon:admin:vmware_tasks:index")


class ProgressView(Following):
    """The same for the page's script."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            found = self.found()
            waits = self.may_begin(found)
        except ValueError as error:
            return JsonResponse({"errors": [str(error)]}, status=400)
        except (SourceError, ConfigError):
            return JsonResponse({"errors": []}, status=503)
        return document(found, waits=waits)


class CancelView(ChangeView):
    """Cancels a task that vCenter can cancel."""

    rule = policy.Rule.CANCEL_TASK
    template_name = "vmware_panel/tasks/cancel.html"

    def change(self, choices: Mapping[str, Any], details: Mapping[str, Any]) -> Change:
        vcenter = named(self.request, self.kwargs["vcenter"])
        return tasks.CancelTask(vcenter, MoRef(self.kwargs["task"]))

    def back_url(self) -> str:
        return reverse("horizon:admin:vmware_tasks:index")


def named(request: HttpRequest, name: str) -> VCenterConfig:
    """Raises `Http404`, `ConfigError`."""
    vcenter = vcenter_named(request, name)
    if vcenter is None:
        raise Http404
    return vcenter


def document(found: Iterable[TaskRecord], *, waits: bool = False) -> JsonResponse:
    """How far the tasks are; a task that the page does not have yet makes it load anew."""
    rows = list(found)
    answer = JsonResponse(
        {
            "under_way": waits or any(not task.done for task in rows),
            "all_shown": True,
            "sources": [
                {
                    "name": task.moref,
                    "text": task_line(task),
                    "listed": task.progress_percent or 0,
                    "expected": None if task.progress_percent is None else 100,
                }
                for task in rows
            ],
        }
    )
    answer["Cache-Control"] = "no-store"
    return answer
