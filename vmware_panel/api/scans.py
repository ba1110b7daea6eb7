"""What lies on the datastores, for the pages: what the collectors' searches found.

No page asks a vCenter for it: a search takes seconds to minutes.
"""

import atexit
import logging
import re
import threading
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache

from django.http import HttpRequest

from vmware_panel.api.context import vcenter_named
from vmware_panel.api.inventories import SnapshotSource, inventory_source
from vmware_panel.collecting.on_demand import ScansOnDemand
from vmware_panel.config import VCenterConfig, get_config
from vmware_panel.domain.datastore_files import Scan, ScanProgress
from vmware_panel.domain.inventory import MoRef
from vmware_panel.domain.outcome import Trouble, TroubleKind
from vmware_panel.store import KeptScans, StoreError

LOG = logging.getLogger(__name__)

_DATASTORE_ID = re.compile(r"datastore-[A-Za-z0-9_.-]{1,64}")


@dataclass(frozen=True)
class Scans:
    """The last search of each datastore, by vCenter and datastore, each with its own `read_at`.

    A datastore that is not in it has not been searched yet. As long as no search is new,
    `by_datastore` is the same object for the same vCenters. `progress` is by vCenter; one that is
    not in it has searched nothing yet. `troubles` are of the store; those of single datastores are
    in the progress.
    """

    by_datastore: Mapping[tuple[str, MoRef], Scan] = field(default_factory=dict)
    progress: Mapping[str, ScanProgress] = field(default_factory=dict)
    troubles: tuple[Trouble, ...] = ()

    @property
    def under_way(self) -> bool:
        """True if there will be something newer soon."""
        return any(progress.under_way for progress in self.progress.values())


def read_scans(vcenters: Sequence[VCenterConfig]) -> Scans:
    """Asks no vCenter. Raises `ConfigError`."""
    source = _source()
    kept: dict[str, KeptScans] = {}
    troubles: dict[Trouble, None] = {}
    for vcenter in vcenters:
        try:
            its = source.scans(vcenter)
        except StoreError as error:
            troubles[error.trouble] = None
        else:
            kept[vcenter.name] = its
            troubles |= dict.fromkeys(its.troubles)
    return Scans(
        _together(kept),
        {name: its.progress for name, its in kept.items() if its.progress is not None},
        tuple(troubles),
    )


def ask_scan(
    request: HttpRequest, vcenter: str, datastores: Collection[MoRef]
) -> tuple[Trouble, ...]:
    """Has these datastores of one vCenter of the region searched out of turn; none named: all.

    The collector does it, and where nobody collects a thread of this process, which alone has then
    what was found. Returns what kept the collector from being asked. What is pending is not asked
    for twice; how it goes is in the progress. Raises `ConfigError`.
    """
    its = vcenter_named(request, vcenter)
    if its is None:
        return (Trouble(vcenter, TroubleKind.CONFIGURATION, "no vCenter of this region"),)
    for moref in datastores:
        if not _DATASTORE_ID.fullmatch(moref):
            detail = f"no datastore has the id {moref!r}"[:200]
            return (Trouble(vcenter, TroubleKind.NOT_FOUND, detail),)
    try:
        _source().ask_scan(its, datastores)
    except StoreError as error:
        return (error.trouble,)
    named = ", ".join(sorted(datastores)) or "all datastores"
    LOG.info("User %s asked for a search of %s on %s", request.user.id, named, vcenter)
    return ()


def forget_all() -> None:
    """As in a process that was just started: for tests."""
    _end()
    _on_demand.cache_clear()


def _source() -> SnapshotSource | ScansOnDemand:
    source = inventory_source()
    return source if isinstance(source, SnapshotSource) else _on_demand()


@cache
def _on_demand() -> ScansOnDemand:
    return ScansOnDemand(get_config().collector.scan_timeout_s)


def _end() -> None:
    if _on_demand.cache_info().currsize:
        _on_demand().stop()


atexit.register(_end)

_merged_lock = threading.Lock()
_merged: dict[
    tuple[str, ...],
    tuple[tuple[Mapping[MoRef, Scan], ...], Mapping[tuple[str, MoRef], Scan]],
] = {}


def _together(kept: Mapping[str, KeptScans]) -> Mapping[tuple[str, MoRef], Scan]:
    names = tuple(kept)
    parts = tuple(its.by_datastore for its in kept.values())
    with _merged_lock:
        known, merged = _merged.get(names, ((), {}))
        if len(known) != len(parts) or any(a is not b for a, b in zip(known, parts, strict=True)):
            merged = {
                (name, moref): scan
                for name, part in zip(names, parts, strict=True)
                for moref, scan in part.items()
            }
            _merged[names] = parts, merged
        return merged
