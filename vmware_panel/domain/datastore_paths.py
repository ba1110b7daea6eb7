"""Which paths on a datastore may be made, moved and deleted; every change of files asks here first.

A path is vCenter's `[datastore] folder/file`. The places that are ours to change are few: a cache
root's image folders with Nova's `ts-` markers (`nova/virt/vmwareapi/imagecache.py`), `vmware_temp`
(`images.py`), the driver's helper VMs' folders, and folders that are named by an instance's id.
"""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

from vmware_panel.domain.datastore_files import (
    CACHE_SUFFIX,
    IMAGE_VM_PREFIX,
    SNAPSHOT_VM_PREFIX,
    TEMP_FOLDER,
    DatastoreFile,
)
from vmware_panel.domain.ids import is_uuid
from vmware_panel.domain.inventory import MoRef
from vmware_panel.domain.shared_datastores import DatastoreAddress

MARKER_PREFIX = "ts-"
MARKER_FORMAT = "%Y-%m-%d-%H-%M-%S"
MARKER = re.compile(rf"{MARKER_PREFIX}\d{{4}}(?:-\d{{2}}){{5}}", re.ASCII)
MAX_NAME = 255

_PATH = re.compile(r"\[(?P<datastore>[^\[\]]+)\] (?P<below>.+)")


class UnsafePath(ValueError):
    """The path is none that may be changed from here; the message says why."""


class PlaceKind(StrEnum):
    """What a path is, by its shape alone."""

    ROOT = "root"  # <prefix>_base
    IMAGE = "image"  # <prefix>_base/<name>
    MARKER = "marker"  # <prefix>_base/<name>/ts-2026-01-31-12-00-00
    TEMP_ROOT = "temp_root"  # vmware_temp
    TEMP = "temp"  # vmware_temp/<name>
    STAGED = "staged"  # vmware_temp/<name>/<name>
    HELPER_VM = "helper_vm"  # OSTACK_IMG_..., OSTACK_SNAP_...
    INSTANCE = "instance"  # <uuid>


@dataclass(frozen=True, slots=True)
class DatastorePath:
    """Made by `parse`; its names hold nothing that vCenter could read in another way."""

    datastore: str
    names: tuple[str, ...]

    def __str__(self) -> str:
        return f"[{self.datastore}] {'/'.join(self.names)}"

    @property
    def name(self) -> str:
        return self.names[-1]

    @property
    def kind(self) -> PlaceKind | None:
        """None: no place of ours."""
        top, depth = self.names[0], len(self.names)
        if top.endswith(CACHE_SUFFIX):
            if depth == 3:
                return PlaceKind.MARKER if MARKER.fullmatch(self.name) else None
            return {1: PlaceKind.ROOT, 2: PlaceKind.IMAGE}.get(depth)
        if top == TEMP_FOLDER:
            return {1: PlaceKind.TEMP_ROOT, 2: PlaceKind.TEMP, 3: PlaceKind.STAGED}.get(depth)
        if depth != 1:
            return None
        if top.startswith((f"{IMAGE_VM_PREFIX}_", f"{SNAPSHOT_VM_PREFIX}_")):
            return PlaceKind.HELPER_VM
        return PlaceKind.INSTANCE if is_uuid(top) and top == top.lower() else None

    def child(self, name: str) -> "DatastorePath":
        """Raises `UnsafePath`."""
        return parse(f"{self}/{name}")


@dataclass(frozen=True, slots=True)
class FilePlace:
    """One datastore as its files are reached: by its name, in its datacenter.

    `url` and `remote_path` are its `address`, by which two datastore objects that are one are told.
    """

    datastore: MoRef
    name: str
    datacenter: MoRef
    browser: MoRef
    url: str = ""
    type: str = ""
    accessible: bool | None = None
    remote_path: str = ""

    @property
    def address(self) -> DatastoreAddress:
        return DatastoreAddress(self.url, self.remote_path)


@dataclass(frozen=True)
class FolderListing:
    """What vCenter just now named in one folder, and in those below it if `deep`.

    `files` are without the folder itself. `listed_at_s` is on this process's monotonic clock.
    """

    place: FilePlace
    path: DatastorePath
    files: tuple[DatastoreFile, ...] = field(repr=False)
    listed_at_s: float
    deep: bool = False

    @property
    def size_bytes(self) -> int | None:
        """None: of not one file the size is known."""
        known = [file.size_bytes for file in self.files if file.size_bytes is not None]
        return sum(known) if known else None

    @property
    def newest(self) -> datetime | None:
        return max((file.modified for file in self.files if file.modified), default=None)

    @property
    def names(self) -> frozenset[str]:
        """Of what lies in the folder itself."""
        depth = len(self.path.names)
        return frozenset(
            file.name for file in self.files if len(file.path.split("/")) == depth + 1
        )


