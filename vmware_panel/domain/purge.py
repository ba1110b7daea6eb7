"""A purge of the image cache: its targets, its plan, and which way a root's owner leaves open.

Where a nova-compute looks after a root, an image is marked as Nova itself marks it (`ts-`,
`nova/virt/vmwareapi/imagecache.py`), and Nova deletes it under its own lock when it is old enough.
Where nobody does, it is deleted at once. `domain.purge_planning` makes the plan.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from vmware_panel.domain.datastore_files import CACHE_SUFFIX, DatastoreFile, FileKind
from vmware_panel.domain.datastore_paths import MARKER_PREFIX, PlaceKind, UnsafePath
from vmware_panel.domain.details import Detail, DetailKind
from vmware_panel.domain.image_cache import CacheRoot, Ownership
from vmware_panel.domain.inventory import MoRef
from vmware_panel.domain.jobs import JobItem
from vmware_panel.domain.plans import Plan, Refusal, RefusalKind

YOUNGEST_LEFTOVER_H = 1
"""Below it, a leftover cannot be told from work that is under way."""

LIVING_MARK = timedelta(days=2)
"""A marker younger than this in a root without an owner: some compute does look after it. Nova
deletes what it has marked after a day (`remove_unused_original_minimum_age_seconds`)."""


class Way(StrEnum):
    DELETE = "delete"
    MARK = "mark"


class TargetKind(StrEnum):
    IMAGE = "image"
    EMPTY_ROOT = "empty_root"  # an ownerless root, to go when nothing is left in it
    BROKEN_DOWNLOAD = "broken_download"  # the image's folder, with all that is in it
    TEMP = "temp"
    HELPER_VM = "helper_vm"
    GONE_INSTANCE = "gone_instance"


PLACES: Mapping[TargetKind, PlaceKind] = {
    TargetKind.IMAGE: PlaceKind.IMAGE,
    TargetKind.EMPTY_ROOT: PlaceKind.ROOT,
    TargetKind.BROKEN_DOWNLOAD: PlaceKind.IMAGE,
    TargetKind.TEMP: PlaceKind.TEMP,
    TargetKind.HELPER_VM: PlaceKind.HELPER_VM,
    TargetKind.GONE_INSTANCE: PlaceKind.INSTANCE,
}
NFS_LOCK = ".lck"
_MADE_BY_NOVA = re.compile(r"(?:\.[0-9]{1,9})?(?:-flat)?\.vmdk|\.iso", re.ASCII)
_NO_UUID_FOLDERS = frozenset({"vsan", "vvol"})


@dataclass(frozen=True, slots=True)
class PurgeTarget:
    """One folder. `path` is `[datastore] folder`; `title` names it for people.

    `names` are what was seen in it when the plan was made, Nova's marker left out; None: that is
    of no account.
    """

    kind: TargetKind
    datastore: MoRef
    path: str
    title: str
    size_bytes: int | None = None
    names: frozenset[str] | None = None

    @property
    def key(self) -> str:
        """One for one folder."""
        return f"{self.datastore} {self.path}"

    @property
    def root(self) -> str:
        """The cache root's name; empty for what is in none."""
        top = self.path.partition("] ")[2].partition("/")[0]
        return top if top.endswith(CACHE_SUFFIX) else ""

    @property
    def image_id(self) -> str:
        """The folder's name within its root; empty for what is in none."""
        parts = self.path.partition("] ")[2].split("/")
        return parts[1] if self.root and len(parts) > 1 else ""

    @property
    def about(self) -> Mapping[str, str]:
        """What a job's item keeps of it."""
        names = "" if self.names is None else json.dumps(sorted(self.names))
        return {
            "kind": self.kind.value,
            "datastore": self.datastore,
            "path": self.path,
            "names": names,
        }


def target_of(item: JobItem) -> PurgeTarget:
    """What `PurgeTarget.about` was made of. Raises `UnsafePath` for what is none."""
    about = item.about
    try:
        names = json.loads(about["names"]) if about["names"] else None
        return PurgeTarget(
            TargetKind(about["kind"]),
            MoRef(about["datastore"]),
            about["path"],
            item.title,
            item.size_bytes,
            None if names is None else frozenset(names),
        )
    except (KeyError, ValueError, TypeError) as error:
        raise UnsafePath(f"{item.key}: not what a plan has written") from error


