"""Maintenance mode of an ESX host: the plan, and the way in and out."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.http import Http404
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from vmware_panel import policy
from vmware_panel.api.changing import Change
from vmware_panel.api.context import vcenter_named
from vmware_panel.api.maintenance import EnterMaintenance, ExitMaintenance
from vmware_panel.config import VCenterConfig
from vmware_panel.domain.inventory import MoRef
from vmware_panel.panels.changes.views import ChangeView

LONGEST_MIN = 24 * 60


class EnterChoices(forms.Form):
    evacuate_powered_off = forms.BooleanField(
        label=_("Move powered-off VMs and templates to other hosts too"),
        required=False,
        initial=False,
        help_text=_("Otherwise they stay, and cannot be started while the host is out."),
    )


class EnterDetails(forms.Form):
    timeout_min = forms.IntegerField(
        label=_("Give up after (minutes)"),
        min_value=0,
        max_value=LONGEST_MIN,
        initial=0,
        help_text=_(
            "0: vCenter waits until every VM has left, or until the task is cancelled. VMs that "
            "have moved by then stay where they went."
        ),
        widget=forms.NumberInput(attrs={"class": "form-control"}),
    )


class _HostChangeView(ChangeView):
    rule = policy.Rule.HOST_MAINTENANCE

    def vcenter(self) -> VCenterConfig:
        """Raises `ConfigError`."""
        vcenter = vcenter_named(self.request, self.kwargs["vcenter"])
        if vcenter is None:
            raise Http404
        return vcenter

    @property
    def host(self) -> MoRef:
        return MoRef(self.kwargs["moref"])

    def back_url(self) -> str:
        kwargs = {name: self.kwargs[name] for name in ("vcenter", "moref")}
        return reverse("horizon:admin:vmware_hosts:detail", kwargs=kwargs)


class EnterView(_HostChangeView):
    template_name = "vmware_panel/hosts/enter_plan.html"
    choices_class = EnterChoices
    details_class = EnterDetails

    def change(self, choices: Mapping[str, Any], details: Mapping[str, Any]) -> Change:
        return EnterMaintenance(
            self.request,
            self.vcenter(),
            self.host,
            evacuate_powered_off=bool(choices["evacuate_powered_off"]),
            timeout_s=60 * (details.get("timeout_min") or 0),
        )


class ExitView(_HostChangeView):
    template_name = "vmware_panel/hosts/exit_plan.html"

    def change(self, choices: Mapping[str, Any], details: Mapping[str, Any]) -> Change:
        return ExitMaintenance(self.vcenter(), self.host)
