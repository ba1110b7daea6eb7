# mypy: allow-untyped-calls
"""Files of a datastore: one folder as it is now, and the three changes: make, move, delete.

A change takes a `FolderListing`, never a path in a text: so nothing is moved or deleted that
vCenter did not list in this process a moment ago. What may be changed at all, `domain.datastore_paths`
says; it is asked here again, whoever asked it before.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, TypeVar

from pyVmomi import vim

from vmware_panel.domain.datastore_files import DatastoreFile, FileKind
from vmware_panel.domain.datastore_paths import (
    DatastorePath,
    FilePlace,
    FolderListing,
    UnsafePath,
    parse,
    require_deletable,
    require_makeable,
    require_movable,
)
from vmware_panel.domain.file_use import UsedDatastore
from vmware_panel.domain.inventory import MoRef
from vmware_panel.domain.outcome import TroubleKind
from vmware_panel.vsphere.ancestors import datacenter_among, with_ancestors
from vmware_panel.vsphere.deadlines import current_deadline
from vmware_panel.vsphere.endpoint import Endpoint
from vmware_panel.vsphere.errors import ObjectGone, VSphereError, bad_answer, fault_answered
from vmware_panel.vsphere.file_use import INFO, LiveUse, read_datastores, remote_path
from vmware_panel.vsphere.live_reads import Found, read_found
from vmware_panel.vsphere.login import Connected
from vmware_panel.vsphere.property_reader import ObjectSpec
from vmware_panel.vsphere.search_results import kind_of
from vmware_panel.vsphere.session import Session

T = TypeVar("T")

LISTING_HOLDS_S = 300.0
"""A listing older than this is none to change anything by."""

_SEARCH = "SearchDatastore_Task"
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.02, 0.5


class PathRefused(VSphereError):
    """Nothing was sent: the path is none that may be changed, or was not listed just now."""


class FileChanges:
    """Part of `VCenterClient`."""

    endpoint: Endpoint
    _session: Session

    def file_place(self, datastore: MoRef) -> FilePlace:
        """Where a datastore's files are reached: one call. Raises `VSphereError`."""
        return self._session.read(
            partial(_file_place, datastore=datastore), self.endpoint.read_timeout_s
        )

    def list_folder(
        self, place: FilePlace, path: DatastorePath, *, deep: bool = False
    ) -> FolderListing | None:
        """The folder as it is now; with `deep` all that is below it. None: there is none.

        One call, and some looks at its task. Raises `VSphereError`; the right `Datastore.Browse`
        is needed.
        """
        work = partial(_list_folder, place=place, path=path, deep=deep)
        return self._session.read(work, self.endpoint.read_timeout_s)

    def make_directory(self, place: FilePlace, path: DatastorePath, *, parents: bool) -> None:
        """Sent once: see `Session.change`; with `parents` those above it too.

        Where it is there already, vCenter answers with the fault `FileAlreadyExists`. The right
        `Datastore.FileManagement` is needed, as for the other two.
        """
        self._refuse(partial(require_makeable, place, path))
        work = partial(_make_directory, place=place, path=path, parents=parents)
        self._session.change(work, self.endpoint.read_timeout_s)

    def move_folder(self, listing: FolderListing, destination: DatastorePath) -> MoRef:
        """The task; sent once. Never onto something that is there already."""
        self._refuse_old(listing)
        self._refuse(partial(require_movable, listing, destination))
        work = partial(_move_folder, listing=listing, destination=destination)
        return self._session.change(work, self.endpoint.read_timeout_s)

    def delete_folder(self, listing: FolderListing) -> MoRef:
        """The task that deletes the folder with all that is in it; sent once."""
        self._refuse_old(listing)
        self._refuse(partial(require_deletable, listing))
        work = partial(_delete_folder, listing=listing)
        return self._session.change(work, self.endpoint.read_timeout_s)

    def live_use(self) -> LiveUse:
        """Who stands on which file, to be kept by one job in one thread, and closed after it."""
        return LiveUse(self._session, self.endpoint)

    def used_datastores(self) -> tuple[UsedDatastore, ...]:
        """All that the vCenter has, with their addresses: one call."""
        return self._session.read(read_datastores, self.endpoint.read_timeout_s)

    def _refuse(self, check: Callable[[], None]) -> None:
        try:
            check()
        except UnsafePath as error:
            raise self._refusal(str(error)) from error

    def _refuse_old(self, listing: FolderListing) -> None:
        if not 0 <= time.monotonic() - listing.listed_at_s <= LISTING_HOLDS_S:
            raise self._refusal(f"{listing.path} was not listed just now")

    def _refusal(self, detail: str) -> PathRefused:
        return PathRefused(TroubleKind.CONFIGURATION, detail, source=self.endpoint.name)


