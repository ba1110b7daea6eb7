# mypy: allow-untyped-calls
"""A cluster's DRS rules, groups and overrides, from the SDK's structures into the domain's types."""

from collections.abc import Iterable
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
    (vim.cluster.AntiAffinityRuleSpec, RuleKind.ANTI_AFFINITY),
    (vim.cluster.AffinityRuleSpec, RuleKind.AFFINITY),
    (vim.cluster.VmHostRuleInfo, RuleKind.VM_HOST),
    (vim.cluster.DependencyRuleInfo, RuleKind.DEPENDENCY),
)


def rules(infos: Iterable[vim.cluster.RuleInfo] | None) -> tuple[DrsRule, ...]:
    """In vCenter's order."""
    return tuple(_rule(info) for info in infos or ())


def groups(infos: Iterable[vim.cluster.GroupInfo] | None) -> tuple[DrsGroup, ...]:
    """In vCenter's order."""
    return tuple(
        DrsGroup(
            info.name,
            vms=_morefs(getattr(info, "vm", None)),
            hosts=_morefs(getattr(info, "host", None)),
        )
        for info in infos or ()
    )


def overrides(infos: Iterable[vim.cluster.DrsVmConfigInfo] | None) -> tuple[DrsOverride, ...]:
    """In vCenter's order."""
    return tuple(
        DrsOverride(MoRef(info.key._moId), level(info.behavior), info.enabled)
        for info in infos or ()
    )


def level(behavior: str | None) -> DrsLevel | None:
    """None for a level that this project does not know."""
    return next((one for one in DrsLevel if one.value == behavior), None)


def _rule(info: vim.cluster.RuleInfo) -> DrsRule:
    kind = next((kind for of, kind in _KINDS if isinstance(info, of)), RuleKind.OTHER)
    affine = getattr(info, "affineHostGroupName", None)
    against = getattr(info, "antiAffineHostGroupName", None)
    return DrsRule(
        key=info.key or 0,
        name=info.name or "",
        kind=kind,
        enabled=info.enabled,
        mandatory=info.mandatory,
        in_compliance=info.inCompliance,
        vms=_morefs(getattr(info, "vm", None)) if kind is not RuleKind.DEPENDENCY else (),
        vm_group=getattr(info, "vmGroupName", None) or "",
        host_group=affine or against or "",
        together=against is None or affine is not None,
    )


def _morefs(objects: Iterable[Any] | None) -> tuple[MoRef, ...]:
    return tuple(MoRef(one._moId) for one in objects or ())
