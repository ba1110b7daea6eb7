"""What stands over the lists: bytes by datastore, drawn and in a table, and how old each search is."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from django.template.defaultfilters import floatformat
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from vmware_panel.api.image_cache import Ledger, LedgerReport
from vmware_panel.domain.cache_roots import CacheComputes
from vmware_panel.domain.cache_sums import CacheSum, Use
from vmware_panel.domain.inventory import MoRef
from vmware_panel.domain.kept import OfEach
from vmware_panel.domain.ownership import mounted
from vmware_panel.panels.drawing.bars import WIDTH
from vmware_panel.panels.image_cache.cells import url_of_datastore
from vmware_panel.panels.listing.ordering import natural_key
from vmware_panel.wording import TroubleWords, bytes_of, filled, foreign, trouble_words
from vmware_panel.wording.image_cache import USES, ageing_words

MOST_DATASTORES = 12
"""As many datastores are shown at once; the others are behind a fold. Where there are more, those of
which there is nothing to say are there too."""

ORDER = (Use.USED, Use.AT_RISK, Use.UNUSED, Use.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a datastore's bar; `x` and `width` of `WIDTH`. `use` ends its CSS class."""

    use: str
    x: float
    width: float
    text: str


class _ToDraw(NamedTuple):
    """`largest` is the largest cache of all, in bytes; `took_s` None: it was not searched."""

    sums: CacheSum
    largest: int
    name: str
    took_s: float | None


class Drawn(NamedTuple):
    """What a datastore's line draws and says of the same sums. `parts` are to the scale of the
    largest cache of all; `search` names its button.
    """

    name: str
    parts: tuple[Part, ...]
    texts: tuple[str, ...]
    took: str
    search: str


@dataclass(frozen=True, slots=True)
class DatastoreLine:
    """One datastore."""

    name: str
    vcenter: str
    moref: MoRef
    url: str | None
    sums: CacheSum
    drawn: Drawn
    searched_at: datetime | None = None
    unread: int = 0
    running: bool = False
    trouble: TroubleWords | None = None

    @property
    def telling(self) -> bool:
        """False for one that was searched, and where nothing is cached."""
        whole = self.searched_at is not None and not (self.unread or self.trouble)
        return bool(self.sums.cached_bytes) or self.running or not whole


def lines_of(report: LedgerReport) -> list[DatastoreLine]:
    """Every datastore that has a cache, was searched, or is mounted where Nova drives a cluster.

    The largest cache comes first.
    """
    if report.ledger is None:
        return []
    sums = {(s.vcenter, s.datastore): s for s in report.ledger.sums}
    largest = max((s.cached_bytes for s in sums.values()), default=0)
    names = _names(report)
    drawn = _drawn(report.ledger).all(
        (
            (
                key,
                _ToDraw(sums.get(key) or CacheSum(), largest, foreign(name), _took_s(key, report)),
                None,
            )
            for key, name in names.items()
        ),
        _draw,
    )
    lines = [
        _line(key, name, sums.get(key) or CacheSum(), its, report)
        for (key, name), its in zip(names.items(), drawn, strict=True)
    ]
    return sorted(
        lines, key=lambda line: (-line.sums.cached_bytes, natural_key(line.name), line.moref)
    )


def _names(report: LedgerReport) -> Mapping[tuple[str, MoRef], str]:
    names = {
        (inventory.vcenter.name, datastore.moref): datastore.name
        for inventory in report.inventories
        for shown in (mounted(inventory, _clusters(inventory.vcenter.name, report.computes)),)
        for datastore in inventory.datastores
        if datastore.moref in shown
    }
    return names | {key: scan.datastore_name for key, scan in report.scans.by_datastore.items()}


def _clusters(vcenter: str, computes: CacheComputes) -> frozenset[MoRef]:
    return frozenset(c.cluster for c in computes.all if c.cluster and c.vcenter == vcenter)


