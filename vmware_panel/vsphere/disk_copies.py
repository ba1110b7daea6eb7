# mypy: allow-untyped-calls
"""Disks of the image cache: copied, grown and made, by vCenter itself.

Everything is made in a staging folder `[datastore] vmware_temp/<name>/<image>`, and comes into the
cache in one step: a folder by `FileChanges.move_folder`, a single disk by `move_disk`. What a path may
be is asked here again, whoever asked it before.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from pyVmomi import vim

from vmware_panel.domain.datastore_paths import DatastorePath, FilePlace, PlaceKind, lies_in
from vmware_panel.domain.inventory import Datastore, MoRef
from vmware_panel.domain.outcome import TroubleKind
from vmware_panel.vsphere.datastores import SUMMARY_PATHS, datastore_of
from vmware_panel.vsphere.endpoint import Endpoint
from vmware_panel.vsphere.errors import bad_answer
from vmware_panel.vsphere.file_changes import PathRefused, file_manager
from vmware_panel.vsphere.live_reads import read_found
from vmware_panel.vsphere.login import Connected
from vmware_panel.vsphere.property_reader import ObjectSpec
from vmware_panel.vsphere.session import Session


class DiskCopies:
    """Part of `VCenterClient`. Changes are sent once and give their task: see `Session.change`.

    They need the right `Datastore.FileManagement`, and `Datastore.AllocateSpace` at a real vCenter.
    """

    endpoint: Endpoint
    _session: Session

    def datastores_now(self, datastores: Sequence[MoRef]) -> tuple[Datastore, ...]:
        """Their figures as vCenter last counted them, in this order: one call. Those that are gone
        are left out, and nobody's mounts are told. Raises `VSphereError`.
        """
        work = partial(_datastores_now, datastores=datastores)
        return self._session.read(work, self.endpoint.read_timeout_s)

    def copy_disk(
        self,
        source: DatastorePath,
        source_datacenter: MoRef,
        place: FilePlace,
        destination: DatastorePath,
    ) -> MoRef:
        """`CopyVirtualDisk_Task` as Nova sends it: without a spec, never onto a file."""
        self._require_staged(place, destination)
        return self._change(
            partial(_copy_disk, source, source_datacenter, place, destination, "disk")
        )

    def copy_file(
        self,
        source: DatastorePath,
        source_datacenter: MoRef,
        place: FilePlace,
        destination: DatastorePath,
    ) -> MoRef:
        """`CopyDatastoreFile_Task`, for an ISO image."""
        self._require_staged(place, destination)
        return self._change(
            partial(_copy_disk, source, source_datacenter, place, destination, "file")
        )

    def extend_disk(self, place: FilePlace, path: DatastorePath, capacity_kb: int) -> MoRef:
        self._require_staged(place, path)
        return self._change(partial(_extend_disk, place, path, capacity_kb))

    def create_disk(
        self,
        place: FilePlace,
        path: DatastorePath,
        *,
        adapter: str,
        disk_type: str,
        capacity_kb: int,
    ) -> MoRef:
        """`vm_util.create_virtual_disk`: descriptor and extent."""
        self._require_staged(place, path)
        return self._change(
            partial(_create_disk, place, path, adapter, disk_type, max(1, capacity_kb))
        )

    def delete_staged_file(self, place: FilePlace, path: DatastorePath) -> MoRef:
        """One file of a staging folder, an extent or what a disk was unpacked from."""
        self._require_staged(place, path)
        return self._change(partial(_delete_file, place, path))

    def move_disk(
        self, place: FilePlace, source: DatastorePath, destination: DatastorePath
    ) -> MoRef:
        """A disk out of its staging folder into the image's folder, never onto a file."""
        self._require_staged(place, source)
        self._require(place, destination, PlaceKind.IMAGE)
        if source.name != destination.name or source.names[-2] != destination.names[-2]:
            raise self._refused(f"{source} may not be moved to {destination}")
        return self._change(partial(move_disk, place, source, destination))

    def _require_staged(self, place: FilePlace, path: DatastorePath) -> None:
        self._require(place, path, PlaceKind.STAGED)

    def _require(self, place: FilePlace, path: DatastorePath, kind: PlaceKind) -> None:
        """The file has to lie right in such a folder of this datastore."""
        if not lies_in(place, path, kind):
            raise self._refused(f"{path} is no file that may be made or moved from here")

    def _refused(self, detail: str) -> PathRefused:
        return PathRefused(TroubleKind.CONFIGURATION, detail, source=self.endpoint.name)

    def _change(self, work: Callable[[Connected], MoRef]) -> MoRef:
        return self._session.change(work, self.endpoint.read_timeout_s)


