from typing import Any

from django.http import HttpRequest
from django.middleware.csrf import get_token
from django.utils.translation import gettext_lazy as _

from vmware_panel import policy
from vmware_panel.api import changing, drs
from vmware_panel.api.context import vcenter_named
from vmware_panel.config import ConfigError
from vmware_panel.domain.cluster_detail import Recommendation
from vmware_panel.domain.drs import ALL, Around, DrsState, refresh_plan
from vmware_panel.panels.clusters.drs_links import Names, drs_url
from vmware_panel.panels.clusters.tab import ClusterTab
from vmware_panel.wording import foreign, settings_trouble, trouble_words
from vmware_panel.wording.drs import drs_level, drs_level_sentence, rating_tone, rating_words


class RecommendationsTab(ClusterTab):
    """Asked of vCenter itself: a recommendation is good for minutes."""

    name = _("Recommendations")
    slug = "recommendations"
    template_name = "vmware_panel/clusters/recommendations.html"

    def context(self, request: HttpRequest) -> dict[str, Any]:
        try:
            vcenter = vcenter_named(request, self.vcenter)
        except ConfigError:
            return {"troubles": [settings_trouble()]}
        if vcenter is None:
            return {}
        found = drs.drs_report(request, vcenter, self.moref, self.report.inventory)
        shown: dict[str, Any] = {"troubles": [trouble_words(t) for t in found.troubles]}
        state = found.state
        if state is None:
            return shown
        names = Names(self.vcenter, found.places, found.owners or {})
        return {
            **shown,
            "state": state,
            "read_at": found.read_at,
            "owners_known": found.owners is not None,
            "level": drs_level(state.level),
            "level_sentence": drs_level_sentence(state.level) if state.level else "",
            "rows": [self._row(names, state, one) for one in state.recommendations],
            "missing": foreign(", ".join(found.missing_privileges or ())),
            # Horizon renders a tab without the request's own context.
            "csrf_token": get_token(request),
            **self._actions(request, state),
        }

    def _row(self, names: Names, state: DrsState, one: Recommendation) -> dict[str, Any]:
        return {
            "key": one.key,
            "rating": rating_words(one.rating),
            "tone": rating_tone(one.rating),
            "reason": foreign(one.reason_text or one.reason),
            "at": one.at,
            "host": names.host(state, one.host),
            "moves": [
                {
                    "vm": names.vm(move.vm),
                    "source": names.host(state, move.source),
                    "destination": names.host(state, move.destination),
                }
                for move in one.migrations
            ],
            "apply_url": self._apply_url(one.key) if one.migrations else "",
        }

    def _actions(self, request: HttpRequest, state: DrsState) -> dict[str, Any]:
        """What the one who looks may do, each by a rule of its own."""
        may_apply = policy.allowed(request, policy.Rule.APPLY_RECOMMENDATIONS)
        level = policy.allowed(request, policy.Rule.CONFIGURE_DRS)
        refresh = None
        if may_apply and state.enabled is not False:
            plan = refresh_plan(self.vcenter, self.moref, state, Around())
            refresh = {
                "url": drs_url("refresh_recommendations", self.vcenter, self.moref),
                "fingerprint": plan.fingerprint,
                "nonce": changing.new_nonce(),
            }
        some = any(one.migrations for one in state.recommendations)
        return {
            "may_apply": may_apply,
            "refresh": refresh,
            "apply_all_url": self._apply_url(ALL) if may_apply and some else "",
            "level_url": drs_url("drs_level", self.vcenter, self.moref) if level else "",
        }

    def _apply_url(self, key: str) -> str:
        return drs_url("apply_recommendations", self.vcenter, self.moref, key=key)
