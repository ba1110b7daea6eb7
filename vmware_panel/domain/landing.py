"""Where an instance of a flavor and an image would land, and why not elsewhere.

The scheduler's own steps: Placement's candidates, then the filters that matter here (service,
zone, the image's hypervisor), then the driver's: memory in steps of 4 MB, its topology, its
datastore (`vmops.VMwareVMOps._get_vm_config_info`, `ds_util.get_datastore`). Which host it is
then decided by vCenter.
"""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from vmware_panel.domain.capacity import placement_capacity, record_of
from vmware_panel.domain.cloud import (
    ComputeService,
    Flavor,
    Image,
    ResourceProvider,
    ServiceState,
)
from vmware_panel.domain.driver_sums import (
    GIB_BYTES,
    VSAN,
    DatastoreRejection,
    DatastoreSum,
    RejectedDatastore,
)
from vmware_panel.domain.fits import Room, disk_gb_of, fits_host, resources_of
from vmware_panel.domain.inventory import Datastore, EsxHost, HostConnection, Inventory, MoRef
from vmware_panel.domain.topology import (
    Concern,
    ConcernKind,
    concerns,
)

STREAM_OPTIMIZED = "streamOptimized"
DISK_FORMATS = frozenset({"iso", "vmdk", "vstorageobject"})
"""`constants.DISK_FORMATS_ALL`; for another `images.VMwareImage` raises `InvalidDiskFormat`."""
ARCHITECTURES = frozenset({"i686", "x86_64"})
"""`VCState.supported_instances`."""


class RejectionKind(StrEnum):
    """Why an instance does not land on a cluster or a host."""

    NOT_A_CANDIDATE = "not_a_candidate"  # Placement does not give it, without a word why
    NO_CAPACITY = "no_capacity"  # too little left; `detail` is the resource class
    ABOVE_MAX_UNIT = "above_max_unit"  # one may not take that much
    NO_INVENTORY = "no_inventory"  # of a resource class that the flavor asks for
    TRAITS = "traits"  # a trait that is required or forbidden
    NO_NODE = "no_node"  # no nova-compute drives the cluster
    SERVICE_DOWN = "service_down"
    SERVICE_DISABLED = "service_disabled"  # `detail` is the reason given
    OTHER_ZONE = "other_zone"
    IMAGE_HYPERVISOR = "image_hypervisor"  # img_hv_type is another's
    IMAGE_ARCHITECTURE = "image_architecture"
    IMAGE_FORMAT = "image_format"  # of a disk that the driver does not take
    IMAGE_STATUS = "image_status"
    IMAGE_MIN_RAM = "image_min_ram"
    IMAGE_MIN_DISK = "image_min_disk"
    MEMORY_STEP = "memory_step"
    TOPOLOGY = "topology"
    NO_DATASTORE = "no_datastore"
    DATASTORE_FULL = "datastore_full"  # the one that Nova takes; it does not look whether it fits
    NO_HOST = "no_host"  # none of the cluster's could run it
    NOT_CONNECTED = "not_connected"
    IN_MAINTENANCE = "in_maintenance"
    STATE_UNKNOWN = "state_unknown"
    TOO_FEW_THREADS = "too_few_threads"
    CPU_USED_UP = "cpu_used_up"
    TOO_LITTLE_MEMORY = "too_little_memory"
    NOT_MOUNTED = "not_mounted"  # the datastore that Nova takes


@dataclass(frozen=True, slots=True)
class Rejection:
    """`wanted` against `there`, in the unit that goes with the kind; 0 where there are none."""

    kind: RejectionKind
    detail: str = ""
    wanted: int = 0
    there: int = 0


@dataclass(frozen=True, slots=True)
class HostLanding:
    host: EsxHost
    rejections: tuple[Rejection, ...] = ()
    unknown: bool = False  # what it uses is not known


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be placed. `image` None: from a volume, which no image rule is asked about."""

    flavor: Flavor
    image: Image | None = None
    zone: str = ""

    @property
    def disk_type(self) -> str:
        properties = self.image.properties if self.image else {}
        return properties.get("hw_disk_type") or properties.get("vmware_disktype") or ""


@dataclass(frozen=True, slots=True)
class ClusterLanding:
    """One cluster's answer. `uncertain`: something that matters is not known."""

    room: Room
    zone: str = ""
    rejections: tuple[Rejection, ...] = ()
    datastores: DatastoreSum = DatastoreSum()
    picked: Datastore | None = None
    not_picked: tuple[RejectedDatastore, ...] = ()
    hosts: tuple[HostLanding, ...] = ()
    concerns: tuple[Concern, ...] = ()
    uncertain: bool = False

    @property
    def possible(self) -> bool:
        return not self.rejections


