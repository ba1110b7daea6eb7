# mypy: allow-untyped-calls
"""Who stands on which file, of all VMs of a vCenter: read whole once, and then what changes.

Each look is as fresh as vCenter itself is, and costs two calls or three, however many VMs there are:
`WaitForUpdatesEx` that waits for nothing, and a read that proves that it was we who were answered.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from pyVmomi import vim

from vmware_panel.domain.file_use import FileUser, UseBook, UsedDatastore
from vmware_panel.domain.inventory import MoRef, VirtualDisk, VmPower
from vmware_panel.domain.outcome import TroubleKind
from vmware_panel.vsphere.deadlines import Deadline
from vmware_panel.vsphere.endpoint import Endpoint
from vmware_panel.vsphere.errors import VSphereError, WatchLost
from vmware_panel.vsphere.live_reads import read_found
from vmware_panel.vsphere.login import Connected
from vmware_panel.vsphere.property_reader import (
    FilterSpec,
    ObjectSpec,
    PropertySpec,
    SelectionSpec,
    is_gone,
    traversal,
)
from vmware_panel.vsphere.property_sets import PropertySets
from vmware_panel.vsphere.rows import ManagedBy, MountedImage, Row, Value
from vmware_panel.vsphere.session import Session
from vmware_panel.vsphere.updates import ObjectUpdate, UpdateKind
from vmware_panel.vsphere.watch import PAGE_SIZE, Watch

T = TypeVar("T")

_DEVICES = "config.hardware.device"
_FILES = (
    "config.files.vmPathName",
    "config.files.snapshotDirectory",
    "config.files.suspendDirectory",
    "config.files.logDirectory",
)
_NAME, _UUID, _POWER, _DATASTORES = (
    "name",
    "config.instanceUuid",
    "runtime.powerState",
    "datastore",
)
_MANAGER = "config.managedBy"
_OF_VM = "vm"
_URL = "summary.url"
INFO = "info"
_CHILDREN = "children"


class UseWatch(Watch):
    """All VMs with their snapshots, and the datastores' names."""

    properties = {
        vim.VirtualMachine: (_NAME, _UUID, _POWER, _DATASTORES, _MANAGER, _DEVICES, *_FILES),
        vim.Datastore: (_NAME, _URL),
    }
    _of_snapshots: PropertySets = {vim.vm.Snapshot: (_OF_VM, _DEVICES)}

    @classmethod
    def filter_spec(cls, connected: Connected, view: vim.view.ContainerView) -> FilterSpec:
        again = SelectionSpec(name=_CHILDREN)
        snapshots = [
            traversal("snapshots", vim.VirtualMachine, "rootSnapshot", [again]),
            traversal(_CHILDREN, vim.vm.Snapshot, "childSnapshot", [again]),
        ]
        members = traversal("members", vim.view.ContainerView, "view", snapshots)
        wanted = {**cls.properties, **cls._of_snapshots}
        return FilterSpec(
            objectSet=[ObjectSpec(obj=view, skip=True, selectSet=[members])],
            propSet=[
                PropertySpec(type=kind, all=False, pathSet=list(paths))
                for kind, paths in wanted.items()
            ],
            reportMissingObjectsInResults=True,
        )

    @classmethod
    def updates_of(cls, connected: Connected, collector: Any) -> Any:
        return connected.updates_of(collector, drives=True)


