"""The heat of a cluster: each ESX host a cell, coloured by its use, with the VMs on it inside.

The inside of a cell stands for the host's memory: what its VMs are configured with is to the left,
each VM a tile of that area, and what none of them has is left empty. Beyond `MOST_TILES` the
smallest VMs of a host are one tile together, and the picture says so.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import ceil, sqrt

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from vmware_panel.panels.drawing.treemap import Rect, squarified
from vmware_panel.wording import filled, foreign, mb_of, shortened

WIDTH = 960
GAP = 8
HEAD = 20
INSET = 4
FEWEST_COLUMNS, MOST_COLUMNS = 3, 8
MOST_CELLS = 96
"""As many hosts as the largest cluster of vSphere 8 has."""
MOST_TILES = 1200
FEWEST_TILES_A_HOST = 6
CHARACTER = 7.2
"""The width of a character of a cell's name, on the safe side."""


class Measure(StrEnum):
    """What colours the cells."""

    MEMORY = "memory"
    CPU = "cpu"

    @property
    def label(self) -> str | Promise:
        return _MEASURES[self]


_MEASURES = {Measure.MEMORY: gettext_lazy("Memory"), Measure.CPU: gettext_lazy("CPU")}


@dataclass(frozen=True, slots=True)
class Vm:
    """What a tile shows. `href` is empty for a VM that has no page here."""

    name: str
    memory_mb: int | None
    href: str = ""
    ours: bool = True
    on: bool = True


@dataclass(frozen=True, slots=True)
class Host:
    """What a cell shows. `percent` is the use that colours it; None: unknown."""

    name: str
    href: str
    state: str
    usable: bool | None
    percent: float | None
    memory_mb: int | None
    vms: tuple[Vm, ...] = ()


@dataclass(frozen=True, slots=True)
class Tile:
    rect: Rect
    title: str
    href: str
    kind: str  # "instance", "other", "rest"; with " vmware-tile-off" where it is not powered on


@dataclass(frozen=True, slots=True)
class Cell:
    """`level` is the ending of a CSS class: 0 to 4, `full`, `untold` or `out`."""

    host: Host
    rect: Rect
    name: str  # shortened to fit
    figure: str
    title: str
    level: str
    tiles: tuple[Tile, ...]

    @property
    def text_x(self) -> float:
        return self.rect.x + INSET

    @property
    def text_y(self) -> float:
        return self.rect.y + 14

    @property
    def figure_x(self) -> float:
        return self.rect.x + self.rect.width - INSET


@dataclass(frozen=True, slots=True)
class Heat:
    """`text` says the picture in words. `joined` VMs are not drawn one by one; `left_out` hosts
    are not drawn at all.
    """

    title: str
    text: str
    cells: tuple[Cell, ...]
    height: float
    joined: int = 0
    left_out: int = 0
    width: int = WIDTH


