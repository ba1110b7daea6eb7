"""Searches the datastores of one vCenter, one at a time, beside its collector and on its session."""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from vmware_panel.domain.datastore_files import Scan, ScanProgress
from vmware_panel.domain.inventory import MoRef
from vmware_panel.domain.outcome import Trouble, TroubleKind
from vmware_panel.store import ScanAsk, ScanWriter, StoreError
from vmware_panel.vsphere import (
    CallCancelled,
    Deadline,
    SearchFailed,
    VCenterClient,
    VSphereError,
)

LOG = logging.getLogger(__name__)

LOOK_S = 2.0
"""So often the store is asked whether somebody wants a search."""

START_AFTER_S = 20.0
"""So long vCenter belongs to the first list; what is asked for is searched at once."""

LIST_INTERVAL_S = 300.0
"""How old the list of datastores may be."""

REST_S = 30.0
"""So long nothing is searched after vCenter, or the store, has failed as a whole."""

RETRY_S = 600.0
"""A datastore whose search has failed is left alone that long, unless somebody asks for it."""

CLOCKS_DIFFER = timedelta(minutes=5)
"""A search with a date so far ahead is of a clock that was put back since: its age tells nothing."""

TELL_S = 1.0
BEAT_S = 10.0

Clock = Callable[[], float]


@dataclass(frozen=True, slots=True)
class ScanTimes:
    """How often each datastore is searched, 0: only when asked for; and how long a search may take."""

    interval_s: float = 3600.0
    timeout_s: float = 600.0


