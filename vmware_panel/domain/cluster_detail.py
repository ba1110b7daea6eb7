"""What vCenter says of one cluster beyond the inventory: rules, overrides, recommendations."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from vmware_panel.domain.inventory import Inventory, MoRef
from vmware_panel.domain.usage import Usage


class RuleKind(StrEnum):
    """The vSphere API's `Cluster*RuleInfo` types."""

    AFFINITY = "affinity"  # keep the VMs together
    ANTI_AFFINITY = "anti_affinity"  # keep them apart
    VM_HOST = "vm_host"  # VMs of one group on (or off) hosts of another
    DEPENDENCY = "dependency"  # start order
    OTHER = "other"


class DrsLevel(StrEnum):
    """`DrsBehavior`."""

    MANUAL = "manual"
    PARTIALLY_AUTOMATED = "partiallyAutomated"
    FULLY_AUTOMATED = "fullyAutomated"


@dataclass(frozen=True, slots=True)
class DrsRule:
    """`vms` of a rule between VMs; the group names of one between VMs and hosts.

    `together`: for `VM_HOST`, True if the VMs must or should run on the hosts, False if not on
    them. `mandatory` is vCenter's: a "must" rule. `in_compliance` None: vCenter does not say.
    """

    key: int
    name: str
    kind: RuleKind
    enabled: bool | None = None
    mandatory: bool | None = None
    in_compliance: bool | None = None
    vms: tuple[MoRef, ...] = ()
    vm_group: str = ""
    host_group: str = ""
    together: bool = True


@dataclass(frozen=True, slots=True)
class DrsGroup:
    """A group has VMs or hosts, never both."""

    name: str
    vms: tuple[MoRef, ...] = ()
    hosts: tuple[MoRef, ...] = ()


@dataclass(frozen=True, slots=True)
class DrsOverride:
    """One VM's own DRS level. `enabled` False: DRS leaves the VM alone."""

    vm: MoRef
    level: DrsLevel | None = None
    enabled: bool | None = None


@dataclass(frozen=True, slots=True)
class Migration:
    """One move that DRS would make. `source` None: the VM is powered on there at first."""

    vm: MoRef
    source: MoRef | None
    destination: MoRef


@dataclass(frozen=True, slots=True)
class Recommendation:
    """`ClusterRecommendation`. `rating` is 1 (weak) to 5 (must). `reason` is vCenter's id of it,
    `reason_text` its words. `host` is the host that goes into maintenance or standby, if that is
    what is recommended.
    """

    key: str
    rating: int
    reason: str = ""
    reason_text: str = ""
    at: datetime | None = None
    migrations: tuple[Migration, ...] = ()
    prerequisites: tuple[str, ...] = ()
    host: MoRef | None = None


@dataclass(frozen=True, slots=True)
class ResourceUsage:
    """`ClusterComputeResource.GetResourceUsage`: vCenter's own sums of a whole cluster."""

    cpu_used_mhz: int | None = None
    cpu_capacity_mhz: int | None = None
    memory_used_mb: int | None = None
    memory_capacity_mb: int | None = None
    storage_used_mb: int | None = None
    storage_capacity_mb: int | None = None


@dataclass(frozen=True, slots=True)
class NumaNode:
    """One NUMA node of a host. `threads` are the logical CPUs in it."""

    id: int
    threads: int
    memory_bytes: int


@dataclass(frozen=True)
class ClusterDetail:
    """One cluster, read at that moment.

    `inventory` is not whole: the cluster, its hosts, its pools and the datastores they mount, and
    no VM. `resources` None: this vCenter does not have the call, or refused it (`refused` names
    such parts with the reason: `resources`, or `drs` for rules to recommendations).
    """

    inventory: Inventory
    usage: Usage
    rules: tuple[DrsRule, ...] = ()
    groups: tuple[DrsGroup, ...] = ()
    overrides: tuple[DrsOverride, ...] = ()
    recommendations: tuple[Recommendation, ...] = ()
    resources: ResourceUsage | None = None
    numa: Mapping[MoRef, tuple[NumaNode, ...]] = field(default_factory=dict)
    refused: Mapping[str, str] = field(default_factory=dict)
