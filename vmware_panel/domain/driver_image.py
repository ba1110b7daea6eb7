"""An image as Nova's VMware driver reads it before it fetches it.

Repeats nova 34: `virt/vmwareapi/images.py` (`VMwareImage.from_image`), `vmops.py`
(`_get_image_callbacks`, `_get_vm_config_info`, `_use_disk_image_as_linked_clone`) and the old names
of properties from `objects/image_meta.py`.
"""

from dataclasses import dataclass
from enum import StrEnum

from vmware_panel.domain.cloud import Image
from vmware_panel.domain.details import Detail, DetailKind, detail
from vmware_panel.domain.driver_sums import DATASTORE_TYPES, GIB_BYTES, VSAN
from vmware_panel.domain.plans import Refusal, RefusalKind

ISO, VMDK = "iso", "vmdk"
OVA = "ova"

SPARSE = "sparse"
STREAM_OPTIMIZED = "streamOptimized"
PREALLOCATED = "preallocated"
FLAT_VARIANTS = frozenset({"thin", PREALLOCATED, "thick", "eagerZeroedThick"})
"""`constants.SUPPORTED_FLAT_VARIANTS`: the image is the disk's bare extent."""

_TRUE = frozenset({"1", "t", "true", "on", "y", "yes"})

_IDE, _BUS_LOGIC, _LSI_LOGIC = "ide", "busLogic", "lsiLogic"


class DiskKind(StrEnum):
    """How the image's bytes become a disk in the cache."""

    ISO = "iso"  # as they are
    SPARSE = "sparse"  # copied by vCenter, which unpacks it
    FLAT = "flat"  # the extent of a disk that vCenter makes
    STREAM = "stream"  # imported by a lease, as a VM


@dataclass(frozen=True, slots=True)
class DriverImage:
    """`adapter` is what the disk's descriptor names. `linked_clone` None: nova.conf decides
    (`[vmware] use_linked_clone`, on by default).
    """

    image: Image
    kind: DiskKind
    disk_type: str
    adapter: str
    linked_clone: bool | None

    @property
    def file_type(self) -> str:
        """The ending of the cached file's name."""
        return ISO if self.kind is DiskKind.ISO else VMDK

    @property
    def file_name(self) -> str:
        return f"{self.image.id}.{self.file_type}"

    @property
    def datastore_types(self) -> frozenset[str]:
        """`ds_util.get_allowed_datastore_types`."""
        return DATASTORE_TYPES - (set() if self.disk_type == STREAM_OPTIMIZED else {VSAN})

    def sized_name(self, root_gb: int) -> str:
        return f"{self.image.id}.{root_gb}.vmdk"


def driver_image(image: Image) -> tuple[DriverImage | None, tuple[Refusal, ...]]:
    """The image, or why the driver would not take it, each reason in `detail`."""
    properties = image.properties
    reasons: list[Detail] = []
    if image.status != "active":
        its = DetailKind.STATUS_IS if image.status else DetailKind.STATUS_UNKNOWN
        reasons.append(Detail(its, (image.status,) if image.status else ()))
    hypervisor = properties.get("img_hv_type") or properties.get("hypervisor_type") or "vmware"
    if hypervisor.lower() != "vmware":
        reasons.append(detail(DetailKind.PROPERTY_IS, "img_hv_type", hypervisor))
    if image.disk_format not in (ISO, VMDK):
        reasons.append(
            detail(DetailKind.PROPERTY_IS, "disk_format", image.disk_format)
            if image.disk_format
            else detail(DetailKind.PROPERTY_NOT_SET, "disk_format")
        )
    disk_type = _property(image, "hw_disk_type", "vmware_disktype") or PREALLOCATED
    kind = _kind(image, disk_type)
    if kind is None:
        reasons.append(detail(DetailKind.PROPERTY_IS, "hw_disk_type", disk_type))
    if image.status == "active" and not image.size_bytes:
        reasons.append(Detail(DetailKind.SIZE_ZERO))
    if reasons or kind is None:
        said = tuple(Refusal(RefusalKind.IMAGE_UNFIT, image.name or image.id, r) for r in reasons)
        return None, said
    adapter = _adapter(image)
    clone = _truth(_property(image, "img_linked_clone", "vmware_linked_clone"))
    return DriverImage(image, kind, disk_type, adapter, clone), ()


def refusals_of_size(fit: DriverImage, root_gb: int) -> tuple[Refusal, ...]:
    """Why Nova would boot no instance with this root disk from the image, or none from that copy."""
    image, name = fit.image, fit.image.name or fit.image.id
    if fit.kind is DiskKind.ISO:
        return (Refusal(RefusalKind.IMAGE_UNFIT, name, Detail(DetailKind.ISO_NOT_SIZED)),)
    if fit.linked_clone is False:
        return (Refusal(RefusalKind.IMAGE_UNFIT, name, Detail(DetailKind.FULL_CLONE_NOT_SIZED)),)
    least_gb = max(image.min_disk_gb, -(-(image.size_bytes or 0) // GIB_BYTES))
    if least_gb > root_gb:
        return (Refusal(RefusalKind.TOO_LARGE, name, f"{least_gb} GiB > {root_gb} GiB"),)
    return ()


def _kind(image: Image, disk_type: str) -> DiskKind | None:
    """In the driver's order of questions; None: `InvalidDiskInfo`."""
    if image.container_format == OVA:
        return DiskKind.STREAM
    if image.disk_format == ISO:
        return DiskKind.ISO
    if disk_type == SPARSE:
        return DiskKind.SPARSE
    if disk_type == STREAM_OPTIMIZED:
        return DiskKind.STREAM
    return DiskKind.FLAT if disk_type in FLAT_VARIANTS else None


def _adapter(image: Image) -> str:
    """`vm_util.get_vmdk_adapter_type` of what `from_image` makes of the properties."""
    legacy = image.properties.get("vmware_adaptertype", "").lower()
    bus = image.properties.get("hw_disk_bus", "").lower() or ("ide" if legacy == "ide" else "")
    if bus == "ide":
        return _IDE
    model = image.properties.get("hw_scsi_model", "").lower() or legacy
    return _BUS_LOGIC if model == "buslogic" else _LSI_LOGIC


def _property(image: Image, name: str, legacy: str) -> str:
    return image.properties.get(name) or image.properties.get(legacy) or ""


def _truth(text: str) -> bool | None:
    """`oslo_utils.strutils.bool_from_string`, with None for what is not there."""
    return text.strip().lower() in _TRUE if text else None
