"""VMs whose parent disk may be deleted by a compute that does not count them."""

from dataclasses import replace
from datetime import UTC, datetime

from tests.unit.domain import builders, caches
from vmware_panel.domain.cache_ledger import LedgerBooks, cached_images
from vmware_panel.domain.cache_risks import Risks, parent_risks
from vmware_panel.domain.inventory import VirtualMachine, VmPower

MARKED = caches.folder(f"c1_base/{caches.IMAGE}/ts-2026-11-22-01-30-00")
DELETED_AFTER = datetime(2026, 11, 22, 2, 30, tzinfo=UTC)
MOVED = builders.server(compute_host="compute-2")


def risks(books: LedgerBooks) -> Risks:
    return parent_risks(cached_images(books), books)


def of(*vms: VirtualMachine, **changes: object) -> Risks:
    return risks(caches.books(*vms, **changes))


def test_a_clone_in_the_root_of_its_own_compute_is_safe() -> None:
    assert of(caches.clone(), servers=(builders.server(),)) == Risks()


def test_a_clone_that_was_moved_stands_on_another_computes_root() -> None:
    (risk,) = of(caches.clone(), servers=(MOVED,)).found
    assert risk.stander.compute_host == "compute-2"
    assert risk.cached.root.owners == ("compute-1",)
    assert risk.time_left_until is None
    assert risk.parent_listed is True


def test_the_marker_says_how_much_time_is_left() -> None:
    scan = caches.scan(*caches.image_files(), MARKED)
    (risk,) = of(caches.clone(), servers=(MOVED,), scans=(scan,)).found
    assert risk.time_left_until == DELETED_AFTER


def test_other_instances_of_the_image_hold_novas_hand() -> None:
    (risk,) = of(caches.clone(), servers=(MOVED, builders.server(2))).found
    assert risk.cached.servers and len(risk.cached.servers) == 1


def test_those_that_are_off_come_first_then_those_with_least_time() -> None:
    vms = [
        caches.clone(1, power=VmPower.ON),
        caches.clone(2, power=None),
        caches.clone(3, caches.parent("c1_base", caches.OTHER_IMAGE), power=VmPower.OFF),
        caches.clone(4, power=VmPower.OFF),
    ]
    scan = caches.scan(*caches.image_files(), MARKED)
    servers = tuple(builders.server(n, compute_host="compute-2") for n in (1, 2, 3, 4))
    found = of(*vms, servers=servers, scans=(scan,)).found
    assert [risk.stander.vm for risk in found] == ["vm-4", "vm-3", "vm-2", "vm-1"]


def test_a_parent_that_no_search_lists_any_more_is_named() -> None:
    (risk,) = of(caches.clone(), servers=(MOVED,), scans=(caches.scan(),)).found
    assert risk.parent_listed is False
    assert risk.cached.path == f"[ds1] c1_base/{caches.IMAGE}"
    assert risk.cached.size_bytes is None
    (unsearched,) = of(caches.clone(), servers=(MOVED,), scans=()).found
    assert unsearched.parent_listed is None


def test_a_vm_that_is_no_instance_is_not_counted_by_nova() -> None:
    foreign = caches.clone(1, manager_key="")
    (risk,) = of(foreign).found
    assert risk.stander.server_id == ""
    (deleted,) = of(caches.clone()).found
    assert deleted.stander.server_id == builders.uuid_of(1), "Nova's, but not in its book"


def test_whom_the_settings_do_not_tell_of_is_undecided() -> None:
    untold = replace(caches.COMPUTE_2, root=None)
    computes = replace(caches.COMPUTES, all=(caches.COMPUTE_1, untold))
    found = of(caches.clone(), servers=(MOVED,), computes=computes)
    assert not found.found
    assert [stander.vm for stander in found.undecided] == ["vm-1"]


def test_without_novas_book_all_are_undecided() -> None:
    found = of(caches.clone(), servers=None)
    assert (found.found, len(found.undecided)) == ((), 1)


def test_a_vm_on_two_parents_is_named_for_each() -> None:
    disks = (
        *caches.clone(1).disks,
        builders.disk("[ds1] x/y.vmdk", key=2001, parent_paths=(caches.parent(gb=40),)),
    )
    found = of(caches.clone(1, disks=disks), servers=(MOVED,)).found
    assert [risk.stander.path for risk in found] == [caches.parent(), caches.parent(gb=40)]


def test_a_root_that_nobody_looks_after_has_no_time() -> None:
    vm = caches.clone(1, caches.parent("old_base"))
    (risk,) = of(vm, servers=(MOVED,)).found
    assert (risk.cached.root.owners, risk.time_left_until) == ((), None)


def test_one_whose_own_root_it_is_by_name_is_safe_where_the_regex_is_not_told() -> None:
    unsure = replace(caches.COMPUTE_1, datastore_regex=None)
    computes = replace(caches.COMPUTES, all=(unsure, caches.COMPUTE_2))
    assert of(caches.clone(), servers=(builders.server(),), computes=computes) == Risks()
