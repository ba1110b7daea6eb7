# mypy: allow-untyped-calls
"""Disks that come into a datastore by a lease: `ImportVApp`, one PUT, `HttpNfcLeaseComplete`.

As oslo.vmware's `VmdkWriteHandle` and `nova/virt/vmwareapi/images.py`, `fetch_image_stream_optimized`. A
lease runs out when it is not renewed (five minutes at a vCenter); then, and when it is aborted, vCenter
takes away what it has made, disks included. It belongs to the session: no other can end it.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from pyVmomi import vim

from vmware_panel.domain.datastore_paths import DatastorePath, FilePlace, PlaceKind, lies_in
from vmware_panel.domain.imports import NOTE, ImportedVm, ImportPlace, Lease, LeaseState
from vmware_panel.domain.inventory import MoRef
from vmware_panel.domain.outcome import TroubleKind
from vmware_panel.vsphere.before_sending import ask_before_sending
from vmware_panel.vsphere.calls import note_call
from vmware_panel.vsphere.disk_copies import move_disk
from vmware_panel.vsphere.endpoint import Endpoint
from vmware_panel.vsphere.errors import ObjectGone, bad_answer, fault_name, quoted
from vmware_panel.vsphere.file_changes import PathRefused
from vmware_panel.vsphere.http_put import HttpPut
from vmware_panel.vsphere.lease_keeper import LeaseKeeper
from vmware_panel.vsphere.live_reads import Found, read_found
from vmware_panel.vsphere.login import Connected
from vmware_panel.vsphere.pinned import lease_connection
from vmware_panel.vsphere.property_reader import ObjectSpec
from vmware_panel.vsphere.session import Session

LEASE_S = 300
"""What vCenters give a lease, for one that does not say."""

_METHOD = "PUT of a lease"
_OFF = vim.VirtualMachine.PowerState.poweredOff
_VM = (
    "name",
    "config.annotation",
    "config.instanceUuid",
    "config.files.vmPathName",
    "config.hardware.device",
    "runtime.powerState",
)


class NfcImports:
    """Part of `VCenterClient`. Changes are sent once: see `Session.change`."""

    endpoint: Endpoint
    _session: Session

    def import_place(self, cluster: MoRef, datacenter: MoRef) -> ImportPlace:
        """One call. Raises `VSphereError`."""
        work = partial(_import_place, cluster=cluster, datacenter=datacenter)
        return self._session.read(work, self.endpoint.read_timeout_s)

    def begin_import(self, where: ImportPlace, place: FilePlace, name: str) -> MoRef:
        """`ImportVApp` of a VM with one disk on that datastore; the lease. It needs `VApp.Import`,
        and at a real vCenter the rights to make a VM.
        """
        work = partial(_begin_import, where, place, name)
        return self._session.change(work, self.endpoint.read_timeout_s)

    def lease(self, lease: MoRef) -> Lease:
        """As it is now: one call. Raises `VSphereError`, `ObjectGone` in another session."""
        return self._session.read(partial(_lease, lease), self.endpoint.read_timeout_s)

    @contextmanager
    def kept(self, lease: Lease) -> Iterator[LeaseKeeper]:
        """Renews the lease for as long as the block lasts, in a thread of its own."""
        keeper = LeaseKeeper(lease.timeout_s, partial(self._renew, lease.moref))
        with keeper.running():
            yield keeper

    def send_disk(self, lease: Lease, size_bytes: int, chunks: Iterator[bytes]) -> int:
        """One disk to where the lease says; how many bytes. Sent once.

        The address lets in, and the session's cookie is not sent: who answers is often an ESX host.
        What `chunks` raises passes through. Raises `VSphereError`.
        """
        connection, address = lease_connection(self.endpoint, lease)
        note_call(_METHOD, self._session.calls)
        headers = {"Content-Type": "binary/octet-stream", "Overwrite": "t"}
        put = HttpPut(self.endpoint.name, _METHOD, connection)
        ask_before_sending()
        return put.send(address, headers, size_bytes, chunks)

    def complete_lease(self, lease: MoRef) -> None:
        self._end(lambda connected: _leased(connected, lease).HttpNfcLeaseComplete())

    def abort_lease(self, lease: MoRef) -> None:
        """vCenter then takes away what was made, after it has answered."""
        self._end(lambda connected: _leased(connected, lease).HttpNfcLeaseAbort())

    def imported_vm(self, datacenter: MoRef, name: str) -> ImportedVm | None:
        """The VM of that name in the datacenter's own folder: three calls. Raises `VSphereError`."""
        work = partial(_imported_vm, datacenter=datacenter, name=name)
        return self._session.read(work, self.endpoint.read_timeout_s)

    def unregister_import(self, place: FilePlace, vm: ImportedVm) -> None:
        """Its files stay. It needs `VirtualMachine.Inventory.Unregister`."""
        self._require_import(place, vm)
        self._end(lambda connected: _vm(connected, vm).UnregisterVM())

    def destroy_import(self, place: FilePlace, vm: ImportedVm) -> MoRef:
        """The task that takes it away with its files. It needs `VirtualMachine.Inventory.Delete`."""
        self._require_import(place, vm)
        return self._session.change(
            lambda connected: MoRef(_vm(connected, vm).Destroy_Task()._moId),
            self.endpoint.read_timeout_s,
        )

    def take_disk(
        self, place: FilePlace, source: DatastorePath, destination: DatastorePath
    ) -> MoRef:
        """An imported disk out of its VM's folder into a staging folder, never onto a file."""
        helper = lies_in(place, source, PlaceKind.HELPER_VM)
        if not helper or not lies_in(place, destination, PlaceKind.STAGED):
            raise self._refused(f"{source} may not be moved to {destination}")
        work = partial(move_disk, place, source, destination)
        return self._session.change(work, self.endpoint.read_timeout_s)

    def _renew(self, lease: MoRef, percent: int) -> None:
        self._end(lambda connected: _leased(connected, lease).HttpNfcLeaseProgress(percent))

    def _end(self, work: Callable[[Connected], object]) -> None:
        self._session.change(work, self.endpoint.read_timeout_s)

    def _require_import(self, place: FilePlace, vm: ImportedVm) -> None:
        if not vm.is_import(place, vm.name):
            raise self._refused(f"{vm.name} is no VM that was made from here")

    def _refused(self, detail: str) -> PathRefused:
        return PathRefused(TroubleKind.CONFIGURATION, detail, source=self.endpoint.name)


