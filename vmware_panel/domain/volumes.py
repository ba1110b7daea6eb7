"""Volumes in Cinder's book and the shadow VMs that hold their disks in vCenter's: the types.

Cinder's VMDK driver keeps a volume as the one disk of a VM that never runs, its shadow VM
(`cinder/volume/drivers/vmware/vmdk.py`): `instanceUuid` is the volume's id, `managedBy` is
`org.openstack.storage`. It is made late, at the first attach, if nothing is to be written before
(`vmware_lazy_create`). What the instance's VM gets is the very same file. The join is in
`domain/volume_join.py`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NewType

from vmware_panel.domain.cloud import Server, StoragePool, Volume, VolumeSnapshot
from vmware_panel.domain.inventory import Datastore, Inventory, MoRef, VirtualDisk, VirtualMachine
from vmware_panel.domain.lineage import datastore_name
from vmware_panel.domain.remarks import Severity

ShadowKey = NewType("ShadowKey", tuple[str, MoRef])
"""A VM of all vCenters: the vCenter's instance uuid in lower case, and the VM's id there."""


class Backend(StrEnum):
    """Which driver has a volume, by the `storage_protocol` that its pool tells the scheduler."""

    VMDK = "vmdk"  # vmdk.py: shadow VMs
    FCD = "fcd"  # fcd.py: first class disks, no shadow VM
    OTHER = "other"  # no VMware driver


class VolumeState(StrEnum):
    """What is known of a volume's files, or of a VM of Cinder's that is no known volume's."""

    STORED = "stored"  # its shadow VM was found
    NOT_YET = "not_yet"  # none, and none is due: Cinder makes it at the first attach
    MISSING = "missing"  # none, although Cinder has written to it or says that it is attached
    CHANGING = "changing"  # none, but Cinder is at work on it, or was since vCenter was read
    FCD = "fcd"  # a first class disk: which one, Cinder's API does not tell
    ELSEWHERE = "elsewhere"  # of a backend that is not VMware's
    GHOST = "ghost"  # a shadow VM whose volume Cinder does not have
    SNAPSHOT = "snapshot"  # a template that holds a snapshot
    TEMPORARY = "temporary"  # a VM that Cinder makes for the time of a copy
    TWIN = "twin"  # a second VM that carries the id of a volume
    UNKNOWN = "unknown"  # a book that could tell is missing, or not of the right time


class DiskState(StrEnum):
    """Whether the disk of an attached instance's VM is the one of the shadow VM."""

    AGREES = "agrees"  # the same file, or a file that stands on it
    MOVED = "moved"  # the volume's disk, but another file
    NO_DISK = "no_disk"  # the instance's VM has no such disk
    NO_VM = "no_vm"  # Nova places the instance on a vCenter that answered and has no such VM
    NO_SERVER = "no_server"  # Nova has no such instance
    NOT_ON_VCENTER = "not_on_vcenter"  # the instance's node is another driver's
    UNKNOWN = "unknown"


class FindingKind(StrEnum):
    MISSING = "missing"
    GHOST = "ghost"
    GHOST_SNAPSHOT = "ghost_snapshot"
    MOVED = "moved"
    IN_FOLDER = "in_folder"
    APART = "apart"
    NOT_ATTACHED = "not_attached"
    HELD = "held"
    NO_SERVER = "no_server"
    SIZE = "size"
    NO_DISK = "no_disk"
    TWIN = "twin"
    TEMPORARY = "temporary"


NOTICES = frozenset({FindingKind.TEMPORARY, FindingKind.APART})


@dataclass(frozen=True, slots=True)
class Finding:
    """What is not as Cinder would have it: what Cinder (or Nova) says, what vCenter says."""

    kind: FindingKind
    cinder: str = ""
    vcenter: str = ""
    subject: str = ""

    @property
    def severity(self) -> Severity:
        return Severity.NOTICE if self.kind in NOTICES else Severity.DISAGREEMENT


@dataclass(frozen=True, slots=True)
class ShadowVm:
    """A VM of Cinder's. `by_name`: an old driver's, which only its name ties to the volume."""

    inventory: Inventory = field(repr=False, compare=False)
    vm: VirtualMachine
    by_name: bool = False

    @property
    def key(self) -> ShadowKey:
        return ShadowKey((self.inventory.vcenter.instance_uuid.lower(), self.vm.moref))

    @property
    def disk(self) -> VirtualDisk | None:
        """Its first one: the driver takes no other (`volumeops._get_disk_device`)."""
        return self.vm.disks[0] if self.vm.disks else None

    @property
    def datastore(self) -> Datastore | None:
        """The one that holds the disk."""
        disk = self.disk
        if disk is None or disk.datastore is None:
            return None
        return self.inventory.datastore_by_ref.get(disk.datastore)

    @property
    def home(self) -> str:
        """The name of the datastore that holds the VM's own files; empty where it is unknown."""
        return datastore_name(self.vm.vm_path)


@dataclass(frozen=True, slots=True)
class AttachedDisk:
    """A volume at one instance. `server` is Nova's book; below `inventory` is vCenter's."""

    server_id: str
    state: DiskState
    server: Server | None = None
    inventory: Inventory | None = field(default=None, repr=False, compare=False)
    vm: VirtualMachine | None = None
    disk: VirtualDisk | None = None


@dataclass(frozen=True, slots=True)
class VolumeEntry:
    """One volume with what stands behind it, or one VM of Cinder's that is no volume's.

    `backend` None: nobody could tell.
    """

    state: VolumeState
    volume: Volume | None = None
    snapshot: VolumeSnapshot | None = None
    shadow: ShadowVm | None = None
    backend: Backend | None = None
    attachments: tuple[AttachedDisk, ...] = ()
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True)
class Seen:
    """What the other books held right before Cinder was asked.

    Books that are read one after the other differ by what happened in between. What is missing in
    one of them counts as missing only if it was so before and after the other was read.
    `carried` are all ids that a VM carried; `held` the shadow VMs' disks that another VM had too;
    `servers` None: Nova did not list them.
    """

    complete: bool = False
    shadows: frozenset[ShadowKey] = frozenset()
    carried: frozenset[str] = frozenset()
    held: frozenset[str] = frozenset()
    servers: frozenset[str] | None = None


@dataclass(frozen=True)
class CinderBook:
    """Everything that Cinder tells. `read_at` is when the list of volumes was asked for.

    `all_projects` is False where Cinder may have listed the asker's own only. `snapshots` and
    `pools` are None where they could not be had.
    """

    read_at: datetime
    volumes: tuple[Volume, ...]
    all_projects: bool = True
    snapshots: tuple[VolumeSnapshot, ...] | None = None
    pools: tuple[StoragePool, ...] | None = None
    seen: Seen = field(default_factory=Seen)


@dataclass(frozen=True, slots=True)
class VolumeCounts:
    """The summary above the list. Sizes are of those whose size is known; `unsized_*` are the others.

    `stored_bytes` is what the shadow VMs' disks are configured with, not what they take.
    """

    by_state: Mapping[VolumeState, int]
    by_finding: Mapping[FindingKind, int]
    volumes: int = 0
    size_gb: int = 0
    stored_bytes: int = 0
    unsized_volumes: int = 0
    unsized_disks: int = 0
    with_findings: int = 0
