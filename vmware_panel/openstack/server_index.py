"""The servers of a region, kept current: one whole list, then one call for what has changed.

A whole list of 10,000 servers takes a nova-api the better part of a minute, longer than a page may
wait; what has changed since, some 50 ms. So the list is read in a thread of its own, once and then
seldom, and every page asks for the changes.

What `changes-since` tells is in `openstack/server_changes.py`. What it does not tell is found by
the next whole list, after `relist_interval_s` or on demand:

- volumes attached or detached, and host aggregates, which give the availability zone: neither
  touches the server's row;
- a server that was taken out of the database (`nova-manage db archive_deleted_rows`, a backup
  put back) before a call told of its end;
- what changed in a cell that Nova could not reach: it is left out of the answer without a word.
"""

import os
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from vmware_panel.domain.cloud import Server
from vmware_panel.domain.details import DetailKind, detail
from vmware_panel.domain.outcome import TroubleKind, told
from vmware_panel.openstack import nova
from vmware_panel.openstack.access import Access, Service
from vmware_panel.openstack.dates import noting_dates
from vmware_panel.openstack.errors import CloudError
from vmware_panel.openstack.server_changes import (
    GONE,
    UNKNOWN,
    Doubts,
    in_order,
    waits_for_a_host,
    with_changes,
    with_memory,
)
from vmware_panel.openstack.single_flight import SingleFlight

MIN_INTERVAL_S = 2.0
"""An answer not older than this serves its scope without a call."""
RELIST_INTERVAL_S = 3600.0
"""How long what `changes-since` does not tell may stay unknown."""
RELIST_WHILE_UNKNOWN_S = 30.0
"""The same while a cell is down: only a whole list tells that it is back."""
RELIST_AFTER_FAILURE_S = 60.0
OVERLAP_S = 300.0
"""How far each call looks back beyond the last one.

From when on is told by Nova's own clock, the `Date` of its last answer. The rows are stamped by
other hosts, the conductors, and show in the database only some time after: that much both may be
apart. Where an answer has no `Date`, ours counts, and its error too must be within this.
"""
LIST_BUDGET_S = 900.0
LIST_CALL_TIMEOUT_S = 60.0
"""What a whole list may take, and one call of it: no page waits for it to its end."""
WAIT_FOR_RELIST_S = 5.0
"""How long a page waits for a list that was asked for; then it shows what it has."""
WAIT_FOR_FIRST_LIST_S = 5.0
"""How long a page waits for the first list; then it says how far that is."""
MOST_SCOPES = 8

_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
# Nova refuses the question, not the asker: then the whole list has to do.
_NOT_UNDERSTOOD = frozenset({400, 404, 405, 409, 413})

Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class IndexedServers:
    """Every server that the asker may list, newest first, those of one second by id.

    `version` moves when a server did, and `servers` is the very same tuple until then; no two
    contents share one in this process. `read_at` is when Nova last told of changes, `listed_at`
    when it last listed all. `unknown` are the ids of those whose cell is down: what is not certain
    of them is unknown, and the rest is as it was before.
    """

    servers: tuple[Server, ...]
    version: int
    read_at: datetime
    listed_at: datetime
    unknown: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class _List:
    """A whole list. `synced_at` is Nova's clock when it began, `asked_at` ours."""

    held: dict[str, Server]
    asked_at: datetime
    synced_at: datetime


@dataclass(slots=True, eq=False)
class _Index:
    """One scope's book. `SingleFlight` leaves each of its writers alone with it."""

    last: IndexedServers | None = None
    held: dict[str, Server] = field(default_factory=dict)
    synced_at: datetime = _LONG_AGO
    listed: _List | None = None  # not yet taken into `held`
    doubts: Doubts = field(default_factory=Doubts)
    relist_wanted_at: datetime = _LONG_AGO
    relist_failed_at: datetime = _LONG_AGO
    listed_so_far: int = 0

    @property
    def listed_at(self) -> datetime | None:
        if self.listed is not None:
            return self.listed.asked_at
        return self.last.listed_at if self.last is not None else None


