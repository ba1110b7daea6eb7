"""A streamOptimized disk, or an OVA's, from Glance into the staging folder: imported as a VM by a lease.

    lease -> the disk's bytes -> completed -> VM unregistered -> its disk into the staging folder -> its
    folder gone

As Nova does it (`nova/virt/vmwareapi/vmops.py`, `_fetch_image_as_vapp`, `_fetch_image_as_ova`,
`_cache_stream_optimized_image`). The VM is named after the staging folder, so that another worker finds
what one that died has left. The lease is that one's alone: while it holds, vCenter lets nobody take the VM
away, and when it has run out, vCenter does that itself.
"""

import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from vmware_panel.api.seed_sending import CANCELLED, CLEAN, GivenUp, Sending
from vmware_panel.domain.datastore_paths import DatastorePath, FolderListing
from vmware_panel.domain.details import DetailKind, detail
from vmware_panel.domain.driver_sums import GIB_BYTES
from vmware_panel.domain.imports import (
    ImportedVm,
    Lease,
    LeaseState,
    import_folder,
    import_name,
)
from vmware_panel.domain.inventory import MoRef
from vmware_panel.domain.outcome import SourceError, Trouble, TroubleKind
from vmware_panel.domain.plans import Refusal, RefusalKind, Refused
from vmware_panel.domain.seed_order import SeedOrder
from vmware_panel.domain.seeding import gib
from vmware_panel.domain.streamed_disk import HEAD_BYTES, NotStreamed, capacity_bytes
from vmware_panel.jobs.works import required_access
from vmware_panel.openstack.glance_data import ImageData, image_data
from vmware_panel.openstack.ova import BadOva, disk_of
from vmware_panel.vsphere import VSphereError
from vmware_panel.vsphere.lease_keeper import LeaseKeeper

LEASE, SEND, COMPLETE, UNREGISTER, TAKE, REST = (
    "lease",
    "send",
    "complete",
    "unregister",
    "take",
    "rest",
)
READY_S = 300.0
"""For so long vCenter may make the VM."""
GONE_S = 900.0
"""For so long a VM is waited for that its lease still holds: leases run out after five minutes."""
POLL_S = 1.0


@dataclass(frozen=True, slots=True)
class _Disk:
    """What is to be sent: so many bytes of a disk of that capacity."""

    size_bytes: int
    capacity_bytes: int
    chunks: Iterator[bytes]