class LiveUse:
    """One reader's `UseBook`, brought up to date by `current`. For one thread."""

    def __init__(self, session: Session, endpoint: Endpoint, page_size: int = PAGE_SIZE) -> None:
        self._session = session
        self._endpoint = endpoint
        self._page_size = page_size
        self._watch: UseWatch | None = None
        self._rows: dict[MoRef, tuple[type, dict[str, Value | None]]] = {}
        self._book = UseBook()

    def current(self) -> UseBook:
        """As vCenter has it now: whole, or an error. The same book each time, changed in place.

        A watch that is lost is made anew once, with everything read again, within
        `list_timeout_s`. Raises `VSphereError`: then nobody knows what is in use.
        """
        if self._watch is not None:
            try:
                self._follow(self._watch)
            except VSphereError:
                self.close()
            else:
                return self._book
        try:
            self._list()
        except VSphereError:
            self.close()
            raise
        return self._book

    def close(self) -> None:
        """Takes the watch away at vCenter, if that still can be."""
        watch, self._watch = self._watch, None
        self._rows, self._book = {}, UseBook()
        if watch is not None:
            watch.close()

    def _list(self) -> None:
        timeout_s = self._endpoint.read_timeout_s
        watch = self._watch = self._once(
            lambda connected: UseWatch.open(connected, self._page_size), timeout_s
        )
        more = True
        while more:
            more = self._once(lambda connected: self._page(connected, watch), self._list_timeout_s)
        self._follow(watch)  # what came about while the pages were read

    @property
    def _list_timeout_s(self) -> float:
        return self._endpoint.list_timeout_s

    def _page(self, connected: Connected, watch: UseWatch) -> bool:
        page = watch.next(connected, 0)
        if page is None:
            raise WatchLost(TroubleKind.SESSION, "an empty answer", source=connected.vcenter.name)
        self._apply(connected, page.updates)
        return page.truncated

    def _follow(self, watch: UseWatch) -> None:
        def step(connected: Connected) -> None:
            updates: list[ObjectUpdate] = []
            while (page := watch.next(connected, 0)) is not None:
                updates += page.updates
                if not page.truncated:
                    break
            # "Nothing new" is also what one is told who is not logged in.
            watch.confirm(connected)
            self._apply(connected, updates)

        self._once(step, self._endpoint.read_timeout_s)

    def _once(self, step: Callable[[Connected], T], timeout_s: float) -> T:
        return self._session.once(step, Deadline(timeout_s))

    def _apply(self, connected: Connected, updates: list[ObjectUpdate]) -> None:
        for kind, row in updates:
            moref = row.moref
            if kind is UpdateKind.LEAVE:
                self._rows.pop(moref, None)
                self._book.drop(moref)
                continue
            if row.faults and is_gone(connected, row):
                continue  # vCenter will say that it left
            known = {} if kind is UpdateKind.ENTER else self._rows.get(moref, (row.kind, {}))[1]
            values = {**known, **row.values}
            self._rows[moref] = row.kind, values
            self._book.put(_made_of(Row(row.kind, row.ref, values)))


def read_datastores(connected: Connected) -> tuple[UsedDatastore, ...]:
    """Every datastore of the vCenter with its address: one call. Raises `VSphereError`."""
    again = SelectionSpec(name=_CHILDREN)
    datacenters = traversal("datacenters", vim.Datacenter, "datastoreFolder", [again])
    below_folders = traversal(_CHILDREN, vim.Folder, "childEntity", [again, datacenters])
    start = ObjectSpec(obj=connected.root_folder, skip=True, selectSet=[below_folders])
    found = read_found(connected, [start], {vim.Datastore: (_NAME, _URL, INFO)})
    return tuple(
        UsedDatastore(
            one.moref, one.get(_NAME) or "", one.get(_URL) or "", remote_path(one.get(INFO))
        )
        for one in found
    )


def remote_path(info: Any) -> str:
    """Of an NFS share, out of `Datastore.info`; empty for any other."""
    nas = info.nas if isinstance(info, vim.host.NasDatastoreInfo) else None
    return (nas.remotePath or "") if nas else ""


def _made_of(row: Row) -> FileUser | UsedDatastore:
    if issubclass(row.kind, vim.Datastore):
        return UsedDatastore(row.moref, row.text(_NAME) or "", row.text(_URL) or "")
    return FileUser(
        moref=row.moref,
        name=row.text(_NAME) or "",
        instance_uuid=row.text(_UUID) or "",
        power=row.member(_POWER, VmPower),
        files=_files(row),
        datastores=frozenset(row.refs_to(_DATASTORES)) or None,
        snapshot_of=row.ref_to(_OF_VM),
        manager_key=manager.extension_key if (manager := row.one(_MANAGER, ManagedBy)) else "",
    )


def _files(row: Row) -> frozenset[str] | None:
    """None where vCenter does not tell the devices: it then tells nothing of what they stand on."""
    if type(row.values.get(_DEVICES)) is not tuple:
        return None
    found = {path for path in (row.text(name) for name in _FILES) if path}
    for disk in row.all(_DEVICES, VirtualDisk):
        found.update((disk.path, *disk.parent_paths))
    if "" in found:  # a link of a chain that vCenter does not name
        return None
    found.update(image.path for image in row.all(_DEVICES, MountedImage))
    return frozenset(found)
