"""The picture of a disk: what it stands on, from the top down, as boxes and arrows.

Only the geometry is here; the template draws it as inline SVG in the colours of the page's text.
One column of a fixed width, so that it stays legible on a narrow screen.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from vmware_panel.wording import shortened

WIDTH = 300
BOX_HEIGHT = 46
GAP = 30
MARGIN = 1
FITTING = 38
"""Characters of the smaller type that go into a box."""


@dataclass(frozen=True, slots=True)
class Step:
    """One link of the chain. `relation` is how the step above depends on this one.

    `loose` marks what the step above does not need any more, or what nobody can tell.
    """

    title: str
    name: str
    relation: str = ""
    loose: bool = False


@dataclass(frozen=True, slots=True)
class Box:
    step: Step
    name: str  # shortened to fit
    y: int
    box_class: str

    @property
    def title_y(self) -> int:
        return self.y + 19

    @property
    def name_y(self) -> int:
        return self.y + 36


@dataclass(frozen=True, slots=True)
class Arrow:
    label: str
    y1: int
    y2: int
    line_class: str

    @property
    def tip(self) -> str:
        """The arrow's head, as the points of a polygon."""
        x = WIDTH // 6
        return f"{x - 4},{self.y2 - 7} {x + 4},{self.y2 - 7} {x},{self.y2}"

    @property
    def line_end(self) -> int:
        return self.y2 - 7

    @property
    def label_y(self) -> int:
        return (self.y1 + self.y2) // 2 + 4


@dataclass(frozen=True, slots=True)
class Picture:
    """`key` tells the pictures of one page apart; `title` and `text` say the same in words."""

    key: int
    title: str
    text: str
    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]

    width: int = WIDTH
    box_height: int = BOX_HEIGHT
    box_width: int = WIDTH - 2 * MARGIN
    box_x: int = MARGIN
    text_x: int = 12
    arrow_x: int = WIDTH // 6
    label_x: int = WIDTH // 6 + 12

    @property
    def height(self) -> int:
        return self.boxes[-1].y + BOX_HEIGHT + MARGIN


def draw(key: int, title: str, text: str, steps: Sequence[Step]) -> Picture:
    boxes = tuple(
        Box(
            step,
            shortened(step.name, FITTING),
            MARGIN + number * (BOX_HEIGHT + GAP),
            "vmware-box-loose" if step.loose else "vmware-box",
        )
        for number, step in enumerate(steps)
    )
    arrows = tuple(
        Arrow(
            below.step.relation,
            above.y + BOX_HEIGHT,
            below.y,
            "vmware-line-loose" if below.step.loose else "vmware-line",
        )
        for above, below in zip(boxes, boxes[1:], strict=False)
    )
    return Picture(key, title, text, boxes, arrows)
