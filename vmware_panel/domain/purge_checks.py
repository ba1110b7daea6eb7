"""The look right before a folder is marked or deleted: what fresh reads say against it.

Two looks make a deletion safe from what begins meanwhile. Between them the folder is set aside, by a
rename on the same datastore: whoever wants the image from then on does not find it and copies it from
Glance anew, and whoever took it before is seen by the second look, upon which it is put back.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from vmware_panel.domain.cache_folders import marked_when
from vmware_panel.domain.cloud import Server
from vmware_panel.domain.datastore_files import FileKind
from vmware_panel.domain.datastore_paths import DatastorePath, FolderListing
from vmware_panel.domain.details import Detail, DetailKind, detail
from vmware_panel.domain.file_use import FolderUse
from vmware_panel.domain.image_cache import CacheRoot, Ownership
from vmware_panel.domain.plans import Refusal, RefusalKind
from vmware_panel.domain.purge import (
    PLACES,
    YOUNGEST_LEFTOVER_H,
    PurgeTarget,
    TargetKind,
    Way,
    by_ownership,
    folders_bear_ids,
    foreign_names,
    is_marker,
)

BUILDING = frozenset({"BUILD", "REBUILD"})
OTHER_IMAGE_TASKS = ("rescuing", "unshelving")
"""`task_state` of servers that are being made from another image than Nova shows of them."""


@dataclass(frozen=True)
class NovaUse:
    """What Nova said a moment ago.

    `of_image` are the servers of the image, of every project; `at_work` those that are just being
    made from an image that Nova does not show (rescued, unshelved). `cells_down` name computes of
    cells that did not answer: their servers are missing in both. `trouble`: Nova did not answer.
    """

    of_image: tuple[Server, ...] = ()
    at_work: tuple[Server, ...] = ()
    cells_down: tuple[str, ...] = ()
    trouble: Detail | None = None


@dataclass(frozen=True)
class Fresh:
    """`listing` None: the folder is not there. `use` None: vCenter did not tell, `use_trouble` why.

    `root` is None for a folder that is in no cache root. `nova` None: of no account for this kind.
    `instance_there`: of an instance's folder, whether Nova or vCenter has an instance of that id;
    None: nobody could tell. `other_jobs`: titles of items of other jobs that work in this folder.
    `silent`: other vCenters of the settings that did not tell whether their VMs stand on it, and why.
    `stranger`: a VM of a Nova that is not asked, which stands on the root;
    a `Detail`: why none can be told.
    """

    now: datetime
    listing: FolderListing | None
    use: FolderUse | None
    accessible: bool | None = True
    datastore_type: str = ""
    use_trouble: Detail | None = None
    root: CacheRoot | None = None
    nova: NovaUse | None = None
    instance_there: bool | None = None
    other_jobs: tuple[str, ...] = field(default=())
    silent: tuple[Detail, ...] = ()
    stranger: str | Detail = ""


def against(
    target: PurgeTarget, path: DatastorePath, way: Way, older_than_h: int, fresh: Fresh
) -> tuple[Refusal, ...]:
    """Every reason against it by the first look; none: it may be marked, or set aside."""
    if path.kind is not PLACES[target.kind] or str(path) != target.path:
        return (Refusal(RefusalKind.OUTSIDE_ROOTS, target.path),)
    if fresh.accessible is False:
        return (Refusal(RefusalKind.INACCESSIBLE, f"[{path.datastore}]"),)
    if fresh.listing is None:
        return (Refusal(RefusalKind.NOT_READ, target.path),)
    return (
        *_by_kind(target, way, fresh, fresh.listing),
        *_by_files(target, older_than_h, fresh, fresh.listing),
        *in_use(target, fresh),
        *(Refusal(RefusalKind.UNDER_WAY, title) for title in fresh.other_jobs),
    )


def in_use(target: PurgeTarget, fresh: Fresh) -> tuple[Refusal, ...]:
    """What the second look asks as well: who stands on the folder, and who is about to."""
    return (*_by_vcenter(target, fresh), *_by_nova(target, fresh))


def _by_vcenter(target: PurgeTarget, fresh: Fresh) -> Iterator[Refusal]:
    for other in fresh.silent:
        yield Refusal(RefusalKind.OTHER_VCENTER_SILENT, target.path, other)
    if fresh.use is None:
        yield Refusal(RefusalKind.USE_UNKNOWN, target.path, fresh.use_trouble or "")
        return
    for user in fresh.use.standing:
        yield Refusal(RefusalKind.IN_USE, target.path, user.name or user.moref)
    for user in fresh.use.untold:
        yield Refusal(
            RefusalKind.USE_UNKNOWN,
            target.path,
            detail(DetailKind.DISKS_UNTOLD, user.name or user.moref),
        )


def _by_nova(target: PurgeTarget, fresh: Fresh) -> Iterator[Refusal]:
    if target.kind is TargetKind.GONE_INSTANCE:
        if fresh.instance_there is None:
            yield Refusal(
                RefusalKind.USE_UNKNOWN, target.path, detail(DetailKind.NO_ANSWER, "nova")
            )
        elif fresh.instance_there:
            yield Refusal(RefusalKind.IN_USE, target.path, target.path.rpartition(" ")[2])
        return
    nova = fresh.nova
    if nova is None:
        return
    if nova.trouble:
        yield Refusal(RefusalKind.USE_UNKNOWN, target.path, nova.trouble)
        return
    for host in nova.cells_down:
        yield Refusal(RefusalKind.USE_UNKNOWN, target.path, detail(DetailKind.CELL_DOWN, host))
    for server in nova.of_image:
        told = f"{server.name} ({server.id})"
        if server.status in BUILDING or server.task_state:
            yield Refusal(RefusalKind.BEING_BUILT, target.path, told)
        elif target.kind is TargetKind.IMAGE and _counts(server, fresh.root):
            yield Refusal(RefusalKind.USED_BY_SERVER, target.path, told)
    for server in nova.at_work:
        if not _may_use(server, fresh.root):
            continue
        yield Refusal(RefusalKind.BEING_BUILT, target.path, f"{server.name} ({server.id})")


def _counts(server: Server, root: CacheRoot | None) -> bool:
    """Nova's own rule (`nova/virt/imagecache.py`): servers of the image on the root's computes.

    One whose compute Nova does not show counts, unless nobody looks after the root.
    """
    if root is None or root.ownership is Ownership.OWNERLESS:
        return False
    return server.compute_host is None or server.compute_host in root.owners


def _may_use(server: Server, root: CacheRoot | None) -> bool:
    """Whether its compute may look for its image in this root."""
    if root is None or root.ownership is Ownership.UNKNOWN:
        return True
    return _counts(server, root) or (bool(root.owners) and not server.compute_host)


def _by_kind(
    target: PurgeTarget, way: Way, fresh: Fresh, listing: FolderListing
) -> Iterator[Refusal]:
    if target.kind in (TargetKind.GONE_INSTANCE, TargetKind.HELPER_VM, TargetKind.TEMP):
        if folders_bear_ids(fresh.datastore_type):
            why = detail(DetailKind.FOLDERS_BEAR_IDS, fresh.datastore_type)
            yield Refusal(RefusalKind.USE_UNKNOWN, target.path, why)
        return
    if target.kind is TargetKind.BROKEN_DOWNLOAD:
        return
    if target.kind is TargetKind.EMPTY_ROOT and listing.files:
        names = ", ".join(sorted(listing.names)[:3])
        yield Refusal(RefusalKind.CHANGED_FILES, target.path, names)
    if fresh.root is None:
        yield Refusal(RefusalKind.OWNER_UNKNOWN, target.path)
        return
    if isinstance(fresh.stranger, Detail):
        yield Refusal(RefusalKind.USE_UNKNOWN, target.path, fresh.stranger)
    elif fresh.stranger:
        yield Refusal(RefusalKind.OTHER_CLOUD, fresh.root.path, fresh.stranger)
    markers = [file.name for file in listing.files if is_marker(file)]
    # Which of several Nova goes by is a matter of chance.
    marker = max(markers, default="")
    yield from by_ownership(fresh.root, target.path, way, marker, marked_when(marker), fresh.now)


def _by_files(
    target: PurgeTarget, older_than_h: int, fresh: Fresh, listing: FolderListing
) -> Iterator[Refusal]:
    leftover = target.kind not in (TargetKind.IMAGE, TargetKind.EMPTY_ROOT)
    least_h = max(older_than_h, YOUNGEST_LEFTOVER_H) if leftover else older_than_h
    files = [file for file in listing.files if not is_marker(file)]
    dates = [file.modified for file in files if file.modified]
    if least_h and files and not dates:
        yield Refusal(RefusalKind.TOO_YOUNG, target.path, Detail(DetailKind.NO_DATE))
    elif dates and fresh.now - max(dates) < timedelta(hours=least_h):
        yield Refusal(RefusalKind.TOO_YOUNG, target.path, f"{max(dates):%Y-%m-%d %H:%M} UTC")
    if target.names is not None:
        others = _direct(listing) ^ target.names
        if others:
            yield Refusal(RefusalKind.CHANGED_FILES, target.path, ", ".join(sorted(others)[:3]))
    if target.kind is TargetKind.IMAGE:
        if foreign := foreign_names(listing.path.name, _direct(listing)):
            yield Refusal(RefusalKind.FOREIGN_FILES, target.path, ", ".join(foreign[:3]))
    if target.kind is TargetKind.GONE_INSTANCE and _foreign(listing):
        yield Refusal(RefusalKind.CHANGED_FILES, target.path, ", ".join(_foreign(listing)[:3]))


def _direct(listing: FolderListing) -> frozenset[str]:
    marked = {file.name for file in listing.files if is_marker(file)}
    return listing.names - marked


def _foreign(listing: FolderListing) -> list[str]:
    """Folders in an instance's: Nova makes none, and vSphere hidden ones at most."""
    folders: Iterable[str] = (f.name for f in listing.files if f.kind is FileKind.FOLDER)
    return sorted(name for name in folders if not name.startswith("."))
