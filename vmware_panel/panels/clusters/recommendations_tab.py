from typing import Any

from django.http import HttpRequest
from django.middleware.csrf import get_token
from django.utils.translation import gettext_lazy as _

from vmware_panel import policy
from vmware_panel.api import changing
from vmware_panel.api.drs import DrsReport
from vmware_panel.domain.cluster_detail import Recommendation
from vmware_panel.domain.drs import ALL, Around, DrsState, refresh_plan
from vmware_panel.panels.clusters.drs_links import Names, drs_url
from vmware_panel.panels.clusters.drs_tab import DrsTab
from vmware_panel.wording import foreign
from vmware_panel.wording.drs import drs_level, drs_level_sentence, rating_tone, rating_words


class RecommendationsTab(DrsTab):
    """Asked of vCenter itself: a recommendation is good for minutes."""

    name = _("Recommendations")
    slug = "recommendations"
    template_name = "vmware_panel/clusters/recommendations.html"

    def told(
        self, request: HttpRequest, found: DrsReport, state: DrsState, names: Names
    ) -> dict[str, Any]:
        return {
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