@dataclass(frozen=True, slots=True)
class NewVm:
    """A VM as the driver would make it, for vCenter to say where it would go."""

    name: str
    vcpus: int
    cores_per_socket: int
    memory_mb: int


@dataclass(frozen=True, slots=True)
class VCenterPlace:
    """Where vCenter itself would place it. Nova names the datastore itself, so that part of the
    answer is only what vCenter would prefer.
    """

    host: MoRef
    datastore: MoRef | None = None


@dataclass(frozen=True, slots=True)
class Candidate:
    """What the books hold of one cluster. `regex` is in `room.datastores` already.

    `candidates` None: Placement was not asked, or did not answer.
    """

    room: Room
    inventory: Inventory
    service: ComputeService | None
    provider: ResourceProvider | None
    candidates: Collection[str] | None
    driven: bool = True


def landing_on(wanted: Wanted, candidate: Candidate) -> ClusterLanding:
    room, inventory = candidate.room, candidate.inventory
    service = candidate.service
    if not candidate.driven:
        return ClusterLanding(room, rejections=(Rejection(RejectionKind.NO_NODE),))
    all_hosts = inventory.hosts_by_cluster.get(room.cluster.moref, ())
    datastores = _datastores_for(wanted, candidate)
    picked = datastores.picked if datastores.known else None
    hosts = tuple(_host(wanted, host, room, picked) for host in all_hosts)
    shape = concerns(wanted.flavor, all_hosts, wanted.image.properties if wanted.image else None)
    rejections = (
        *_by_placement(wanted, candidate),
        *_by_service(wanted, service),
        *_by_image(wanted),
        *_by_shape(shape),
        *_by_datastore(wanted, datastores, picked),
        *_by_hosts(hosts),
    )
    uncertain = (
        candidate.candidates is None
        or service is None
        or not datastores.known
        or all(host.unknown or host.rejections for host in hosts)
    )
    return ClusterLanding(
        room,
        zone=service.zone if service else "",
        rejections=rejections,
        datastores=datastores,
        picked=picked,
        not_picked=_not_picked(datastores, picked),
        hosts=hosts,
        concerns=shape,
        uncertain=uncertain,
    )


def _by_placement(wanted: Wanted, candidate: Candidate) -> tuple[Rejection, ...]:
    provider = candidate.provider
    if candidate.candidates is None or provider is None or provider.uuid in candidate.candidates:
        return ()
    reasons = []
    for name, amount in resources_of(wanted.flavor).items():
        record = record_of(provider, name)
        if record is None:
            reasons.append(Rejection(RejectionKind.NO_INVENTORY, name, amount))
        elif amount > record.max_unit:
            reasons.append(Rejection(RejectionKind.ABOVE_MAX_UNIT, name, amount, record.max_unit))
        elif record.used is not None:
            free = max(0, placement_capacity(record) - record.used)
            if amount > free:
                reasons.append(Rejection(RejectionKind.NO_CAPACITY, name, amount, free))
    if reasons:
        return tuple(reasons)
    required, forbidden = traits_of(wanted)
    if required or forbidden:
        named = ", ".join([*sorted(required), *(f"!{trait}" for trait in sorted(forbidden))])
        return (Rejection(RejectionKind.TRAITS, named),)
    return (Rejection(RejectionKind.NOT_A_CANDIDATE),)


def traits_of(wanted: Wanted) -> tuple[frozenset[str], frozenset[str]]:
    """Traits that flavor and image require, and that the flavor forbids."""
    specs = dict(wanted.flavor.extra_specs)
    specs.update(wanted.image.properties if wanted.image else {})
    named = {key.removeprefix("trait:"): value for key, value in specs.items() if "trait:" in key}
    required = frozenset(trait for trait, value in named.items() if value == "required")
    return required, frozenset(t for t, value in named.items() if value == "forbidden")


def _by_service(wanted: Wanted, service: ComputeService | None) -> tuple[Rejection, ...]:
    if service is None:
        return ()
    found = []
    if service.state is ServiceState.DOWN:
        found.append(Rejection(RejectionKind.SERVICE_DOWN, service.host))
    if service.enabled is False:
        found.append(Rejection(RejectionKind.SERVICE_DISABLED, service.disabled_reason))
    if wanted.zone and service.zone != wanted.zone:
        found.append(Rejection(RejectionKind.OTHER_ZONE, service.zone))
    return tuple(found)


