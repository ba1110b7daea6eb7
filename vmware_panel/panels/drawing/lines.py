"""Lines over time: what the template `vmware_panel/drawing/_lines.html` draws and tabulates.

A sample that is not known breaks its line, and reads "no sample" in the table.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import formats, timezone
from django.utils.translation import gettext as _

from vmware_panel.wording import filled

Sample = tuple[datetime, float | None]

WIDTH, HEIGHT = 640, 220
LEFT, RIGHT, TOP, BOTTOM = 76, 12, 12, 28
STEPS = 4  # of the scale
TICK_HOURS = 6
STYLES = 4  # of lines that can be told apart without colour


@dataclass(frozen=True, slots=True)
class Line:
    """One line. Values are in the unit that the chart's `say` puts into words."""

    label: str
    samples: tuple[Sample, ...]


@dataclass(frozen=True, slots=True)
class Drawn:
    """`path` is SVG path data; empty where no sample is known."""

    label: str
    path: str
    line_class: str
    summary: str


@dataclass(frozen=True, slots=True)
class Tick:
    label: str
    at: float


@dataclass(frozen=True, slots=True)
class Chart:
    """`key` tells the charts of one page apart. `text` says in words what the lines show."""

    key: str
    title: str
    text: str
    lines: tuple[Drawn, ...]
    levels: tuple[Tick, ...]  # of the scale, by y
    hours: tuple[Tick, ...]  # by x
    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[str, ...]], ...]
    """A time, and what each line says then."""

    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT
    top: int = TOP
    bottom: int = HEIGHT - BOTTOM
    level_x: int = LEFT - 8
    hour_y: int = HEIGHT - 8

    @property
    def drawable(self) -> bool:
        return any(line.path for line in self.lines)


def chart(
    key: str,
    title: str,
    lines: Sequence[Line],
    start: datetime,
    end: datetime,
    say: Callable[[float], str],
    *,
    top: float | None = None,
    base: float = 1.0,
) -> Chart:
    """The lines between two times. `top` is the end of the scale, which begins at zero; None: a
    round number of `base` above all samples. Times are told in the reader's time zone.
    """
    known = [value for line in lines for _at, value in line.samples if value is not None]
    height = top if top is not None else base * _round_up(max(known, default=base) / base)
    place = _Place(start, end, height)
    drawn = tuple(
        Drawn(line.label, place.path(line.samples), _class(number), _summary(line, say))
        for number, line in enumerate(lines)
    )
    return Chart(
        key=key,
        title=title,
        text=" ".join(line.summary for line in drawn),
        lines=drawn,
        levels=tuple(
            Tick(say(height * step / STEPS), place.y(height * step / STEPS))
            for step in range(STEPS + 1)
        ),
        hours=tuple(Tick(_hour(at), place.x(at)) for at in _whole_hours(start, end)),
        columns=tuple(line.label for line in lines),
        rows=tuple(_rows(lines, say)),
    )


class _Place:
    """Where a moment and a value lie on the picture."""

    def __init__(self, start: datetime, end: datetime, top: float) -> None:
        self._start = start
        self._span_s = max(1.0, (end - start).total_seconds())
        self._top = top or 1.0

    def x(self, at: datetime) -> float:
        share = (at - self._start).total_seconds() / self._span_s
        return round(LEFT + min(1.0, max(0.0, share)) * (WIDTH - LEFT - RIGHT), 1)

    def y(self, value: float) -> float:
        share = min(1.0, max(0.0, value / self._top))
        return round(HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM), 1)

    def path(self, samples: Sequence[Sample]) -> str:
        """One stroke for each run of known samples; a lone one is a stroke of no length."""
        strokes: list[str] = []
        run: list[str] = []
        for at, value in (*samples, (self._start, None)):
            if value is not None:
                run.append(f"{self.x(at)},{self.y(value)}")
            elif run:
                strokes.append(f"M{run[0]} L{' '.join(run[1:] or run)}")
                run = []
        return " ".join(strokes)


def _class(number: int) -> str:
    return f"vmware-series vmware-series-{number % STYLES + 1}"


def _summary(line: Line, say: Callable[[float], str]) -> str:
    known = [(at, value) for at, value in line.samples if value is not None]
    if not known:
        return filled(_("%(line)s: no samples."), line=line.label)
    values = [value for _at, value in known]
    at, last = known[-1]
    said = filled(
        _("%(line)s: between %(least)s and %(most)s, last %(last)s (%(time)s)."),
        line=line.label,
        least=say(min(values)),
        most=say(max(values)),
        last=say(last),
        time=_moment(at),
    )
    if len(known) < len(line.samples):
        said += " " + _("There are gaps.")
    return said


def _rows(
    lines: Sequence[Line], say: Callable[[float], str]
) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Newest first."""
    by_line = [dict(line.samples) for line in lines]
    for at in sorted({at for samples in by_line for at in samples}, reverse=True):
        values = (samples.get(at) for samples in by_line)
        yield (
            _moment(at),
            tuple(_("no sample") if value is None else say(value) for value in values),
        )


def _whole_hours(start: datetime, end: datetime) -> Iterator[datetime]:
    at = timezone.localtime(start).replace(minute=0, second=0, microsecond=0)
    while at <= end:
        if at >= start and at.hour % TICK_HOURS == 0:
            yield at
        at = timezone.localtime(at + timedelta(hours=1))


def _hour(at: datetime) -> str:
    return formats.time_format(timezone.localtime(at), "H:i")


def _moment(at: datetime) -> str:
    return formats.date_format(timezone.localtime(at), "SHORT_DATETIME_FORMAT")


def _round_up(value: float) -> float:
    """1, 2 or 5 times a power of ten."""
    if value < 1e-9:
        return 1.0
    power = 10.0 ** math.floor(math.log10(value))
    return next(step * power for step in (1, 2, 5, 10) if step * power >= value * 0.999999)