def _leased(connected: Connected, lease: MoRef) -> Any:
    return connected.managed(vim.HttpNfcLease, lease)


def _vm(connected: Connected, vm: ImportedVm) -> Any:
    return connected.managed(vim.VirtualMachine, vm.moref)


def _import_place(connected: Connected, cluster: MoRef, datacenter: MoRef) -> ImportPlace:
    start = [
        ObjectSpec(obj=vim.ClusterComputeResource(cluster), skip=False),
        ObjectSpec(obj=vim.Datacenter(datacenter), skip=False),
    ]
    wanted: dict[type, tuple[str, ...]] = {
        vim.ClusterComputeResource: ("resourcePool",),
        vim.Datacenter: ("vmFolder",),
    }
    found = {one.moref: one for one in read_found(connected, start, wanted)}
    for moref in (cluster, datacenter):
        if moref not in found:
            raise ObjectGone(moref, source=connected.vcenter.name)
    pool, folder = found[cluster].get("resourcePool"), found[datacenter].get("vmFolder")
    if pool is None or folder is None:
        detail = f"{cluster}, {datacenter}: no resource pool or folder that the account may see"
        raise bad_answer(detail, source=connected.vcenter.name)
    return ImportPlace(MoRef(pool._moId), MoRef(folder._moId))


def _begin_import(where: ImportPlace, place: FilePlace, name: str, connected: Connected) -> MoRef:
    pool = connected.managed(vim.ResourcePool, where.pool)
    spec = vim.vm.VmImportSpec(configSpec=_config(place, name))
    lease = pool.ImportVApp(spec=spec, folder=vim.Folder(where.folder))
    return MoRef(lease._moId)