class Scanner:
    """Runs in a thread of its own until `stop`.

    What is asked for comes first, then what was never searched, then what was searched longest ago.
    A datastore that cannot be searched keeps its earlier search, and a trouble says why. What one
    scanner leaves undone, the next one finds in the store: what is asked for, and when each
    datastore was searched.
    """

    def __init__(
        self,
        vcenter: str,
        client: VCenterClient,
        writer: ScanWriter,
        times: ScanTimes,
        *,
        start_after_s: float | None = None,
        clock: Clock = time.monotonic,
    ) -> None:
        self._vcenter = vcenter
        self._client = client
        self._writer = writer
        self._times = times
        self._clock = clock
        self._stopping = threading.Event()
        self._until: Deadline | None = None  # of what is asked of vCenter just now
        self._names: Mapping[MoRef, str] = {}  # those that clusters mount
        after_s = START_AFTER_S if start_after_s is None else start_after_s
        self._routine_at_s = clock() + after_s
        self._listed_at_s: float | None = None
        self._rest_until_s = 0.0
        self._searched: dict[ScanAsk, set[MoRef]] = {}  # of what is asked for, what was tried
        self._retry_at_s: dict[MoRef, float] = {}
        self._unkept: Scan | None = None
        self._stumbled_over: MoRef | None = None
        # What it says of itself
        self._begun = False
        self._troubles: dict[MoRef, Trouble] = {}
        self._logged: set[MoRef] = set()
        self._outage: TroubleKind | None = None
        self._progress = ScanProgress()
        self._told: ScanProgress | None = None
        self._told_at_s = 0.0

    @property
    def progress(self) -> ScanProgress:
        return self._progress

    def run(self) -> None:
        """Returns after `stop`; a search under way is given up and cancelled."""
        while not self._stopping.is_set():
            searched = False
            try:
                if self._clock() >= self._rest_until_s:
                    searched = self._step()
            except StoreError as error:
                self._rest(error.trouble)
            if not searched:
                self._stopping.wait(LOOK_S)

    def stop(self) -> None:
        self._stopping.set()
        if (until := self._until) is not None:
            until.cut()

    # One step

    def _step(self) -> bool:
        """Searches one datastore, if one is due; True if it did."""
        if not self._begun:
            last = self._writer.told()
            self._troubles |= last.troubles if last else {}
            self._begun = True
        if self._unkept is not None:
            self._keep(self._unkept)
        asks = self._writer.asks()
        routine = self._times.interval_s > 0 and self._clock() >= self._routine_at_s
        everything = any(not ask.datastores for ask in asks)
        if (routine or everything) and self._is_list_old() and not self._list():
            return False
        read_ats = self._writer.read_ats() if asks or routine else {}
        asked = self._asked(asks, read_ats)
        due = asked + [m for m in self._due(read_ats) if m not in asked] if routine else asked
        if not due:
            self._tell(self._progress.done, 0)
            return False
        self._search(due[0], len(due) - 1)
        return True

    def _is_list_old(self) -> bool:
        at_s = self._listed_at_s
        return at_s is None or self._clock() >= at_s + LIST_INTERVAL_S

    def _list(self) -> bool:
        try:
            self._names = self._client.mounted_datastores(self._deadline(self._times.timeout_s))
        except VSphereError as error:
            self._rest(error.trouble)
            return False
        self._listed_at_s = self._clock()
        self._well()
        # A datastore that is gone is nobody's trouble any more.
        for moref in self._troubles.keys() - self._names.keys() - self._writer.read_ats().keys():
            del self._troubles[moref]
            self._logged.discard(moref)
        return True

    def _asked(self, asks: tuple[ScanAsk, ...], read_ats: Mapping[MoRef, datetime]) -> list[MoRef]:
        """Of all that is asked for, what was not tried yet; those that are done are answered."""
        wanted: dict[MoRef, None] = {}
        searched: dict[ScanAsk, set[MoRef]] = {}
        for ask in asks:
            its = ask.datastores or tuple(self._names)
            # Another scanner may have begun with it.
            before = {m for m in its if m in read_ats and read_ats[m] > ask.asked_at}
            tried = self._searched.get(ask, before)
            left = [moref for moref in its if moref not in tried]
            if left:
                searched[ask] = tried
                wanted |= dict.fromkeys(left)
            else:
                self._writer.answered(ask)
        self._searched = searched
        return list(wanted)

    def _due(self, read_ats: Mapping[MoRef, datetime]) -> list[MoRef]:
        """The mounted ones, and those of which an earlier search is kept: they may be gone."""
        never = datetime.min.replace(tzinfo=UTC)
        now = datetime.now(UTC)
        since, ahead = now - timedelta(seconds=self._times.interval_s), now + CLOCKS_DIFFER
        now_s = self._clock()
        due = [
            moref
            for moref in {**self._names, **dict.fromkeys(read_ats)}
            if not since < read_ats.get(moref, never) <= ahead
            and self._retry_at_s.get(moref, 0.0) <= now_s
        ]
        return sorted(due, key=lambda moref: (read_ats.get(moref, never), moref))

    def _search(self, moref: MoRef, waiting: int) -> None:
        done = self._progress.done if self._progress.under_way else 0
        self._tell(done, waiting, self._names.get(moref, moref))

        def told(name: str, percent: int | None) -> None:
            with suppress(StoreError):  # no reason to give up what vCenter has begun
                self._tell(done, waiting, name, percent)

        try:
            scan = self._client.search_datastore(
                moref, self._deadline(self._times.timeout_s), told
            )
        except SearchFailed as error:
            self._well()
            self._failed(moref, error.trouble)
        except VSphereError as error:
            given_up = isinstance(error, CallCancelled) and self._stopping.is_set()
            if not given_up:
                self._stumbled(moref, error.trouble)
            self._tell(done, waiting + 1)
            return
        else:
            self._well()
            self._keep(scan)
        self._tried(moref)
        self._tell(done + 1, waiting)

    def _keep(self, scan: Scan) -> None:
        """What the store does not take while it is broken is held until it does."""
        self._unkept = scan
        try:
            self._writer.keep(scan)
        except StoreError as error:
            if error.trouble.kind is not TroubleKind.OVERLOADED:
                raise
            self._failed(scan.datastore, error.trouble)
        else:
            self._recovered(scan)
        self._unkept = None

    def _tried(self, moref: MoRef) -> None:
        for tried in self._searched.values():
            tried.add(moref)

    def _deadline(self, timeout_s: float) -> Deadline:
        self._until = until = Deadline(timeout_s)
        if self._stopping.is_set():  # too early to have cut this one short
            until.cut()
        return until

    # When it fails

    def _stumbled(self, moref: MoRef, trouble: Trouble) -> None:
        """It may be vCenter as a whole. One that runs into time twice must not hold up the others."""
        again = trouble.kind is TroubleKind.TIMEOUT and self._stumbled_over == moref
        self._stumbled_over = None if again else moref
        if again:
            self._failed(moref, trouble)
            self._tried(moref)
        else:
            self._troubles[moref] = trouble
        self._rest(trouble)

    def _failed(self, moref: MoRef, trouble: Trouble) -> None:
        if moref not in self._logged:
            self._logged.add(moref)
            LOG.warning(
                "vCenter %s: datastore %s is not searched: %s: %s",
                self._vcenter,
                moref,
                trouble.kind,
                trouble.detail,
            )
        self._troubles[moref] = trouble
        self._retry_at_s[moref] = self._clock() + RETRY_S
        if trouble.kind is TroubleKind.NOT_FOUND:
            self._writer.drop([moref])

    def _recovered(self, scan: Scan) -> None:
        moref = scan.datastore
        self._retry_at_s.pop(moref, None)
        self._troubles.pop(moref, None)
        if moref in self._logged:
            self._logged.discard(moref)
            LOG.info("vCenter %s: datastore %s is searched again", self._vcenter, moref)

    def _rest(self, trouble: Trouble) -> None:
        """What fails is vCenter or the store: what is wanted stays so."""
        self._rest_until_s = self._clock() + REST_S
        if self._stopping.is_set() or trouble.kind is self._outage:
            return
        self._outage = trouble.kind
        LOG.warning(
            "vCenter %s: its datastores are not searched just now: %s: %s: %s",
            self._vcenter,
            trouble.source,
            trouble.kind,
            trouble.detail,
        )

    def _well(self) -> None:
        if self._outage is not None:
            self._outage = None
            LOG.info("vCenter %s: its datastores are searched again", self._vcenter)

    # What it says of itself

    def _tell(self, done: int, wanted: int, running: str = "", percent: int | None = None) -> None:
        progress = ScanProgress(running, percent, done, wanted, dict(self._troubles))
        self._progress, last = progress, self._told
        since_s = self._clock() - self._told_at_s
        if progress == last:
            early = not running or since_s < BEAT_S
        else:
            same_search = last is not None and (running, wanted) == (last.running, last.wanted)
            early = bool(running) and same_search and since_s < TELL_S
        if not early:
            self._writer.tell(progress)
            self._told, self._told_at_s = progress, self._clock()
