"""A cached image as a row of the list. As everywhere, `None` is unknown and `""` or `()` nothing."""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from vmware_panel.api.image_cache import Ledger
from vmware_panel.api.scans import Scans
from vmware_panel.domain.cache_sums import Use, use_of
from vmware_panel.domain.image_cache import CachedImage, GlanceState, Stander
from vmware_panel.domain.kept import Kept

MARKED, NOT_MARKED = "marked", "not_marked"


@dataclass(frozen=True)
class ImageRow:
    """`searched_at` is when the datastore's files were searched."""

    cached: CachedImage
    its_use: Use
    searched_at: datetime | None

    @property
    def key(self) -> str:
        return self.cached.key

    @property
    def image(self) -> str:
        """Glance's name; the folder's where Glance has none."""
        its = self.cached.image
        return (its.name if its else "") or self.cached.image_id

    @property
    def image_id(self) -> str:
        return self.cached.image_id

    @property
    def glance(self) -> str | None:
        state = self.cached.state
        return None if state is GlanceState.UNKNOWN else state.value

    @property
    def glance_status(self) -> str | None:
        if self.glance is None:
            return None
        return self.cached.image.status if self.cached.image else ""

    @property
    def vcenter(self) -> str:
        return self.cached.root.vcenter

    @property
    def datastore(self) -> str:
        return self.cached.root.datastore_name

    @property
    def datastore_moref(self) -> str:
        return self.cached.root.datastore

    @property
    def root(self) -> str:
        return self.cached.root.name

    @property
    def ownership(self) -> str:
        return self.cached.root.ownership.value

    @property
    def owners(self) -> tuple[str, ...]:
        return self.cached.root.owners

    @property
    def size_bytes(self) -> int | None:
        return self.cached.size_bytes

    @property
    def copies_gb(self) -> tuple[str, ...]:
        """Root disk sizes for which a copy is there; 0: of the image's own size."""
        return tuple(str(copy.root_gb or 0) for copy in self.cached.copies)

    @property
    def since(self) -> datetime | None:
        return self.cached.since

    @property
    def use(self) -> str | None:
        return None if self.its_use is Use.UNKNOWN else self.its_use.value

    @cached_property
    def standers(self) -> tuple[Stander, ...] | None:
        """One for each VM, though it may stand on several files."""
        its = self.cached.standers
        return None if its is None else tuple({each.vm: each for each in its}.values())

    @property
    def vms(self) -> int | None:
        return None if self.standers is None else len(self.standers)

    @property
    def vm_names(self) -> tuple[str, ...] | None:
        return None if self.standers is None else tuple(each.vm_name for each in self.standers)

    @property
    def servers(self) -> int | None:
        its = self.cached.servers
        return None if its is None else len(its)

    @property
    def server_ids(self) -> tuple[str, ...] | None:
        its = self.cached.servers
        return None if its is None else tuple(each.server_id for each in its)

    @property
    def marked(self) -> str:
        return MARKED if self.cached.marker else NOT_MARKED

    @property
    def marked_at(self) -> datetime | str | None:
        return self.cached.marked_at if self.cached.marker else ""

    @property
    def deleted_after(self) -> datetime | str | None:
        return self.cached.deleted_after if self.cached.marker else ""

    @property
    def texts(self) -> tuple[str, ...]:
        names = (*(self.vm_names or ()), *(each.name for each in self.cached.servers or ()))
        return (self.image, self.image_id, self.datastore, self.root, *self.owners, *names)


def rows_of(ledger: Ledger, scans: Scans) -> Kept[ImageRow]:
    """The same ones as long as the ledger is; and of the next ledger those that are the same."""
    at_risk = ledger.at_risk
    searched = {place: scan.read_at for place, scan in scans.by_datastore.items()}

    def rows() -> Kept[ImageRow]:
        parts = (
            (
                image,
                use_of(image, at_risk),
                searched.get((image.root.vcenter, image.root.datastore)),
            )
            for image in ledger.images
        )
        line = ledger.images.line
        if line is None:
            return Kept(ImageRow(*its) for its in parts)
        named = ((its[0].key, its, None) for its in parts)
        made = line.of_each("rows").all(named, lambda its: ImageRow(*its))
        return Kept(made, line.below("rows"))

    return ledger.images.derived("rows", rows)
