"""A cloud with two computes, each with its own cache root on one shared datastore."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from tests.unit.domain import builders
from vmware_panel.domain.cache_ledger import LedgerBooks
from vmware_panel.domain.cache_roots import CacheCompute, CacheComputes
from vmware_panel.domain.cloud import Image
from vmware_panel.domain.datastore_files import DatastoreFile, FileKind, Scan, TopFolder
from vmware_panel.domain.image_cache import Ageing
from vmware_panel.domain.inventory import Datastore, Inventory, MoRef, VirtualMachine

DATASTORE = MoRef("datastore-1")
OTHER_DATASTORE = MoRef("datastore-2")
IMAGE = builders.IMAGE_ID
OTHER_IMAGE = "7d2f0f5e-93a4-4d3e-8a07-1f6f7f2f9a11"
FILE_DATE = datetime(2026, 11, 1, tzinfo=UTC)
SCANNED_AT = builders.READ_AT - timedelta(minutes=5)

COMPUTE_1 = CacheCompute(
    "compute-1",
    vcenter="lab",
    cluster=MoRef("domain-c1"),
    root="c1_base",
    datastore_regex=re.compile("ds"),
    ageing=Ageing(removes=True, minimum_age_s=3600, interval_s=600),
)
COMPUTE_2 = replace(COMPUTE_1, host="compute-2", cluster=MoRef("domain-c2"), root="c2_base")
COMPUTES = CacheComputes((COMPUTE_1, COMPUTE_2), complete=True)


def inventory(*vms: VirtualMachine, **changes: object) -> Inventory:
    """Both clusters mount both datastores."""
    mounted = (DATASTORE, OTHER_DATASTORE)
    fields: dict[str, object] = {
        "hosts": tuple(builders.esx_host(n, datastores=mounted) for n in (1, 2)),
        "datastores": (
            Datastore(DATASTORE, "ds1", type="VMFS", accessible=True),
            Datastore(OTHER_DATASTORE, "ds2", type="NFS", accessible=True),
        ),
    }
    return builders.inventory(*vms, **{**fields, **changes})


def file(path: str, size_bytes: int | None = 100, **changes: object) -> DatastoreFile:
    kind = FileKind.DISK if path.endswith(".vmdk") else FileKind.OTHER
    fields: dict[str, object] = {"kind": kind, "modified": FILE_DATE, "size_bytes": size_bytes}
    return DatastoreFile(path, **{**fields, **changes})  # type: ignore[arg-type]


def folder(path: str) -> DatastoreFile:
    return DatastoreFile(path, FileKind.FOLDER, modified=FILE_DATE)


def image_files(root: str = "c1_base", image: str = IMAGE, gb: int = 20) -> list[DatastoreFile]:
    """The image of 100 bytes and a sized copy of 100, each with an extent of 1000."""
    at = f"{root}/{image}"
    return [
        folder(root),
        folder(at),
        file(f"{at}/{image}.vmdk"),
        file(f"{at}/{image}-flat.vmdk", 1000),
        file(f"{at}/{image}.{gb}.vmdk"),
        file(f"{at}/{image}.{gb}-flat.vmdk", 1000),
    ]


def parent(root: str = "c1_base", image: str = IMAGE, gb: int = 20, ds: str = "ds1") -> str:
    return f"[{ds}] {root}/{image}/{image}.{gb}.vmdk"


def scan(*files: DatastoreFile, **changes: object) -> Scan:
    """Of `ds1`. The top folders are those of the files."""
    tops: dict[str, list[DatastoreFile]] = {}
    for each in files:
        tops.setdefault(each.path.partition("/")[0], []).append(each)
    fields: dict[str, object] = {
        "vcenter": "lab",
        "datastore": DATASTORE,
        "datastore_name": "ds1",
        "read_at": SCANNED_AT,
        "folders": tuple(_top(name, below) for name, below in tops.items()),
        "files": tuple(files),
    }
    return Scan(**{**fields, **changes})  # type: ignore[arg-type]


def _top(name: str, below: Sequence[DatastoreFile]) -> TopFolder:
    files = [each for each in below if each.kind is not FileKind.FOLDER]
    sizes = [each.size_bytes for each in files if each.size_bytes is not None]
    return TopFolder(
        name,
        size_bytes=sum(sizes) if sizes or not files else None,
        files=len(files),
        newest=max((each.modified for each in files if each.modified), default=None),
        holds_vm=any(each.path.endswith(".vmx") for each in files),
    )


def clone(number: int = 1, *chain: str, **changes: object) -> VirtualMachine:
    """A VM whose disk stands on `chain`, nearest first; by default on compute-1's parent."""
    server_id = builders.uuid_of(number)
    disk = builders.disk(f"[ds1] {server_id}/{server_id}.vmdk", parent_paths=chain or (parent(),))
    return builders.vm(number, **{"disks": (disk,), **changes})


def glance(*ids: str, **changes: object) -> Mapping[str, Image]:
    fields: dict[str, object] = {"name": "debian", "status": "active", **changes}
    return {i: Image(i, **fields) for i in ids or (IMAGE, OTHER_IMAGE)}  # type: ignore[arg-type]


def books(*vms: VirtualMachine, **changes: object) -> LedgerBooks:
    """A search that found the image in compute-1's root, and no server unless told."""
    fields: dict[str, object] = {
        "scans": (scan(*image_files()),),
        "inventories": (inventory(*vms),),
        "computes": COMPUTES,
        "servers": (),
        "images": glance(),
    }
    return LedgerBooks(**{**fields, **changes})  # type: ignore[arg-type]
