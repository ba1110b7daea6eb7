"""Setting an allocation ratio of a cluster's resource provider."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.http import Http404
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from vmware_panel import policy
from vmware_panel.api.allocation_ratios import RatioChange
from vmware_panel.api.changing import Change
from vmware_panel.api.context import vcenter_named
from vmware_panel.domain.allocation_ratios import HIGHEST, LOWEST, RESOURCE_CLASSES
from vmware_panel.domain.inventory import MoRef
from vmware_panel.panels.changes.views import ChangeView


class RatioForm(forms.Form):
    resource_class = forms.ChoiceField(
        label=_("Resource class"),
        choices=[(name, name) for name in RESOURCE_CLASSES],
        widget=forms.Select(attrs={"class": "form-control"}),
    )
    ratio = forms.DecimalField(
        label=_("Allocation ratio"),
        min_value=LOWEST,
        max_value=HIGHEST,
        max_digits=8,
        decimal_places=4,
        help_text=_("How much of each unit may be allocated: 1 allows no overcommit."),
        widget=forms.NumberInput(attrs={"class": "form-control", "step": "any"}),
    )


class RatioView(ChangeView):
    rule = policy.Rule.UPDATE_ALLOCATION_RATIO
    template_name = "vmware_panel/clusters/ratio_plan.html"
    page_title = _("Set an allocation ratio")
    choices_class = RatioForm

    def change(self, choices: Mapping[str, Any], details: Mapping[str, Any]) -> Change:
        vcenter = vcenter_named(self.request, self.kwargs["vcenter"])
        if vcenter is None:
            raise Http404
        return RatioChange(
            self.request,
            vcenter,
            MoRef(self.kwargs["moref"]),
            choices["resource_class"],
            choices["ratio"],
        )

    def back_url(self) -> str:
        kwargs = {name: self.kwargs[name] for name in ("vcenter", "moref")}
        return reverse("horizon:admin:vmware_clusters:detail", kwargs=kwargs)
