"""The lines above the list: what all the instances come to, and who answered."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from vmware_panel.api.placement import InstancesReport
from vmware_panel.api.refresh import Progress, progress_of
from vmware_panel.domain.outcome import TroubleKind
from vmware_panel.panels.instances.rows import InstanceRow
from vmware_panel.panels.listing.refresh import progress_text
from vmware_panel.wording import TroubleWords, source_name, trouble_words


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


@dataclass(frozen=True, slots=True)
class Answer:
    """One vCenter: when it was read, or why not, and how far the read is that is under way.

    With both a time and a trouble, what was read then is shown, and grows old.
    """

    key: str
    name: str
    read_at: datetime | None = None
    stale: bool = False
    trouble: TroubleWords | None = None
    progress: Progress | None = None

    @property
    def progress_text(self) -> str:
        return progress_text(self.progress) if self.progress else ""


def answers(
    configured: Sequence[str], report: InstancesReport, now: datetime, stale_after_s: float
) -> tuple[Answer, ...]:
    """Each configured vCenter, in the order of the settings."""
    read = {inventory.vcenter.name: inventory.read_at for inventory in report.inventories}
    troubles = {trouble.source: trouble for trouble in report.troubles}
    passes = {p.source: p for p in progress_of(list(configured), report.snapshots, troubles)}

    def answer(name: str) -> Answer:
        at = read.get(name)
        progress = passes[name]
        # A first list under way is no trouble, if its progress is there to be shown.
        trouble = troubles.get(name)
        if trouble and trouble.kind is TroubleKind.NOT_YET and progress.under_way:
            trouble = None
        return Answer(
            key=name,
            name=source_name(name),
            read_at=at,
            stale=at is not None and (now - at).total_seconds() > stale_after_s,
            trouble=trouble_words(trouble) if trouble else None,
            progress=progress,
        )

    return tuple(answer(name) for name in configured)
