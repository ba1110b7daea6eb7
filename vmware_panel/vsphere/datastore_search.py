# mypy: allow-untyped-calls
"""One search of a whole datastore by its browser: one task, waited for, and read once.

A vCenter's answer has one result for each folder, `[datastore] a/b/`, with or without the slash at
its end, hidden folders included. A folder that the result of its own folder names and that has none
itself could not be read. A disk's descriptor and its extent come as one `VmDiskFileInfo` or as two
files: see `domain.file_sums`. The simulator always has two.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from typing import Any, NamedTuple, Protocol, TypeVar

from pyVmomi import vim

from vmware_panel.domain.datastore_files import DatastoreFile, Scan
from vmware_panel.domain.file_sums import Listing, sums_of
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
    bad_answer,
    cancelled,
    fault_answered,
    quoted,
)
from vmware_panel.vsphere.live_reads import Found, read_found
from vmware_panel.vsphere.login import Connected
from vmware_panel.vsphere.property_reader import (
    ObjectSpec,
    SelectionSpec,
    TraversalSpec,
    read_rows,
)
from vmware_panel.vsphere.rows import Row, SearchedFolder
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

_SEARCH = "SearchDatastoreSubFolders_Task"
_RESULT = "info.result"
_LOOK: Mapping[type, Sequence[str]] = {
    vim.Task: (
        "info.state",
        "info.progress",
        "info.error",
        "info.startTime",
        "info.completeTime",
    )
}
_FACTS: Mapping[type, Sequence[str]] = {
    vim.Datastore: ("name", "browser", "summary.accessible", "summary.maintenanceMode"),
    vim.Datacenter: ("name",),
}
_IN_MAINTENANCE = "inMaintenance"
_UP = "up"
# Of the whole vCenter: the next datastore would fare no better.
_PASSING = (SessionLost, ConnectionLost, CannotConnect, CallCancelled)
_INACCESSIBLE = frozenset({"InaccessibleDatastore", "InvalidDatastore", "InvalidDatastorePath"})


class Timeouts(Protocol):
    """Of one call, and of a long list; an `Endpoint` has both."""

    @property
    def read_timeout_s(self) -> float: ...

    @property
    def list_timeout_s(self) -> float: ...


class _Store(NamedTuple):
    name: str
    browser: MoRef
    datacenter: MoRef | None


class _Look(NamedTuple):
    state: TaskState
    percent: int | None
    took_s: float | None


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
        store = self._read(partial(_facts, moref=self._datastore))
        self._told(store.name, None)
        read_at = datetime.now(UTC)
        vcenter, task = self._read(partial(_start, store=store))
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
        folders, files, unread = sums_of(_listings(store.name, found))
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

    def _wait(self, store: _Store, task: MoRef) -> float | None:
        """Until the task has ended well; how long it took, by vCenter's clock."""
        pause_s = FIRST_LOOK_S
        failed = 0
        while True:
            try:
                look = self._read(partial(_look, task=task))
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

    def _result(self, store: _Store, task: MoRef) -> tuple[SearchedFolder, ...]:
        try:
            return self._read(partial(_found, task=task), self._timeouts.list_timeout_s)
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
        return _failed(kind, error.detail, error)


def mounted_datastores(connected: Connected) -> Mapping[MoRef, str]:
    """Those that the hosts of some cluster mount, by id with their names: one call."""
    rows: list[Row] = []
    again = SelectionSpec(name="folders")
    stores = TraversalSpec(
        name="stores", type=vim.ClusterComputeResource, path="datastore", skip=False
    )
    datacenters = TraversalSpec(
        name="datacenters", type=vim.Datacenter, path="hostFolder", skip=False, selectSet=[again]
    )
    folders = TraversalSpec(
        name="folders",
        type=vim.Folder,
        path="childEntity",
        skip=False,
        selectSet=[again, datacenters, stores],
    )
    start = ObjectSpec(obj=connected.root_folder, skip=True, selectSet=[folders])
    read_rows(connected, [start], {vim.Datastore: ("name",)}, rows.append)
    return {
        row.moref: row.text("name") or row.moref
        for row in rows
        if issubclass(row.kind, vim.Datastore)
    }


def once_more(
    session: Session, work: Callable[[Connected], T], until: Deadline, timeout_s: float
) -> T:
    """Runs a step within `until`, and a second time if the session had ended. Raises `VSphereError`."""
    try:
        return session.once(work, until.at_most(timeout_s))
    except SessionLost:
        return session.once(work, until.at_most(timeout_s))


