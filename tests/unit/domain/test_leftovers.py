"""What interrupted or forgotten work left, and what cannot be told from the books."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.unit.domain import builders, caches
from vmware_panel.domain.cache_roots import CacheComputes
from vmware_panel.domain.datastore_files import DatastoreFile, Scan
from vmware_panel.domain.image_cache import LeftoverKind
from vmware_panel.domain.inventory import Datastore
from vmware_panel.domain.leavings import BROKEN_DOWNLOAD_BYTES
from vmware_panel.domain.leftovers import (
    Doubt,
    LeftoverBooks,
    Leftovers,
    NovasInstances,
    leftovers,
    without,
)

GONE = builders.uuid_of(77)
KNOWN = NovasInstances(ids=frozenset(), read_at=builders.READ_AT)
OTHER = builders.uuid_of(78)
ITS_ID = frozenset({GONE})


def of(*files: DatastoreFile | Scan, **changes: object) -> Leftovers:
    scans = tuple(f for f in files if isinstance(f, Scan)) or (
        caches.scan(*(f for f in files if isinstance(f, DatastoreFile))),
    )
    fields: dict[str, object] = {
        "scans": scans,
        "inventories": (caches.inventory(),),
        "computes": caches.COMPUTES,
        "instances": KNOWN,
    }
    return leftovers(LeftoverBooks(**{**fields, **changes}))  # type: ignore[arg-type]


def paths(found: Leftovers) -> list[tuple[LeftoverKind, str]]:
    return [(leftover.kind, leftover.path) for leftover in found.found]


def doubts(found: Leftovers) -> list[tuple[LeftoverKind, Doubt]]:
    return [(each.kind, each.why) for each in found.undecided]


def test_a_root_that_no_compute_looks_after_is_left_over() -> None:
    found = of(*caches.image_files("old_base"), *caches.image_files("c1_base"))
    assert paths(found) == [(LeftoverKind.OWNERLESS_ROOT, "[ds1] old_base")]
    assert found.found[0].size_bytes == 2200
    assert found.found[0].age_from == caches.FILE_DATE


def test_a_root_of_which_nothing_is_told_is_undecided() -> None:
    found = of(*caches.image_files("old_base"), computes=CacheComputes())
    assert not found.found
    assert doubts(found) == [(LeftoverKind.OWNERLESS_ROOT, Doubt.ROOT_UNTOLD)]


def test_a_broken_download_is_told_by_its_size() -> None:
    broken = caches.file("c1_base/x/x.vmdk", BROKEN_DOWNLOAD_BYTES)
    almost = caches.file("c1_base/y/y.vmdk", BROKEN_DOWNLOAD_BYTES + 1)
    other = caches.file("c1_base/z/z.iso", BROKEN_DOWNLOAD_BYTES)
    elsewhere = caches.file("vmware_temp/u/x.vmdk", BROKEN_DOWNLOAD_BYTES)
    found = of(broken, almost, other, elsewhere)
    kinds = [kind for kind, _ in paths(found)]
    assert kinds == [LeftoverKind.BROKEN_DOWNLOAD, LeftoverKind.TEMP]
    assert found.found[0].path == "[ds1] c1_base/x/x.vmdk"


def test_what_lies_in_the_temporary_folder_is_named_by_what_was_staged() -> None:
    late = caches.FILE_DATE + timedelta(hours=1)
    found = of(
        caches.folder("vmware_temp"),
        caches.folder("vmware_temp/u1"),
        caches.file("vmware_temp/u1/i/a.vmdk", 3),
        caches.file("vmware_temp/u1/i/b.vmdk", 4, modified=late),
        caches.folder("vmware_temp/u2"),
        caches.file("vmware_temp/u3/a.vmdk", None),
    )
    assert [(o.path, o.size_bytes, o.age_from) for o in found.found] == [
        ("[ds1] vmware_temp/u1", 7, late),
        ("[ds1] vmware_temp/u2", 0, caches.FILE_DATE),
        ("[ds1] vmware_temp/u3", None, caches.FILE_DATE),
    ]


@pytest.mark.parametrize(
    ("prefix", "kind"),
    [("OSTACK_IMG", LeftoverKind.IMAGE_VM), ("OSTACK_SNAP", LeftoverKind.SNAPSHOT_VM)],
)
def test_the_folder_of_a_working_vm_is_left_over_unless_a_vm_is_in_it(
    prefix: str, kind: LeftoverKind
) -> None:
    name = f"{prefix}_{GONE}"
    scan = caches.scan(caches.file(f"{name}/{name}.vmdk", 5))
    assert paths(of(scan)) == [(kind, f"[ds1] {name}")]
    by_config = builders.vm(5, vm_path=f"[ds1] {name}/x.vmx")
    by_disk = builders.vm(5, disks=(builders.disk(f"[ds1] {name}/{name}.vmdk"),))
    by_chain = caches.clone(5, f"[ds1] {name}/{name}.vmdk")
    for vm in (by_config, by_disk, by_chain):
        assert not of(scan, inventories=(caches.inventory(vm),)).found
    elsewhere = builders.vm(5, vm_path=f"[ds2] {name}/x.vmx", disks=(), datastores=())
    assert of(scan, inventories=(caches.inventory(elsewhere),)).found


def test_without_vcenters_whole_book_working_vms_are_undecided() -> None:
    scan = caches.scan(caches.file("OSTACK_IMG_1/x.vmdk"))
    part = replace(caches.inventory(), whole=False)
    for changes in (
        {"inventories": ()},
        {"inventories": (part,)},
        {"inventories_complete": False},
    ):
        found = of(scan, **changes)
        assert not found.found
        assert doubts(found) == [(LeftoverKind.IMAGE_VM, Doubt.NO_VCENTER)]


GONE_FOLDER = caches.scan(caches.file(f"{GONE}/{GONE}.vmdk", 9))
TWO_GONE = caches.scan(
    *(caches.file(f"{name}/x.vmdk", 9) for name in (GONE.upper(), OTHER, "vmware_temp"))
)


def test_the_folder_of_an_instance_that_no_book_has_is_left_over() -> None:
    found = of(GONE_FOLDER)
    assert paths(found) == [(LeftoverKind.GONE_INSTANCE, f"[ds1] {GONE}")]
    assert found.found[0].size_bytes == 9


@pytest.mark.parametrize(
    "changes",
    [
        {"instances": replace(KNOWN, ids=ITS_ID)},
        {"inventories": (caches.inventory(builders.vm(77, vm_path="", disks=())),)},
        {
            "inventories": (
                caches.inventory(builders.vm(5, instance_uuid="", vm_path=f"[ds1] {GONE}/x.vmx")),
            )
        },
    ],
    ids=["Nova has it", "a VM carries its id", "a VM is in it"],
)
def test_the_folder_of_an_instance_that_one_book_has_is_not(changes: dict[str, object]) -> None:
    found = of(GONE_FOLDER, **changes)
    assert found == Leftovers()


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"instances": replace(KNOWN, ids=None)}, Doubt.NO_NOVA),
        ({"instances": replace(KNOWN, read_at=None)}, Doubt.NO_NOVA),
        ({"instances": replace(KNOWN, alone=False)}, Doubt.OTHER_CLOUDS),
        (
            {"instances": replace(KNOWN, read_at=caches.SCANNED_AT - timedelta(seconds=1))},
            Doubt.OLDER_BOOK,
        ),
        (
            {
                "inventories": (
                    replace(caches.inventory(), read_at=caches.SCANNED_AT - timedelta(seconds=1)),
                )
            },
            Doubt.OLDER_BOOK,
        ),
        ({"inventories_complete": False}, Doubt.NO_VCENTER),
        (
            {
                "inventories": (
                    caches.inventory(
                        datastores=(Datastore(caches.DATASTORE, "ds1", type="vsan"),)
                    ),
                )
            },
            Doubt.OTHER_TYPE,
        ),
    ],
)
def test_what_one_book_could_not_tell_is_undecided(changes: dict[str, object], why: Doubt) -> None:
    found = of(GONE_FOLDER, **changes)
    assert not found.found
    assert doubts(found) == [(LeftoverKind.GONE_INSTANCE, why)]


def test_the_folder_of_one_that_nova_deleted_since_the_search_is_not() -> None:
    left = of(TWO_GONE)
    temp, gone, other = left.found
    assert gone.path == f"[ds1] {GONE.upper()}"
    assert without(left, ITS_ID).found == (temp, other)
    assert without(left, frozenset()) == left


def test_while_nova_does_not_tell_what_it_deleted_a_datastore_with_one_is_undecided() -> None:
    left = of(TWO_GONE)
    told = without(left, None)
    assert told.found == left.found[:1], "what is no instance's is told all the same"
    assert doubts(told) == [(LeftoverKind.GONE_INSTANCE, Doubt.NO_NOVA)]
    known = of(GONE_FOLDER, instances=replace(KNOWN, ids=ITS_ID))
    assert without(known, None) == Leftovers(), "the only folder is one that Nova has"


def test_folders_of_other_names_are_nobodys_business() -> None:
    names = ["my-vm", "volume-" + GONE, GONE[:-1], GONE + "_1", ".vSphere-HA"]
    assert of(*(caches.file(f"{name}/x.vmdk") for name in names)) == Leftovers()


def test_a_part_that_could_not_be_listed_makes_the_size_unknown() -> None:
    scan = replace(GONE_FOLDER, unread=(f"{GONE}/below",))
    (found,) = of(scan).found
    assert found.size_bytes is None
