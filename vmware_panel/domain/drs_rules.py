"""DRS rules held against where the VMs are: whom a rule concerns, and whether it is kept now.

vCenter's own word (`DrsRule.in_compliance`) is from its last look; this is from the inventory's.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from vmware_panel.domain.cluster_detail import DrsGroup, DrsRule, RuleKind
from vmware_panel.domain.inventory import MoRef


@dataclass(frozen=True, slots=True)
class CheckedRule:
    """`vms` are those that it concerns, `hosts` the group's of a rule between VMs and hosts.

    `broken` are the VMs that are not where the rule has them; None: it cannot be told, for a kind
    of rule that says nothing of places, or since a VM's host or a group is not known. A rule that
    is not enabled is checked all the same.
    """

    rule: DrsRule
    vms: tuple[MoRef, ...]
    hosts: tuple[MoRef, ...] = ()
    broken: tuple[MoRef, ...] | None = None

    @property
    def kept(self) -> bool | None:
        return None if self.broken is None else not self.broken


def check_rule(
    rule: DrsRule, groups: Mapping[str, DrsGroup], host_of: Mapping[MoRef, MoRef | None]
) -> CheckedRule:
    """`host_of` has every VM that is known, with its host; None for a VM that is on none."""
    if rule.kind in (RuleKind.AFFINITY, RuleKind.ANTI_AFFINITY):
        return CheckedRule(rule, rule.vms, broken=_between_vms(rule, host_of))
    if rule.kind is not RuleKind.VM_HOST:
        return CheckedRule(rule, rule.vms)
    vm_group, host_group = groups.get(rule.vm_group), groups.get(rule.host_group)
    if vm_group is None or host_group is None:
        vms = vm_group.vms if vm_group else ()
        return CheckedRule(rule, vms, host_group.hosts if host_group else ())
    places = [(vm, host_of.get(vm)) for vm in vm_group.vms]
    broken = None
    if all(vm in host_of for vm in vm_group.vms):
        inside = frozenset(host_group.hosts)
        broken = tuple(
            vm for vm, host in places if host is not None and (host in inside) is not rule.together
        )
    return CheckedRule(rule, vm_group.vms, host_group.hosts, broken)


def _between_vms(rule: DrsRule, host_of: Mapping[MoRef, MoRef | None]) -> tuple[MoRef, ...] | None:
    """Apart: all on a host that has several of them. Together: all, if they are on several."""
    if not all(vm in host_of for vm in rule.vms):
        return None
    on_host: defaultdict[MoRef, list[MoRef]] = defaultdict(list)
    for vm in rule.vms:
        host = host_of[vm]
        if host is not None:
            on_host[host].append(vm)
    if rule.kind is RuleKind.AFFINITY:
        broken = {vm for vms in on_host.values() for vm in vms} if len(on_host) > 1 else set()
    else:
        broken = {vm for vms in on_host.values() for vm in vms if len(vms) > 1}
    return tuple(vm for vm in rule.vms if vm in broken)
