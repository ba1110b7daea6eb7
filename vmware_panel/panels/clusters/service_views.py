"""Disabling and enabling the compute service of a cluster."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from vmware_panel import policy
from vmware_panel.api.changing import Change
from vmware_panel.api.services import ServiceChange
from vmware_panel.domain.plans import Plan
from vmware_panel.panels.changes.views import ChangeView

MOST_NAMED = 20
LONGEST_REASON = 255  # nova/api/openstack/compute/schemas/services.py, disabled_reason


class ReasonForm(forms.Form):
    reason = forms.CharField(
        label=_("Reason"),
        max_length=LONGEST_REASON,
        help_text=_("Shown beside the service, here and in Horizon's own System Information."),
        error_messages={
            "required": _("Write a reason: the one who finds the service disabled will need it."),
        },
        widget=forms.TextInput(attrs={"class": "form-control", "autocomplete": "off"}),
    )


class _ServiceView(ChangeView):
    rule = policy.Rule.UPDATE_SERVICE
    template_name = "vmware_panel/clusters/service_plan.html"
    enable = False

    def change(self, choices: Mapping[str, Any], details: Mapping[str, Any]) -> Change:
        reason = str(details.get("reason", ""))
        return ServiceChange(self.request, self.kwargs["host"], self.enable, reason)

    def describe(self, plan: Plan) -> Mapping[str, Any]:
        servers = getattr(plan, "servers", None)
        if servers is None:
            return {"count": None}
        named = sorted(servers, key=lambda server: (server.name, server.id))
        return {
            "count": len(servers),
            "running": sum(1 for server in servers if server.status == "ACTIVE"),
            "named": named[:MOST_NAMED],
            "unnamed": max(0, len(named) - MOST_NAMED),
        }

    def back_url(self) -> str:
        kwargs = {name: self.kwargs[name] for name in ("vcenter", "moref")}
        return reverse("horizon:admin:vmware_clusters:detail", kwargs=kwargs)


class DisableView(_ServiceView):
    details_class = ReasonForm


class EnableView(_ServiceView):
    enable = True
