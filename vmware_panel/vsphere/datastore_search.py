"""One search of a whole datastore by its browser: one task, waited for, and read once.

A vCenter's answer has one result for each folder, `[datastore] a/b/`, with or without the slash at
its end, hidden folders included. A folder that the result of its own folder names and that has none
itself could not be read. A disk's descriptor and its extent come as one `VmDiskFileInfo` or as two
files: see `domain.file_sums`. The simulator always has two.
"""

import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from typing import Protocol, TypeVar

from vmware_panel.domain.datastore_files import Scan
from vmware_panel.domain.file_sums import sums_of
from vmware_panel.domain.inventory import MoRef
from vmware_panel.domain.outcome import TroubleKind
from vmware_panel.domain.tasks import TaskState
from vmware_panel.vsphere.deadlines import CutShort, Deadline
from vmware_panel.vsphere.errors import (
    CallCancelled,
    CannotConnect,
    ConnectionLost,
    ObjectGone,
    SearchFailed,
    SessionLost,
    VSphereError,
    cancelled,
    quoted,
)
from vmware_panel.vsphere.login import Connected
from vmware_panel.vsphere.rows import SearchedFolder
from vmware_panel.vsphere.search_calls import (
    SearchedStore,
    listings,
    look_at,
    result_of,
    search_failed,
    start_search,
    store_of,
)
from vmware_panel.vsphere.session import Session
from vmware_panel.vsphere.tasks import cancel_task

T = TypeVar("T")

Told = Callable[[str, int | None], None]
"""Hears the datastore's name and how far its search is, in per cent where vCenter says it."""

FIRST_LOOK_S = 0.1
LONGEST_LOOK_S = 2.0
"""Between two looks at the task: each time twice as long, up to this."""

FAILED_LOOKS = 5
"""So many looks at the task may fail one after another: the search goes on meanwhile."""

CANCEL_TIMEOUT_S = 2.0

# Of the whole vCenter: the next datastore would fare no better.
_PASSING = (SessionLost, ConnectionLost, CannotConnect, CallCancelled)
_INACCESSIBLE = frozenset({"InaccessibleDatastore", "InvalidDatastore", "InvalidDatastorePath"})


class Timeouts(Protocol):
    """Of one call, and of a long list; an `Endpoint` has both."""

    @property
    def read_timeout_s(self) -> float: ...

    @property
    def list_timeout_s(self) -> float: ...


class DatastoreSearch:
    """Of one datastore, within `until`. Four calls, and one for each further look at the task."""

    def __init__(
        self,
        session: Session,
        timeouts: Timeouts,
        datastore: MoRef,
        until: Deadline,
        told: Told = lambda name, percent: None,
    ) -> None:
        self._session = session
        self._timeouts = timeouts
        self._datastore = datastore
        self._until = until
        self._told = told

    def run(self) -> Scan:
        """Raises `SearchFailed` where it is about this datastore, `CallCancelled` where `until` was
        cut short, and else `VSphereError`. A task that is given up is cancelled at vCenter.
        """
        try:
            return self._run()
        except VSphereError as error:
            failure = self._named(error)
        raise failure

    def _run(self) -> Scan:
        store = self._read(partial(store_of, moref=self._datastore))
        self._told(store.name, None)
        read_at = datetime.now(UTC)
        vcenter, task = self._read(partial(start_search, store=store))
        ended = False
        begun_s = time.monotonic()
        try:
            took_s = self._wait(store, task)
            ended = True
        finally:
            if not ended:
                self._cancel(task)
        if took_s is None:
            took_s = time.monotonic() - begun_s
        found = self._result(store, task)
        folders, files, unread = sums_of(listings(store.name, found))
        return Scan(
            vcenter,
            self._datastore,
            store.name,
            read_at,
            store.datacenter,
            folders,
            files,
            unread,
            took_s,
        )

    def _wait(self, store: SearchedStore, task: MoRef) -> float | None:
        """Until the task has ended well; how long it took, by vCenter's clock."""
        pause_s = FIRST_LOOK_S
        failed = 0
        while True:
            try:
                look = self._read(partial(look_at, task=task))
            except VSphereError as error:
                failed += 1
                passing = not error.fault and not isinstance(error, CallCancelled | ObjectGone)
                if not passing or failed > FAILED_LOOKS or _is_over(self._until):
                    raise
            else:
                failed = 0
                if look.state is TaskState.SUCCESS:
                    return look.took_s
                self._told(store.name, look.percent)
            self._until.pause(pause_s)
            pause_s = min(2 * pause_s, LONGEST_LOOK_S)

    def _result(self, store: SearchedStore, task: MoRef) -> tuple[SearchedFolder, ...]:
        try:
            return self._read(partial(result_of, task=task), self._timeouts.list_timeout_s)
        except VSphereError as error:
            if error.kind is not TroubleKind.TIMEOUT:
                raise
            failure = SearchFailed(
                error.kind,
                f"{quoted(store.name)}: what it found was not read within list_timeout_s",
                source=error.trouble.source,
            )
        raise failure

    def _read(self, work: Callable[[Connected], T], timeout_s: float = 0.0) -> T:
        """Once more if vCenter had lost the session; a search that is asked for without one has
        not begun.
        """
        timeout_s = timeout_s or self._timeouts.read_timeout_s
        return once_more(self._session, work, self._until, timeout_s)

    def _cancel(self, task: MoRef) -> None:
        """Where it cannot be, the task ends by itself."""
        with suppress(VSphereError):
            self._session.once(partial(cancel_task, task=task), Deadline(CANCEL_TIMEOUT_S))

    def _named(self, error: VSphereError) -> VSphereError:
        source = error.trouble.source
        try:
            self._until.remaining_s()
        except CutShort:
            return cancelled(f"the search of {self._datastore}", source=source)
        except TimeoutError:
            detail = f"the search of {self._datastore} was not through within its time"
            return SearchFailed(TroubleKind.TIMEOUT, detail, source=source)
        if isinstance(error, (SearchFailed, *_PASSING)) or error.kind is TroubleKind.OVERLOADED:
            return error
        told = error.fault or isinstance(error, ObjectGone)
        if not told and error.kind is not TroubleKind.BAD_ANSWER:
            return error
        kind = TroubleKind.INACCESSIBLE if error.fault in _INACCESSIBLE else error.kind
        return search_failed(kind, error.detail, error)


def once_more(
    session: Session, work: Callable[[Connected], T], until: Deadline, timeout_s: float
) -> T:
    """Runs a step within `until`, and a second time if the session had ended. Raises `VSphereError`."""
    try:
        return session.once(work, until.at_most(timeout_s))
    except SessionLost:
        return session.once(work, until.at_most(timeout_s))


def _is_over(until: Deadline) -> bool:
    try:
        until.remaining_s()
    except TimeoutError:
        return True
    return False
