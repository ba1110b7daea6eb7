"""The line above the list: what all the instances come to."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from vmware_panel.panels.instances.rows import InstanceRow


class Share(StrEnum):
    """The parts of the bar."""

    AGREES = "agrees"
    DISAGREES = "disagrees"
    UNKNOWN = "unknown"
    ELSEWHERE = "elsewhere"

    @property
    def label(self) -> str | Promise:
        return _SHARES[self]


_SHARES = {
    Share.AGREES: gettext_lazy("agree in both books"),
    Share.DISAGREES: gettext_lazy("disagree"),
    Share.UNKNOWN: gettext_lazy("unknown"),
    Share.ELSEWHERE: gettext_lazy("not on vCenter"),
}


@dataclass(frozen=True, slots=True)
class BarPart:
    """One part of the bar; `start` and `width` in percent of it."""

    share: Share
    count: int
    start: float
    width: float


def share_of(row: InstanceRow) -> Share:
    if row.remarks is None:
        return Share.UNKNOWN
    if row.disagreements:
        return Share.DISAGREES
    return Share.AGREES if row.vm_expected else Share.ELSEWHERE


def bar(rows: Iterable[InstanceRow]) -> list[BarPart]:
    """The shares that are not empty, in a fixed order."""
    counts = dict.fromkeys(Share, 0)
    for row in rows:
        counts[share_of(row)] += 1
    total = sum(counts.values())
    parts: list[BarPart] = []
    start = 0.0
    for share, count in counts.items():
        if count:
            width = 100 * count / total
            parts.append(BarPart(share, count, round(start, 3), round(width, 3)))
            start += width
    return parts
