"""What is to be done for one target of a seeding, as a job keeps it: see `domain.jobs.JobItem.about`."""

from collections.abc import Mapping
from dataclasses import dataclass, fields

from vmware_panel.domain.driver_image import OVA, DiskKind, DriverImage
from vmware_panel.domain.inventory import MoRef
from vmware_panel.domain.seed_sources import SourceKind
from vmware_panel.domain.seeding import SeedItem


@dataclass(frozen=True, slots=True)
class SeedOrder:
    """One item of a job, as its work needs it. `disk_bytes` None: not known when it was planned."""

    image_id: str
    image_name: str
    file_name: str
    kind: DiskKind
    disk_type: str
    adapter: str
    size_bytes: int
    datastore: MoRef
    datastore_name: str
    root: str
    source: SourceKind
    source_path: str = ""
    source_datacenter: MoRef = MoRef("")
    source_datastore: MoRef = MoRef("")
    disk_bytes: int | None = None
    root_gb: int = 0
    only_sized: bool = False
    cluster: MoRef = MoRef("")
    is_ova: bool = False

    @property
    def imported(self) -> bool:
        """By a lease, as a VM: see `domain.imports`."""
        return self.kind is DiskKind.STREAM and self.source is SourceKind.GLANCE

    @property
    def sized_name(self) -> str:
        """Empty where none is asked for."""
        return f"{self.image_id}.{self.root_gb}.vmdk" if self.root_gb else ""

    @property
    def extent_name(self) -> str:
        return self.file_name.replace(".vmdk", "-flat.vmdk")

    def about(self) -> Mapping[str, str]:
        """As `domain.jobs.JobItem.about` keeps it."""
        told = {f.name: getattr(self, f.name) for f in fields(self)}
        return {name: str(value) for name, value in told.items() if not _is_untold(value)}


def order_from(about: Mapping[str, str]) -> SeedOrder:
    """The other way round. Raises `KeyError`, `ValueError` for what no release has written."""
    return SeedOrder(
        image_id=about["image_id"],
        image_name=about.get("image_name", ""),
        file_name=about["file_name"],
        kind=DiskKind(about["kind"]),
        disk_type=about["disk_type"],
        adapter=about["adapter"],
        size_bytes=int(about["size_bytes"]),
        datastore=MoRef(about["datastore"]),
        datastore_name=about["datastore_name"],
        root=about["root"],
        source=SourceKind(about["source"]),
        source_path=about.get("source_path", ""),
        source_datacenter=MoRef(about.get("source_datacenter", "")),
        source_datastore=MoRef(about.get("source_datastore", "")),
        disk_bytes=int(about["disk_bytes"]) if "disk_bytes" in about else None,
        root_gb=int(about.get("root_gb", "0")),
        only_sized="only_sized" in about,
        cluster=MoRef(about.get("cluster", "")),
        is_ova="is_ova" in about,
    )


def order_of(item: SeedItem, fit: DriverImage) -> SeedOrder:
    """What is to be done for an item that is not refused."""
    source, root = item.source, item.target.root
    if source is None or root is None:
        raise ValueError("an item that is refused is no work")
    return SeedOrder(
        image_id=fit.image.id,
        image_name=fit.image.name,
        file_name=fit.file_name,
        kind=fit.kind,
        disk_type=fit.disk_type,
        adapter=fit.adapter,
        size_bytes=fit.image.size_bytes or 0,
        datastore=item.target.datastore.moref,
        datastore_name=item.target.datastore.name,
        root=root,
        source=source.kind,
        source_path=source.path,
        source_datacenter=source.datacenter or MoRef(""),
        source_datastore=source.datastore or MoRef(""),
        disk_bytes=source.disk_bytes,
        root_gb=item.root_gb,
        only_sized=item.only_sized,
        cluster=item.target.cluster_moref,
        is_ova=fit.image.container_format == OVA,
    )


def _is_untold(value: object) -> bool:
    return value is None or value is False or value == ""
