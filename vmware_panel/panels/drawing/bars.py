"""Bars of one resource: what is used, what HA holds back, what is free, what is out of use."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from vmware_panel.domain.cluster_sums import ResourceSums, Sum
from vmware_panel.wording import at_least, filled

WIDTH = 100.0

Say = Callable[[int | None], str]


class Share(StrEnum):
    """The parts of a bar, in the order in which they stand; each is the ending of a CSS class."""

    USED = "used"
    RESERVED = "reserved"
    FREE = "free"
    OUT = "out"
    UNKNOWN = "untold"
    PROMISED = "promised"
    OVER = "over"

    @property
    def label(self) -> str | Promise:
        return _LABELS[self]


_LABELS = {
    Share.USED: gettext_lazy("used"),
    Share.RESERVED: gettext_lazy("held back by HA"),
    Share.FREE: gettext_lazy("free"),
    Share.OUT: gettext_lazy("out of use"),
    Share.UNKNOWN: gettext_lazy("unknown"),
    Share.PROMISED: gettext_lazy("promised to thin disks"),
    Share.OVER: gettext_lazy("promised beyond the capacity"),
}

OF_HOSTS = (Share.USED, Share.RESERVED, Share.FREE, Share.OUT, Share.UNKNOWN)
"""The parts that a bar of hosts may have."""


@dataclass(frozen=True, slots=True)
class Part:
    """One part; `x` and `width` of `WIDTH`. `full` marks a use that leaves little."""

    share: Share
    amount: int
    x: float
    width: float
    text: str
    full: bool = False


@dataclass(frozen=True, slots=True)
class Fact:
    """A row of the table that says the same."""

    label: str
    text: str


@dataclass(frozen=True, slots=True)
class Bar:
    """`text` says the whole bar in one line. No parts: nothing of it is known."""

    title: str
    text: str
    parts: tuple[Part, ...] = ()
    facts: tuple[Fact, ...] = ()
    used_percent: float | None = None
    width: float = WIDTH


FULL_PERCENT = 90.0
"""From here on a bar says by its colour that little is left."""


def sum_words(figure: Sum, say: Say) -> str:
    """The sum in words; one that some host did not tell its part of is "at least"."""
    if figure.at_least is None:
        return say(None)
    text = say(figure.at_least)
    return text if figure.exact is not None else at_least(text)


def used_percent(sums: ResourceSums) -> float | None:
    """Of what can be used, 0 to 100 and, for a moment, beyond; None where either is unknown."""
    used, usable = sums.used.exact, sums.usable.exact
    return 100 * used / usable if used is not None and usable else None


def resource_bar(title: str, sums: ResourceSums, say: Say) -> Bar:
    """The bar of a cluster; its whole length is what all hosts have."""
    percent = used_percent(sums)
    facts = (
        Fact(_("Total"), sum_words(sums.total, say)),
        Fact(_("On hosts that can be used"), sum_words(sums.usable, say)),
        Fact(_("Used"), _used_words(sums.used, percent, say)),
        Fact(_("Held back by HA"), say(sums.reserved)),
        Fact(_("Free, with what HA holds back"), sum_words(sums.free, say)),
        Fact(_("Free without it"), _free_words(sums, say)),
    )
    free = sum_words(sums.free_beside_ha, say)
    text = filled(_("%(free)s free of %(total)s"), free=free, total=sum_words(sums.total, say))
    return Bar(title, text, _parts(sums, percent, say), facts, percent)


def _free_words(sums: ResourceSums, say: Say) -> str:
    return say(None) if sums.reserved is None else sum_words(sums.free_beside_ha, say)


def _used_words(used: Sum, percent: float | None, say: Say) -> str:
    text = sum_words(used, say)
    return text if percent is None else f"{text} ({percent:.0f} %)"


def _parts(sums: ResourceSums, percent: float | None, say: Say) -> tuple[Part, ...]:
    whole, usable = sums.total.exact, sums.usable.exact
    if not whole or usable is None:
        return ()
    if sums.used.exact is None:
        amounts = [(Share.UNKNOWN, usable), (Share.OUT, whole - usable)]
    else:
        used = min(sums.used.exact, usable)
        reserved = min(sums.reserved or 0, usable - used)
        amounts = [
            (Share.USED, used),
            (Share.RESERVED, reserved),
            (Share.FREE, usable - used - reserved),
            (Share.OUT, whole - usable),
        ]
    return lay_out(amounts, whole, say, full=percent is not None and percent >= FULL_PERCENT)


def lay_out(
    amounts: Sequence[tuple[Share, int]], whole: int, say: Say, *, full: bool = False
) -> tuple[Part, ...]:
    """The amounts side by side; those that are nothing are left out."""
    parts: list[Part] = []
    x = 0.0
    for share, amount in amounts:
        if amount <= 0:
            continue
        width = WIDTH * amount / whole
        text = f"{share.label}: {say(amount)}"
        marked = full and share is Share.USED
        parts.append(Part(share, amount, round(x, 3), round(width, 3), text, marked))
        x += width
    return tuple(parts)


def small_bar(used: int | None, size: int | None, title: str, say: Say) -> Bar:
    """The bar of one host, or of one book's figure: what is used of a size."""
    if used is None or not size:
        text = filled(_("%(used)s of %(size)s"), used=say(used), size=say(size))
        return Bar(title, text)
    percent = 100 * used / size
    shown = min(used, size)
    amounts = [(Share.USED, shown), (Share.FREE, size - shown)]
    parts = lay_out(amounts, size, say, full=percent >= FULL_PERCENT)
    text = filled(_("%(used)s of %(size)s"), used=say(used), size=say(size))
    return Bar(title, text, parts, (), percent)