@dataclass(frozen=True, slots=True)
class Considered:
    """One folder with every reason for keeping it; without one it would go."""

    target: PurgeTarget
    refusals: tuple[Refusal, ...] = ()
    age_from: datetime | None = None
    marker: str = ""
    owners: tuple[str, ...] = ()

    @property
    def taken(self) -> bool:
        return not self.refusals


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked for. `older_than_h`: younger ones are kept; 0: of any age."""

    way: Way
    older_than_h: int
    now: datetime

    def too_young(self, path: str, age_from: datetime | None) -> Refusal | None:
        if not self.older_than_h:
            return None
        if age_from is None:
            return Refusal(RefusalKind.TOO_YOUNG, path, Detail(DetailKind.NO_DATE))
        if self.now - age_from < timedelta(hours=self.older_than_h):
            return Refusal(
                RefusalKind.TOO_YOUNG,
                path,
                f"{age_from:%Y-%m-%d %H:%M} UTC, {self.older_than_h} h",
            )
        return None


@dataclass(frozen=True, kw_only=True)
class PurgePlan(Plan):
    """`left_over` are more that could go, for which one job has no room."""

    way: Way
    considered: tuple[Considered, ...] = field(default=(), repr=False)
    left_over: int = 0

    @property
    def taken(self) -> tuple[Considered, ...]:
        return tuple(one for one in self.considered if one.taken)

    @property
    def kept(self) -> tuple[Considered, ...]:
        return tuple(one for one in self.considered if not one.taken)

    @property
    def bytes_taken(self) -> int | None:
        """Of those whose size is known; None: of none."""
        return _sum(self.taken)

    @property
    def bytes_kept(self) -> int | None:
        return _sum(self.kept)

    @property
    def sizes_unknown(self) -> int:
        return sum(one.target.size_bytes is None for one in self.taken)

    def items(self) -> tuple[JobItem, ...]:
        """The job's, of what is taken."""
        return tuple(
            JobItem(
                key=one.target.key,
                title=one.target.title,
                about=one.target.about,
                size_bytes=one.target.size_bytes,
            )
            for one in self.taken
        )


def by_ownership(
    root: CacheRoot,
    path: str,
    way: Way,
    marker: str,
    marked_at: datetime | None,
    now: datetime,
) -> Iterator[Refusal]:
    """Whether this way is the one for a root of this owner; `marker` is Nova's in the folder."""
    owners = ", ".join(root.owners)
    if root.ownership is Ownership.UNKNOWN:
        yield Refusal(RefusalKind.OWNER_UNKNOWN, root.path, owners)
    elif way is Way.DELETE:
        if root.ownership is Ownership.OWNED:
            yield Refusal(RefusalKind.OWNED_BY_NOVA, root.path, owners)
        elif marker and (marked_at is None or now - marked_at < LIVING_MARK):
            yield Refusal(RefusalKind.OWNER_UNKNOWN, root.path, marker)
    elif root.ownership is Ownership.OWNERLESS:
        yield Refusal(RefusalKind.NO_OWNER, root.path)
    elif marker:
        yield Refusal(RefusalKind.MARKED_ALREADY, path, marker)


def foreign_names(folder: str, names: Iterable[str]) -> list[str]:
    """Which of the names in an image's folder Nova's driver does not make there.

    It makes the image, its copies by size and their extents (`vmops.py`,
    `_use_disk_image_as_linked_clone`). What a datastore hides of its own begins with a dot; an NFS
    lock does too, and tells that a host has a file open.
    """
    return sorted(
        name
        for name in names
        if not (name.startswith(folder) and _MADE_BY_NOVA.fullmatch(name, len(folder)))
        and (not name.startswith(".") or name.startswith(NFS_LOCK))
    )


def is_marker(file: DatastoreFile) -> bool:
    return file.kind is FileKind.FOLDER and file.name.startswith(MARKER_PREFIX)


def folders_bear_ids(datastore_type: str) -> bool:
    """Whether a folder's name says nothing of whose it is: vSAN's and vVols' are ids of their own."""
    return datastore_type.lower() in _NO_UUID_FOLDERS


def _sum(considered: Iterable[Considered]) -> int | None:
    known = [o.target.size_bytes for o in considered if o.target.size_bytes is not None]
    return sum(known) if known else None