def _config(place: FilePlace, name: str) -> vim.vm.ConfigSpec:
    """As `_build_shadow_vm_config_spec` with a size of 0: the disk's own comes with its bytes."""
    add = vim.vm.device.VirtualDeviceSpec.Operation.add
    controller = vim.vm.device.VirtualLsiLogicController(
        key=-100, busNumber=0, sharedBus="noSharing"
    )
    disk = vim.vm.device.VirtualDisk(
        key=-101,
        controllerKey=-100,
        unitNumber=0,
        capacityInKB=1,
        backing=vim.vm.device.VirtualDisk.FlatVer2BackingInfo(
            fileName=f"[{place.name}]", diskMode="persistent", thinProvisioned=True
        ),
    )
    return vim.vm.ConfigSpec(
        name=name,
        annotation=NOTE,
        guestId="otherGuest",
        numCPUs=1,
        memoryMB=128,
        files=vim.vm.FileInfo(vmPathName=f"[{place.name}]"),
        deviceChange=[
            vim.vm.device.VirtualDeviceSpec(operation=add, device=controller),
            vim.vm.device.VirtualDeviceSpec(
                operation=add,
                fileOperation=vim.vm.device.VirtualDeviceSpec.FileOperation.create,
                device=disk,
            ),
        ],
    )


def _lease(lease: MoRef, connected: Connected) -> Lease:
    start = [ObjectSpec(obj=vim.HttpNfcLease(lease), skip=False)]
    found = read_found(connected, start, {vim.HttpNfcLease: ("state", "info", "error")})
    if not found:
        raise ObjectGone(lease, source=connected.vcenter.name)
    its, source = found[0], connected.vcenter.name
    try:
        state = LeaseState(str(its.get("state")))
    except ValueError:
        raise bad_answer(f"{lease}: no state of a lease", source=source) from None
    told = its.get("info")
    if told is None:
        return Lease(lease, state, error=_lease_error(its))
    device = next((one for one in told.deviceUrl or () if one.disk), None)
    return Lease(
        moref=lease,
        state=state,
        vm=MoRef(told.entity._moId) if told.entity else None,
        url=device.url if device else "",
        thumbprint=(device.sslThumbprint or "") if device else "",
        certificate=(getattr(device, "sslCertificate", None) or "") if device else "",
        timeout_s=told.leaseTimeout or LEASE_S,
        error=_lease_error(its),
    )


def _lease_error(its: Found) -> str:
    error = its.get("error")
    if error is None:
        return ""
    return f"{fault_name(error)} {quoted(getattr(error, 'msg', None))}".strip()


def _imported_vm(connected: Connected, datacenter: MoRef, name: str) -> ImportedVm | None:
    start = [ObjectSpec(obj=vim.Datacenter(datacenter), skip=False)]
    folders = read_found(connected, start, {vim.Datacenter: ("vmFolder",)})
    folder = folders[0].get("vmFolder") if folders else None
    if folder is None:
        raise ObjectGone(datacenter, source=connected.vcenter.name)
    try:
        vm = connected.search.FindChild(vim.Folder(folder._moId), name)
    except ObjectGone as error:
        if error.moref == MoRef(folder._moId):
            raise
        return None
    if not isinstance(vm, vim.VirtualMachine):
        return None
    found = read_found(
        connected,
        [ObjectSpec(obj=vim.VirtualMachine(vm._moId), skip=False)],
        {vim.VirtualMachine: _VM},
    )
    return _told(found[0]) if found else None


def _told(its: Found) -> ImportedVm:
    disks = [
        device
        for device in its.get("config.hardware.device") or ()
        if isinstance(device, vim.vm.device.VirtualDisk)
    ]
    return ImportedVm(
        moref=its.moref,
        name=its.get("name") or "",
        annotation=its.get("config.annotation") or "",
        instance_uuid=its.get("config.instanceUuid") or "",
        powered_off=its.get("runtime.powerState") == _OFF,
        vm_path=its.get("config.files.vmPathName") or "",
        disks=tuple(
            (
                getattr(disk.backing, "fileName", None) or "",
                disk.capacityInBytes or disk.capacityInKB * 1024,
            )
            for disk in disks
        ),
    )