def _by_image(wanted: Wanted) -> tuple[Rejection, ...]:
    image, flavor = wanted.image, wanted.flavor
    if image is None:
        return ()
    properties = image.properties
    hypervisor = properties.get("img_hv_type") or properties.get("hypervisor_type") or "vmware"
    architecture = properties.get("hw_architecture") or properties.get("architecture")
    found = []
    if hypervisor.lower() != "vmware":
        found.append(Rejection(RejectionKind.IMAGE_HYPERVISOR, hypervisor))
    if architecture and architecture not in ARCHITECTURES:
        found.append(Rejection(RejectionKind.IMAGE_ARCHITECTURE, architecture))
    if image.disk_format and image.disk_format not in DISK_FORMATS:
        found.append(Rejection(RejectionKind.IMAGE_FORMAT, image.disk_format))
    if image.status and image.status != "active":
        found.append(Rejection(RejectionKind.IMAGE_STATUS, image.status))
    if image.min_ram_mb > flavor.ram_mb:
        found.append(Rejection(RejectionKind.IMAGE_MIN_RAM, "", image.min_ram_mb, flavor.ram_mb))
    least_gb = max(image.min_disk_gb, -(-(image.size_bytes or 0) // GIB_BYTES))
    if flavor.disk_gb and least_gb > flavor.disk_gb:
        found.append(Rejection(RejectionKind.IMAGE_MIN_DISK, "", least_gb, flavor.disk_gb))
    return tuple(found)


def _by_shape(shape: tuple[Concern, ...]) -> tuple[Rejection, ...]:
    found = []
    for concern in shape:
        if concern.kind is ConcernKind.MEMORY_STEP:
            found.append(Rejection(RejectionKind.MEMORY_STEP, "", concern.wanted))
        elif concern.kind is ConcernKind.REFUSED and concern.fault is not None:
            found.append(Rejection(RejectionKind.TOPOLOGY, concern.fault.value))
    return tuple(found)


def _datastores_for(wanted: Wanted, candidate: Candidate) -> DatastoreSum:
    """Those that a disk of this image may go to; what the settings rejected stays rejected."""
    stream = wanted.disk_type == STREAM_OPTIMIZED or wanted.image is None
    if stream:
        return candidate.room.datastores
    sums = candidate.room.datastores
    kept = tuple(datastore for datastore in sums.counted if datastore.type != VSAN)
    vsan = tuple(
        RejectedDatastore(datastore, DatastoreRejection.VSAN_IMAGE)
        for datastore in sums.counted
        if datastore.type == VSAN
    )
    return DatastoreSum(kept, (*sums.rejected, *vsan), sums.known)


def _not_picked(
    datastores: DatastoreSum, picked: Datastore | None
) -> tuple[RejectedDatastore, ...]:
    others = tuple(
        RejectedDatastore(datastore, DatastoreRejection.LESS_FREE)
        for datastore in datastores.counted
        if picked is not None and datastore.moref != picked.moref
    )
    return (*others, *datastores.rejected)


def _by_datastore(
    wanted: Wanted, datastores: DatastoreSum, picked: Datastore | None
) -> tuple[Rejection, ...]:
    if not datastores.known:
        return ()
    if picked is None:
        return (Rejection(RejectionKind.NO_DATASTORE),)
    disk_gb = disk_gb_of(wanted.flavor)
    free_gb = (picked.free_bytes or 0) // GIB_BYTES
    if disk_gb > free_gb:
        return (Rejection(RejectionKind.DATASTORE_FULL, picked.name, disk_gb, free_gb),)
    return ()


def _host(wanted: Wanted, host: EsxHost, room: Room, picked: Datastore | None) -> HostLanding:
    flavor = wanted.flavor
    found = []
    if host.connection is not None and host.connection is not HostConnection.CONNECTED:
        found.append(Rejection(RejectionKind.NOT_CONNECTED))
    elif host.in_maintenance:
        found.append(Rejection(RejectionKind.IN_MAINTENANCE))
    elif host.usable is None:
        found.append(Rejection(RejectionKind.STATE_UNKNOWN))
    if host.cpu_threads is not None and host.cpu_threads < flavor.vcpus:
        found.append(Rejection(RejectionKind.TOO_FEW_THREADS, "", flavor.vcpus, host.cpu_threads))
    if room.cpu_free_mhz.get(host.moref) == 0:
        found.append(Rejection(RejectionKind.CPU_USED_UP))
    free_mb = room.free_mb.get(host.moref)
    if free_mb is not None and free_mb < flavor.ram_mb:
        found.append(Rejection(RejectionKind.TOO_LITTLE_MEMORY, "", flavor.ram_mb, free_mb))
    if picked is not None and picked.moref not in host.datastores:
        found.append(Rejection(RejectionKind.NOT_MOUNTED, picked.name))
    return HostLanding(host, tuple(found), unknown=fits_host(flavor, host, room) is None)


def _by_hosts(hosts: tuple[HostLanding, ...]) -> tuple[Rejection, ...]:
    if any(not host.rejections for host in hosts):
        return ()
    return (Rejection(RejectionKind.NO_HOST),)
