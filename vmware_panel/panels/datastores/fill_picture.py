"""What fills a datastore as a picture: one area for each kind, the largest folders inside.

The areas are as the bytes; the whole is what vCenter counts as used, or more where the files come to
more. What is free is in the bar above; the table beside it says the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from vmware_panel.domain.datastore_bytes import Fill, FilledFolder, FillKind
from vmware_panel.panels.drawing.treemap import Rect, squarified
from vmware_panel.wording import bytes_of, filled, foreign, shortened
from vmware_panel.wording.datastores import fill_label

WIDTH, HEIGHT = 960.0, 300.0
HEAD, INSET, GAP = 20.0, 3.0, 2.0
MOST_TILES = 60
"""Folders that one kind shows; the rest of it is left plain."""
CHARACTER = 7.0
UNACCOUNTED = "unaccounted"


@dataclass(frozen=True, slots=True)
class Tile:
    rect: Rect
    title: str
    href: str


@dataclass(frozen=True, slots=True)
class Area:
    """`kind` is the ending of a CSS class. `name` and `size` are empty where there is no room."""

    kind: str
    rect: Rect
    title: str
    name: str
    size: str
    tiles: tuple[Tile, ...] = ()

    @property
    def text_x(self) -> float:
        return round(self.rect.x + 6, 1)

    @property
    def text_y(self) -> float:
        return round(self.rect.y + 14, 1)

    @property
    def size_x(self) -> float:
        return round(self.rect.x + self.rect.width - 6, 1)


@dataclass(frozen=True, slots=True)
class Picture:
    title: str
    text: str
    areas: tuple[Area, ...]
    width: float = WIDTH
    height: float = HEIGHT


@dataclass(frozen=True, slots=True)
class Linked:
    """A folder with the page of what it belongs to; `href` may be empty."""

    folder: FilledFolder
    name: str
    href: str = ""


def picture(fill: Fill, folders: Sequence[Linked]) -> Picture | None:
    """`folders` are those of `fill`, in its order. None: there is nothing to draw."""
    amounts: list[tuple[str, str, int]] = [
        (kind.value, fill_label(kind), fill.of(kind).known) for kind in FillKind
    ]
    amounts.append((UNACCOUNTED, _("Unaccounted for"), fill.unaccounted_bytes or 0))
    drawn = sorted((one for one in amounts if one[2] > 0), key=lambda one: -one[2])
    if not drawn:
        return None
    rects = squarified([float(size) for _k, _l, size in drawn], Rect(0, 0, WIDTH, HEIGHT))
    areas = tuple(
        _area(kind, label, size, rect, [one for one in folders if one.folder.kind == kind])
        for (kind, label, size), rect in zip(drawn, rects, strict=True)
    )
    text = ", ".join(f"{label}: {bytes_of(size)}" for _kind, label, size in drawn)
    return Picture(_("What fills the datastore"), text, areas)


def _area(kind: str, label: str, size: int, rect: Rect, folders: Sequence[Linked]) -> Area:
    place = _within(rect, GAP / 2)
    text = bytes_of(size)
    room = int((place.width - 12) / CHARACTER)
    fits = place.height > HEAD and room >= 4
    name = shortened(label, max(4, room - len(text) - 1)) if room > len(text) + 6 else ""
    alone = shortened(label, room) if fits and not name else ""
    return Area(
        kind=kind,
        rect=place,
        title=f"{label}: {text}",
        name=(name or alone) if fits else "",
        size=text if fits and name else "",
        tiles=_tiles(size, place, folders),
    )


def _tiles(size: int, place: Rect, folders: Sequence[Linked]) -> tuple[Tile, ...]:
    """The largest folders, in their share of the area below its head."""
    shown = [one for one in folders if one.folder.size_bytes][:MOST_TILES]
    body = Rect(
        place.x + INSET,
        place.y + HEAD,
        place.width - 2 * INSET,
        place.height - HEAD - INSET,
    )
    if not shown or body.width < 12 or body.height < 8:
        return ()
    amounts = [float(one.folder.size_bytes or 0) for one in shown]
    taken = Rect(body.x, body.y, body.width * sum(amounts) / size, body.height)
    return tuple(
        Tile(_within(rect, 0.5), _title(one), one.href)
        for one, rect in zip(shown, squarified(amounts, taken), strict=True)
    )


def _title(one: Linked) -> str:
    return filled(
        _("%(name)s: %(size)s"), name=foreign(one.name), size=bytes_of(one.folder.size_bytes)
    )


def _within(rect: Rect, margin: float) -> Rect:
    return Rect(
        round(rect.x + margin, 1),
        round(rect.y + margin, 1),
        round(max(0.0, rect.width - 2 * margin), 1),
        round(max(0.0, rect.height - 2 * margin), 1),
    )
