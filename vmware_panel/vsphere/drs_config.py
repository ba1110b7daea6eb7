"""A cluster's DRS rules, groups and overrides as the SDK decoded them, into the domain's types."""

from typing import Any

from pyVmomi import vim

from vmware_panel.domain.cluster_detail import (
    DrsGroup,
    DrsLevel,
    DrsOverride,
    DrsRule,
    RuleKind,
)
from vmware_panel.domain.inventory import MoRef

RULES = "configurationEx.rule"
GROUPS = "configurationEx.group"
OVERRIDES = "configurationEx.drsVmConfig"

_KINDS = (
    (vim.cluster.VmHostRuleInfo, RuleKind.VM_HOST),
    (vim.cluster.AntiAffinityRuleSpec, RuleKind.ANTI_AFFINITY),
    (vim.cluster.AffinityRuleSpec, RuleKind.AFFINITY),
    (vim.cluster.DependencyRuleInfo, RuleKind.DEPENDENCY),
)


def rules_of(told: Any) -> tuple[DrsRule, ...]:
    return tuple(_rule(rule) for rule in told or ())


def groups_of(told: Any) -> tuple[DrsGroup, ...]:
    return tuple(
        DrsGroup(
            name=group.name,
            vms=morefs(getattr(group, "vm", None)),
            hosts=morefs(getattr(group, "host", None)),
        )
        for group in told or ()
    )


def overrides_of(told: Any) -> tuple[DrsOverride, ...]:
    return tuple(
        DrsOverride(MoRef(own.key._moId), drs_level(own.behavior), own.enabled)
        for own in told or ()
    )


def drs_level(behavior: str | None) -> DrsLevel | None:
    """None for one that is unset, or that the project does not know."""
    try:
        return DrsLevel(behavior or "")
    except ValueError:
        return None


def morefs(objects: Any) -> tuple[MoRef, ...]:
    return tuple(MoRef(obj._moId) for obj in objects or ())


def _rule(rule: Any) -> DrsRule:
    kind = next((kind for of, kind in _KINDS if isinstance(rule, of)), RuleKind.OTHER)
    vm_host = kind is RuleKind.VM_HOST
    affine = rule.affineHostGroupName if vm_host else None
    dependent = kind is RuleKind.DEPENDENCY
    return DrsRule(
        key=rule.key if rule.key is not None else 0,
        name=rule.name or "",
        kind=kind,
        enabled=rule.enabled,
        mandatory=rule.mandatory,
        in_compliance=rule.inCompliance,
        vms=morefs(getattr(rule, "vm", None)),
        vm_group=(rule.vmGroupName if vm_host else rule.vmGroup if dependent else None) or "",
        host_group=(affine or rule.antiAffineHostGroupName or "") if vm_host else "",
        together=bool(affine) if vm_host else kind is not RuleKind.ANTI_AFFINITY,
    )
