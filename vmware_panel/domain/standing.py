"""What stands on ESX hosts of one cluster and what binds it there, read at one moment."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

from vmware_panel.domain.cluster_detail import (
    DrsGroup,
    DrsLevel,
    DrsOverride,
    DrsRule,
    Migration,
    RuleKind,
)
from vmware_panel.domain.inventory import (
    Cluster,
    EsxHost,
    Inventory,
    MoRef,
    VirtualMachine,
    VmPower,
)
from vmware_panel.domain.tasks import TaskRecord
from vmware_panel.domain.usage import HostUsage

AGENT_EXTENSION = "com.vmware.vim.eam"
"""vCenter's own agents (vCLS): it switches them off and on itself when a host goes out."""


class BindingKind(StrEnum):
    """What of a VM may be there on one host only."""

    IMAGE = "image"  # a connected drive with a file on a datastore
    HOST_DEVICE = "host_device"  # a connected drive or port of the host's own
    PASSTHROUGH = "passthrough"  # a card of the host's that the VM has to itself


@dataclass(frozen=True, slots=True)
class Binding:
    """`label` is vCenter's name of the device, `backing` the file or device behind it.

    `datastore` is that of an image; such a VM can go wherever that is mounted.
    """

    vm: MoRef
    kind: BindingKind
    label: str
    backing: str = ""
    datastore: MoRef | None = None


@dataclass(frozen=True, slots=True)
class DrsFault:
    """Why DRS does not move a VM. `fault` is the vSphere API's name, `message` vCenter's words."""

    vm: MoRef | None
    fault: str
    message: str = ""


@dataclass(frozen=True, slots=True)
class Forecast:
    """What vCenter would do to empty a host (`ClusterEnterMaintenanceMode`): nothing is done yet.

    A VM that runs and is in neither list: vCenter does not say.
    """

    moves: tuple[Migration, ...] = ()
    faults: tuple[DrsFault, ...] = ()


@dataclass(frozen=True)
class Standing:
    """One host, its cluster with all hosts, and the VMs on that one host.

    `inventory` is not whole: these, and the datastores that the hosts mount. `tasks` are those on
    the host, running or recent.
    """

    inventory: Inventory
    host_ref: MoRef
    bindings: tuple[Binding, ...] = ()
    rules: tuple[DrsRule, ...] = ()
    groups: tuple[DrsGroup, ...] = ()
    overrides: tuple[DrsOverride, ...] = ()
    usage: Mapping[MoRef, HostUsage] = field(default_factory=dict)
    tasks: tuple[TaskRecord, ...] = ()

    @cached_property
    def host(self) -> EsxHost | None:
        return self.inventory.host_by_ref.get(self.host_ref)

    @cached_property
    def cluster(self) -> Cluster | None:
        """None for a stand-alone host."""
        owner = self.host.cluster if self.host else None
        return self.inventory.cluster_by_ref.get(owner) if owner else None

    @cached_property
    def others(self) -> tuple[EsxHost, ...]:
        """The cluster's usable hosts besides this one, by name."""
        cluster = self.cluster.moref if self.cluster else None
        found = (
            host
            for host in self.inventory.hosts
            if host.cluster == cluster and host.moref != self.host_ref and host.usable
        )
        return tuple(sorted(found, key=lambda host: host.name)) if cluster else ()

    @cached_property
    def vms(self) -> tuple[VirtualMachine, ...]:
        """Those on the host, by name; vCenter's own agents are left out."""
        mine = (
            vm
            for vm in self.inventory.vms
            if vm.host == self.host_ref and vm.manager_key != AGENT_EXTENSION
        )
        return tuple(sorted(mine, key=lambda vm: (vm.name, vm.moref)))

    @cached_property
    def groups_by_name(self) -> Mapping[str, DrsGroup]:
        return {group.name: group for group in self.groups}

    @cached_property
    def override_by_vm(self) -> Mapping[MoRef, DrsOverride]:
        return {override.vm: override for override in self.overrides}

    def drs_level(self, vm: MoRef) -> DrsLevel | None:
        """By which DRS handles the VM; None where it leaves it alone, or nobody knows."""
        cluster = self.cluster
        if cluster is None or not cluster.drs_enabled:
            return None
        own = self.override_by_vm.get(vm)
        if own and own.enabled is False:
            return None
        if own and own.level:
            return own.level
        try:
            return DrsLevel(cluster.drs_behavior or "")
        except ValueError:
            return None

    def host_rules(self, vm: MoRef) -> Iterator[DrsRule]:
        """The rules in force that say on which hosts the VM is to run."""
        for rule in self.rules:
            group = self.groups_by_name.get(rule.vm_group)
            if rule.kind is RuleKind.VM_HOST and rule.enabled and group and vm in group.vms:
                yield rule

    def allows(self, rule: DrsRule, host: MoRef) -> bool:
        """Whether a rule between VMs and hosts allows the host."""
        group = self.groups_by_name.get(rule.host_group)
        return (group is not None and host in group.hosts) == rule.together


