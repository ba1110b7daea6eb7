"""What a single search tells of leftovers by itself, before any other book is asked."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from vmware_panel.domain.cache_roots import root_names
from vmware_panel.domain.datastore_files import (
    CACHE_SUFFIX,
    IMAGE_VM_PREFIX,
    SNAPSHOT_VM_PREFIX,
    TEMP_FOLDER,
    DatastoreFile,
    FileKind,
    Scan,
    TopFolder,
)
from vmware_panel.domain.ids import is_uuid
from vmware_panel.domain.image_cache import Leftover, LeftoverKind

BROKEN_DOWNLOAD_BYTES = 4_096_000
"""What an interrupted download leaves of a disk, whatever the image."""

_WORKING = {
    LeftoverKind.IMAGE_VM: IMAGE_VM_PREFIX,
    LeftoverKind.SNAPSHOT_VM: SNAPSHOT_VM_PREFIX,
}


@dataclass(frozen=True)
class Leavings:
    """`roots` are the cache roots by name, as what they are if nobody looks after them. `found` needs
    no other book. `working` are the folders of Nova's own VMs, by kind; `of_instances` those that are
    named by an id, each with the id in lower case: left over if no VM is in them.
    """

    roots: Mapping[str, Leftover] = field(default_factory=dict)
    found: tuple[Leftover, ...] = ()
    working: Mapping[LeftoverKind, tuple[TopFolder, ...]] = field(default_factory=dict)
    of_instances: tuple[tuple[str, TopFolder], ...] = ()


def leavings_of(scan: Scan) -> Leavings:
    folders = {folder.name: folder for folder in scan.folders}
    kind = LeftoverKind.OWNERLESS_ROOT
    return Leavings(
        roots={
            name: leftover_folder(kind, folders.get(name) or TopFolder(name), scan)
            for name in root_names(scan)
        },
        found=(*_in_cache(scan), *_temp(scan)),
        working={
            kind: tuple(folder for folder in scan.folders if folder.name.startswith(prefix))
            for kind, prefix in _WORKING.items()
        },
        of_instances=tuple((f.name.lower(), f) for f in scan.folders if is_uuid(f.name)),
    )


def leftover_folder(kind: LeftoverKind, folder: TopFolder, scan: Scan) -> Leftover:
    """Without its size where a part of it could not be listed."""
    at = f"{folder.name}/"
    if any(f"{path}/".startswith(at) for path in scan.unread):
        folder = replace(folder, size_bytes=None)
    return _leftover(
        kind, DatastoreFile(folder.name, FileKind.FOLDER, folder.size_bytes, folder.newest), scan
    )


def _leftover(kind: LeftoverKind, its: DatastoreFile, scan: Scan) -> Leftover:
    return Leftover(
        kind,
        scan.vcenter,
        scan.datastore,
        scan.datastore_name,
        f"[{scan.datastore_name}] {its.path}",
        its.size_bytes,
        its.modified,
    )


def _in_cache(scan: Scan) -> Iterator[Leftover]:
    for file in scan.files:
        if file.size_bytes == BROKEN_DOWNLOAD_BYTES and file.path.endswith(".vmdk"):
            if file.path.partition("/")[0].endswith(CACHE_SUFFIX):
                yield _leftover(LeftoverKind.BROKEN_DOWNLOAD, file, scan)


def _temp(scan: Scan) -> Iterator[Leftover]:
    """One for each thing right below `vmware_temp`, with all that lies in it."""
    things: dict[str, list[DatastoreFile]] = {}
    for file in scan.files:
        top, _, rest = file.path.partition("/")
        if top == TEMP_FOLDER and rest:
            things.setdefault(f"{top}/{rest.partition('/')[0]}", []).append(file)
    for path, files in things.items():
        sizes = [f.size_bytes for f in files if f.kind is not FileKind.FOLDER]
        known = [size for size in sizes if size is not None]
        at = f"{path}/"
        whole = len(known) == len(sizes) and not any(
            f"{u}/".startswith(at) or at.startswith(f"{u}/") for u in scan.unread
        )
        newest = max((f.modified for f in files if f.modified), default=None)
        size_bytes = sum(known) if whole else None
        its = DatastoreFile(path, FileKind.FOLDER, size_bytes, newest)
        yield _leftover(LeftoverKind.TEMP, its, scan)
