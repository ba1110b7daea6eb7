from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from vmware_panel.api.drs import DrsReport
from vmware_panel.domain.cluster_detail import RuleKind
from vmware_panel.domain.drs import DrsState
from vmware_panel.domain.drs_rules import CheckedRule, check_rule
from vmware_panel.panels.clusters.drs_links import Names
from vmware_panel.panels.clusters.drs_tab import DrsTab
from vmware_panel.wording import foreign
from vmware_panel.wording.drs import (
    drs_level,
    kept_tone,
    kept_words,
    override_words,
    rule_kind,
)


class RulesTab(DrsTab):
    """Rules as vCenter has them at that moment, held against where the VMs are."""

    name = _("Rules")
    slug = "rules"
    template_name = "vmware_panel/clusters/rules.html"

    def told(
        self, request: HttpRequest, found: DrsReport, state: DrsState, names: Names
    ) -> dict[str, Any]:
        where = {moref: place.host for moref, place in found.places.items()}
        checked = [check_rule(rule, state.group_by_name, where) for rule in state.rules]
        return {
            "placed_at": found.placed_at,
            "level": drs_level(state.level),
            "rules": [_rule(one, names, state) for one in checked],
            "groups": [
                {
                    "name": foreign(group.name),
                    "vms": names.vms(group.vms),
                    "hosts": [names.host(state, host) for host in group.hosts],
                }
                for group in state.groups
            ],
            "overrides": [
                {"vm": names.vm(own.vm), "level": override_words(own)} for own in state.overrides
            ],
        }


def _rule(checked: CheckedRule, names: Names, state: DrsState) -> dict[str, Any]:
    rule = checked.rule
    return {
        "name": foreign(rule.name),
        "kind": rule_kind(rule),
        "enabled": rule.enabled,
        "mandatory": rule.mandatory,
        "groups": [foreign(name) for name in (rule.vm_group, rule.host_group) if name],
        "vms": names.vms(checked.vms),
        "hosts": [names.host(state, host) for host in checked.hosts],
        "vcenter": kept_words(rule.in_compliance),
        "vcenter_tone": kept_tone(rule.in_compliance),
        "places_matter": rule.kind not in (RuleKind.DEPENDENCY, RuleKind.OTHER),
        "now": kept_words(checked.kept),
        "now_tone": kept_tone(checked.kept),
        "broken": names.vms(checked.broken or ()),
        "differs": None not in (rule.in_compliance, checked.kept)
        and rule.enabled is True
        and rule.in_compliance is not checked.kept,
    }
