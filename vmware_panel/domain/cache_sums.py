"""What the caches come to, datastore by datastore: used, unused, at risk, unknown.

Each image counts once: at risk comes before used, and what is not known is neither.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum

from vmware_panel.domain.image_cache import CachedImage
from vmware_panel.domain.inventory import MoRef


class Use(StrEnum):
    USED = "used"
    UNUSED = "unused"
    AT_RISK = "at_risk"  # a VM stands on it that the root's compute does not count
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class CacheSum:
    """One datastore's, or (`datastore` None) of all. `unsized` images have no known size, and are
    in `images` and in no bytes.
    """

    vcenter: str = ""
    datastore: MoRef | None = None
    datastore_name: str = ""
    images: int = 0
    unsized: int = 0
    used_bytes: int = 0
    unused_bytes: int = 0
    at_risk_bytes: int = 0
    unknown_bytes: int = 0

    @property
    def cached_bytes(self) -> int:
        return self.used_bytes + self.unused_bytes + self.at_risk_bytes + self.unknown_bytes

    def of(self, use: Use) -> int:
        return {
            Use.USED: self.used_bytes,
            Use.UNUSED: self.unused_bytes,
            Use.AT_RISK: self.at_risk_bytes,
            Use.UNKNOWN: self.unknown_bytes,
        }[use]


_USES = {True: Use.USED, False: Use.UNUSED, None: Use.UNKNOWN}


def use_of(image: CachedImage, at_risk: Collection[str]) -> Use:
    """`at_risk` are the keys of images of which a VM's parent is at risk."""
    if image.key in at_risk:
        return Use.AT_RISK
    return _USES[image.used]


def sums_by_datastore(
    images: Iterable[CachedImage], at_risk: Collection[str]
) -> tuple[CacheSum, ...]:
    """Of each datastore that has an image cached, by vCenter and name."""
    grouped: defaultdict[tuple[str, str, MoRef], list[CachedImage]] = defaultdict(list)
    for image in images:
        root = image.root
        grouped[root.vcenter, root.datastore_name, root.datastore].append(image)
    return tuple(
        _sum(vcenter, moref, name, grouped[vcenter, name, moref], at_risk)
        for vcenter, name, moref in sorted(grouped)
    )


def total(sums: Iterable[CacheSum]) -> CacheSum:
    """All together, of `sums_by_datastore`."""
    its = list(sums)
    return CacheSum(
        images=sum(each.images for each in its),
        unsized=sum(each.unsized for each in its),
        used_bytes=sum(each.used_bytes for each in its),
        unused_bytes=sum(each.unused_bytes for each in its),
        at_risk_bytes=sum(each.at_risk_bytes for each in its),
        unknown_bytes=sum(each.unknown_bytes for each in its),
    )


def _sum(
    vcenter: str,
    datastore: MoRef,
    name: str,
    images: list[CachedImage],
    at_risk: Collection[str],
) -> CacheSum:
    bytes_of = dict.fromkeys(Use, 0)
    for image in images:
        bytes_of[use_of(image, at_risk)] += image.size_bytes or 0
    return CacheSum(
        vcenter=vcenter,
        datastore=datastore,
        datastore_name=name,
        images=len(images),
        unsized=sum(image.size_bytes is None for image in images),
        used_bytes=bytes_of[Use.USED],
        unused_bytes=bytes_of[Use.UNUSED],
        at_risk_bytes=bytes_of[Use.AT_RISK],
        unknown_bytes=bytes_of[Use.UNKNOWN],
    )
