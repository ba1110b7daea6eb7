"""The join of what lies on the datastores with Glance's, Nova's and vCenter's books."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tests.unit.domain import builders, caches
from tests.unit.domain.caches import IMAGE, OTHER_IMAGE
from vmware_panel.domain.cache_ledger import LedgerBooks, cached_images
from vmware_panel.domain.cloud import Image, Server
from vmware_panel.domain.image_cache import CachedImage, GlanceState
from vmware_panel.domain.inventory import Datastore, MoRef, VirtualMachine, VmPower


def only(books: LedgerBooks) -> CachedImage:
    (image,) = cached_images(books)
    return image


def used(*vms: VirtualMachine, **changes: object) -> bool | None:
    return only(caches.books(*vms, **changes)).used


def test_an_image_folder_is_one_image_with_all_its_bytes() -> None:
    image = only(caches.books())
    assert image.path == f"[ds1] c1_base/{IMAGE}"
    assert image.key == f"lab/datastore-1/c1_base/{IMAGE}"
    assert image.size_bytes == 2200
    assert [(c.root_gb, c.size_bytes) for c in image.copies] == [(None, 1100), (20, 1100)]
    assert image.since == caches.FILE_DATE


def test_one_size_that_vcenter_did_not_tell_makes_the_sum_unknown() -> None:
    unsized = caches.file(f"c1_base/{IMAGE}/{IMAGE}.40.vmdk", None)
    image = only(caches.books(scans=(caches.scan(*caches.image_files(), unsized),)))
    assert image.size_bytes is None
    assert image.copies[-1].size_bytes is None


@pytest.mark.parametrize("unread", ["c1_base", f"c1_base/{IMAGE}", f"c1_base/{IMAGE}/x"])
def test_a_folder_that_could_not_be_listed_makes_the_sum_unknown(unread: str) -> None:
    scan = caches.scan(*caches.image_files(), unread=(unread,))
    assert only(caches.books(scans=(scan,))).size_bytes is None
    other = replace(scan, unread=(f"c1_base/{OTHER_IMAGE}",))
    assert only(caches.books(scans=(other,))).size_bytes == 2200


def test_an_empty_image_folder_is_listed() -> None:
    image = only(caches.books(scans=(caches.scan(caches.folder(f"c1_base/{IMAGE}")),)))
    assert (image.size_bytes, image.since, image.copies) == (0, None, ())


def test_a_stray_file_in_a_root_is_no_image() -> None:
    assert cached_images(caches.books(scans=(caches.scan(caches.file("c1_base/x.txt")),))) == ()


def test_how_the_image_stands_in_glance() -> None:
    def state(images: object, image: str = IMAGE) -> GlanceState:
        scan = caches.scan(*caches.image_files(image=image))
        return only(caches.books(scans=(scan,), images=images)).state

    assert state(caches.glance()) is GlanceState.ACTIVE
    assert state(caches.glance(hidden=True)) is GlanceState.HIDDEN
    assert state(caches.glance(status="deactivated", hidden=True)) is GlanceState.DEACTIVATED
    assert state(caches.glance(status="pending_delete")) is GlanceState.OTHER
    assert state(caches.glance(OTHER_IMAGE)) is GlanceState.GONE
    assert state(None) is GlanceState.UNKNOWN
    assert state(None, image="lost+found") is GlanceState.NO_IMAGE


def test_a_linked_clone_stands_on_its_parent() -> None:
    image = only(caches.books(caches.clone(), servers=(builders.server(),)))
    assert image.standers is not None
    (stander,) = image.standers
    assert stander.path == caches.parent()
    assert (stander.server_id, stander.compute_host) == (builders.uuid_of(1), "compute-1")
    assert stander.powered_on
    assert image.used


def test_a_parent_below_snapshots_is_found() -> None:
    snapshot = "[ds1] x/x-000001.vmdk"
    off = caches.clone(1, snapshot, caches.parent(), power=VmPower.OFF)
    image = only(caches.books(off))
    assert image.standers and image.standers[0].powered_on is False


def test_a_vm_that_has_the_file_itself_stands_on_it() -> None:
    other = builders.vm(9, manager_key="", disks=(builders.disk(caches.parent()),))
    image = only(caches.books(other))
    assert image.standers and image.standers[0].server_id == ""


def test_paths_are_matched_as_they_stand() -> None:
    assert used(caches.clone(1, caches.parent(image=OTHER_IMAGE))) is False
    assert used(caches.clone(1, caches.parent(root="c2_base"))) is False
    assert used(caches.clone(1, caches.parent(image=IMAGE.upper()))) is False
    assert used(caches.clone(1, caches.parent(ds="ds2"))) is False
    assert used(caches.clone(1, f"[ds1] c1_base-{IMAGE}.vmdk")) is False


def test_a_parent_that_the_search_did_not_see_yet_counts() -> None:
    assert used(caches.clone(1, caches.parent(gb=80))) is True


def test_two_datastores_of_one_name_are_told_apart_by_the_vm() -> None:
    twins = (
        Datastore(caches.DATASTORE, "ds1", type="VMFS"),
        Datastore(caches.OTHER_DATASTORE, "ds1", type="VMFS"),
    )

    def use(*datastores: MoRef) -> bool | None:
        vm = caches.clone(1, datastores=datastores)
        return used(inventories=(caches.inventory(vm, datastores=twins),))

    assert use(caches.DATASTORE) is True
    assert use(caches.OTHER_DATASTORE) is False
    assert use() is True, "which it is cannot be told, so it may be this one"


def test_vms_of_one_vcenter_do_not_stand_on_files_of_another() -> None:
    elsewhere = replace(
        caches.inventory(caches.clone()), vcenter=builders.vcenter("far", builders.uuid_of(7))
    )
    assert used(inventories=(caches.inventory(), elsewhere)) is False


def test_servers_of_the_image_on_the_roots_compute_count_whatever_they_stand_on() -> None:
    image = only(caches.books(servers=(builders.server(),)))
    assert image.servers and image.servers[0].server_id == builders.uuid_of(1)
    assert not image.servers[0].building
    resizing = builders.server(vm_state="resized", status="VERIFY_RESIZE")
    assert used(servers=(resizing,)) is True


@pytest.mark.parametrize(
    "server",
    [
        builders.server(compute_host="compute-2"),
        builders.server(image_id=OTHER_IMAGE),
        builders.server(image_id=None),
        builders.server(status="SHELVED_OFFLOADED", compute_host=""),
    ],
    ids=["another compute", "another image", "from a volume", "on no host"],
)
def test_other_servers_do_not_count(server: Server) -> None:
    assert used(servers=(server,)) is False


@pytest.mark.parametrize(
    "change", [{"status": "BUILD"}, {"status": "REBUILD"}, {"task_state": "resize_prep"}]
)
def test_a_server_that_nova_is_at_work_on_counts_wherever_it_is(change: dict[str, str]) -> None:
    image = only(caches.books(servers=(builders.server(compute_host="compute-2", **change),)))
    assert image.servers and image.servers[0].building


def test_what_a_book_that_did_not_answer_could_say_is_unknown() -> None:
    assert used() is False
    assert used(servers=None) is None
    assert used(inventories=()) is None
    assert used(inventories=(replace(caches.inventory(), whole=False),)) is None
    assert used(caches.clone(), servers=None) is True
    assert used(servers=(builders.server(),), inventories=()) is True


def test_a_server_of_a_cell_that_is_down_and_never_was_seen_may_be_a_user() -> None:
    lost = Server(builders.uuid_of(5), "", status="UNKNOWN")
    assert used(servers=(lost,)) is None
    assert used(servers=(lost, builders.server())) is True


def test_a_host_that_novas_policy_hides_may_be_the_roots() -> None:
    assert used(servers=(builders.server(compute_host=None),)) is None


def test_where_the_owner_is_unknown_a_server_on_an_untold_compute_may_be_a_user() -> None:
    untold = replace(caches.COMPUTE_2, root=None)
    computes = replace(caches.COMPUTES, all=(caches.COMPUTE_1, untold))
    scan = caches.scan(*caches.image_files(root="old_base"))

    def use(host: str) -> bool | None:
        server = builders.server(compute_host=host)
        return used(scans=(scan,), computes=computes, servers=(server,))

    assert use("compute-2") is None
    assert use("compute-1") is False, "its root is told, and it is another"
    assert use("kvm-1") is False, "all VMware computes are known"


def test_a_vm_whose_disks_vcenter_does_not_show_may_stand_on_any_image_there() -> None:
    bare = builders.vm(3, vm_path="", disks=())
    assert used(bare) is None
    assert only(caches.books(bare)).unread_vms == (bare.name,)
    assert used(replace(bare, datastores=(caches.OTHER_DATASTORE,))) is False
    assert used(replace(bare, datastores=())) is None
    assert used(bare, caches.clone()) is True


def test_an_iso_may_be_in_a_cd_drive_that_the_books_do_not_hold() -> None:
    iso = caches.scan(caches.file(f"c1_base/{IMAGE}/{IMAGE}.iso"))
    assert used(scans=(iso,)) is None
    assert used(scans=(iso,), servers=(builders.server(),)) is True


def test_novas_marker_says_when_it_may_delete() -> None:
    marker = caches.folder(f"c1_base/{IMAGE}/ts-2026-11-22-01-30-00")
    image = only(caches.books(scans=(caches.scan(*caches.image_files(), marker),)))
    assert image.marker == "ts-2026-11-22-01-30-00"
    assert image.marked_at == datetime(2026, 11, 22, 1, 30, tzinfo=UTC)
    assert image.deleted_after == image.marked_at + timedelta(seconds=3600)


@pytest.mark.parametrize(
    "name", ["ts-", "ts-soon", "ts-2026-13-01-00-00-00", "ts-2026-11-22-01-30-00-1", "ts-２０"]
)
def test_a_marker_that_nova_would_not_write_has_no_date(name: str) -> None:
    marker = caches.folder(f"c1_base/{IMAGE}/{name}")
    image = only(caches.books(scans=(caches.scan(*caches.image_files(), marker),)))
    assert (image.marker, image.marked_at, image.deleted_after) == (name, None, None)


def test_of_two_markers_the_older_counts() -> None:
    files = [caches.folder(f"c1_base/{IMAGE}/ts-2026-11-{day}-00-00-00") for day in (22, 21)]
    image = only(caches.books(scans=(caches.scan(*files),)))
    assert image.marker == "ts-2026-11-21-00-00-00"


def test_an_unmarked_image_has_no_date() -> None:
    image = only(caches.books())
    assert (image.marker, image.marked_at, image.deleted_after) == ("", None, None)


def test_the_images_of_several_datastores_are_in_one_order() -> None:
    second = caches.scan(
        *caches.image_files(), datastore=caches.OTHER_DATASTORE, datastore_name="ds2"
    )
    first = caches.scan(
        *caches.image_files("c2_base", OTHER_IMAGE), *caches.image_files("c1_base")
    )
    images: dict[str, Image] = dict(caches.glance())
    found = cached_images(caches.books(scans=(second, first), images=images))
    assert [image.key for image in found] == [
        f"lab/datastore-1/c1_base/{IMAGE}",
        f"lab/datastore-1/c2_base/{OTHER_IMAGE}",
        f"lab/datastore-2/c1_base/{IMAGE}",
    ]
