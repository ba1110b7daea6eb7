"""What one search found of each image folder of the caches: its files, and what they come to.

Source of the marker: `nova/virt/vmwareapi/imagecache.py`.
"""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from vmware_panel.domain.datastore_files import CACHE_SUFFIX, DatastoreFile, FileKind, Scan
from vmware_panel.domain.datastore_paths import MARKER, MARKER_FORMAT, MARKER_PREFIX
from vmware_panel.domain.image_cache import SizedCopy

_COPY = re.compile(r"(?:\.(?P<gb>[0-9]{1,9}))?\.vmdk")


@dataclass(frozen=True, slots=True)
class CacheFolder:
    """As in `CachedImage`. As it comes: a folder that no search lists."""

    files: tuple[DatastoreFile, ...] = ()
    size_bytes: int | None = None
    copies: tuple[SizedCopy, ...] = ()
    since: datetime | None = None
    marker: str = ""
    marked_at: datetime | None = None


CacheFolders = Mapping[str, Mapping[str, CacheFolder]]
"""By root, and by image in the order of the images' names."""


def cache_folders(scan: Scan) -> CacheFolders:
    """Every image folder of every cache root that the search found."""
    found: defaultdict[str, dict[str, CacheFolder]] = defaultdict(dict)
    for (root, image), files in sorted(_image_folders(scan).items()):
        found[root][image] = _folder(root, image, files, scan.unread)
    return found


def _folder(
    root: str, image_id: str, files: Sequence[DatastoreFile], unread: Sequence[str]
) -> CacheFolder:
    below = f"{root}/{image_id}/"
    marker = marker_of(files, below)
    listed = [file for file in files if file.kind is not FileKind.FOLDER]
    whole = not any(_touches(path, below) for path in unread)
    return CacheFolder(
        files=tuple(files),
        size_bytes=sum_of(listed) if whole else None,
        copies=sized_copies(image_id, listed, below),
        since=min((file.modified for file in listed if file.modified), default=None),
        marker=marker,
        marked_at=marked_when(marker),
    )


def _image_folders(scan: Scan) -> Mapping[tuple[str, str], Sequence[DatastoreFile]]:
    """By root and image: what lies below the image's folder, folders included."""
    found: defaultdict[tuple[str, str], list[DatastoreFile]] = defaultdict(list)
    for file in scan.files:
        root, _, rest = file.path.partition("/")
        image, slash, _ = rest.partition("/")
        if not root.endswith(CACHE_SUFFIX) or not image:
            continue
        if slash:
            found[root, image].append(file)
        elif file.kind is FileKind.FOLDER:
            found.setdefault((root, image), [])
    return found


def sum_of(files: Sequence[DatastoreFile]) -> int | None:
    """None where one of the sizes is not known."""
    sizes = [file.size_bytes for file in files]
    known = [size for size in sizes if size is not None]
    return sum(known) if len(known) == len(sizes) else None


def marker_of(files: Sequence[DatastoreFile], below: str) -> str:
    """The name of Nova's marker right below the image's folder; of several the oldest.

    Nova takes the first that vCenter names, whichever that is.
    """
    names = [file.path.removeprefix(below) for file in files if file.path.startswith(below)]
    return min((n for n in names if n.startswith(MARKER_PREFIX) and "/" not in n), default="")


def marked_when(marker: str) -> datetime | None:
    """Nova writes the time of its own host, in UTC; None for a name that it would not write."""
    if not MARKER.fullmatch(marker):
        return None
    try:
        return datetime.strptime(marker, MARKER_PREFIX + MARKER_FORMAT).replace(tzinfo=UTC)
    except ValueError:  # a 13th month
        return None


def sized_copies(
    image_id: str, files: Sequence[DatastoreFile], below: str
) -> tuple[SizedCopy, ...]:
    """`<image>.vmdk` first, then `<image>.<root_gb>.vmdk` by size (`vmops.py`,
    `_use_disk_image_as_linked_clone`), each with its `-flat.vmdk` where that is listed apart.
    """
    by_name = {file.path.removeprefix(below): file for file in files}
    copies = [
        SizedCopy(
            file=file,
            root_gb=int(match["gb"]) if match["gb"] else None,
            size_bytes=sum_of([file, *_extent(name, by_name)]),
        )
        for name, file in by_name.items()
        if name.startswith(image_id) and (match := _COPY.fullmatch(name, len(image_id)))
    ]
    return tuple(sorted(copies, key=lambda copy: (copy.root_gb or 0, copy.file.path)))


def _extent(name: str, by_name: Mapping[str, DatastoreFile]) -> list[DatastoreFile]:
    extent = by_name.get(f"{name.removesuffix('.vmdk')}-flat.vmdk")
    return [extent] if extent else []


def _touches(unread: str, below: str) -> bool:
    """Whether a folder that could not be listed holds the image's, or lies in it."""
    folder = f"{unread.strip('/')}/"
    return below.startswith(folder) or folder.startswith(below)
