"""Having a datastore's space counted anew, and its files searched out of turn."""

from collections.abc import Mapping
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views import View
from horizon import messages

from vmware_panel import policy
from vmware_panel.api.changing import Change, Result, Verdict
from vmware_panel.api.context import vcenter_named
from vmware_panel.api.datastore_changes import RefreshDatastore
from vmware_panel.api.searches import search_datastores
from vmware_panel.config import ConfigError
from vmware_panel.domain.datastore_refresh import RefreshDatastorePlan
from vmware_panel.domain.datastores import provisioned_bytes
from vmware_panel.domain.inventory import MoRef
from vmware_panel.domain.plans import ChangeKind, Plan
from vmware_panel.panels.changes.views import ChangeView
from vmware_panel.panels.links import datastore_url
from vmware_panel.wording import (
    bytes_of,
    change_words,
    filled,
    free_of,
    settings_trouble,
    trouble_words,
)


class RefreshSpaceView(ChangeView):
    rule = policy.Rule.REFRESH_DATASTORE
    template_name = "vmware_panel/datastores/refresh_plan.html"
    page_title = gettext_lazy("Have a datastore's space counted anew")

    def change(self, choices: Mapping[str, Any], details: Mapping[str, Any]) -> Change:
        vcenter = vcenter_named(self.request, self.kwargs["vcenter"])
        moref = MoRef(self.kwargs["moref"])
        if vcenter is None or not moref.startswith("datastore-"):
            raise Http404
        return RefreshDatastore(vcenter, moref)

    def back_url(self) -> str:
        return datastore_url(self.kwargs["vcenter"], self.kwargs["moref"])

    def describe(self, plan: Plan) -> Mapping[str, Any]:
        if not isinstance(plan, RefreshDatastorePlan) or plan.before is None:
            return {}
        datastore = plan.before.datastore
        return {
            "free": free_of(datastore.free_bytes, datastore.capacity_bytes),
            "provisioned": bytes_of(provisioned_bytes(datastore)),
            "counted_at": plan.before.counted_at,
        }

    def _onwards(self, result: Result) -> HttpResponseRedirect:
        """The page that it leads back to reads the fresh figures; here are those of before."""
        plan = result.plan
        if result.verdict is Verdict.MADE and isinstance(plan, RefreshDatastorePlan):
            if plan.before is not None:
                its = plan.before.datastore
                before = free_of(its.free_bytes, its.capacity_bytes)
                messages.info(self.request, filled(_("Before, it was %(before)s."), before=before))
        return super()._onwards(result)


class SearchView(View):
    """Asks for a search of the datastore's files, and goes back to its page."""

    http_method_names = ["post"]

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        policy.require(request, policy.Rule.SCAN_DATASTORES)
        return super().dispatch(request, *args, **kwargs)

    def post(self, request: HttpRequest, vcenter: str, moref: str) -> HttpResponse:
        try:
            if vcenter_named(request, vcenter) is None or not moref.startswith("datastore-"):
                raise Http404
            troubles = search_datastores(request, vcenter, (MoRef(moref),))
        except ConfigError:
            words = settings_trouble()
            messages.error(request, f"{words.sentence} {words.remedy}")
        else:
            for trouble in troubles:
                said = trouble_words(trouble)
                messages.error(request, f"{said.sentence} {said.remedy}")
            if not troubles:
                asked = change_words(ChangeKind.DATASTORE_SCAN, moref)
                messages.success(request, asked.made)
        return redirect(datastore_url(vcenter, moref))