def level_of(percent: float | None, usable: bool | None) -> str:
    if usable is False:
        return "out"
    if percent is None:
        return "untold"
    if percent >= 90:
        return "full"
    return str(min(4, int(percent // 20)))


def heat(measure: Measure, hosts: Sequence[Host]) -> Heat:
    """The picture of the hosts, in their order."""
    drawn = hosts[:MOST_CELLS]
    columns = min(MOST_COLUMNS, max(FEWEST_COLUMNS, ceil(sqrt(1.4 * len(drawn)))))
    width = (WIDTH - GAP * (columns - 1)) / columns
    height = HEAD + width * 0.45
    allowance = max(FEWEST_TILES_A_HOST, MOST_TILES // max(1, len(drawn)))
    cells: list[Cell] = []
    joined = 0
    names = labels([host.name for host in drawn])
    for number, host in enumerate(drawn):
        row, column = divmod(number, columns)
        place = Rect(column * (width + GAP), row * (height + GAP), width, height)
        cell, together = _cell(measure, host, names[number], place, allowance)
        cells.append(cell)
        joined += together
    rows = ceil(len(drawn) / columns)
    return Heat(
        title=filled(_("%(measure)s use of each ESX host"), measure=measure.label),
        text=_in_words(measure, hosts),
        cells=tuple(cells),
        height=max(0.0, rows * (height + GAP) - GAP),
        joined=joined,
        left_out=len(hosts) - len(drawn),
    )


def labels(names: Sequence[str]) -> list[str]:
    """The names without the domain that all of them share, where they stay apart without it."""
    heads = [name.partition(".") for name in names]
    domains = {domain for _head, _dot, domain in heads}
    short = [head for head, _dot, _domain in heads]
    apart = len(set(short)) == len(set(names)) and all(short)
    return short if len(domains) == 1 and apart else list(names)


def _in_words(measure: Measure, hosts: Sequence[Host]) -> str:
    """For those who hear it; the table below the picture says the rest."""
    known = [h for h in hosts if h.percent is not None and h.usable is not False]
    count = ngettext("%(count)d ESX host.", "%(count)d ESX hosts.", len(hosts))
    said = [filled(count, count=len(hosts))]
    if known:
        fullest = max(known, key=lambda host: host.percent or 0.0)
        said.append(
            filled(
                _("The fullest by %(measure)s is %(name)s with %(percent)d %%."),
                measure=measure.label,
                name=foreign(fullest.name),
                percent=round(fullest.percent or 0.0),
            )
        )
    return " ".join(said)


def _cell(
    measure: Measure, host: Host, label: str, place: Rect, allowance: int
) -> tuple[Cell, int]:
    tiles, joined = _tiles(host, place, allowance)
    figure = str(_("out of use")) if host.usable is False else _percent(host.percent)
    room = place.width - 2 * INSET - len(figure) * CHARACTER - INSET
    count = ngettext("%(count)d VM", "%(count)d VMs", len(host.vms))
    title = filled(
        _("%(name)s: %(state)s; %(measure)s %(percent)s used; %(vms)s"),
        name=foreign(host.name),
        state=host.state,
        measure=measure.label,
        percent=_percent(host.percent),
        vms=filled(count, count=len(host.vms)),
    )
    return (
        Cell(
            host=host,
            rect=place,
            name=shortened(foreign(label), max(5, int(room / CHARACTER))),
            figure=figure,
            title=title,
            level=level_of(host.percent, host.usable),
            tiles=tiles,
        ),
        joined,
    )


def _percent(percent: float | None) -> str:
    return str(_("unknown")) if percent is None else f"{percent:.0f} %"


def _tiles(host: Host, place: Rect, allowance: int) -> tuple[tuple[Tile, ...], int]:
    """The VMs' tiles, largest first, and how many VMs have none of their own."""
    sized = sorted(
        (vm for vm in host.vms if vm.memory_mb),
        key=lambda vm: (-(vm.memory_mb or 0), vm.name),
    )
    joined = len(host.vms) - len(sized)
    shown, rest = sized, sized[:0]
    if len(sized) > allowance:
        shown, rest = sized[: allowance - 1], sized[allowance - 1 :]
    amounts = [float(vm.memory_mb or 0) for vm in shown]
    rest_mb = sum(vm.memory_mb or 0 for vm in rest)
    body = Rect(
        place.x + INSET, place.y + HEAD, place.width - 2 * INSET, place.height - HEAD - INSET
    )
    whole = max(float(host.memory_mb or 0), sum(amounts) + rest_mb)
    if not whole:
        return (), joined
    described = [(_title(vm), vm.href, _kind(vm)) for vm in shown]
    if rest:
        count = ngettext("%(count)d smaller VM", "%(count)d smaller VMs", len(rest))
        title = f"{filled(count, count=len(rest))}: {mb_of(rest_mb)}"
        described.append((title, "", "rest"))
        amounts.append(float(rest_mb))
    taken = Rect(body.x, body.y, body.width * sum(amounts) / whole, body.height)
    order = sorted(range(len(amounts)), key=lambda n: -amounts[n])
    rects = squarified([amounts[n] for n in order], taken)
    tiles = tuple(
        Tile(_rounded(rect), *described[n]) for n, rect in zip(order, rects, strict=True)
    )
    return tiles, joined + len(rest)


def _title(vm: Vm) -> str:
    off = "" if vm.on else f", {_('not powered on')}"
    ours = "" if vm.ours else f", {_('not managed by Nova')}"
    return f"{foreign(vm.name)}: {mb_of(vm.memory_mb)}{off}{ours}"


def _kind(vm: Vm) -> str:
    return ("instance" if vm.ours else "other") + ("" if vm.on else " vmware-tile-off")


def _rounded(rect: Rect) -> Rect:
    return Rect(round(rect.x, 1), round(rect.y, 1), round(rect.width, 1), round(rect.height, 1))