class Importing:
    """One image's disk, for one worker."""

    def __init__(self, sending: Sending, order: SeedOrder) -> None:
        self._sending = sending
        self._client = sending.client
        self._report = sending.report
        self._place = sending.staging.place
        self._order = order
        self._name = import_name(sending.staging.name)
        self._folder = import_folder(self._place, self._name)

    def fetch(self, step: str) -> None:
        """Raises `SourceError`, `Refused`, `GivenUp`; the lease is then aborted."""
        order = self._order
        with image_data(required_access(self._report), order.image_id) as data:
            if data.size_bytes != order.size_bytes:
                sizes = detail(DetailKind.SIZE_CHANGED, data.size_bytes, order.size_bytes)
                raise Refused(Refusal(RefusalKind.CHANGED_FILES, order.image_name, sizes))
            try:
                disk = self._disk(data)
                self._require_room(disk.capacity_bytes)
                self._import(step, disk, data)
            except (BadOva, NotStreamed) as error:
                is_ova = isinstance(error, BadOva)
                why = detail(DetailKind.NO_OVA if is_ova else DetailKind.NO_STREAMED_DISK, error)
                refusal = Refusal(RefusalKind.NO_SOURCE, order.image_name, why)
                raise Refused(refusal) from None
        self.finish(step, disk.capacity_bytes)

    def finish(self, step: str, capacity: int | None = None) -> None:
        """From a lease that was completed: its VM away, and its disk into the staging folder."""
        vm = self._vm()
        if vm is not None:
            self._require_made(vm, capacity)
            self._sending.call(
                f"{step} {UNREGISTER}", lambda: self._client.unregister_import(self._place, vm)
            )
        listing = self._listing()
        source = self._only_disk(listing)
        destination = self._sending.staging.file(self._order.file_name)
        self._sending.task(
            f"{step} {TAKE}", lambda: self._client.take_disk(self._place, source, destination)
        )
        self.drop_rest(step)

    def drop_rest(self, step: str) -> None:
        """What the VM was made of besides its disk."""
        listing = self._listing()
        if listing is not None:
            self._sending.task(f"{step} {REST}", lambda: self._client.delete_folder(listing))

    def discard(self, reason: str) -> None:
        """Takes away whatever there is of the import. Raises `SourceError` where something stays."""
        self._discard_vm(reason)
        listing = self._listing()
        if listing is not None:
            self._sending.clean_folder(CLEAN, reason, listing)

    # -- the bytes ---------------------------------------------------------------------------

    def _disk(self, data: ImageData) -> _Disk:
        """Raises `BadOva`, `NotStreamed`, `CloudError`."""
        chunks, size = data.chunks(), data.size_bytes
        if self._order.is_ova:
            inner = disk_of(chunks)
            chunks, size = inner.chunks, inner.size_bytes
        head = b""
        while len(head) < HEAD_BYTES and (chunk := next(chunks, b"")):
            head += chunk
        return _Disk(size, capacity_bytes(head), _after(head, chunks))

    def _require_room(self, capacity: int) -> None:
        """Raises `Refused`, `SourceError`. What it takes at most is known only now."""
        order = self._order
        now = self._client.datastores_now([order.datastore])
        free = now[0].free_bytes if now else None
        needed = capacity + (max(capacity, order.root_gb * GIB_BYTES) if order.root_gb else 0)
        if free is not None and free < needed:
            sizes = f"{gib(needed)} > {gib(free)}"
            raise Refused(Refusal(RefusalKind.NO_SPACE, order.datastore_name, sizes))

    def _import(self, step: str, disk: _Disk, data: ImageData) -> None:
        where = self._client.import_place(self._order.cluster, self._place.datacenter)
        self._sending.heed_cancel()
        moref = self._sending.call(
            f"{step} {LEASE}", lambda: self._client.begin_import(where, self._place, self._name)
        )
        try:
            lease = self._ready(moref)
            with self._client.kept(lease) as keeper:
                self._sending.upload(
                    f"{step} {SEND}",
                    lambda: self._client.send_disk(
                        lease, disk.size_bytes, self._watched(disk, data, keeper)
                    ),
                )
                self._sending.heed_cancel()
                self._sending.call(
                    f"{step} {COMPLETE}", lambda: self._client.complete_lease(moref)
                )
        except (BadOva, GivenUp, Refused, SourceError) as error:
            self._abort(moref, error)
            raise

    def _ready(self, moref: MoRef) -> Lease:
        until_s = time.monotonic() + READY_S
        while True:
            lease = self._client.lease(moref)
            if lease.state is LeaseState.READY:
                return lease
            if lease.state is not LeaseState.INITIALIZING or time.monotonic() >= until_s:
                raise self._failed(f"the lease is {lease.state}: {lease.error or 'no reason'}")
            self._sending.heed_cancel()
            self._report.pause(POLL_S)

    def _watched(self, disk: _Disk, data: ImageData, keeper: LeaseKeeper) -> Iterator[bytes]:
        """The chunks, with the progress told; raises `GivenUp` and `VSphereError` between them."""
        sent_bytes = 0
        for chunk in disk.chunks:
            self._sending.heed_cancel()
            keeper.require()
            yield chunk
            sent_bytes += len(chunk)
            keeper.percent = 100 * sent_bytes // disk.size_bytes
            self._report.progress(keeper.percent)

    def _abort(self, moref: MoRef, error: Exception) -> None:
        """At once, so that vCenter does not wait until it runs out; what is left is discarded."""
        reason = str(error)
        if isinstance(error, GivenUp):
            reason = CANCELLED
        elif isinstance(error, SourceError):
            reason = error.trouble.detail
        with suppress(SourceError):
            self._sending.call(CLEAN, lambda: self._client.abort_lease(moref), reason)

    # -- what was made -----------------------------------------------------------------------

    def _vm(self) -> ImportedVm | None:
        return self._client.imported_vm(self._place.datacenter, self._name)

    def _listing(self) -> FolderListing | None:
        return self._client.list_folder(self._place, self._folder)

    def _require_made(self, vm: ImportedVm, capacity: int | None) -> None:
        made = [size for _, size in vm.disks]
        if not vm.is_import(self._place, self._name) or len(made) != 1:
            raise self._failed(f"{self._name} is not the VM that was asked for")
        if capacity is not None and made != [capacity]:
            raise self._failed(f"its disk has {made[0]} B, not {capacity} B")

    def _only_disk(self, listing: FolderListing | None) -> DatastorePath:
        disks = [
            name
            for name in (listing.names if listing else ())
            if name.endswith(".vmdk") and not name.endswith("-flat.vmdk")
        ]
        if len(disks) != 1:
            raise self._failed(f"there are {len(disks)} disks in {self._folder}, not 1")
        return self._folder.child(disks[0])

    def _discard_vm(self, reason: str) -> None:
        """Once vCenter lets it go. A refusal is no answer for good: the lease may still hold it."""
        until_s = time.monotonic() + GONE_S
        sent = False
        while (vm := self._vm()) is not None:
            found = vm
            if not sent and found.is_import(self._place, self._name):
                try:
                    self._sending.last_task(
                        CLEAN,
                        lambda: self._client.destroy_import(self._place, found),
                        reason,
                    )
                except VSphereError as error:
                    if not error.fault and not error.unanswered:
                        raise
                    sent = not error.fault
            if time.monotonic() >= until_s:
                raise self._failed(f"vCenter does not let {self._name} go")
            self._report.pause(POLL_S)

    def _failed(self, said: str) -> SourceError:
        return SourceError(Trouble(self._sending.vcenter, TroubleKind.BAD_ANSWER, said))


def _after(head: bytes, chunks: Iterator[bytes]) -> Iterator[bytes]:
    yield head
    yield from chunks
