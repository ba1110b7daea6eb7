"""The image cache in both books: what lies in Nova's cache folders, and who stands on it.

Sources: `nova/virt/vmwareapi/imagecache.py` (ageing), `vmops.py` (names, linked clones). An image is
one folder `[datastore] <root>/<image id>`; Nova deletes it whole or not at all.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import cached_property

from vmware_panel.domain.cloud import Image
from vmware_panel.domain.datastore_files import DatastoreFile
from vmware_panel.domain.inventory import MoRef


class Ownership(StrEnum):
    """Whether a nova-compute looks after a root."""

    OWNED = "owned"  # the settings tell a compute with this root that may use this datastore
    OWNERLESS = "ownerless"  # the settings tell every compute's root, and none is this one
    UNKNOWN = "unknown"  # the settings do not tell some compute's root


@dataclass(frozen=True, slots=True)
class Ageing:
    """`[image_cache]` of the computes of one root; of several the soonest. None: not told.

    A pass of the cache manager marks what it finds unused, and deletes what has been marked for
    longer than `minimum_age_s`. `removes` False: none of them marks or deletes anything.
    """

    removes: bool | None = None  # remove_unused_base_images, and manager_interval is not -1
    minimum_age_s: int | None = None  # remove_unused_original_minimum_age_seconds
    interval_s: int | None = None  # manager_interval


NOVAS_MINIMUM_AGE_S = 86_400
NOVAS_INTERVAL_S = 2400
"""Nova's own defaults (`nova/conf/imagecache.py`)."""


@dataclass(frozen=True, slots=True)
class CacheRoot:
    """`[datastore] name` with the nova-computes (`owners`) whose root it is.

    Where the ownership is unknown, `owners` are those whose root it may be.
    """

    vcenter: str
    datastore: MoRef
    datastore_name: str
    name: str
    ownership: Ownership = Ownership.UNKNOWN
    owners: tuple[str, ...] = ()
    ageing: Ageing = Ageing()

    @property
    def path(self) -> str:
        return f"[{self.datastore_name}] {self.name}"


class GlanceState(StrEnum):
    """How the image stands in Glance. `UNKNOWN`: Glance did not answer."""

    ACTIVE = "active"
    HIDDEN = "hidden"
    DEACTIVATED = "deactivated"
    OTHER = "other"  # another status, which the image itself names
    GONE = "gone"
    NO_IMAGE = "no_image"  # the folder's name is no image's id
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class SizedCopy:
    """The parent of the linked clones of one root disk size; `root_gb` None: of the image's own."""

    file: DatastoreFile
    root_gb: int | None = None
    size_bytes: int | None = None  # with its extent


@dataclass(frozen=True, slots=True)
class Stander:
    """A VM whose disk stands on a file of the folder: by the backing chain that vCenter shows.

    `server_id` is its instance uuid if Nova manages it; `known_to_nova` whether this Nova has it,
    None where it did not list its servers. `compute_host` is the compute that Nova has it on; empty
    where that is not known. `vcenter` is named where it is not the folder's own: the same datastore
    is mounted there.
    """

    vm: MoRef
    vm_name: str
    path: str  # the parent's, `[datastore] root/image/file.vmdk`
    server_id: str = ""
    project_id: str = ""
    compute_host: str = ""
    powered_on: bool | None = None
    known_to_nova: bool | None = None
    vcenter: str = ""

    @property
    def label(self) -> str:
        """The VM's name, with its vCenter's where that is another."""
        return f"{self.vm_name} (vCenter {self.vcenter})" if self.vcenter else self.vm_name


@dataclass(frozen=True, slots=True)
class UserServer:
    """An instance that counts as a use to Nova: one of this image on a compute of this root.

    `building`: Nova is making it just now, on whichever compute.
    """

    server_id: str
    name: str
    project_id: str = ""
    compute_host: str = ""
    building: bool = False


@dataclass(frozen=True)
class CachedImage:
    """One image folder of one root, in both books.

    `size_bytes` is what all its files take. `since` is its oldest file's date. `standers` are
    vCenter's book, `servers` Nova's; None: that book did not answer, so that nobody knows.
    `marked_at` is the date of Nova's `ts-` folder; `deleted_after` when Nova may delete it at the
    earliest, None if it is not marked or that is not known. `unread_vms` are VMs on the datastore
    whose disks vCenter does not show: any of them may stand on it. `silent_vcenters` are configured
    ones whose book is not there: they may mount the datastore too.
    """

    root: CacheRoot
    image_id: str  # the folder's name
    state: GlanceState
    image: Image | None = None
    size_bytes: int | None = None
    files: tuple[DatastoreFile, ...] = field(default=(), repr=False)
    copies: tuple[SizedCopy, ...] = ()
    since: datetime | None = None
    standers: tuple[Stander, ...] | None = None
    servers: tuple[UserServer, ...] | None = None
    marker: str = ""  # the `ts-` folder's name
    marked_at: datetime | None = None
    deleted_after: datetime | None = None
    unread_vms: tuple[str, ...] = ()
    silent_vcenters: tuple[str, ...] = ()

    @property
    def path(self) -> str:
        """`[datastore] root/image`."""
        return f"{self.root.path}/{self.image_id}"

    @cached_property
    def key(self) -> str:
        """`<vcenter>/<datastore's id>/<root>/<image>`: its name in links and forms."""
        root = self.root
        return f"{root.vcenter}/{root.datastore}/{root.name}/{self.image_id}"

    @cached_property
    def has_iso(self) -> bool:
        """VMs may have it in their CD drive, which the books do not hold."""
        return any(file.path.endswith(".iso") for file in self.files)

    @cached_property
    def used(self) -> bool | None:
        """None: no user is known, and there may be one in what the books do not tell."""
        if self.standers or self.servers:
            return True
        known = self.standers is not None and self.servers is not None
        hidden = self.unread_vms or self.silent_vcenters or self.has_iso
        return False if known and not hidden else None


class LeftoverKind(StrEnum):
    """What an interrupted or forgotten piece of work left on a datastore."""

    OWNERLESS_ROOT = "ownerless_root"  # a cache root that no compute looks after
    BROKEN_DOWNLOAD = "broken_download"  # a VMDK of 4,096,000 bytes in the cache
    TEMP = "temp"  # below vmware_temp
    IMAGE_VM = "image_vm"  # OSTACK_IMG_*
    SNAPSHOT_VM = "snapshot_vm"  # OSTACK_SNAP_*
    GONE_INSTANCE = "gone_instance"  # a folder named by an instance's id that no book has


@dataclass(frozen=True, slots=True)
class Leftover:
    """`path` is `[datastore] folder`. `age_from` is its youngest file's date: before that, work that
    is still under way looks the same.
    """

    kind: LeftoverKind
    vcenter: str
    datastore: MoRef
    datastore_name: str
    path: str
    size_bytes: int | None = None
    age_from: datetime | None = None
    detail: str = ""

    @property
    def folder(self) -> str:
        """`path` below the datastore."""
        return self.path.removeprefix(f"[{self.datastore_name}] ")


@dataclass(frozen=True, slots=True)
class ParentRisk:
    """A VM whose parent disk lies in a root that its instance's compute does not own.

    Nova's compute that owns the root goes by its own instances: while none of them is of that
    image (`cached.servers`), it marks the image and deletes it. `time_left_until` is when, at the
    earliest; None: not marked, or not known. `parent_listed`: whether the datastore's last search
    lists the parent; None: there was none.
    """

    stander: Stander
    cached: CachedImage
    time_left_until: datetime | None = None
    parent_listed: bool | None = None
