"""Putting an image into Nova's cache before it is needed: what it takes, and what speaks against it.

A cached image is one folder `[datastore] <root>/<image id>` with `<image id>.vmdk` (or `.iso`) in it,
and beside it the parents of linked clones, `<image id>.<root_gb>.vmdk`. Nova looks for these names and
for nothing else (`nova/virt/vmwareapi/vmops.py`: `_fetch_image_if_missing`,
`_use_disk_image_as_linked_clone`).
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from vmware_panel.domain.cloud import Image
from vmware_panel.domain.details import Detail, DetailKind
from vmware_panel.domain.driver_image import DriverImage, driver_image, refusals_of_size
from vmware_panel.domain.driver_sums import GIB_BYTES, DatastoreSum, datastore_sum
from vmware_panel.domain.imports import SEED_VM_PREFIX
from vmware_panel.domain.inventory import Datastore, MoRef
from vmware_panel.domain.plans import (
    Caution,
    CautionKind,
    ChangeKind,
    Plan,
    Refusal,
    RefusalKind,
)
from vmware_panel.domain.seed_sources import (
    ImageFolder,
    SeedSource,
    SourceKind,
    best_source,
    glance_source,
    whole_bytes,
)

NOVA_KEEPS_S = 86_400
"""`[image_cache] remove_unused_original_minimum_age_seconds` as Nova comes."""


@dataclass(frozen=True, slots=True)
class SeedTarget:
    """One datastore of one cluster. `root` None: the settings do not tell the compute's.

    `others` are the datastores that this compute may use besides.
    """

    cluster: str
    compute: str
    root: str | None
    datastore: Datastore
    refusals: tuple[Refusal, ...] = ()
    others: tuple[Datastore, ...] = ()
    keeps_unused_s: int | None = NOVA_KEEPS_S  # None: Nova deletes nothing there
    cluster_moref: MoRef = MoRef("")
    keeps_by_default: bool = False  # the settings do not tell, and it is as Nova comes


@dataclass(frozen=True)
class SeedItem:
    """What would be done for one target. `needed_bytes` is at most what it takes of the datastore,
    None where that shows only when it is there.

    `only_sized`: the image is there already, and its sized copy alone is made.
    """

    target: SeedTarget
    path: str
    datacenter: MoRef | None = None
    source: SeedSource | None = None
    root_gb: int = 0
    only_sized: bool = False
    needed_bytes: int | None = None
    refusals: tuple[Refusal, ...] = ()

    @property
    def free_bytes(self) -> int | None:
        return self.target.datastore.free_bytes

    @property
    def imported(self) -> bool:
        return self.source is not None and self.source.imported

    @property
    def key(self) -> str:
        """What is made: the folder, or the one sized copy in it."""
        return f"{self.path} {self.root_gb}" if self.only_sized else self.path


@dataclass(frozen=True, kw_only=True)
class SeedPlan(Plan):
    """`items` are all, those that are not done among them; the plan is refused if none is left."""

    image: DriverImage | None = None
    root_gb: int = 0
    items: tuple[SeedItem, ...] = field(default=(), repr=False)

    @property
    def wanted(self) -> tuple[SeedItem, ...]:
        return tuple(item for item in self.items if not item.refusals)

    @property
    def needed_bytes(self) -> int | None:
        sizes = [item.needed_bytes for item in self.wanted]
        known = [size for size in sizes if size is not None]
        return sum(known) if len(known) == len(sizes) else None


def allowed_datastores(
    fit: DriverImage, datastores: Iterable[Datastore], told: DatastoreSum
) -> DatastoreSum:
    """As `told` was made of the cluster's, but of fresh figures and for this image's type."""
    known = {d.moref for d in told.counted}
    fresh = [datastore for datastore in datastores if datastore.moref in known]
    return datastore_sum(fresh, _ANY_NAME, fit.datastore_types)


_ANY_NAME = re.compile("")  # the regex was asked before


def seed_item(
    fit: DriverImage,
    target: SeedTarget,
    there: ImageFolder,
    folders: Iterable[ImageFolder],
    *,
    root_gb: int = 0,
    from_glance: bool = False,
) -> SeedItem:
    """`there` is the target's own folder; `folders` are others that may have the image."""
    item = SeedItem(target, there.path, there.datacenter, root_gb=root_gb)
    if target.refusals:
        return replace(item, refusals=target.refusals)
    if there.file(fit.file_name) is not None:
        return _only_sized(fit, item, there)
    if there.files is not None:  # Nova's own move into place would fail as well
        names = ", ".join(sorted(f.name for f in there.files))
        lies = names or Detail(DetailKind.EMPTY_FOLDER)
        return replace(item, refusals=(Refusal(RefusalKind.NOT_WHOLE, there.path, lies),))
    source = None if from_glance else best_source(fit, folders, target.datastore.moref)
    source = source or glance_source(fit, target.datastore)
    if source is None:
        why = Detail(DetailKind.NOT_STREAMED, (target.datastore.type or "?",))
        name = fit.image.name or fit.image.id
        return replace(item, refusals=(Refusal(RefusalKind.NO_SOURCE, name, why),))
    return _with_space(replace(item, source=source, needed_bytes=_needed(source, root_gb)))


