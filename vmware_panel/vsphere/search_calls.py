# mypy: allow-untyped-calls
"""The calls of a search: which datastores there are, one of them, its task, a look, what it found."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from pyVmomi import vim

from vmware_panel.domain.datastore_files import DatastoreFile
from vmware_panel.domain.file_sums import Listing
from vmware_panel.domain.inventory import MoRef
from vmware_panel.domain.outcome import TroubleKind
from vmware_panel.domain.tasks import TaskState
from vmware_panel.vsphere.ancestors import datacenter_among, with_ancestors
from vmware_panel.vsphere.errors import (
    CallCancelled,
    ObjectGone,
    SearchFailed,
    VSphereError,
    bad_answer,
    fault_answered,
    quoted,
)
from vmware_panel.vsphere.live_reads import Found, read_found
from vmware_panel.vsphere.login import Connected
from vmware_panel.vsphere.property_reader import (
    ObjectSpec,
    SelectionSpec,
    read_rows,
    traversal,
)
from vmware_panel.vsphere.rows import Row, SearchedFolder

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


class SearchedStore(NamedTuple):
    """`datacenter` None: it is not told."""

    name: str
    browser: MoRef
    datacenter: MoRef | None


class SearchLook(NamedTuple):
    """`percent` None: vCenter does not say it; `took_s` is by its clock."""

    state: TaskState
    percent: int | None
    took_s: float | None


def mounted_datastores(connected: Connected) -> Mapping[MoRef, str]:
    """Those that the hosts of some cluster mount, by id with their names: one call."""
    rows: list[Row] = []
    again = SelectionSpec(name="folders")
    stores = traversal("stores", vim.ClusterComputeResource, "datastore")
    datacenters = traversal("datacenters", vim.Datacenter, "hostFolder", [again])
    folders = traversal("folders", vim.Folder, "childEntity", [again, datacenters, stores])
    start = ObjectSpec(obj=connected.root_folder, skip=True, selectSet=[folders])
    read_rows(connected, [start], {vim.Datastore: ("name",)}, rows.append)
    return {
        row.moref: row.text("name") or row.moref
        for row in rows
        if issubclass(row.kind, vim.Datastore)
    }


def store_of(connected: Connected, moref: MoRef) -> SearchedStore:
    """Where it is and whether it can be searched: one call."""
    source = connected.vcenter.name
    found = read_found(connected, [with_ancestors(vim.Datastore(moref))], _FACTS)
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
    return SearchedStore(name, MoRef(browser._moId), datacenter_among(found))


def start_search(connected: Connected, store: SearchedStore) -> tuple[str, MoRef]:
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


def look_at(connected: Connected, task: MoRef) -> SearchLook:
    """How far the task is: one call. Raises what it has ended by."""
    found = read_found(connected, [ObjectSpec(obj=vim.Task(task), skip=False)], _LOOK)
    if not found:
        raise ObjectGone(task, source=connected.vcenter.name)
    its = found[0]
    state = TaskState(its.get("info.state"))
    if state is TaskState.ERROR:
        raise _ended_by(connected, its.get("info.error"))
    percent = its.get("info.progress") if state is TaskState.RUNNING else None
    return SearchLook(state, percent, _took_s(its))


def _took_s(its: Found) -> float | None:
    started, completed = its.get("info.startTime"), its.get("info.completeTime")
    if started is None or completed is None:
        return None
    seconds: float = (completed - started).total_seconds()
    return max(0.0, seconds)


def _ended_by(connected: Connected, fault: Any) -> VSphereError:
    error = fault_answered(fault, source=connected.vcenter.name, method=_SEARCH)
    if isinstance(error, CallCancelled):  # by somebody in vCenter
        return search_failed(TroubleKind.BAD_ANSWER, f"{_SEARCH}: cancelled in vCenter", error)
    return error


def result_of(connected: Connected, task: MoRef) -> tuple[SearchedFolder, ...]:
    """What the task found: one call. Past the SDK's decoder, as there may be tens of megabytes."""
    rows: list[Row] = []
    start = [ObjectSpec(obj=vim.Task(task), skip=False)]
    read_rows(connected, start, {vim.Task: (_RESULT,)}, rows.append)
    folders = rows[0].values.get(_RESULT) if rows else None
    if not isinstance(folders, tuple):
        raise bad_answer(f"{_SEARCH}: no result", source=connected.vcenter.name)
    return tuple(folder for folder in folders if isinstance(folder, SearchedFolder))


def listings(name: str, folders: Sequence[SearchedFolder]) -> Iterator[Listing]:
    """`name` is the datastore's."""
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


def _unusable(detail: str, source: str) -> SearchFailed:
    return SearchFailed(TroubleKind.INACCESSIBLE, detail, source=source)


def search_failed(kind: TroubleKind, detail: str, error: VSphereError) -> SearchFailed:
    failure = SearchFailed(
        kind,
        detail,
        source=error.trouble.source,
        missing_privilege=error.trouble.missing_privilege,
    )
    failure.fault = error.fault
    return failure
