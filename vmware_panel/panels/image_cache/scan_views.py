"""Searching datastores out of turn, and how far the searches are."""

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views import View
from horizon import messages

from vmware_panel import policy
from vmware_panel.api import refresh, searches
from vmware_panel.config import ConfigError
from vmware_panel.domain.datastore_files import ScanProgress
from vmware_panel.panels.image_cache.summary import source_of
from vmware_panel.panels.listing.refresh import RefreshView, document
from vmware_panel.wording import filled, foreign, settings_trouble, trouble_words

KEY = "datastore"
MOST_NAMED = 100


class SearchView(RefreshView):
    """POST: the datastores named by `datastore=<vcenter>/<id>`, or all; goes back to the page."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        policy.require(request, policy.Rule.SCAN_DATASTORES)
        return View.dispatch(self, request, *args, **kwargs)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        named = tuple(dict.fromkeys(request.POST.getlist(KEY)))
        if len(named) > MOST_NAMED:
            words = _("At most %(n)d datastores can be named at once; none was asked for.")
            messages.error(request, words % {"n": MOST_NAMED})
            return redirect(self._back(request))
        try:
            troubles = searches.search_afresh(request, named)
        except ConfigError:
            words = settings_trouble()
            messages.error(request, f"{words.sentence} {words.remedy}")
        else:
            for trouble in troubles:
                said = trouble_words(trouble)
                detail = f" ({said.detail})" if said.detail else ""
                messages.error(request, f"{said.sentence}{detail} {said.remedy}")
            if not troubles:
                messages.success(request, _("The search is asked for; it can take minutes."))
        return redirect(self._back(request))


class ProgressView(View):
    """How far the collectors and the searches are, for the list's script."""

    http_method_names = ["get", "head", "options"]

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        policy.require(request, policy.Rule.LIST_IMAGE_CACHE)
        return super().dispatch(request, *args, **kwargs)

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> JsonResponse:
        try:
            said = document(refresh.progress(request))
            running = searches.searches_under_way(request)
        except ConfigError:
            said, running = document(()), {}
        said["sources"] += [
            {
                "name": source_of(name),
                "text": progress_words(progress),
                "listed": progress.running_percent or 0,
                "expected": 100 if progress.running_percent is not None else None,
            }
            for name, progress in running.items()
        ]
        said["under_way"] = said["under_way"] or bool(running)
        answer = JsonResponse(said)
        answer["Cache-Control"] = "no-store"
        return answer


def progress_words(progress: ScanProgress) -> str:
    """What is searched just now, and how many wait."""
    waiting = ngettext("%(n)d waits", "%(n)d wait", progress.wanted) % {"n": progress.wanted}
    if not progress.running:
        return filled(_("Searching files: %(waiting)s"), waiting=waiting)
    name = foreign(progress.running)
    if progress.running_percent is None:
        return filled(_("Searching %(name)s; %(waiting)s"), name=name, waiting=waiting)
    return filled(
        _("Searching %(name)s: %(percent)d %%; %(waiting)s"),
        name=name,
        percent=progress.running_percent,
        waiting=waiting,
    )