def _file_place(connected: Connected, datastore: MoRef) -> FilePlace:
    start = with_ancestors(vim.Datastore(datastore))
    wanted = ("name", "browser", "summary.url", "summary.type", "summary.accessible", INFO)
    found = read_found(connected, [start], {vim.Datastore: wanted, vim.Datacenter: ("name",)})
    its = next((one for one in found if one.moref == datastore), None)
    if its is None:
        raise ObjectGone(datastore, source=connected.vcenter.name)
    datacenter = datacenter_among(found)
    browser, name = its.get("browser"), its.get("name")
    if datacenter is None or browser is None or not name:
        raise bad_answer(
            f"{datastore}: no name, browser or datacenter", source=connected.vcenter.name
        )
    return FilePlace(
        datastore=datastore,
        name=name,
        datacenter=datacenter,
        browser=MoRef(browser._moId),
        url=its.get("summary.url") or "",
        type=its.get("summary.type") or "",
        accessible=its.get("summary.accessible"),
        remote_path=remote_path(its.get(INFO)),
    )


def _list_folder(
    connected: Connected, place: FilePlace, path: DatastorePath, deep: bool
) -> FolderListing | None:
    listed_at_s = time.monotonic()  # before the look, so that it is never taken for a later one
    browser = connected.managed(vim.host.DatastoreBrowser, place.browser)
    spec = vim.host.DatastoreBrowser.SearchSpec(
        details=vim.host.DatastoreBrowser.FileInfo.Details(
            fileType=True, fileSize=True, modification=True, fileOwner=False
        ),
        matchPattern=["*"],
    )
    search = browser.SearchDatastoreSubFolders_Task if deep else browser.SearchDatastore_Task
    try:
        told = _result(connected, search(datastorePath=str(path), searchSpec=spec))
    except VSphereError as error:
        if error.fault == "FileNotFound":
            return None
        raise
    folders = list(told or ()) if deep else [told]
    files: list[DatastoreFile] = []
    found = False
    for folder in folders:
        at = _folder_path(connected, folder)
        if at == path:
            found = True
        elif at.names[: len(path.names)] != path.names or at.datastore != path.datastore:
            raise bad_answer(
                f"{_SEARCH}: {at} is not in {path}, which was asked for",
                source=connected.vcenter.name,
            )
        files.extend(_files(at, folder))
    if not found:
        raise bad_answer(f"{_SEARCH}: nothing about {path}", source=connected.vcenter.name)
    return FolderListing(place, path, tuple(files), listed_at_s, deep)


def _folder_path(connected: Connected, folder: Any) -> DatastorePath:
    said = (getattr(folder, "folderPath", None) or "").rstrip("/")
    try:
        return parse(said)
    except UnsafePath as error:
        raise bad_answer(f"{_SEARCH}: {error}", source=connected.vcenter.name) from error


def _files(folder: DatastorePath, told: Any) -> Iterator[DatastoreFile]:
    above = "/".join(folder.names)
    for info in told.file or ():
        kind = kind_of(type(info))
        is_folder = kind is FileKind.FOLDER
        yield DatastoreFile(
            path=f"{above}/{info.path}",
            kind=kind,
            size_bytes=None if is_folder else info.fileSize,
            modified=info.modification,
        )


def _make_directory(
    connected: Connected, place: FilePlace, path: DatastorePath, parents: bool
) -> None:
    file_manager(connected).MakeDirectory(
        name=str(path),
        datacenter=vim.Datacenter(place.datacenter),
        createParentDirectories=parents,
    )


def _move_folder(
    connected: Connected, listing: FolderListing, destination: DatastorePath
) -> MoRef:
    datacenter = vim.Datacenter(listing.place.datacenter)
    task = file_manager(connected).MoveDatastoreFile_Task(
        sourceName=str(listing.path),
        sourceDatacenter=datacenter,
        destinationName=str(destination),
        destinationDatacenter=datacenter,
        force=False,
    )
    return MoRef(task._moId)


def _delete_folder(connected: Connected, listing: FolderListing) -> MoRef:
    task = file_manager(connected).DeleteDatastoreFile_Task(
        name=str(listing.path), datacenter=vim.Datacenter(listing.place.datacenter)
    )
    return MoRef(task._moId)


def file_manager(connected: Connected) -> Any:
    """No call. Raises `VSphereError` where there is none."""
    manager = connected.content.fileManager
    if manager is None:
        raise bad_answer(
            "RetrieveServiceContent: there is no FileManager", source=connected.vcenter.name
        )
    return connected.managed(vim.FileManager, manager._moId)


def _result(connected: Connected, task: Any) -> Any:
    """What the search found; raises `VSphereError`, with the fault that it ended with."""
    wanted: Mapping[type, tuple[str, ...]] = {
        vim.Task: ("info.state", "info.error", "info.result")
    }
    pause_s = _FIRST_PAUSE_S
    while True:
        found: list[Found] = read_found(connected, [ObjectSpec(obj=task, skip=False)], wanted)
        state = found[0].get("info.state") if found else None
        if state == vim.TaskInfo.State.success:
            return found[0].get("info.result")
        if state is None or state == vim.TaskInfo.State.error:
            error = found[0].get("info.error") if found else None
            raise fault_answered(error, source=connected.vcenter.name, method=_SEARCH)
        try:
            left_s = current_deadline().remaining_s()
        except TimeoutError:
            left_s = 0.0
        if left_s <= pause_s:
            raise VSphereError(
                TroubleKind.TIMEOUT,
                f"{_SEARCH}: no result within the time allowed",
                source=connected.vcenter.name,
            )
        time.sleep(pause_s)
        pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
