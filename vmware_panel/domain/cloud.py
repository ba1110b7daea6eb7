"""OpenStack's book: what Nova, Glance, Cinder and Placement say, as frozen types."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import IntEnum, StrEnum

from vmware_panel.domain.ids import UUID
from vmware_panel.domain.inventory import MoRef

VMWARE_HYPERVISOR_TYPE = (
    "VMware vCenter Server"  # nova.virt.vmwareapi.constants.DEFAULT_HYPERVISOR
)


class NovaPower(IntEnum):
    """`nova.objects.fields.InstancePowerState`, as `OS-EXT-STS:power_state` gives it."""

    NOSTATE = 0
    RUNNING = 1
    PAUSED = 3
    SHUTDOWN = 4
    CRASHED = 6
    SUSPENDED = 7


class ServiceState(StrEnum):
    UP = "up"
    DOWN = "down"


@dataclass(frozen=True, slots=True)
class Server:
    """One instance, as `GET /servers/detail` shows it to the one who asks.

    `compute_host` and `node` are None where the policy hides them (a project user) and empty where
    Nova has none (not scheduled, shelved).
    """

    id: str
    name: str
    project_id: str = ""
    user_id: str = ""
    status: str = ""
    vm_state: str | None = None
    task_state: str | None = None
    power: NovaPower | None = None
    compute_host: str | None = None
    node: str | None = None
    availability_zone: str | None = None
    flavor_name: str | None = None
    flavor_vcpus: int | None = None
    flavor_ram_mb: int | None = None
    flavor_disk_gb: int | None = None
    image_id: str | None = None  # None: booted from a volume
    volume_ids: tuple[str, ...] = ()
    created: datetime | None = None
    updated: datetime | None = None

    def changed_since(self, read_at: datetime) -> bool:
        """Whether a book that was read then may not know yet what Nova has done since.

        Nova's times are cut to the second.
        """
        return self.updated is not None and self.updated + timedelta(seconds=1) > read_at


@dataclass(frozen=True, slots=True)
class ComputeService:
    """One nova-compute. In a cell that is down only `host` is known, and `id` is empty."""

    id: str
    host: str
    zone: str = ""
    enabled: bool | None = True
    disabled_reason: str = ""
    state: ServiceState | None = None
    forced_down: bool = False
    updated: datetime | None = None


@dataclass(frozen=True, slots=True)
class NodeName:
    """The two halves of a VMware node's name: cluster moref and vCenter's instance uuid."""

    cluster: MoRef
    vcenter_uuid: str


_NODE_NAME = re.compile(rf"(?P<moref>[A-Za-z]+-[A-Za-z0-9]+)\.(?P<uuid>{UUID})")


def parse_node_name(node: str) -> NodeName | None:
    """Splits `domain-c26.9d51f082-…` at the first dot; None for a node of another driver.

    Source: `nova/virt/vmwareapi/driver.py`, `VMwareVCDriver._create_nodename`.
    """
    match = _NODE_NAME.fullmatch(node)
    if not match:
        return None
    return NodeName(MoRef(match["moref"]), match["uuid"].lower())


@dataclass(frozen=True, slots=True)
class Hypervisor:
    """Nova's node. `type` tells the driver; `service_host` the nova-compute that runs it.

    `vcpus`, `memory_mb` and `disk_gb` are the totals that os-hypervisors shows (below 2.88).
    """

    id: str
    node: str
    type: str = ""
    state: ServiceState | None = None
    enabled: bool | None = None
    host_ip: str = ""
    service_host: str = ""
    vcpus: int | None = None
    memory_mb: int | None = None
    disk_gb: int | None = None

    @property
    def is_vmware(self) -> bool:
        return self.type == VMWARE_HYPERVISOR_TYPE or (
            not self.type and parse_node_name(self.node) is not None
        )


@dataclass(frozen=True, slots=True)
class Flavor:
    id: str
    name: str
    vcpus: int
    ram_mb: int
    disk_gb: int
    ephemeral_gb: int = 0
    swap_mb: int = 0
    extra_specs: Mapping[str, str] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class Image:
    """`properties` are those that Nova goes by when it boots the image: `hw_*`, `img_*`,
    `trait:*`, `vmware_*` and what older clouds call `architecture` and `hypervisor_type`.
    """

    id: str
    name: str
    status: str = ""
    size_bytes: int | None = None
    min_disk_gb: int = 0
    disk_format: str = ""
    container_format: str = ""
    visibility: str = ""
    hidden: bool = False
    owner: str = ""
    min_ram_mb: int = 0
    properties: Mapping[str, str] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class Volume:
    """`backend_host` is `host@backend#pool`: None where the policy hides it, empty where no backend
    has it. `name_id` is the id that its files bear, where a migration gave it another one.
    `image_id` is the image that it was made from, `updated` the last change of its row.
    """

    id: str
    name: str
    status: str = ""
    size_gb: int | None = None
    project_id: str = ""
    backend_host: str | None = None
    bootable: bool = False
    server_ids: tuple[str, ...] = ()
    type: str = ""
    name_id: str = ""
    image_id: str = ""
    created: datetime | None = None
    updated: datetime | None = None

    def changed_since(self, read_at: datetime) -> bool:
        """Whether a book that was read then may not know yet what Cinder has done since."""
        times = [at for at in (self.created, self.updated) if at is not None]
        return any(at + timedelta(seconds=1) > read_at for at in times)


@dataclass(frozen=True, slots=True)
class VolumeSnapshot:
    id: str
    name: str
    volume_id: str = ""
    status: str = ""
    size_gb: int | None = None
    project_id: str = ""


@dataclass(frozen=True, slots=True)
class StoragePool:
    """A pool of a backend, by its whole name (`host@backend#pool`), as Cinder's scheduler knows it.

    `protocol` is the driver's `storage_protocol`, in lower case.
    """

    name: str
    protocol: str = ""
    vendor: str = ""


@dataclass(frozen=True, slots=True)
class ResourceInventory:
    """Placement's record of one resource class of one provider."""

    resource_class: str
    total: int
    reserved: int
    allocation_ratio: float
    min_unit: int
    max_unit: int
    step_size: int
    used: int | None = None


@dataclass(frozen=True, slots=True)
class ResourceProvider:
    uuid: str
    name: str
    generation: int
    inventories: tuple[ResourceInventory, ...] = ()


@dataclass(frozen=True, slots=True)
class Allocation:
    """What one consumer holds of one provider: an instance by its id, or a migration by its own."""

    consumer: str
    resources: Mapping[str, int] = field(default_factory=dict, hash=False)