def _only_sized(fit: DriverImage, item: SeedItem, there: ImageFolder) -> SeedItem:
    """The image is there; whether its sized copy is too."""
    size = whole_bytes(there, fit)
    if size is None:
        why = Detail(DetailKind.DISK_BROKEN)
        return replace(item, refusals=(Refusal(RefusalKind.NOT_WHOLE, there.path, why),))
    if not item.root_gb or there.file(fit.sized_name(item.root_gb)) is not None:
        return replace(item, refusals=(Refusal(RefusalKind.ALREADY_SO, there.path),))
    path = f"{there.path}/{fit.file_name}"
    source = SeedSource(SourceKind.COPY, path, there.datacenter, there.datastore, size)
    needed = max(size, item.root_gb * GIB_BYTES)
    return _with_space(replace(item, source=source, only_sized=True, needed_bytes=needed))


def _needed(source: SeedSource, root_gb: int) -> int | None:
    """At most, at any time: with a sparse image its bytes lie there beside what is unpacked."""
    if source.disk_bytes is None:
        return None
    sized = max(source.disk_bytes, root_gb * GIB_BYTES) if root_gb else 0
    return source.disk_bytes + sized


def _with_space(item: SeedItem) -> SeedItem:
    least = item.needed_bytes
    if least is None and item.source is not None:
        least = item.source.sent_bytes + item.root_gb * GIB_BYTES
    free = item.free_bytes
    if free is None or least is None or least <= free:
        return item
    detail = f"{gib(least)} > {gib(free)}"
    name = item.target.datastore.name
    return replace(item, refusals=(Refusal(RefusalKind.NO_SPACE, name, detail),))


def plan_seeding(
    image: Image,
    items: Sequence[SeedItem],
    *,
    vcenter: str,
    root_gb: int = 0,
    refusals: Iterable[Refusal] = (),
    cautions: Iterable[Caution] = (),
) -> SeedPlan:
    """`items` with the same path are one: two computes may share a root."""
    fit, unfit = driver_image(image)
    against = [*refusals, *unfit]
    if fit is not None and root_gb:
        against += refusals_of_size(fit, root_gb)
    merged = tuple({item.key: item for item in reversed(items)}.values())[::-1]
    wanted = [item for item in merged if not item.refusals]
    if not against and not wanted:
        against = list(dict.fromkeys(r for item in merged for r in item.refusals))
        against = against or [Refusal(RefusalKind.NOT_THERE, image.name or image.id)]
    return SeedPlan(
        change=ChangeKind.CACHE_SEED,
        target=image.name or image.id,
        vcenter=vcenter,
        refusals=tuple(against),
        cautions=(*cautions, *_cautions(image, wanted)) if not against else tuple(cautions),
        basis=tuple(_told(item) for item in merged),
        image=fit,
        root_gb=root_gb,
        items=merged,
    )


def _told(item: SeedItem) -> str:
    source = f"{item.source.kind} {item.source.path}" if item.source else "-"
    refused = " ".join(sorted(r.kind for r in item.refusals))
    return f"{item.key}|{source}|{item.root_gb}|{item.only_sized}|{refused}"


_AGES = {False: CautionKind.NOVA_AGES, True: CautionKind.NOVA_AGES_BY_DEFAULT}


def _cautions(image: Image, wanted: Iterable[SeedItem]) -> tuple[Caution, ...]:
    name = image.name or image.id
    found: dict[tuple[CautionKind, str], Caution] = {}
    for item in wanted:
        told = []
        if item.target.keeps_unused_s is not None:
            age = told_age(item.target.keeps_unused_s)
            told.append(Caution(_AGES[item.target.keeps_by_default], item.path, age))
        if item.source and item.source.kind is SourceKind.GLANCE:
            told.append(Caution(CautionKind.STREAMED, name, item.target.datastore.name))
        if item.imported:
            told.append(Caution(CautionKind.IMPORTED, name, SEED_VM_PREFIX))
        if other := picked_after(item):
            told.append(Caution(CautionKind.OTHER_PICKED, item.target.cluster, other.name))
        found.update({(c.kind, c.subject + c.detail): c for c in told})
    return tuple(found.values())


def picked_after(item: SeedItem) -> Datastore | None:
    """The datastore that Nova would take instead, once this one has less free space; else None."""
    free = item.free_bytes
    if free is None or not item.target.others:
        return None
    left = free - (item.needed_bytes or 0)
    other = max(item.target.others, key=lambda datastore: datastore.free_bytes or 0)
    return other if (other.free_bytes or 0) > left else None


def gib(size_bytes: int) -> str:
    """For a refusal's detail."""
    return f"{size_bytes / GIB_BYTES:.2f} GiB"


def told_age(age_s: int) -> str:
    """In hours where it comes out even: `24 h`."""
    return f"{age_s // 3600} h" if age_s and age_s % 3600 == 0 else f"{age_s} s"
