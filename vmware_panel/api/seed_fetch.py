"""The image's own disk into the staging folder: copied by vCenter, or streamed from Glance.

Glance's bytes become a disk as Nova makes it one (`nova/virt/vmwareapi/vmops.py`,
`_prepare_sparse_image`, `_cache_sparse_image`, `_prepare_flat_image`, `_prepare_iso_image`).
"""

from collections.abc import Iterator

from vmware_panel.api.seed_import import Importing
from vmware_panel.api.seed_sending import Sending
from vmware_panel.domain.datastore_paths import DatastorePath, parse
from vmware_panel.domain.details import Detail, DetailKind, detail
from vmware_panel.domain.driver_image import DiskKind
from vmware_panel.domain.outcome import SourceError, Trouble, TroubleKind
from vmware_panel.domain.plans import Refusal, RefusalKind, Refused
from vmware_panel.domain.seed_order import SeedOrder
from vmware_panel.domain.seed_sources import BROKEN_BYTES, SourceKind
from vmware_panel.jobs.works import required_access
from vmware_panel.openstack.glance_data import ImageData, image_data

SPARSE_NAME = "tmp-sparse.vmdk"
COPY, FILE, UPLOAD, UNPACK, DROP, CREATE = "copy", "file", "upload", "unpack", "drop", "create"


class Fetching:
    """One image's disk, for one worker."""

    def __init__(self, sending: Sending, order: SeedOrder) -> None:
        self._sending = sending
        self._client = sending.client
        self._report = sending.report
        self._place = sending.staging.place
        self._order = order

    def fetch(self, step: str) -> None:
        """Raises `SourceError`, `Refused`, `GivenUp`."""
        if self._order.source is SourceKind.COPY:
            self._copy(step)
        elif self._order.imported:
            Importing(self._sending, self._order).fetch(step)
        else:
            self._stream(step)

    def drop_sparse(self, step: str) -> None:
        """What a disk was unpacked from is not to come into the cache."""
        if SPARSE_NAME in self._sending.sizes():
            sparse = self._sending.staging.file(SPARSE_NAME)
            self._sending.task(
                f"{step} {DROP}", lambda: self._client.delete_staged_file(self._place, sparse)
            )

    def _copy(self, step: str) -> None:
        order = self._order
        source = parse(order.source_path)
        self._require_source(source)
        destination = self._sending.staging.file(order.file_name)
        is_iso = order.kind is DiskKind.ISO
        copy = self._client.copy_file if is_iso else self._client.copy_disk
        self._sending.task(
            f"{step} {FILE if is_iso else COPY}",
            lambda: copy(source, order.source_datacenter, self._place, destination),
        )

    def _require_source(self, source: DatastorePath) -> None:
        """That it is there still, and as large as it was. Raises `Refused`."""
        order = self._order
        place = self._client.file_place(order.source_datastore)
        folder = DatastorePath(source.datastore, source.names[:-1])
        listing = (
            self._client.list_folder(place, folder) if place.name == source.datastore else None
        )
        sizes = {f.name: f.size_bytes for f in listing.files} if listing else {}
        size = sizes.get(order.extent_name) or sizes.get(order.file_name)
        if source.name not in sizes or size != order.disk_bytes or size == BROKEN_BYTES:
            why = Detail(DetailKind.FILE_CHANGED, (order.source_path,))
            raise Refused(Refusal(RefusalKind.NO_SOURCE, order.image_name, why))

    def _stream(self, step: str) -> None:
        order, staging = self._order, self._sending.staging
        if order.kind is DiskKind.SPARSE:
            sparse, disk = staging.file(SPARSE_NAME), staging.file(order.file_name)
            self._upload(step, sparse)
            self._sending.task(
                f"{step} {UNPACK}",
                lambda: self._client.copy_disk(sparse, self._place.datacenter, self._place, disk),
            )
            self.drop_sparse(step)
        elif order.kind is DiskKind.FLAT:
            self._make_flat(step)
            self._upload(step, staging.file(order.extent_name))
        else:
            self._upload(step, staging.file(order.file_name))

    def _make_flat(self, step: str) -> None:
        order, staging = self._order, self._sending.staging
        disk, extent = staging.file(order.file_name), staging.file(order.extent_name)
        self._sending.task(
            f"{step} {CREATE}",
            lambda: self._client.create_disk(
                self._place,
                disk,
                adapter=order.adapter,
                disk_type=order.disk_type,
                capacity_kb=order.size_bytes // 1024,
            ),
        )
        self._sending.task(
            f"{step} {DROP}", lambda: self._client.delete_staged_file(self._place, extent)
        )

    def _upload(self, step: str, path: DatastorePath) -> None:
        order = self._order
        access = required_access(self._report)
        where = self._client.datacenter_path(self._place.datacenter)
        with image_data(access, order.image_id) as data:
            if data.size_bytes != order.size_bytes:
                sizes = detail(DetailKind.SIZE_CHANGED, data.size_bytes, order.size_bytes)
                raise Refused(Refusal(RefusalKind.CHANGED_FILES, order.image_name, sizes))
            self._sending.upload(
                f"{step} {UPLOAD}",
                lambda: self._client.upload(
                    self._place, where, path, data.size_bytes, self._watched(data)
                ),
            )
        arrived = self._sending.sizes().get(path.name)
        if arrived != order.size_bytes:
            said = f"{path} has {arrived} of {order.size_bytes} B"
            raise SourceError(Trouble(self._place.name, TroubleKind.BAD_ANSWER, said))

    def _watched(self, data: ImageData) -> Iterator[bytes]:
        """The chunks, with the progress told; raises `GivenUp` between them."""
        sent_bytes = 0
        for chunk in data.chunks():
            self._sending.heed_cancel()
            yield chunk
            sent_bytes += len(chunk)
            self._report.progress(100 * sent_bytes // data.size_bytes)
