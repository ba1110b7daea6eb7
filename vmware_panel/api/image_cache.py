"""The ledger of the image cache: what the collectors keep and searched, joined with OpenStack.

No page of it asks a vCenter.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property, partial
from typing import Any

from django.http import HttpRequest

from vmware_panel.api import cloud
from vmware_panel.api.cache_computes import cache_computes, stands_alone
from vmware_panel.api.context import access_of, scope_of, vcenters_of
from vmware_panel.api.inventories import inventory_source
from vmware_panel.api.joined import versions_of
from vmware_panel.api.placement import Answers, answers_of_all, parts_of_all
from vmware_panel.api.reading import BooksReport, Reading
from vmware_panel.api.scans import Scans, read_scans
from vmware_panel.config import VCenterConfig, get_config
from vmware_panel.domain.cache_ledger import LedgerBooks, cached_images
from vmware_panel.domain.cache_memory import CacheMemory
from vmware_panel.domain.cache_risks import parent_risks
from vmware_panel.domain.cache_roots import CacheComputes
from vmware_panel.domain.cache_sums import CacheSum, sums_by_datastore, total
from vmware_panel.domain.image_cache import (
    CachedImage,
    Leftover,
    LeftoverKind,
    ParentRisk,
    Stander,
)
from vmware_panel.domain.inventory import Inventory
from vmware_panel.domain.kept import Kept
from vmware_panel.domain.leftovers import (
    Doubt,
    LeftoverBooks,
    Leftovers,
    NovasInstances,
    Undecided,
    leftovers,
    without,
)
from vmware_panel.domain.outcome import Trouble
from vmware_panel.openstack import gather
from vmware_panel.openstack.access import DEFAULT_TIMEOUT_S
from vmware_panel.openstack.server_index import IndexedServers

__all__ = ["Ledger", "LedgerReport", "ledger_report"]

MOST_LEDGERS = 4
"""Regions and kinds of users whose last ledger a process keeps."""

_LATELY = "lately there"
_OTHERS = "vCenters of other regions"
_PASSING = frozenset({Doubt.OLDER_BOOK, Doubt.NO_NOVA})


@dataclass(frozen=True)
class Ledger:
    """What is made of one state of all books, kept while none of them moves."""

    images: Kept[CachedImage]
    risks: Kept[ParentRisk]
    undecided_vms: tuple[Stander, ...] = ()
    leftovers: Kept[Leftover] = field(default_factory=Kept)
    undecided: tuple[Undecided, ...] = ()

    @property
    def settled(self) -> bool:
        """False if the same books, read a moment later, could tell more of the leftovers."""
        return not any(each.why in _PASSING for each in self.undecided)

    @cached_property
    def at_risk(self) -> frozenset[str]:
        """The keys of images whose standers are at risk."""
        return frozenset(risk.cached.key for risk in self.risks)

    @cached_property
    def sums(self) -> tuple[CacheSum, ...]:
        return sums_by_datastore(self.images, self.at_risk)

    @cached_property
    def total(self) -> CacheSum:
        return total(self.sums)


@dataclass(frozen=True)
class LedgerReport(BooksReport):
    """The region's image cache. `ledger` None: no search could be read.

    `computes` are those of the VMware driver with what the settings tell of them. `images` and the
    like are the ledger's; empty or None without one. `complete` False: the book of a configured
    vCenter is not there, or is not whole.
    """

    ledger: Ledger | None
    computes: CacheComputes = CacheComputes()
    scans: Scans = field(default_factory=Scans, repr=False)
    project_names: Mapping[str, str] = field(default_factory=dict)
    complete: bool = True

    @property
    def images(self) -> Kept[CachedImage] | None:
        return self.ledger.images if self.ledger else None

    @property
    def leftovers(self) -> Kept[Leftover] | None:
        return self.ledger.leftovers if self.ledger else None

    @property
    def risks(self) -> Kept[ParentRisk] | None:
        return self.ledger.risks if self.ledger else None

    @property
    def untold(self) -> tuple[str, ...]:
        """Computes whose cache root the settings do not tell."""
        return tuple(compute.host for compute in self.computes.all if compute.root is None)


def ledger_report(request: HttpRequest) -> LedgerReport:
    """Asks OpenStack what a list of all instances asks, Glance for its images, and Nova for what it
    deleted since the oldest search if a folder's instance is not in its list. Raises `ConfigError`.
    """
    vcenters = vcenters_of(request)
    access, scope = access_of(request), scope_of(request)
    parts: dict[str, Callable[[], Any]] = {
        **parts_of_all(request, vcenters),
        "images": partial(cloud.all_images, access, scope),
        "projects": partial(cloud.project_names, access, scope),
    }
    if others := _others(vcenters):
        parts[_OTHERS] = partial(inventory_source().read, others)
    answers = answers_of_all(parts, vcenters)
    scans = read_scans(vcenters)
    alone = stands_alone(request, vcenters)
    computes = cache_computes(
        get_config(),
        answers.get("hypervisors"),
        answers.get("services"),
        answers.reading.inventories,
        alone=alone,
    )
    elsewhere: Reading = answers.get(_OTHERS) or Reading()
    silent = _silent((*answers.reading.inventories, *elsewhere.inventories))
    ledger = None
    troubles = [
        *answers.troubles,
        *scans.troubles,
        *(trouble for trouble in elsewhere.troubles if trouble.source in silent),
    ]
    if scans.by_datastore or not scans.troubles:
        since = partial(_since, access, scope, troubles)
        ledger = _ledgers.ledger(answers, scans, computes, alone, since, elsewhere, silent)
    return LedgerReport(
        ledger=ledger,
        computes=computes,
        scans=scans,
        inventories=answers.reading.inventories,
        troubles=tuple(dict.fromkeys(troubles)),
        snapshots=answers.reading.snapshots,
        project_names=answers.get("projects", {}),
        configured=bool(vcenters),
        complete=answers.reading.books.complete
        and all(inventory.whole for inventory in answers.reading.inventories),
    )


def _others(vcenters: Sequence[VCenterConfig]) -> list[VCenterConfig]:
    """The vCenters of other regions: they may mount the same datastores."""
    return [vcenter for vcenter in get_config().vcenters if vcenter not in vcenters]


def _silent(inventories: Sequence[Inventory]) -> tuple[str, ...]:
    there = {inventory.vcenter.name for inventory in inventories}
    return tuple(v.name for v in get_config().vcenters if v.name not in there)


def _since(
    access: Any, scope: str, troubles: list[Trouble], since: datetime
) -> frozenset[str] | None:
    """What Nova has or deleted since then; None where it does not tell, which is a trouble."""
    read = partial(cloud.lately_there, access, scope, since)
    outcome = gather({_LATELY: read}, timeout_s=DEFAULT_TIMEOUT_S)[_LATELY]
    if outcome.trouble:
        source = "nova" if outcome.trouble.source == _LATELY else outcome.trouble.source
        troubles.append(replace(outcome.trouble, source=source))
    return outcome.value


Since = Callable[[datetime], frozenset[str] | None]


@dataclass(frozen=True, slots=True)
class _Made:
    """`held` are the books by whose identity it is found: nothing else can have it meanwhile."""

    held: tuple[object, ...]
    ledger: Ledger


class Ledgers:
    """Those of one process; threads may share it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._made: OrderedDict[Hashable, _Made] = OrderedDict()
        self._memories: OrderedDict[Hashable, CacheMemory] = OrderedDict()

    def ledger(
        self,
        answers: Answers,
        scans: Scans,
        computes: CacheComputes,
        alone: bool,
        since: Since,
        elsewhere: Reading = Reading(),
        silent: tuple[str, ...] = (),
    ) -> Ledger:
        """The ledger of these books, as it was made before if none of them has moved.

        `elsewhere` has the books of the vCenters that are not the region's; `silent` names those of
        all whose book is not there.

        Leftovers that a later read of the same books could settle are not kept.
        """
        reading = answers.reading
        indexed: IndexedServers | None = answers.get("servers")
        listed = answers.get("images")
        memory = self._memory(tuple(i.vcenter.name for i in reading.inventories))
        books = LedgerBooks(
            scans=tuple(scans.by_datastore.values()),
            inventories=reading.inventories,
            computes=computes,
            servers=indexed.servers if indexed else None,
            images=memory.glance.of(listed, lambda: listed),  # listed anew, and mostly the same
            others=elsewhere.inventories,
            silent_vcenters=silent,
            memory=memory,
        )
        held = (books.servers, books.images, scans.by_datastore)
        key = (
            *map(id, held),
            *(versions_of(reading), versions_of(elsewhere), silent),
            *(computes.all, computes.complete, alone),
        )
        with self._lock:
            known = self._made.get(key)
        if known is None:
            images = Kept(cached_images(books), memory.line.below("images"))
            risks = parent_risks(images, books)
            ledger = Ledger(images, Kept(risks.found), risks.undecided)
        elif known.ledger.settled:
            return known.ledger
        else:
            ledger = known.ledger
        complete = reading.books.complete and not silent
        left = _leftovers(books, indexed, complete, alone, since)
        ledger = replace(ledger, leftovers=Kept(left.found), undecided=left.undecided)
        with self._lock:
            self._made[key] = _Made(held, ledger)
            while len(self._made) > MOST_LEDGERS:
                self._made.popitem(last=False)
        return ledger

    def _memory(self, vcenters: Hashable) -> CacheMemory:
        """That of these vCenters' ledgers."""
        with self._lock:
            memory = self._memories.setdefault(vcenters, CacheMemory())
            self._memories.move_to_end(vcenters)
            while len(self._memories) > MOST_LEDGERS:
                self._memories.popitem(last=False)
            return memory


_ledgers = Ledgers()


def _leftovers(
    books: LedgerBooks,
    indexed: IndexedServers | None,
    complete: bool,
    alone: bool,
    since: Since,
) -> Leftovers:
    """Nova is asked what it deleted lately only if an instance of some folder is not in its list."""
    instances = NovasInstances(alone=alone)
    if indexed is not None:
        instances = NovasInstances(frozenset(books.server_by_id), indexed.read_at, alone)
    its = LeftoverBooks(
        books.scans,
        books.inventories,
        books.computes,
        instances,
        inventories_complete=complete,
        others=books.others,
        memory=books.memory,
    )
    found = leftovers(its)
    if not any(each.kind is LeftoverKind.GONE_INSTANCE for each in found.found):
        return found
    return without(found, since(min(scan.read_at for scan in books.scans)))
