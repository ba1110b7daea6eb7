"""Rectangles whose areas are as amounts, as square as they go."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rect:
    x: float
    y: float
    width: float
    height: float


def squarified(amounts: Sequence[float], room: Rect) -> list[Rect]:
    """One rectangle for each amount, in their order; together they fill the room.

    Amounts are positive and descending. Source: Bruls, Huizing, van Wijk, "Squarified Treemaps"
    (2000).
    """
    whole = sum(amounts)
    if not whole or room.width <= 0 or room.height <= 0:
        return [Rect(room.x, room.y, 0.0, 0.0) for _amount in amounts]
    scale = room.width * room.height / whole
    areas = [amount * scale for amount in amounts]
    rects: list[Rect] = []
    start = 0
    while start < len(areas):
        side = min(room.width, room.height)
        end = start + 1
        row = areas[start]
        while end < len(areas):
            larger = row + areas[end]
            if _worst(areas[start], areas[end], larger, side) > _worst(
                areas[start], areas[end - 1], row, side
            ):
                break
            row = larger
            end += 1
        made, room = _row(areas[start:end], row, room)
        rects += made
        start = end
    return rects


def _worst(largest: float, smallest: float, row: float, side: float) -> float:
    """The worst ratio of sides in a row of that area along that side."""
    if not smallest or not row or not side:
        return float("inf")
    square = side * side
    return max(square * largest / (row * row), row * row / (square * smallest))


def _row(areas: Sequence[float], row: float, room: Rect) -> tuple[list[Rect], Rect]:
    """The row along the shorter side, and the room that is left."""
    rects: list[Rect] = []
    if room.width >= room.height:
        depth = min(room.width, row / room.height) if room.height else 0.0
        y = room.y
        for area in areas:
            height = area / depth if depth else 0.0
            rects.append(Rect(room.x, y, depth, height))
            y += height
        return rects, Rect(room.x + depth, room.y, max(0.0, room.width - depth), room.height)
    depth = min(room.height, row / room.width) if room.width else 0.0
    x = room.x
    for area in areas:
        width = area / depth if depth else 0.0
        rects.append(Rect(x, room.y, width, depth))
        x += width
    return rects, Rect(room.x, room.y + depth, room.width, max(0.0, room.height - depth))