def _facts(connected: Connected, moref: MoRef) -> _Store:
    """Where it is and whether it can be searched: one call."""
    source = connected.vcenter.name
    up = TraversalSpec(
        name=_UP,
        type=vim.ManagedEntity,
        path="parent",
        skip=False,
        selectSet=[SelectionSpec(name=_UP)],
    )
    start = ObjectSpec(obj=vim.Datastore(moref), skip=False, selectSet=[up])
    found = read_found(connected, [start], _FACTS)
    store = next((one for one in found if issubclass(one.kind, vim.Datastore)), None)
    if store is None:
        raise ObjectGone(moref, source=source)
    for fault in store.refused.values():
        raise fault_answered(fault, source=source, method="RetrievePropertiesEx")
    name, browser = store.get("name"), store.get("browser")
    shown = quoted(name)
    if store.get("summary.accessible") is False:
        raise _unusable(f"{shown}: the datastore is not accessible", source)
    if store.get("summary.maintenanceMode") == _IN_MAINTENANCE:
        raise _unusable(f"{shown}: the datastore is in maintenance mode", source)
    if not name or browser is None:
        raise bad_answer(f"{moref} has no browser", source=source)
    datacenter = next((one.moref for one in found if issubclass(one.kind, vim.Datacenter)), None)
    return _Store(name, MoRef(browser._moId), datacenter)


def _start(connected: Connected, store: _Store) -> tuple[str, MoRef]:
    """The vCenter's name, and the task: one call."""
    of = vim.host.DatastoreBrowser
    spec = of.SearchSpec(
        details=of.FileInfo.Details(
            fileType=True, fileSize=True, modification=True, fileOwner=False
        ),
        # The last one is for all other files: their bytes count too.
        query=[
            of.VmDiskQuery(),
            of.IsoImageQuery(),
            of.VmConfigQuery(),
            of.FolderQuery(),
            of.Query(),
        ],
    )
    browser = connected.managed(of, store.browser)
    task: Any = browser.SearchDatastoreSubFolders_Task(f"[{store.name}]", spec)
    return connected.vcenter.name, MoRef(task._moId)


def _look(connected: Connected, task: MoRef) -> _Look:
    """How far the task is: one call. Raises what it has ended by."""
    found = read_found(connected, [ObjectSpec(obj=vim.Task(task), skip=False)], _LOOK)
    if not found:
        raise ObjectGone(task, source=connected.vcenter.name)
    its = found[0]
    state = TaskState(its.get("info.state"))
    if state is TaskState.ERROR:
        raise _ended_by(connected, its.get("info.error"))
    percent = its.get("info.progress") if state is TaskState.RUNNING else None
    return _Look(state, percent, _took_s(its))


def _took_s(its: Found) -> float | None:
    started, completed = its.get("info.startTime"), its.get("info.completeTime")
    if started is None or completed is None:
        return None
    seconds: float = (completed - started).total_seconds()
    return max(0.0, seconds)


def _ended_by(connected: Connected, fault: Any) -> VSphereError:
    error = fault_answered(fault, source=connected.vcenter.name, method=_SEARCH)
    if isinstance(error, CallCancelled):  # by somebody in vCenter
        return _failed(TroubleKind.BAD_ANSWER, f"{_SEARCH}: cancelled in vCenter", error)
    return error


def _found(connected: Connected, task: MoRef) -> tuple[SearchedFolder, ...]:
    """What the task found: one call. Past the SDK's decoder, as there may be tens of megabytes."""
    rows: list[Row] = []
    start = [ObjectSpec(obj=vim.Task(task), skip=False)]
    read_rows(connected, start, {vim.Task: (_RESULT,)}, rows.append)
    folders = rows[0].values.get(_RESULT) if rows else None
    if not isinstance(folders, tuple):
        raise bad_answer(f"{_SEARCH}: no result", source=connected.vcenter.name)
    return tuple(folder for folder in folders if isinstance(folder, SearchedFolder))


def _listings(name: str, folders: Sequence[SearchedFolder]) -> Iterator[Listing]:
    for folder in folders:
        path = _below(folder.path, name)
        above = f"{path}/" if path else ""
        yield Listing(
            path,
            tuple(
                DatastoreFile(above + file.name, file.kind, file.size_bytes, file.modified)
                for file in folder.files
            ),
        )


def _below(folder_path: str, datastore_name: str) -> str:
    """`a/b` of `[datastore] a/b/`; the name may hold a bracket, or be another by now."""
    mark = f"[{datastore_name}]"
    if folder_path.startswith(mark):
        below = folder_path[len(mark) :]
    else:
        below = folder_path.partition("]")[2]
    return below.removeprefix(" ").strip("/")


def _is_over(until: Deadline) -> bool:
    try:
        until.remaining_s()
    except TimeoutError:
        return True
    return False


def _unusable(detail: str, source: str) -> SearchFailed:
    return SearchFailed(TroubleKind.INACCESSIBLE, detail, source=source)


def _failed(kind: TroubleKind, detail: str, error: VSphereError) -> SearchFailed:
    failure = SearchFailed(
        kind,
        detail,
        source=error.trouble.source,
        missing_privilege=error.trouble.missing_privilege,
    )
    failure.fault = error.fault
    return failure
