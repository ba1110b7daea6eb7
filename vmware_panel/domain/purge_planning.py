"""The plan of a purge, from the kept books: what can go, and every reason for keeping the rest.

The plan goes by searches that may be hours old: each item is looked at again by
`domain.purge_checks` right before anything is done.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from vmware_panel.domain.datastore_files import DatastoreFile
from vmware_panel.domain.datastore_paths import UnsafePath, parse
from vmware_panel.domain.details import DetailKind, detail
from vmware_panel.domain.image_cache import (
    CachedImage,
    CacheRoot,
    Leftover,
    LeftoverKind,
    Ownership,
)
from vmware_panel.domain.inventory import MoRef
from vmware_panel.domain.plans import Caution, CautionKind, ChangeKind, Refusal, RefusalKind
from vmware_panel.domain.purge import (
    PLACES,
    YOUNGEST_LEFTOVER_H,
    Considered,
    PurgePlan,
    PurgeTarget,
    TargetKind,
    Way,
    Wish,
    by_ownership,
    foreign_names,
    is_marker,
)

MOST_ITEMS = 1000
"""In one job; what is beyond it is left for the next, the smallest first."""

OLD_SCAN = timedelta(hours=1)

_LEFTOVERS = {
    LeftoverKind.BROKEN_DOWNLOAD: TargetKind.BROKEN_DOWNLOAD,
    LeftoverKind.TEMP: TargetKind.TEMP,
    LeftoverKind.IMAGE_VM: TargetKind.HELPER_VM,
    LeftoverKind.SNAPSHOT_VM: TargetKind.HELPER_VM,
    LeftoverKind.GONE_INSTANCE: TargetKind.GONE_INSTANCE,
}
_CHANGES = {Way.DELETE: ChangeKind.CACHE_PURGE, Way.MARK: ChangeKind.CACHE_MARK}


def image_considered(cached: CachedImage, wish: Wish, strangers: Sequence[str] = ()) -> Considered:
    """One cached image with every reason against it that the books tell.

    `strangers` are VMs of a Nova that is not asked, which stand anywhere on the same root.
    """
    path, root = cached.path, cached.root
    target = PurgeTarget(
        kind=TargetKind.IMAGE,
        datastore=root.datastore,
        path=path,
        title=f"{cached.image.name} {path}" if cached.image and cached.image.name else path,
        size_bytes=cached.size_bytes,
        names=_names(cached.files, f"{root.name}/{cached.image_id}/"),
    )
    age_from = max((f.modified for f in cached.files if f.modified), default=cached.since)
    found = [
        *_unsafe(target),
        *by_ownership(root, path, wish.way, cached.marker, cached.marked_at, wish.now),
        *(Refusal(RefusalKind.IN_USE, path, stander.label) for stander in cached.standers or ()),
        *(
            Refusal(
                RefusalKind.BEING_BUILT if server.building else RefusalKind.USED_BY_SERVER,
                path,
                f"{server.name} ({server.server_id})",
            )
            for server in cached.servers or ()
        ),
    ]
    if strangers and root.ownership is Ownership.OWNERLESS and wish.way is Way.DELETE:
        found.append(Refusal(RefusalKind.OTHER_CLOUD, root.path, strangers[0]))
    found += (
        Refusal(RefusalKind.OTHER_VCENTER_SILENT, path, detail(DetailKind.NO_ANSWER, name))
        for name in cached.silent_vcenters
    )
    if foreign := foreign_names(cached.image_id, target.names or ()):
        found.append(Refusal(RefusalKind.FOREIGN_FILES, path, ", ".join(foreign[:3])))
    if cached.standers is None:
        found.append(
            Refusal(RefusalKind.USE_UNKNOWN, path, detail(DetailKind.NO_ANSWER, root.vcenter))
        )
    if cached.servers is None:
        found.append(Refusal(RefusalKind.USE_UNKNOWN, path, detail(DetailKind.NO_ANSWER, "nova")))
    found += (
        Refusal(RefusalKind.USE_UNKNOWN, path, detail(DetailKind.DISKS_UNTOLD, name))
        for name in cached.unread_vms
    )
    if young := wish.too_young(path, age_from):
        found.append(young)
    return Considered(target, tuple(found), age_from, cached.marker, root.owners)


def leftover_considered(leftover: Leftover, wish: Wish) -> Considered | None:
    """None for an ownerless root, which goes image by image: see `root_considered`."""
    kind = _LEFTOVERS.get(leftover.kind)
    if kind is None:
        return None
    path = leftover.path
    if kind is TargetKind.BROKEN_DOWNLOAD:  # the image's folder as a whole
        datastore, bracket, below = path.partition("] ")
        path = datastore + bracket + "/".join(below.split("/")[:2])
    target = PurgeTarget(kind, leftover.datastore, path, path, leftover.size_bytes)
    found = [*_unsafe(target)]
    aged = replace(wish, older_than_h=max(wish.older_than_h, YOUNGEST_LEFTOVER_H))
    if young := aged.too_young(path, leftover.age_from):
        found.append(young)
    if wish.way is Way.MARK:
        found.append(Refusal(RefusalKind.NO_OWNER, path))
    return Considered(target, tuple(found), leftover.age_from)


def root_considered(root: CacheRoot, images: Sequence[Considered]) -> Considered:
    """The folder of an ownerless root, after all its `images`; kept while one of them is."""
    target = PurgeTarget(TargetKind.EMPTY_ROOT, root.datastore, root.path, root.path)
    found = [*_unsafe(target)]
    if root.ownership is not Ownership.OWNERLESS:
        found.extend(by_ownership(root, root.path, Way.DELETE, "", None, datetime.min))
    kept = next((one.target.path for one in images if not one.taken), "")
    if kept:
        found.append(Refusal(RefusalKind.CHANGED_FILES, root.path, kept))
    return Considered(target, tuple(found))


def purge_plan(
    vcenter: str,
    considered: Iterable[Considered],
    way: Way,
    *,
    now: datetime,
    scanned: Mapping[str, datetime],
    cautions: Collection[Caution] = (),
) -> PurgePlan:
    """`scanned`: when each datastore was searched, by its name; `cautions` are those of the books."""
    by_key: dict[str, Considered] = {}
    for one in considered:
        known = by_key.get(one.target.key)
        # Chosen twice, as an image and as a leftover, say: what speaks against one does for both.
        by_key[one.target.key] = _both(known, one) if known else one
    taken = [one for one in by_key.values() if one.taken]
    taken.sort(key=_order)
    kept = sorted((one for one in by_key.values() if not one.taken), key=_order)
    fitting, left_over = taken[:MOST_ITEMS], len(taken) - MOST_ITEMS
    fitting.sort(key=lambda one: one.target.kind is TargetKind.EMPTY_ROOT)
    none = RefusalKind.NOTHING_TO_DO if kept else RefusalKind.NOTHING_FOUND
    told = list(cautions)
    if fitting:
        told.append(Caution(CautionKind.NO_LOCK))
        if way is Way.DELETE:
            told.append(Caution(CautionKind.OTHERS_UNSEEN))
        if any(one.target.kind is TargetKind.IMAGE for one in fitting):
            told.append(Caution(CautionKind.DOWNLOADED_AGAIN))
    told += (
        Caution(CautionKind.STALE_SCAN, name, f"{at:%Y-%m-%d %H:%M} UTC")
        for name, at in sorted(scanned.items())
        if now - at > OLD_SCAN
    )
    return PurgePlan(
        change=_CHANGES[way],
        target=vcenter,
        vcenter=vcenter,
        refusals=() if fitting else (Refusal(none, vcenter),),
        cautions=tuple(told),
        basis=tuple(
            f"{one.target.kind} {one.target.key} {one.target.size_bytes}" for one in fitting
        ),
        way=way,
        considered=(*fitting, *kept),
        left_over=max(0, left_over),
    )


def _both(first: Considered, second: Considered) -> Considered:
    refusals = tuple(dict.fromkeys((*first.refusals, *second.refusals)))
    return replace(first, refusals=refusals)


def _order(one: Considered) -> tuple[bool, int, str]:
    """The largest first; roots after what is in them."""
    target = one.target
    return target.kind is TargetKind.EMPTY_ROOT, -(target.size_bytes or 0), target.path


def _unsafe(target: PurgeTarget) -> Iterator[Refusal]:
    try:
        kind = parse(target.path).kind
    except UnsafePath:
        kind = None
    if kind is not PLACES[target.kind]:
        yield Refusal(RefusalKind.OUTSIDE_ROOTS, target.path)


def _names(files: Iterable[DatastoreFile], below: str) -> frozenset[str] | None:
    """Of what lies in the folder itself, but for Nova's marker; None: nothing was listed."""
    names = frozenset(
        file.path.removeprefix(below)
        for file in files
        if file.path.startswith(below) and not is_marker(file)
    )
    return frozenset(name for name in names if "/" not in name) or None


def strangers_of(
    images: Iterable[CachedImage],
) -> Mapping[tuple[str, MoRef, str], tuple[str, ...]]:
    """VMs on each cache root that Nova's driver made, and that this Nova does not have.

    By vCenter, datastore and the root's name. No API tells another cloud's roots: its VMs do.
    """
    found: dict[tuple[str, MoRef, str], dict[str, None]] = {}
    for image in images:
        root = image.root
        for stander in image.standers or ():
            if stander.known_to_nova is False:
                place = (root.vcenter, root.datastore, root.name)
                found.setdefault(place, {})[stander.label] = None
    return {place: tuple(names) for place, names in found.items()}
