"""The page of one datastore."""

from typing import Any

from django import forms
from django.http import Http404, HttpRequest, HttpResponseBase
from django.urls import NoReverseMatch, reverse
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _
from horizon.views import HorizonTemplateView

from vmware_panel import policy
from vmware_panel.api import datastores
from vmware_panel.api.datastores import VOLUME_GB, DatastoreReport
from vmware_panel.config import ConfigError
from vmware_panel.domain.datastores import overcommit, provisioned_bytes, state_of, used_bytes
from vmware_panel.domain.inventory import MoRef
from vmware_panel.panels.datastores.actions import refresh_action, search_url
from vmware_panel.panels.datastores.fill_rows import fill_shown
from vmware_panel.panels.datastores.place_rows import mount_rows, next_rows, taker_rows
from vmware_panel.panels.datastores.room import room_bar
from vmware_panel.panels.datastores.tenant_rows import tenants_shown
from vmware_panel.panels.listing.answers import sources_shown
from vmware_panel.wording import bytes_of, foreign, trouble_words
from vmware_panel.wording.datastores import (
    APART,
    CINDER_RULE,
    NOVA_RULE,
    datastore_state,
    datastore_tone,
    searches_words,
)

MOST_VOLUME_GB = 64 * 1024
"""The largest VMDK that vSphere makes is 62 TiB."""


class SizeForm(forms.Form):
    volume_gb = forms.IntegerField(
        label=_("Size of the volume in GiB"),
        min_value=1,
        max_value=MOST_VOLUME_GB,
        required=False,
        widget=forms.NumberInput(attrs={"class": "form-control input-sm"}),
    )


class DetailView(HorizonTemplateView):
    """What the collectors and their searches keep, and the datastore itself from vCenter."""

    template_name = "vmware_panel/datastores/detail.html"
    page_title = "{{ title }}"
    http_method_names = ["get", "head", "options"]

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        policy.require(request, policy.Rule.GET_DATASTORE)
        return super().dispatch(request, *args, **kwargs)

    def get_context_data(self, *, vcenter: str, moref: str, **kwargs: Any) -> dict[str, Any]:
        given = "volume_gb" in self.request.GET
        form = SizeForm(self.request.GET if given else {"volume_gb": VOLUME_GB})
        volume_gb = (form.is_valid() and form.cleaned_data["volume_gb"]) or VOLUME_GB
        try:
            report = datastores.datastore_report(
                self.request,
                vcenter,
                MoRef(moref),
                volume_gb=volume_gb,
                with_privileges=policy.allowed(self.request, policy.Rule.REFRESH_DATASTORE),
            )
            sources = sources_shown(self.request, report, only=vcenter)
        except ConfigError as error:
            faults = tuple(map(str, error.faults))
            return super().get_context_data(title=moref, faults=faults, **kwargs)
        if not report.possible:
            raise Http404
        name = report.entry.datastore.name if report.entry else report.moref
        return super().get_context_data(
            title=foreign(name),
            report=report,
            size_form=form,
            refresh_action=refresh_action(self.request, report),
            search_url=search_url(self.request, report),
            **sources,
            **shown(report),
            **kwargs,
        )


def shown(report: DatastoreReport) -> dict[str, Any]:
    """What the template says of the report."""
    entry = report.entry
    if entry is None:
        return {"live": False}
    datastore, progress = entry.datastore, entry.progress
    state, ratio = state_of(datastore), overcommit(datastore)
    failed = progress.troubles.get(report.moref) if progress else None
    return {
        "live": report.answers,
        "state": datastore_state(state),
        "tone": datastore_tone(state),
        "type": foreign(datastore.type or ""),
        "room": room_bar(datastore),
        "capacity": bytes_of(datastore.capacity_bytes),
        "used": bytes_of(used_bytes(datastore)),
        "free": bytes_of(datastore.free_bytes),
        "provisioned": bytes_of(provisioned_bytes(datastore)),
        "provisioned_percent": None if ratio is None else round(100 * ratio),
        "counted_at": report.detail.counted_at if report.detail else None,
        "fill": fill_shown(entry),
        "searched_at": entry.scan.read_at if entry.scan else None,
        "searches": searches_words(progress, datastore.name),
        "search_trouble": trouble_words(failed) if failed else None,
        "cache_url": _cache_url("index", report.vcenter, datastore.name),
        "leftovers_url": _cache_url("leftovers", report.vcenter, datastore.name),
        "mounts": mount_rows(report),
        "takers": taker_rows(report),
        "next_disks": next_rows(report),
        "nova_rule": NOVA_RULE,
        "cinder_rule": CINDER_RULE,
        "apart": APART,
        "tenants": tenants_shown(report),
    }


def _cache_url(page: str, vcenter: str, name: str) -> str:
    """A list of this datastore's image cache; empty where there is no such panel."""
    try:
        url = reverse(f"horizon:admin:vmware_image_cache:{page}")
    except NoReverseMatch:
        return ""
    return f"{url}?{urlencode({'vcenter': vcenter, 'datastore': name})}"
