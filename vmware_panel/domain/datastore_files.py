"""What lies on a datastore, as its browser tells: one search, seconds to minutes long.

A search of a whole datastore can name hundreds of thousands of files. Kept of it are the sums of
each folder at the top, and every file where one has to look closely (`looked_at_closely`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from vmware_panel.domain.inventory import MoRef
from vmware_panel.domain.outcome import Trouble


class FileKind(StrEnum):
    """`FileInfo` and its kin."""

    FOLDER = "folder"  # FolderFileInfo
    DISK = "disk"  # VmDiskFileInfo
    ISO = "iso"  # IsoImageFileInfo
    VM_CONFIG = "vm_config"  # VmConfigFileInfo, a .vmx
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class DatastoreFile:
    """`path` is below the datastore's root, without `[name] ` and without a slash at either end.

    `size_bytes` is what it takes on the datastore; a disk's includes its extent where vCenter shows
    both as one. None: vCenter did not say, or it is a folder.
    """

    path: str
    kind: FileKind = FileKind.OTHER
    size_bytes: int | None = None
    modified: datetime | None = None

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class TopFolder:
    """A folder at the top of a datastore with all that is below it.

    `size_bytes` None: not one size below it is known. `newest` is its youngest file's date; of one
    without files its own. The files that lie at the top itself are in the folder with no name.
    """

    name: str
    size_bytes: int | None = None
    files: int = 0
    newest: datetime | None = None
    holds_vm: bool = False  # there is a .vmx in it


@dataclass(frozen=True)
class Scan:
    """One datastore as one search found it.

    `files` are those where one looks closely, with the folders below the top.
    `unread` are the folders that could not be listed. `took_s` is how long vCenter searched.
    """

    vcenter: str
    datastore: MoRef
    datastore_name: str
    read_at: datetime
    datacenter: MoRef | None = None
    folders: tuple[TopFolder, ...] = ()
    files: tuple[DatastoreFile, ...] = field(default=(), repr=False)
    unread: tuple[str, ...] = ()
    took_s: float = 0.0


@dataclass(frozen=True, slots=True)
class ScanProgress:
    """How the searches of one vCenter's datastores go.

    `running` names the datastore that is searched just now; `wanted` are those that wait. `troubles`
    are by the datastore's id: its last search failed, and what is kept of it is from an earlier one.
    """

    running: str = ""
    running_percent: int | None = None
    done: int = 0
    wanted: int = 0
    troubles: Mapping[MoRef, Trouble] = field(default_factory=dict, hash=False)

    @property
    def under_way(self) -> bool:
        return bool(self.running or self.wanted)


CACHE_SUFFIX = "_base"
"""`nova.virt.vmwareapi.vmops`: the cache's folder is `<cache_prefix>_base`, `<my_ip>_base` or
`_base`."""

TEMP_FOLDER = "vmware_temp"
IMAGE_VM_PREFIX = "OSTACK_IMG"
SNAPSHOT_VM_PREFIX = "OSTACK_SNAP"


def looked_at_closely(top_folder: str) -> bool:
    """Whether every file below this folder is kept of a search."""
    return (
        top_folder.endswith(CACHE_SUFFIX)
        or top_folder == TEMP_FOLDER
        or top_folder.startswith((IMAGE_VM_PREFIX, SNAPSHOT_VM_PREFIX))
    )
