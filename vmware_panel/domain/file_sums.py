"""From what a datastore's browser lists, folder by folder, to what is kept of one search."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple

from vmware_panel.domain.datastore_files import (
    DatastoreFile,
    FileKind,
    TopFolder,
    looked_at_closely,
)

VM_SUFFIXES = (".vmx", ".vmtx")

_EXTENTS = ("flat", "delta", "sesparse")  # <disk>-flat.vmdk and its kin


@dataclass(frozen=True, slots=True)
class Listing:
    """One folder with what lies in it: `HostDatastoreBrowserSearchResults`.

    `path` is below the datastore's root, without a slash at either end, and empty for the root. The
    paths of `files` are below the root too.
    """

    path: str
    files: tuple[DatastoreFile, ...] = ()


class FileSums(NamedTuple):
    """As in `Scan`: ordered by name and path."""

    folders: tuple[TopFolder, ...]
    files: tuple[DatastoreFile, ...]
    unread: tuple[str, ...]


def sums_of(listings: Iterable[Listing]) -> FileSums:
    """What is kept of a search. A folder that is listed twice counts once.

    A folder that its own folder names, and that was not listed itself, could not be read.
    """
    tops: dict[str, _Sum] = {}
    kept: list[DatastoreFile] = []
    named: set[str] = set()
    listed: set[str] = set()
    for listing in listings:
        if listing.path in listed:
            continue
        listed.add(listing.path)
        its_top = listing.path.partition("/")[0]
        if its_top:
            tops.setdefault(its_top, _Sum())
        for file in _each_once(listing.files):
            if file.kind is FileKind.FOLDER:
                named.add(file.path)
                top = file.path.partition("/")[0]
                own = tops.setdefault(top, _Sum())
                if file.path == top:
                    own.folder_modified = file.modified
            else:
                top = its_top
                tops.setdefault(top, _Sum()).add(file)
            if looked_at_closely(top) and file.path != top:
                kept.append(file)
    unread = named - listed
    folders = (tops[name].folder(name, unread=name in unread) for name in sorted(tops))
    return FileSums(
        tuple(folders),
        tuple(sorted(kept, key=lambda file: file.path)),
        tuple(sorted(unread)),
    )


class _Sum:
    """One folder at the top while its files are counted."""

    __slots__ = ("files", "folder_modified", "holds_vm", "newest", "size_bytes")

    def __init__(self) -> None:
        self.size_bytes: int | None = None
        self.files = 0
        self.newest: datetime | None = None
        self.folder_modified: datetime | None = None
        self.holds_vm = False

    def add(self, file: DatastoreFile) -> None:
        self.files += 1
        if file.size_bytes is not None:
            self.size_bytes = (self.size_bytes or 0) + file.size_bytes
        if file.modified is not None and (self.newest is None or file.modified > self.newest):
            self.newest = file.modified
        self.holds_vm |= file.kind is FileKind.VM_CONFIG or file.path.endswith(VM_SUFFIXES)

    def folder(self, name: str, unread: bool) -> TopFolder:
        empty = not self.files and not unread
        return TopFolder(
            name,
            0 if empty else self.size_bytes,
            self.files,
            self.newest or (None if self.files else self.folder_modified),
            self.holds_vm,
        )


def _each_once(files: Iterable[DatastoreFile]) -> Iterator[DatastoreFile]:
    """A file that matches several queries may be listed for each of them: the one that says what
    it is counts. A folder's own size is the file system's and none of its files'.
    """
    by_path: dict[str, DatastoreFile] = {}
    for file in files:
        known = by_path.get(file.path)
        if known is None or known.kind is FileKind.OTHER:
            by_path[file.path] = file
    for file in by_path.values():
        if file.kind is FileKind.FOLDER:
            yield file if file.size_bytes is None else replace(file, size_bytes=None)
        elif file.kind is FileKind.DISK:
            yield _without_extent(file, by_path)
        else:
            yield file


def _without_extent(disk: DatastoreFile, by_path: dict[str, DatastoreFile]) -> DatastoreFile:
    """Where a vCenter tells a disk's size with its extent, and lists the extent as well, as a file
    of no kind of its own, the bytes are the extent's and count once.
    """
    if disk.size_bytes is None or not disk.path.endswith(".vmdk"):
        return disk
    extents_bytes = 0
    for suffix in _EXTENTS:
        extent = by_path.get(f"{disk.path.removesuffix('.vmdk')}-{suffix}.vmdk")
        if extent is not None and extent.kind is FileKind.OTHER:
            extents_bytes += extent.size_bytes or 0
    if not 0 < extents_bytes <= disk.size_bytes:
        return disk
    return replace(disk, size_bytes=disk.size_bytes - extents_bytes)
