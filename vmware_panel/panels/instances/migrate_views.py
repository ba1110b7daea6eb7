"""vMotion of one instance: the hosts to choose from, the plan, and the move."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.urls import reverse

from vmware_panel import policy
from vmware_panel.api.changing import Change
from vmware_panel.api.migrations import MigrateInstance
from vmware_panel.domain.inventory import MoRef
from vmware_panel.panels.changes.views import ChangeView


class DestinationForm(forms.Form):
    """The host's id; without one, the page shows those that there are."""

    host = forms.RegexField(
        r"^host-[A-Za-z0-9]+$", max_length=80, required=False, widget=forms.HiddenInput
    )


class MigrateView(ChangeView):
    rule = policy.Rule.MIGRATE_INSTANCE
    template_name = "vmware_panel/instances/migrate_plan.html"
    choices_class = DestinationForm

    def change(self, choices: Mapping[str, Any], details: Mapping[str, Any]) -> Change:
        chosen = choices.get("host")
        return MigrateInstance.of(
            self.request, self.kwargs["server_id"], MoRef(chosen) if chosen else None
        )

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Without a destination there is nothing to confirm yet."""
        context: dict[str, Any] = super().get_context_data(**kwargs)
        plan = context.get("plan")
        context["chosen"] = bool(plan and getattr(plan, "destination_ref", None))
        context["may_confirm"] = bool(context.get("may_confirm")) and context["chosen"]
        return context

    def back_url(self) -> str:
        detail = reverse("horizon:admin:instances:detail", args=[self.kwargs["server_id"]])
        return f"{detail}?tab=instance_details__vmware"
