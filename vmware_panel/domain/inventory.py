"""vCenter's book: what one vCenter holds, as frozen types with indexes.

References between objects are managed object ids (`MoRef`, e.g. `domain-c26`, `host-31`), which
are unique within one vCenter only. `None` means that vCenter did not say: unknown, which is never
zero and never false.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from typing import NewType, TypeVar

K = TypeVar("K")
V = TypeVar("V")

MoRef = NewType("MoRef", str)

NOVA_EXTENSION = "org.openstack.compute"
CINDER_EXTENSION = "org.openstack.storage"


class VmPower(StrEnum):
    """`VirtualMachine.runtime.powerState`."""

    ON = "poweredOn"
    OFF = "poweredOff"
    SUSPENDED = "suspended"


class HostConnection(StrEnum):
    """`HostSystem.runtime.connectionState`."""

    CONNECTED = "connected"
    DISCONNECTED = "disconnected"
    NOT_RESPONDING = "notResponding"


class ToolsStatus(StrEnum):
    """`VirtualMachine.guest.toolsRunningStatus`."""

    RUNNING = "guestToolsRunning"
    NOT_RUNNING = "guestToolsNotRunning"
    EXECUTING_SCRIPTS = "guestToolsExecutingScripts"


@dataclass(frozen=True, slots=True)
class VCenter:
    """Who answered. `name` is the key in the settings, `instance_uuid` is `about.instanceUuid`."""

    name: str
    host: str
    port: int
    instance_uuid: str
    full_name: str = ""
    version: str = ""
    build: str = ""
    api_version: str = ""


@dataclass(frozen=True, slots=True)
class Datacenter:
    moref: MoRef
    name: str
    parent: MoRef | None = None


@dataclass(frozen=True, slots=True)
class Folder:
    moref: MoRef
    name: str
    parent: MoRef | None = None


@dataclass(frozen=True, slots=True)
class ResourcePool:
    """`owner` is the cluster (or single host's compute resource) that the pool divides."""

    moref: MoRef
    name: str
    parent: MoRef | None = None
    owner: MoRef | None = None


class HaPolicyKind(StrEnum):
    """Which admission control HA does (`ClusterDasAdmissionControlPolicy` and its kin)."""

    PERCENTAGE = "percentage"  # ClusterFailoverResourcesAdmissionControlPolicy
    HOST_FAILURES = "host_failures"  # ClusterFailoverLevelAdmissionControlPolicy: slots
    FAILOVER_HOSTS = "failover_hosts"  # ClusterFailoverHostAdmissionControlPolicy
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class HaPolicy:
    """What HA holds back for a failover. Only the fields of its kind are set."""

    kind: HaPolicyKind
    cpu_percent: int | None = None
    memory_percent: int | None = None
    host_failures: int | None = None
    failover_hosts: tuple[MoRef, ...] = ()


@dataclass(frozen=True, slots=True)
class Cluster:
    """`root_pool` is the pool that Nova's `list_instances` looks into, and no deeper.

    `ha_policy` counts only where HA and its admission control are both on.
    """

    moref: MoRef
    name: str
    root_pool: MoRef | None = None
    drs_enabled: bool | None = None
    drs_behavior: str | None = None
    ha_enabled: bool | None = None
    ha_admission_control: bool | None = None
    ha_policy: HaPolicy | None = None


@dataclass(frozen=True, slots=True)
class EsxHost:
    """`cluster` is the host's parent: a cluster, or the compute resource of a stand-alone host."""

    moref: MoRef
    name: str
    cluster: MoRef | None = None
    connection: HostConnection | None = None
    in_maintenance: bool | None = None
    power: str | None = None
    version: str | None = None
    cpu_packages: int | None = None
    cpu_cores: int | None = None
    cpu_threads: int | None = None
    cpu_mhz: int | None = None
    memory_bytes: int | None = None
    numa_nodes: int | None = None
    datastores: tuple[MoRef, ...] = ()

    @property
    def usable(self) -> bool | None:
        """Nova's rule: connected and not in maintenance (`vm_util.get_stats_from_cluster`)."""
        if self.connection is None or self.in_maintenance is None:
            return None
        return self.connection is HostConnection.CONNECTED and not self.in_maintenance


@dataclass(frozen=True, slots=True)
class Datastore:
    """`hosts` are those that mount it. Sizes are as vCenter last counted them."""

    moref: MoRef
    name: str
    type: str | None = None
    url: str | None = None
    capacity_bytes: int | None = None
    free_bytes: int | None = None
    uncommitted_bytes: int | None = None
    accessible: bool | None = None
    maintenance_mode: str | None = None
    hosts: tuple[MoRef, ...] = ()

    @property
    def used_fraction(self) -> float | None:
        """Between 0 and 1, or None where capacity or free space is unknown."""
        if not self.capacity_bytes or self.free_bytes is None:
            return None
        return min(1.0, max(0.0, 1 - self.free_bytes / self.capacity_bytes))


@dataclass(frozen=True, slots=True)
class VirtualDisk:
    """One disk of a VM. Paths are vCenter's: `[datastore] folder/file.vmdk`.

    `parent_paths` is the backing chain below the disk, nearest first: for a linked clone its last
    entry is the cached image that it stands on.
    """

    key: int
    label: str
    path: str
    datastore: MoRef | None = None
    capacity_bytes: int | None = None
    thin: bool | None = None
    backing_uuid: str | None = None
    parent_paths: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class VirtualMachine:
    """One VM as vCenter shows it. `extra_config` holds only the keys that the project reads."""

    moref: MoRef
    name: str
    instance_uuid: str = ""
    bios_uuid: str = ""
    is_template: bool = False
    manager_key: str = ""  # config.managedBy.extensionKey
    manager_type: str = ""  # config.managedBy.type
    power: VmPower | None = None
    connection: str | None = None  # runtime.connectionState: connected, orphaned, inaccessible ...
    host: MoRef | None = None
    resource_pool: MoRef | None = None
    folder: MoRef | None = None
    vm_path: str = ""  # config.files.vmPathName
    hardware_version: str | None = None
    guest_id: str | None = None
    tools: ToolsStatus | None = None
    vcpus: int | None = None
    cores_per_socket: int | None = None
    memory_mb: int | None = None
    annotation: str = ""
    datastores: tuple[MoRef, ...] = ()
    disks: tuple[VirtualDisk, ...] = ()
    extra_config: Mapping[str, str] = field(default_factory=dict, hash=False)

    @property
    def managed_by_nova(self) -> bool:
        return self.manager_key == NOVA_EXTENSION

    @property
    def managed_by_cinder(self) -> bool:
        return self.manager_key == CINDER_EXTENSION

    @property
    def sockets(self) -> int | None:
        if not self.vcpus or not self.cores_per_socket:
            return None
        return -(-self.vcpus // self.cores_per_socket)


@dataclass(frozen=True)
class Inventory:
    """What one vCenter held at `read_at`, whole or (for one instance's tab) the part asked for.

    `whole` says which: only a whole inventory proves that something is not there.
    """

    vcenter: VCenter
    read_at: datetime
    whole: bool = True
    datacenters: tuple[Datacenter, ...] = ()
    folders: tuple[Folder, ...] = ()
    resource_pools: tuple[ResourcePool, ...] = ()
    clusters: tuple[Cluster, ...] = ()
    hosts: tuple[EsxHost, ...] = ()
    datastores: tuple[Datastore, ...] = ()
    vms: tuple[VirtualMachine, ...] = ()

    @cached_property
    def cluster_by_ref(self) -> Mapping[MoRef, Cluster]:
        return {c.moref: c for c in self.clusters}

    @cached_property
    def host_by_ref(self) -> Mapping[MoRef, EsxHost]:
        return {h.moref: h for h in self.hosts}

    @cached_property
    def datastore_by_ref(self) -> Mapping[MoRef, Datastore]:
        return {d.moref: d for d in self.datastores}

    @cached_property
    def datastores_by_name(self) -> Mapping[str, tuple[Datastore, ...]]:
        """A name is unique within a datacenter only."""
        return _grouped((d.name, d) for d in self.datastores)

    @cached_property
    def pool_by_ref(self) -> Mapping[MoRef, ResourcePool]:
        return {p.moref: p for p in self.resource_pools}

    @cached_property
    def folder_by_ref(self) -> Mapping[MoRef, Folder | Datacenter]:
        found: dict[MoRef, Folder | Datacenter] = {f.moref: f for f in self.folders}
        found.update((d.moref, d) for d in self.datacenters)
        return found

    @cached_property
    def vms_by_instance_uuid(self) -> Mapping[str, tuple[VirtualMachine, ...]]:
        """Keys in lower case; every VM that carries the id, managed by Nova or not."""
        return _grouped((vm.instance_uuid.lower(), vm) for vm in self.vms if vm.instance_uuid)

    @cached_property
    def vms_by_claimed_uuid(self) -> Mapping[str, tuple[VirtualMachine, ...]]:
        """By the `nvp.vm-uuid` that Nova wrote; a clone keeps its original's."""
        claims = ((vm.extra_config.get("nvp.vm-uuid", "").lower(), vm) for vm in self.vms)
        return _grouped((claim, vm) for claim, vm in claims if claim)

    @cached_property
    def vms_by_disk_path(self) -> Mapping[str, tuple[VirtualMachine, ...]]:
        """Who has the file as a disk; the parents of linked clones are not in it."""
        return _grouped((disk.path, vm) for vm in self.vms for disk in vm.disks)

    @cached_property
    def hosts_by_cluster(self) -> Mapping[MoRef, tuple[EsxHost, ...]]:
        return _grouped((host.cluster, host) for host in self.hosts if host.cluster)

    @cached_property
    def vms_by_host(self) -> Mapping[MoRef, tuple[VirtualMachine, ...]]:
        return _grouped((vm.host, vm) for vm in self.vms if vm.host)

    @cached_property
    def vms_by_cluster(self) -> Mapping[MoRef, tuple[VirtualMachine, ...]]:
        found = ((self.cluster_of_vm(vm), vm) for vm in self.vms)
        return _grouped((cluster.moref, vm) for cluster, vm in found if cluster)

    def cluster_of_vm(self, vm: VirtualMachine) -> Cluster | None:
        """By the VM's host; for a VM without one (never powered on) by its resource pool."""
        if vm.host and (host := self.host_by_ref.get(vm.host)) and host.cluster:
            return self.cluster_by_ref.get(host.cluster)
        if vm.resource_pool and (pool := self.pool_by_ref.get(vm.resource_pool)) and pool.owner:
            return self.cluster_by_ref.get(pool.owner)
        return None

    def folder_path(self, start: MoRef | None) -> tuple[str, ...]:
        """Names from the datacenter down to `start`; vCenter's hidden root folders are left out."""
        names = [item.name for item in self._folders_upwards(start)]
        return tuple(reversed(names))

    def _folders_upwards(self, start: MoRef | None) -> Iterator[Folder | Datacenter]:
        seen: set[MoRef] = set()
        at = start
        while at and at not in seen and (item := self.folder_by_ref.get(at)):
            seen.add(at)
            above = item.parent and self.folder_by_ref.get(item.parent)
            hidden = isinstance(item, Folder) and (not above or isinstance(above, Datacenter))
            if not hidden:
                yield item
            at = item.parent

    def pool_path(self, start: MoRef | None) -> tuple[str, ...]:
        """Names of the pools from the cluster's root pool down to `start`."""
        names: list[str] = []
        seen: set[MoRef] = set()
        at = start
        while at and at not in seen and (pool := self.pool_by_ref.get(at)):
            seen.add(at)
            names.append(pool.name)
            at = pool.parent
        return tuple(reversed(names))


def _grouped(pairs: Iterable[tuple[K, V]]) -> Mapping[K, tuple[V, ...]]:
    groups: defaultdict[K, list[V]] = defaultdict(list)
    for key, value in pairs:
        groups[key].append(value)
    return {key: tuple(values) for key, values in groups.items()}
