"""The moves of each day as a small picture: a bar a day, DRS's part of it marked."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.utils import timezone

from vmware_panel.domain.tasks import Move, MoveKind

BAR_WIDTH = 18
BAR_GAP = 6
HEIGHT = 90
FOOT = 16


@dataclass(frozen=True, slots=True)
class DayBar:
    """One day in the reader's time zone. Lengths are in the picture's units."""

    day: date
    by_drs: int
    by_others: int
    x: int
    drs_y: float
    drs_height: float
    others_y: float
    others_height: float

    @property
    def moves(self) -> int:
        return self.by_drs + self.by_others

    @property
    def middle(self) -> float:
        return self.x + BAR_WIDTH / 2


@dataclass(frozen=True, slots=True)
class MoveChart:
    bars: tuple[DayBar, ...]
    most: int
    width: int
    height: int = HEIGHT + FOOT
    base: int = HEIGHT
    bar_width: int = BAR_WIDTH


def move_chart(moves: Iterable[Move], since: datetime, until: datetime) -> MoveChart:
    """Every day from `since` to `until`, those without a move too."""
    counts = Counter(
        (timezone.localtime(move.at).date(), move.kind in (MoveKind.DRS, MoveKind.POWERED_ON))
        for move in moves
    )
    first, last = timezone.localtime(since).date(), timezone.localtime(until).date()
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    most = max((counts[day, True] + counts[day, False] for day in days), default=0)
    scale = (HEIGHT - 4) / most if most else 0.0
    bars = []
    for number, day in enumerate(days):
        drs, others = counts[day, True], counts[day, False]
        bars.append(
            DayBar(
                day=day,
                by_drs=drs,
                by_others=others,
                x=number * (BAR_WIDTH + BAR_GAP),
                drs_y=HEIGHT - drs * scale,
                drs_height=drs * scale,
                others_y=HEIGHT - (drs + others) * scale,
                others_height=others * scale,
            )
        )
    return MoveChart(tuple(bars), most, len(days) * (BAR_WIDTH + BAR_GAP))