def _datastores_now(connected: Connected, datastores: Sequence[MoRef]) -> tuple[Datastore, ...]:
    if not datastores:
        return ()
    wanted = list(dict.fromkeys(datastores))
    start = [ObjectSpec(obj=vim.Datastore(moref), skip=False) for moref in wanted]
    found = {
        one.moref: one for one in read_found(connected, start, {vim.Datastore: SUMMARY_PATHS})
    }
    return tuple(datastore_of(found[moref]) for moref in wanted if moref in found)


def _copy_disk(
    source: DatastorePath,
    source_datacenter: MoRef,
    place: FilePlace,
    destination: DatastorePath,
    what: str,
    connected: Connected,
) -> MoRef:
    from_datacenter = vim.Datacenter(source_datacenter)
    to_datacenter = vim.Datacenter(place.datacenter)
    if what == "file":
        task = file_manager(connected).CopyDatastoreFile_Task(
            sourceName=str(source),
            sourceDatacenter=from_datacenter,
            destinationName=str(destination),
            destinationDatacenter=to_datacenter,
            force=False,
        )
    else:
        task = _disks(connected).CopyVirtualDisk_Task(
            sourceName=str(source),
            sourceDatacenter=from_datacenter,
            destName=str(destination),
            destDatacenter=to_datacenter,
            force=False,
        )
    return MoRef(task._moId)


def _extend_disk(
    place: FilePlace, path: DatastorePath, capacity_kb: int, connected: Connected
) -> MoRef:
    task = _disks(connected).ExtendVirtualDisk_Task(
        name=str(path),
        datacenter=vim.Datacenter(place.datacenter),
        newCapacityKb=capacity_kb,
        eagerZero=False,
    )
    return MoRef(task._moId)


def _create_disk(
    place: FilePlace,
    path: DatastorePath,
    adapter: str,
    disk_type: str,
    capacity_kb: int,
    connected: Connected,
) -> MoRef:
    spec = vim.VirtualDiskManager.FileBackedVirtualDiskSpec(
        adapterType=adapter, diskType=disk_type, capacityKb=capacity_kb
    )
    task = _disks(connected).CreateVirtualDisk_Task(
        name=str(path), datacenter=vim.Datacenter(place.datacenter), spec=spec
    )
    return MoRef(task._moId)


def _delete_file(place: FilePlace, path: DatastorePath, connected: Connected) -> MoRef:
    task = file_manager(connected).DeleteDatastoreFile_Task(
        name=str(path), datacenter=vim.Datacenter(place.datacenter)
    )
    return MoRef(task._moId)


def move_disk(
    place: FilePlace, source: DatastorePath, destination: DatastorePath, connected: Connected
) -> MoRef:
    """`MoveVirtualDisk_Task`, never onto a file. What may be moved where, its callers ask before."""
    datacenter = vim.Datacenter(place.datacenter)
    task = _disks(connected).MoveVirtualDisk_Task(
        sourceName=str(source),
        sourceDatacenter=datacenter,
        destName=str(destination),
        destDatacenter=datacenter,
        force=False,
    )
    return MoRef(task._moId)


def _disks(connected: Connected) -> Any:
    manager = connected.content.virtualDiskManager
    if manager is None:
        raise bad_answer(
            "RetrieveServiceContent: there is no VirtualDiskManager",
            source=connected.vcenter.name,
        )
    return connected.managed(vim.VirtualDiskManager, manager._moId)
