"""Reading afresh, and how far that is: what the lists that stand on the collectors have in common."""

from collections.abc import Iterable
from typing import Any

from django.contrib.humanize.templatetags.humanize import intcomma
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views import View
from horizon import messages

from vmware_panel import policy
from vmware_panel.api import refresh
from vmware_panel.api.refresh import Progress
from vmware_panel.config import ConfigError
from vmware_panel.wording import settings_trouble, trouble_words

BACK = "next"


def progress_text(progress: Progress) -> str:
    """How far the read under way is; empty where none is."""
    if progress.source == refresh.NOVA:
        return _("Reading all servers: %(listed)s so far") % {"listed": intcomma(progress.listed)}
    if progress.listing:
        if progress.expected:
            return _("Reading everything: %(listed)s of about %(expected)s objects") % {
                "listed": intcomma(progress.listed),
                "expected": intcomma(progress.expected),
            }
        return _("Reading everything: %(listed)s objects so far") % {
            "listed": intcomma(progress.listed)
        }
    return _("A fresh read is asked for") if progress.under_way else ""


class RefreshView(View):
    """Asks for a fresh read of every vCenter of the region, and goes back to the list."""

    http_method_names = ["post"]

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        policy.require(request, policy.Rule.REFRESH_INVENTORY)
        return super().dispatch(request, *args, **kwargs)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            troubles = refresh.ask_refresh(request)
        except ConfigError:
            words = settings_trouble()
            messages.error(request, f"{words.sentence} {words.remedy}")
        else:
            for trouble in troubles:
                said = trouble_words(trouble)
                messages.error(request, f"{said.sentence} {said.remedy}")
        return redirect(self._back(request))

    def _back(self, request: HttpRequest) -> str:
        """Where the button stood, with its filters; nowhere outside of this Horizon."""
        wanted = request.POST.get(BACK, "")
        if url_has_allowed_host_and_scheme(
            wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
        ):
            return wanted
        return request.path.rpartition("/")[0] + "/"


class ProgressView(View):
    """How far the reads are, for the list's script: texts to show, and whether to ask again.

    `rule` is the list's own.
    """

    rule: policy.Rule = policy.Rule.LIST_INSTANCES
    http_method_names = ["get", "head", "options"]

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        policy.require(request, self.rule)
        return super().dispatch(request, *args, **kwargs)

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> JsonResponse:
        try:
            found = refresh.progress(request)
        except ConfigError:
            found = ()
        answer = JsonResponse(document(found))
        answer["Cache-Control"] = "no-store"
        return answer


def document(found: Iterable[Progress]) -> dict[str, Any]:
    rows = list(found)
    return {
        "under_way": any(row.under_way for row in rows),
        "sources": [
            {
                "name": row.source,
                "text": progress_text(row),
                "listed": row.listed if row.listing else 0,
                "expected": row.expected if row.listing else None,
            }
            for row in rows
        ],
    }