def parse(path: str) -> DatastorePath:
    """Raises `UnsafePath` for a path that is not plain: empty names, `.` and `..`, backslashes,
    control characters, blanks at an end, which vCenter may drop.
    """
    match = _PATH.fullmatch(path)
    if match is None:
        raise UnsafePath(f"{path!r} is not a path below a datastore")
    datastore, names = match["datastore"], tuple(match["below"].split("/"))
    if datastore != datastore.strip() or not datastore.isprintable():
        raise UnsafePath(f"{path!r} names no plain datastore")
    for name in names:
        if name in ("", ".", ".."):
            raise UnsafePath(f"{path!r} has a part that is empty or points elsewhere")
        if name != name.strip() or not name.isprintable() or "\\" in name:
            raise UnsafePath(f"{path!r} has a name that vCenter could read in another way")
        if len(name.encode()) > MAX_NAME:
            raise UnsafePath(f"{path!r} has a name that no datastore can hold")
    return DatastorePath(datastore, names)


def below(datastore_name: str, *names: str) -> DatastorePath:
    """The path of these names, each of which is one name. Raises `UnsafePath`."""
    if any("/" in name for name in names):
        raise UnsafePath("a name with a slash in it is no name")
    return parse(f"[{datastore_name}] {'/'.join(names)}")


def marker_name(now: datetime) -> str:
    """As `imagecache.ImageCacheManager._get_timestamp_filename` writes it, in UTC."""
    return MARKER_PREFIX + now.astimezone(UTC).strftime(MARKER_FORMAT)


_DELETABLE = frozenset(
    {
        PlaceKind.IMAGE,
        PlaceKind.TEMP,
        PlaceKind.STAGED,
        PlaceKind.HELPER_VM,
        PlaceKind.INSTANCE,
    }
)
_MAKEABLE = frozenset(
    {
        PlaceKind.ROOT,
        PlaceKind.IMAGE,
        PlaceKind.MARKER,
        PlaceKind.TEMP_ROOT,
        PlaceKind.TEMP,
        PlaceKind.STAGED,
    }
)
_SET_ASIDE = frozenset({PlaceKind.IMAGE, PlaceKind.HELPER_VM, PlaceKind.INSTANCE, PlaceKind.TEMP})


def require_deletable(listing: FolderListing) -> None:
    """A root is not: it is moved aside while it is empty, and goes from there. Raises `UnsafePath`."""
    if _kind_within(listing.place, listing.path) not in _DELETABLE:
        raise UnsafePath(f"{listing.path} is not a folder that may be deleted from here")


def require_makeable(place: FilePlace, path: DatastorePath) -> None:
    """Raises `UnsafePath`."""
    if _kind_within(place, path) not in _MAKEABLE:
        raise UnsafePath(f"{path} is not a folder that may be made from here")


def lies_in(place: FilePlace, path: DatastorePath, kind: PlaceKind) -> bool:
    """Whether it names a file right in a folder of that kind on this datastore, in a plain path."""
    above = DatastorePath(path.datastore, path.names[:-1])
    plain = parse(str(path)) == path and len(path.names) > 1
    return plain and path.datastore == place.name and above.kind is kind


def require_movable(listing: FolderListing, destination: DatastorePath) -> None:
    """Aside into `vmware_temp/<name>`, and from there to where such a folder belongs; its own name
    stays. A root only while vCenter lists nothing in it. Raises `UnsafePath`.
    """
    source, to = listing.path, destination
    before, after = _kind_within(listing.place, source), _kind_within(listing.place, to)
    if before is PlaceKind.ROOT and listing.files:
        raise UnsafePath(f"{source} is a cache root that is not empty")
    movable = _SET_ASIDE | {PlaceKind.ROOT}
    aside = before in movable and after is PlaceKind.STAGED
    into_place = before is PlaceKind.STAGED and after in movable
    if source.name != to.name or not (aside or into_place):
        raise UnsafePath(f"{source} may not be moved to {to}")


def _kind_within(place: FilePlace, path: DatastorePath) -> PlaceKind | None:
    if parse(str(path)) != path:
        raise UnsafePath(f"{path} is not what it says")
    if path.datastore != place.name:
        raise UnsafePath(f"{path} is not on {place.name}")
    return path.kind