class ServerIndexes:
    """One index for each scope, shared by all threads of the process.

    A scope says what its asker sees of all projects' servers: whoever passes equal scopes must be
    shown the same by Nova's policy. The call for the changes is made with the asker's own token,
    so that nobody is served from an index whom Nova has not just let list. Those within
    `min_interval_s` of an answer to the same scope, and those who waited with another for it, are
    served without.
    """

    def __init__(
        self,
        *,
        min_interval_s: float = MIN_INTERVAL_S,
        relist_interval_s: float = RELIST_INTERVAL_S,
        overlap_s: float = OVERLAP_S,
        most_scopes: int = MOST_SCOPES,
    ) -> None:
        self._min_interval = timedelta(seconds=min_interval_s)
        self._relist_interval = timedelta(seconds=relist_interval_s)
        self._overlap = timedelta(seconds=overlap_s)
        self._most_scopes = most_scopes
        self._lists = SingleFlight(Service.NOVA, threads=4, budget_s=LIST_BUDGET_S)
        self._syncs = SingleFlight(Service.NOVA, threads=8)
        self._forget()
        os.register_at_fork(after_in_child=self._forget)

    def _forget(self) -> None:
        self._lock = threading.Lock()
        self._indexes: OrderedDict[str, _Index] = OrderedDict()
        self._version = 0

    def servers(self, access: Access, scope: str, *, now: Clock | None = None) -> IndexedServers:
        """The servers, as Nova has them now.

        The first call of a scope has everything listed, one call for each 1,000 servers, and waits
        a few seconds for it; then it raises `CloudError` (`not_yet`), and the list goes on for
        those who come later. From then on
        it is one call, and one more for each 1,000 servers that changed. Threads that ask
        meanwhile share it. Raises `CloudError`: nothing is given out then, and the index stays.
        """
        clock = now or _utc_now
        index = self._index(scope)
        fresh = self._fresh(index, clock())
        if fresh is not None:
            return fresh
        self._have_list(index, access, clock)
        return self._syncs.share(index, lambda: self._sync(index, access, clock))

    def listing(self, scope: str) -> int | None:
        """How many servers the first list of this scope has read so far; None if none is on."""
        with self._lock:
            index = self._indexes.get(scope)
        if index is None or index.listed_at is not None or not self._lists.is_on(index):
            return None
        return index.listed_so_far

    def relist(self, scope: str, *, now: Clock | None = None) -> None:
        """The next call of this scope has the whole list read: for "Refresh now".

        It waits a few seconds for it, and then shows what it has; `listed_at` tells.
        """
        with self._lock:
            index = self._indexes.get(scope)
        if index is not None:
            index.relist_wanted_at = (now or _utc_now)()

    def forget_all(self) -> None:
        """Nothing is known of any scope."""
        self._forget()

    # -- inside ----------------------------------------------------------------------------

    def _index(self, scope: str) -> _Index:
        with self._lock:
            index = self._indexes.setdefault(scope, _Index())
            self._indexes.move_to_end(scope)
            while len(self._indexes) > self._most_scopes:
                self._indexes.popitem(last=False)
            return index

    def _fresh(self, index: _Index, now: datetime) -> IndexedServers | None:
        last = index.last
        if last is None or last.listed_at < index.relist_wanted_at:
            return None
        # A clock that was put back makes the answer look like one of the future.
        return last if timedelta() <= now - last.read_at < self._min_interval else None

    def _have_list(self, index: _Index, access: Access, clock: Clock) -> None:
        """Waits for a list where there is none yet, and sees that a new one is begun when due."""

        def read() -> None:
            self._list(index, access, clock)

        listed_at = index.listed_at
        if listed_at is None:
            self._have_first_list(index, read)
        elif listed_at < index.relist_wanted_at:
            try:
                self._lists.share(index, read, at_most_s=WAIT_FOR_RELIST_S)
            except CloudError as error:
                if error.trouble.kind is not TroubleKind.TIMEOUT:
                    raise
        elif self._is_due(index, listed_at, clock()):
            self._lists.start(index, read)

    def _have_first_list(self, index: _Index, read: Callable[[], None]) -> None:
        try:
            self._lists.share(index, read, at_most_s=WAIT_FOR_FIRST_LIST_S)
        except CloudError as error:
            if error.trouble.kind is not TroubleKind.TIMEOUT or not self._lists.is_on(index):
                raise
            so_far = detail(DetailKind.SERVERS_READ, f"{index.listed_so_far:,}")
        else:
            return
        raise CloudError(told(Service.NOVA, TroubleKind.NOT_YET, so_far))

    def _is_due(self, index: _Index, listed_at: datetime, now: datetime) -> bool:
        if timedelta() <= now - index.relist_failed_at < timedelta(seconds=RELIST_AFTER_FAILURE_S):
            return False
        interval = self._relist_interval
        if index.last is not None and index.last.unknown:
            interval = min(interval, timedelta(seconds=RELIST_WHILE_UNKNOWN_S))
        return not timedelta() <= now - listed_at < interval

    def _list(self, index: _Index, access: Access, clock: Clock) -> None:
        def note(servers: int) -> None:
            index.listed_so_far = servers

        asked_at = clock()
        note(0)
        patient = replace(access, timeout_s=max(access.timeout_s, LIST_CALL_TIMEOUT_S))
        try:
            with noting_dates() as dates:
                servers = nova.list_servers(patient, all_projects=True, on_page=note)
        except CloudError:
            index.relist_failed_at = clock()
            raise
        index.listed = _List(
            {server.id: server for server in servers}, asked_at, dates[0] if dates else asked_at
        )

    def _sync(self, index: _Index, access: Access, clock: Clock) -> IndexedServers:
        asked_at = clock()
        listed, last = index.listed, index.last
        if last is None and listed and asked_at - listed.asked_at < self._min_interval:
            return self._adopt(index, listed)
        fresh = None if listed else self._fresh(index, asked_at)
        if fresh is not None:  # by a call that landed since this one was asked for
            return fresh
        known = [index.synced_at] if last else []
        since = min([*known, listed.synced_at] if listed else known) - self._overlap
        try:
            with noting_dates() as dates:
                changed = nova.list_servers(access, all_projects=True, changes_since=since)
        except CloudError as error:
            if error.status not in _NOT_UNDERSTOOD:
                raise
            if index.listed is None:
                self._lists.share(index, lambda: self._list(index, access, clock))
            return self._adopt(index, index.listed or listed)
        before = index.held
        base = before
        if listed is not None:
            base = {key: with_memory(new, before.get(key)) for key, new in listed.held.items()}
            gone = {server.id for server in changed if server.status in GONE}
            missing = [s for key, s in before.items() if key not in base and key not in gone]
            base.update(index.doubts.still_there(access, missing))
        held = with_changes(base, changed)
        told = {server.id for server in changed}
        waiting = [s for s in held.values() if waits_for_a_host(s) and s.id not in told]
        held = index.doubts.without_deleted(access, held, waiting)
        index.synced_at = dates[0] if dates else asked_at
        index.listed = None if index.listed is listed else index.listed
        listed_at = listed.asked_at if listed else index.last.listed_at if index.last else asked_at
        return self._keep(index, held, asked_at, listed_at)

    def _adopt(self, index: _Index, listed: _List | None) -> IndexedServers:
        """The whole list as it is, without a call for the changes since."""
        if listed is None:  # taken by nobody else: no two of these run for one index
            raise AssertionError("a list that was read is not there")
        before = index.held
        held = {key: with_memory(new, before.get(key)) for key, new in listed.held.items()}
        index.synced_at, index.listed = listed.synced_at, None
        return self._keep(index, held, listed.asked_at, listed.asked_at)

    def _keep(
        self, index: _Index, held: dict[str, Server], read_at: datetime, listed_at: datetime
    ) -> IndexedServers:
        last = index.last
        if last is not None and held == index.held:
            index.last = replace(last, read_at=read_at, listed_at=listed_at)
        else:
            with self._lock:
                self._version += 1
                version = self._version
            unknown = frozenset(key for key, s in held.items() if s.status == UNKNOWN)
            ordered = in_order(held.values())
            index.held = held
            index.last = IndexedServers(ordered, version, read_at, listed_at, unknown)
        return index.last


def _utc_now() -> datetime:
    return datetime.now(UTC)