class Bound(StrEnum):
    """What keeps a VM off another host."""

    DATASTORE = "datastore"
    DEVICE = "device"
    RULE = "rule"
    ROOM = "room"


@dataclass(frozen=True, slots=True)
class Constraint:
    """`subject` names what binds: a datastore, a device, a rule; of `ROOM`, the VM's MiB."""

    bound: Bound
    subject: str
    hosts: frozenset[MoRef]  # those of the others that it leaves


def constraints(standing: Standing, vm: VirtualMachine) -> Iterator[Constraint]:
    """All that says where a VM can go among the other usable hosts, whether it binds or not.

    A datastore or device counts wherever the hosts mount it; of memory only what is configured
    against what a host has in all: vCenter lets VMs share it.
    """
    others = standing.others

    def those(fit: Iterable[EsxHost]) -> frozenset[MoRef]:
        return frozenset(host.moref for host in fit)

    for datastore in vm.datastores:
        known = standing.inventory.datastore_by_ref.get(datastore)
        name = known.name if known else datastore
        if any(b.vm == vm.moref and b.datastore == datastore for b in standing.bindings):
            if not any(disk.datastore == datastore for disk in vm.disks):
                continue  # an image's: below, by the name of its device
        yield Constraint(
            Bound.DATASTORE, name, those(h for h in others if datastore in h.datastores)
        )
    if vm.power is VmPower.ON:
        for binding in standing.bindings:
            if binding.vm == vm.moref:
                subject = " ".join(filter(None, (binding.label, binding.backing)))
                fit = (
                    h for h in others if binding.datastore and binding.datastore in h.datastores
                )
                yield Constraint(Bound.DEVICE, subject, those(fit))
        for rule in standing.host_rules(vm.moref):
            if rule.mandatory:
                fit = (h for h in others if standing.allows(rule, h.moref))
                yield Constraint(Bound.RULE, rule.name, those(fit))
        if vm.memory_mb is not None:
            fit = (
                h for h in others if h.memory_bytes is None or h.memory_bytes >> 20 >= vm.memory_mb
            )
            yield Constraint(Bound.ROOM, str(vm.memory_mb), those(fit))


def what_binds(standing: Standing, vm: VirtualMachine) -> tuple[Constraint, ...]:
    """Empty if some other usable host is left by all constraints.

    Else those that leave no host at all by themselves; where each leaves some, all that take any.
    """
    others = frozenset(host.moref for host in standing.others)
    all_of_them = tuple(constraints(standing, vm))
    left = others
    for constraint in all_of_them:
        left &= constraint.hosts
    if left or not others:
        return ()
    alone = tuple(c for c in all_of_them if not c.hosts)
    return alone or tuple(c for c in all_of_them if c.hosts < others)
