"""Reports of the image cache for the pages' tests: the real join over small real books."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from tests.unit.domain import builders, caches
from tests.unit.panels import clouds
from vmware_panel.api.image_cache import Ledger, LedgerReport
from vmware_panel.api.scans import Scans
from vmware_panel.domain.cache_ledger import LedgerBooks, cached_images
from vmware_panel.domain.cache_risks import parent_risks
from vmware_panel.domain.datastore_files import Scan, ScanProgress
from vmware_panel.domain.inventory import Inventory, VirtualMachine, VmPower
from vmware_panel.domain.kept import Kept
from vmware_panel.domain.leftovers import LeftoverBooks, NovasInstances, leftovers
from vmware_panel.domain.outcome import Trouble

MARKER = caches.folder(f"c1_base/{caches.OTHER_IMAGE}/ts-2026-11-22-01-30-00")
GONE = builders.uuid_of(77)


def scan() -> Scan:
    """In compute-1's root an image in use and a marked one; in nobody's root a third; leftovers."""
    return caches.scan(
        *caches.image_files(),
        *caches.image_files(image=caches.OTHER_IMAGE),
        MARKER,
        *caches.image_files("old_base"),
        caches.file("vmware_temp/u1/a.vmdk", 7),
        caches.file(f"{GONE}/{GONE}.vmdk", 9),
    )


def vms() -> tuple[VirtualMachine, ...]:
    """web-1 on its own compute's parent; web-2, which is off, was moved away from the marked one."""
    return (
        caches.clone(1),
        caches.clone(2, caches.parent(image=caches.OTHER_IMAGE), power=VmPower.OFF),
    )


def books(**changes: Any) -> LedgerBooks:
    fields: dict[str, Any] = {
        "scans": (scan(),),
        "inventories": (caches.inventory(*vms()),),
        "computes": caches.COMPUTES,
        "servers": (
            builders.server(1),
            builders.server(2, compute_host="compute-2", image_id=caches.OTHER_IMAGE),
        ),
        "images": caches.glance(caches.IMAGE),
    }
    return LedgerBooks(**{**fields, **changes})


def report(
    its: LedgerBooks | None = None,
    *,
    troubles: tuple[Trouble, ...] = (),
    progress: ScanProgress | None = None,
    inventories: Sequence[Inventory] | None = None,
) -> LedgerReport:
    of = its or books()
    images = Kept(cached_images(of))
    risks = parent_risks(images, of)
    instances = NovasInstances(frozenset(of.server_by_id), builders.READ_AT)
    left = leftovers(LeftoverBooks(of.scans, of.inventories, of.computes, instances))
    return LedgerReport(
        ledger=Ledger(
            images, Kept(risks.found), risks.undecided, Kept(left.found), left.undecided
        ),
        computes=of.computes,
        scans=Scans(
            {(s.vcenter, s.datastore): s for s in of.scans},
            {"lab": progress} if progress else {},
        ),
        inventories=tuple(of.inventories if inventories is None else inventories),
        troubles=troubles,
        project_names=clouds.PROJECTS,
    )


def renamed(report_: LedgerReport, name: str) -> LedgerReport:
    """With the name for everything that is foreign."""
    scan_ = caches.scan(
        *caches.image_files(),
        caches.folder(f"c1_base/{name}"),
        caches.file(f"vmware_temp/{name}/a.vmdk", 7),
        datastore_name=name,
    )
    clone = caches.clone(1, f"[{name}] c1_base/{caches.IMAGE}/x.vmdk", name=name)
    book = caches.inventory(clone)
    datastores = tuple(replace(each, name=name) for each in book.datastores[:1])
    of = books(
        scans=(scan_,),
        inventories=(replace(book, datastores=datastores),),
        servers=(builders.server(1, name=name, compute_host="compute-2"),),
        images=caches.glance(caches.IMAGE, name=name),
    )
    return report(of)
