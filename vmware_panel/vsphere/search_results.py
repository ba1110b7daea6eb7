"""What a search of a datastore lists, taken out of its XML folder by folder."""

from datetime import UTC, datetime
from typing import Any

from pyVmomi import vim

from vmware_panel.domain.datastore_files import FileKind
from vmware_panel.vsphere.rows import SearchedFile, SearchedFolder

_TYPE = ""  # as in `structures`, where an element's class is

_KINDS: tuple[tuple[type, FileKind], ...] = (
    (vim.host.DatastoreBrowser.FolderInfo, FileKind.FOLDER),
    (vim.host.DatastoreBrowser.VmDiskInfo, FileKind.DISK),
    (vim.host.DatastoreBrowser.IsoImageInfo, FileKind.ISO),
    (vim.host.DatastoreBrowser.VmConfigInfo, FileKind.VM_CONFIG),
)


def searched_folder(tree: dict[str, Any]) -> SearchedFolder:
    """One `HostDatastoreBrowserSearchResults`; raises `ValueError`."""
    path = tree.get("folderPath")
    if not isinstance(path, str):
        raise ValueError("a folder without a path")
    files = tree.get("file", ())
    return SearchedFolder(path, tuple(_file(f) for f in files if isinstance(f, dict)))


def _file(tree: dict[str, Any]) -> SearchedFile:
    name, size, modified = tree.get("path"), tree.get("fileSize"), tree.get("modification")
    if not isinstance(name, str) or not name:
        raise ValueError("a file without a name")
    return SearchedFile(
        name,
        kind_of(tree.get(_TYPE, object)),
        None if size is None else int(size),
        _date(modified) if isinstance(modified, str) else None,
    )


def kind_of(sdk_class: type) -> FileKind:
    """`OTHER` for a class that is none of the four."""
    return next((kind for its, kind in _KINDS if issubclass(sdk_class, its)), FileKind.OTHER)


def _date(text: str) -> datetime | None:
    """A date that cannot be is unknown: file systems hold any number."""
    try:
        date = datetime.fromisoformat(text)
    except ValueError:
        return None
    try:
        return date.astimezone(UTC) if date.tzinfo else date.replace(tzinfo=UTC)
    except OverflowError:
        return None