def _line(
    key: tuple[str, MoRef], name: str, sums: CacheSum, drawn: Drawn, report: LedgerReport
) -> DatastoreLine:
    vcenter, moref = key
    scan = report.scans.by_datastore.get(key)
    progress = report.scans.progress.get(vcenter)
    trouble = progress.troubles.get(moref) if progress else None
    return DatastoreLine(
        name=drawn.name,
        vcenter=vcenter,
        moref=moref,
        url=url_of_datastore(vcenter, moref),
        sums=sums,
        drawn=drawn,
        searched_at=scan.read_at if scan else None,
        unread=len(scan.unread) if scan else 0,
        running=bool(progress and progress.running == name),
        trouble=trouble_words(trouble) if trouble else None,
    )


def _took_s(key: tuple[str, MoRef], report: LedgerReport) -> float | None:
    scan = report.scans.by_datastore.get(key)
    return scan.took_s if scan else None


def _drawn(ledger: Ledger) -> OfEach[_ToDraw, Drawn]:
    """With hundreds of datastores, their sizes in words cost more than the whole list."""
    line = ledger.images.line
    return OfEach() if line is None else line.of_each(("drawn", get_language()))


def _draw(its: _ToDraw) -> Drawn:
    known = its.took_s is not None
    return Drawn(
        name=its.name,
        parts=tuple(_parts(its.sums, its.largest)),
        texts=tuple(bytes_of(its.sums.of(use)) for use in ORDER) if known else (),
        took=filled(_("in %(took)s s"), took=floatformat(its.took_s, 1)) if known else "",
        search=filled(_("Search %(name)s afresh"), name=its.name),
    )


def _parts(sums: CacheSum, largest: int) -> Iterable[Part]:
    x = 0.0
    for use in ORDER:
        amount = sums.of(use)
        if amount:
            width = WIDTH * amount / largest
            text = f"{USES[use]}: {bytes_of(amount)}"
            yield Part(use.value, round(x, 3), round(width, 3), text)
            x += width


def summary_of(report: LedgerReport) -> dict[str, Any]:
    """What the template `_summary.html` wants."""
    ledger = report.ledger
    if ledger is None:
        return {}
    lines = lines_of(report)
    shown = lines
    if len(lines) > MOST_DATASTORES:
        shown = [line for line in lines if line.telling][:MOST_DATASTORES]
    total = ledger.total
    searched = sum(line.searched_at is not None for line in lines)
    unsearched = len(lines) - searched
    return {
        "total": total,
        "searched": searched,
        "unsearched": unsearched,
        "figures": [
            {"use": use.value, "label": USES[use], "text": bytes_of(total.of(use))}
            for use in ORDER
        ],
        "cached": bytes_of(total.cached_bytes),
        "heads": [USES[use] for use in ORDER],
        "lines": shown,
        "more_lines": [line for line in lines if line not in shown],
        "leftover_count": len(ledger.leftovers),
        "leftovers_open": bool(unsearched or ledger.undecided),
        "leftover_text": _sum_text([each.size_bytes for each in ledger.leftovers]),
        "risk_count": len(ledger.risks),
        "risks_unknown": not report.inventories,
        "risks_open": bool(ledger.undecided_vms) or not report.complete,
        "undecided_vms": len(ledger.undecided_vms),
        "untold": ", ".join(map(foreign, report.untold)),
        "ageing": ageing_of(report),
    }


def source_of(vcenter: str) -> str:
    """The name of a vCenter's searches, for the script that shows how far they are."""
    return f"searches of {vcenter}"


def ageing_of(report: LedgerReport) -> list[dict[str, str]]:
    return [
        {
            "host": foreign(compute.host),
            "root": foreign(compute.root or ""),
            "words": ageing_words(compute.ageing),
        }
        for compute in report.computes.all
        if compute.cluster
    ]


def _sum_text(sizes: Sequence[int | None]) -> str:
    known = sum(size for size in sizes if size is not None)
    text = bytes_of(known)
    return text if None not in sizes else filled("≥ %(size)s", size=text)
