"""Applying and refreshing DRS recommendations of a cluster, and its automation level."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.http import Http404
from django.utils.translation import gettext_lazy as _

from vmware_panel import policy
from vmware_panel.api.changing import Change
from vmware_panel.api.context import vcenter_named
from vmware_panel.api.drs import ApplyRecommendations, RefreshRecommendations, SetLevel
from vmware_panel.config import VCenterConfig
from vmware_panel.domain.cluster_detail import DrsLevel
from vmware_panel.domain.drs import ApplyPlan, LevelPlan
from vmware_panel.domain.inventory import MoRef
from vmware_panel.domain.plans import Plan
from vmware_panel.panels.changes.views import ChangeView
from vmware_panel.panels.clusters.drs_links import tab_url
from vmware_panel.panels.links import instance_url
from vmware_panel.wording import foreign
from vmware_panel.wording.drs import (
    drs_level,
    drs_level_sentence,
    override_words,
    rating_words,
)


class LevelForm(forms.Form):
    level = forms.ChoiceField(
        label=_("Automation level"),
        choices=lambda: [(one.value, drs_level(one)) for one in DrsLevel],
        widget=forms.Select(attrs={"class": "form-control"}),
    )


class _DrsView(ChangeView):
    """`back_url` leads to the recommendations, which are read anew there."""

    @property
    def cluster(self) -> MoRef:
        return MoRef(self.kwargs["moref"])

    def vcenter(self) -> VCenterConfig:
        """Raises `Http404`, `ConfigError`."""
        vcenter = vcenter_named(self.request, self.kwargs["vcenter"])
        if vcenter is None:
            raise Http404
        return vcenter

    def back_url(self) -> str:
        return tab_url(self.kwargs["vcenter"], self.cluster, "recommendations")


class ApplyView(_DrsView):
    rule = policy.Rule.APPLY_RECOMMENDATIONS
    template_name = "vmware_panel/clusters/apply_plan.html"
    page_title = _("Apply DRS recommendations")

    def change(self, choices: Mapping[str, Any], details: Mapping[str, Any]) -> Change:
        return ApplyRecommendations(self.request, self.vcenter(), self.cluster, self.kwargs["key"])

    def describe(self, plan: Plan) -> Mapping[str, Any]:
        if not isinstance(plan, ApplyPlan):
            return {}
        return {
            "reasons": [
                (rating_words(one.rating), foreign(one.reason_text or one.reason))
                for one in plan.recommendations
            ],
            "projects": [
                {
                    "name": None if name is None else foreign(name),
                    "moves": [
                        {
                            "name": foreign(move.vm_name),
                            "url": instance_url(move.server_id) if move.server_id else "",
                            "source": foreign(move.source),
                            "destination": foreign(move.destination or ""),
                            "powered_on": move.powered_on,
                        }
                        for move in moves
                    ],
                }
                for name, moves in plan.by_project
            ],
        }


class RefreshView(_DrsView):
    rule = policy.Rule.APPLY_RECOMMENDATIONS
    template_name = "vmware_panel/clusters/refresh_plan.html"
    page_title = _("Have DRS recommendations made anew")

    def change(self, choices: Mapping[str, Any], details: Mapping[str, Any]) -> Change:
        return RefreshRecommendations(self.request, self.vcenter(), self.cluster)


class LevelView(_DrsView):
    rule = policy.Rule.CONFIGURE_DRS
    template_name = "vmware_panel/clusters/level_plan.html"
    page_title = _("Change the DRS automation level")
    choices_class = LevelForm

    def change(self, choices: Mapping[str, Any], details: Mapping[str, Any]) -> Change:
        level = DrsLevel(choices["level"])
        return SetLevel(self.request, self.vcenter(), self.cluster, level)

    def describe(self, plan: Plan) -> Mapping[str, Any]:
        if not isinstance(plan, LevelPlan):
            return {}
        return {
            "old": drs_level(plan.old),
            "old_sentence": drs_level_sentence(plan.old) if plan.old else "",
            "new": drs_level(plan.new),
            "new_sentence": drs_level_sentence(plan.new),
            "overrides": [(foreign(name), override_words(own)) for name, own in plan.overrides],
        }
