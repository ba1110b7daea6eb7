"""Reports of datastores for the pages' tests: the real sums over small real books."""

import re
from datetime import UTC, datetime, timedelta
from unittest import mock

from tests.unit.domain import builders
from tests.unit.panels import clouds, cluster_pages
from vmware_panel.api.datastore_books import KeptBook
from vmware_panel.api.datastore_entries import DatastoreEntry, entries_of
from vmware_panel.api.datastores import DatastoreReport, DatastoresReport
from vmware_panel.api.scans import Scans
from vmware_panel.domain.cloud import Server, Volume
from vmware_panel.domain.datastore_files import Scan, ScanProgress, TopFolder
from vmware_panel.domain.datastore_tenants import tenants_of
from vmware_panel.domain.datastores import DatastoreDetail, Driver, HostMount
from vmware_panel.domain.inventory import (
    CINDER_EXTENSION,
    Datastore,
    Inventory,
    MoRef,
    VirtualMachine,
)
from vmware_panel.domain.outcome import Trouble
from vmware_panel.openstack.server_index import IndexedServers

GIB = 1 << 30
MINE = MoRef("datastore-1")
GONE_ID, VOLUME_ID = builders.uuid_of(90), builders.uuid_of(40)
DRIVERS = (
    Driver("compute-1", cluster_pages.BLUE, re.compile("ds")),
    Driver("compute-2", cluster_pages.GREEN, re.compile("other")),
)


def datastore(number: int = 1, **changes: object) -> Datastore:
    fields: dict[str, object] = {
        "moref": MoRef(f"datastore-{number}"),
        "name": f"ds{number}",
        "type": "VMFS",
        "capacity_bytes": 1000 * GIB,
        "free_bytes": 400 * GIB,
        "uncommitted_bytes": 500 * GIB,
        "accessible": True,
        "maintenance_mode": "normal",
        "hosts": (MoRef("host-1"), MoRef("host-2"), MoRef("host-4")),
    }
    return Datastore(**{**fields, **changes})  # type: ignore[arg-type]


def shadow() -> VirtualMachine:
    home = f"[ds1] volume-{VOLUME_ID}"
    return builders.vm(
        40,
        name=f"volume-{VOLUME_ID}",
        manager_key=CINDER_EXTENSION,
        vm_path=f"{home}/volume-{VOLUME_ID}.vmx",
        disks=(builders.disk(f"{home}/volume-{VOLUME_ID}.vmdk", capacity_bytes=5 * GIB),),
    )


def inventory(*datastores: Datastore, vms: tuple[VirtualMachine, ...] = ()) -> Inventory:
    """Blue has three hosts of which two mount ds1, green one."""
    its = datastores or (datastore(1), datastore(2, free_bytes=900 * GIB, uncommitted_bytes=0))
    hosts = tuple(
        cluster_pages.host(n, cluster, datastores=tuple(d.moref for d in its if mounts(d, n)))
        for n, cluster in ((1, "domain-c1"), (2, "domain-c1"), (3, "domain-c1"), (4, "domain-c2"))
    )
    disk = builders.disk(f"[ds1] {builders.uuid_of(1)}/1.vmdk", capacity_bytes=20 * GIB)
    return builders.inventory(
        *(vms or (builders.vm(1, disks=(disk,)), shadow(), foreign())),
        hosts=hosts,
        datastores=its,
        clusters=(cluster_pages.BLUE, cluster_pages.GREEN),
        read_at=datetime.now(UTC),
    )


def mounts(its: Datastore, number: int) -> bool:
    return MoRef(f"host-{number}") in its.hosts


def foreign(name: str = "dns") -> VirtualMachine:
    return builders.vm(
        50, name=name, manager_key="", instance_uuid="", vm_path="[ds1] dns/dns.vmx", disks=()
    )


def scan(*more: TopFolder, **changes: object) -> Scan:
    folders = (
        TopFolder(builders.uuid_of(1), 100 * GIB, 5, holds_vm=True),
        TopFolder(f"volume-{VOLUME_ID}", 50 * GIB, 3),
        TopFolder("192.0.2.1_base", 200 * GIB, 40),
        TopFolder(GONE_ID, 20 * GIB, 4),
        TopFolder("dns", 30 * GIB, 6),
        *more,
    )
    at = datetime.now(UTC) - timedelta(hours=2)
    fields: dict[str, object] = {"datastore_name": "ds1", "folders": folders, "read_at": at}
    return Scan("lab", MINE, **{**fields, **changes})  # type: ignore[arg-type]


def scans(*found: Scan, progress: ScanProgress | None = None) -> Scans:
    return Scans(
        {(one.vcenter, one.datastore): one for one in found},
        {"lab": progress} if progress else {},
    )


def indexed(*servers: Server) -> IndexedServers:
    now = datetime.now(UTC)
    return IndexedServers(servers or (builders.server(1),), 1, now, now)


def entries(
    book: Inventory,
    searched: Scans | None = None,
    *,
    nova: bool = True,
    only: MoRef | None = None,
    volume_gb: int = 10,
) -> list[DatastoreEntry]:
    return entries_of(
        KeptBook(book),
        book,
        DRIVERS if nova else None,
        scans(scan()) if searched is None else searched,
        indexed() if nova else None,
        only=only,
        volume_gb=volume_gb,
    )


def datastores_report(
    *books: Inventory,
    searched: Scans | None = None,
    nova: bool = True,
    troubles: tuple[Trouble, ...] = (),
) -> DatastoresReport:
    found = [entry for book in books for entry in entries(book, searched, nova=nova)]
    return DatastoresReport(tuple(found) if books else None, inventories=books, troubles=troubles)


def datastore_report(
    book: Inventory | None = None,
    searched: Scans | None = None,
    *,
    live: bool = True,
    nova: bool = True,
    cinder: bool = True,
    missing: tuple[str, ...] = (),
    troubles: tuple[Trouble, ...] = (),
    mount: HostMount | None = None,
    volume_gb: int = 10,
) -> DatastoreReport:
    book = book or inventory()
    (entry,) = entries(book, searched, nova=nova, only=MINE, volume_gb=volume_gb)
    volumes = {VOLUME_ID: Volume(VOLUME_ID, "data", project_id="p2")}
    servers = {s.id: s for s in indexed().servers}
    detail = DatastoreDetail(
        datetime.now(UTC),
        entry.datastore,
        datetime.now(UTC) - timedelta(minutes=7),
        (mount or HostMount(MoRef("host-1"), True, True, "readWrite"),),
    )
    return DatastoreReport(
        "lab",
        MINE,
        entry=entry,
        detail=detail if live else None,
        missing_privileges=missing if live else None,
        tenants=tenants_of(
            MINE,
            KeptBook(book).uses.vms(MINE),
            book,
            servers if nova else None,
            volumes if cinder else None,
        ),
        project_names=clouds.PROJECTS,
        volume_gb=volume_gb,
        inventories=(book,),
        troubles=troubles,
        client_url="https://vc.example.org/ui/app/datastore",
    )


def patched(report: object, what: str) -> "mock._patch[mock.MagicMock]":
    return mock.patch(f"vmware_panel.api.datastores.{what}", return_value=report)
