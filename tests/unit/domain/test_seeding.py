"""Plans of seeding: what it takes, from where, and what speaks against it."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.domain.test_driver_image import image, taken
from vmware_panel.domain.datastore_files import DatastoreFile
from vmware_panel.domain.driver_image import DiskKind, DriverImage
from vmware_panel.domain.inventory import Datastore, MoRef
from vmware_panel.domain.plans import CautionKind, Refusal, RefusalKind
from vmware_panel.domain.seed_order import SeedOrder, order_from, order_of
from vmware_panel.domain.seed_sources import (
    BROKEN_BYTES,
    ImageFolder,
    SourceKind,
    best_source,
    whole_bytes,
)
from vmware_panel.domain.seeding import SeedItem, SeedTarget, plan_seeding, seed_item, told_age

GIB = 1 << 30
SPARSE = {"vmware_disktype": "sparse"}
STREAM = {"vmware_disktype": "streamOptimized"}


def folder(
    name: str = "ds-2", root: str = "c0_base", size: int | None = GIB, *more: str, **changes: Any
) -> ImageFolder:
    """An image's folder with its disk; `size` None: there is no folder."""
    files: tuple[DatastoreFile, ...] | None = None
    if size is not None:
        at = f"{root}/i-1"
        files = (
            DatastoreFile(f"{at}/i-1.vmdk", size_bytes=500),
            DatastoreFile(f"{at}/i-1-flat.vmdk", size_bytes=size),
            *(DatastoreFile(f"{at}/{file}") for file in more),
        )
    facts = {"files": files, **changes}
    return ImageFolder(
        MoRef(f"datastore-{name}"), name, MoRef("datacenter-2"), root, "i-1", **facts
    )


def target(name: str = "ds-1", free: int = 100 * GIB, **changes: Any) -> SeedTarget:
    datastore = Datastore(
        MoRef(f"datastore-{name}"), name, "VMFS", capacity_bytes=200 * GIB, free_bytes=free
    )
    facts = {
        "cluster": "C0",
        "compute": "c0",
        "root": "c0_base",
        "datastore": datastore,
        **changes,
    }
    return SeedTarget(**facts)


EMPTY = folder("ds-1", size=None)


def made(fit: DriverImage | None = None, *others: ImageFolder, **options: Any) -> SeedItem:
    to, there = options.pop("to", target()), options.pop("there", EMPTY)
    return seed_item(fit or taken(), to, there, others, **options)


def kinds(item: SeedItem) -> list[RefusalKind]:
    return [refusal.kind for refusal in item.refusals]


def test_vcenter_copies_what_another_datastore_has_whole() -> None:
    item = made(None, folder())
    assert item.source and item.source.kind is SourceKind.COPY
    assert item.source.path == "[ds-2] c0_base/i-1/i-1.vmdk"
    assert (item.needed_bytes, item.refusals) == (GIB, ())


def test_glance_is_asked_where_nobody_has_it_or_where_that_is_wanted() -> None:
    for item in (made(), made(None, folder(), from_glance=True)):
        assert item.source and item.source.kind is SourceKind.GLANCE
        assert item.source.sent_bytes == GIB


@pytest.mark.parametrize(
    "broken",
    [
        folder(size=BROKEN_BYTES),
        folder(size=GIB - 1),
        folder(size=0),
        folder(size=None),
        folder(files=(DatastoreFile("c0_base/i-1/i-1-flat.vmdk", size_bytes=GIB),)),
        folder(files=(DatastoreFile("c0_base/i-1/i-1.vmdk", size_bytes=BROKEN_BYTES),)),
    ],
)
def test_what_is_not_whole_is_no_source(broken: ImageFolder) -> None:
    assert whole_bytes(broken, taken()) is None
    assert best_source(taken(), [broken], MoRef("x")) is None


def test_what_nova_means_to_delete_comes_last_and_the_same_datastore_first() -> None:
    marked = folder("ds-1", "c1_base", GIB, "ts-2026-01-31-12-00-00")
    same, other = folder("ds-1", "c2_base"), folder("ds-3")
    at = MoRef("datastore-ds-1")
    for folders, chosen in (((marked, other, same), same), ((marked, other), other)):
        source = best_source(taken(), folders, at)
        assert source and source.path.startswith(chosen.path)
    source = best_source(taken(), [marked], at)
    assert source and source.path.startswith(marked.path)


def test_a_stream_optimized_image_is_copied_or_else_imported_from_glance() -> None:
    fit = taken(properties=STREAM)
    item = made(fit)
    assert item.imported and not item.refusals
    assert item.needed_bytes is None, "it shows only in the disk's own head"
    item = made(fit, folder(size=20 * GIB))
    assert item.source and item.source.kind is SourceKind.COPY and not item.imported
    assert item.needed_bytes == 20 * GIB


@pytest.mark.parametrize("kind", ["vsan", "VVOL", "PMEM", None])
def test_it_is_not_imported_where_a_vms_folder_does_not_bear_its_name(kind: str | None) -> None:
    to = target()
    to = replace(to, datastore=replace(to.datastore, type=kind))
    assert kinds(made(taken(properties=STREAM), to=to)) == [RefusalKind.NO_SOURCE]


def test_an_import_says_that_a_vm_is_there_meanwhile() -> None:
    fit = taken(properties=STREAM)
    plan = plan_seeding(fit.image, [made(fit)], vcenter="west")
    assert {CautionKind.STREAMED, CautionKind.IMPORTED} <= {c.kind for c in plan.cautions}
    order = order_of(plan.wanted[0], fit)
    assert order.imported and not order.is_ova


def test_the_disk_of_an_ova_is_imported_too() -> None:
    fit = taken(container_format="ova", properties=STREAM)
    order = order_of(made(fit, to=target(cluster_moref=MoRef("domain-c8"))), fit)
    assert order.imported and order.is_ova and order.cluster == MoRef("domain-c8")
    assert order_from(order.about()) == order


def test_how_much_a_sparse_image_takes_shows_only_when_it_is_there() -> None:
    item = made(taken(properties=SPARSE))
    assert item.needed_bytes is None
    assert not item.refusals


def test_a_sized_copy_takes_its_size_besides() -> None:
    assert made(None, folder(), root_gb=20).needed_bytes == 21 * GIB


def test_of_an_image_that_is_there_the_sized_copy_alone_is_made() -> None:
    item = made(None, there=folder("ds-1"), root_gb=20)
    assert item.only_sized
    assert item.source and item.source.path == "[ds-1] c0_base/i-1/i-1.vmdk"
    assert item.needed_bytes == 20 * GIB


@pytest.mark.parametrize(("root_gb", "more"), [(0, ()), (20, ("i-1.20.vmdk",))])
def test_what_is_there_already_is_left_out(root_gb: int, more: tuple[str, ...]) -> None:
    there = folder("ds-1", "c0_base", GIB, *more)
    assert kinds(made(None, there=there, root_gb=root_gb)) == [RefusalKind.ALREADY_SO]


def test_a_broken_download_in_the_way_is_named() -> None:
    item = made(None, folder(), there=folder("ds-1", size=BROKEN_BYTES))
    assert kinds(item) == [RefusalKind.NOT_WHOLE]


def test_a_folder_without_the_image_in_it_is_in_the_way_as_it_is_for_nova() -> None:
    item = made(None, folder(), there=folder("ds-1", files=()))
    assert kinds(item) == [RefusalKind.NOT_WHOLE]


def test_too_little_room_is_refused() -> None:
    assert kinds(made(None, folder(), to=target(free=GIB - 1))) == [RefusalKind.NO_SPACE]
    sparse = taken(properties=SPARSE)
    assert kinds(made(sparse, to=target(free=GIB - 1))) == [RefusalKind.NO_SPACE]


def test_what_is_left_out_does_not_hold_up_the_rest() -> None:
    full = target("ds-9", free=0)
    here, there = made(None, folder()), made(to=full, there=folder("ds-9", size=None))
    plan = plan_seeding(image(), [here, there], vcenter="west")
    assert not plan.refused
    assert plan.wanted == (here,)
    assert len(plan.items) == 2


def test_a_plan_with_nothing_left_says_why() -> None:
    plan = plan_seeding(image(), [made(None, there=folder("ds-1"))], vcenter="west")
    assert [refusal.kind for refusal in plan.refusals] == [RefusalKind.ALREADY_SO]


def test_two_computes_that_share_a_root_are_one_target() -> None:
    items = [made(None, folder()), made(None, folder(), to=target(cluster="C1", compute="c1"))]
    assert len(plan_seeding(image(), items, vcenter="west").items) == 1


def test_how_long_it_stays_is_said_before() -> None:
    plan = plan_seeding(image(), [made(None, folder())], vcenter="west")
    (caution,) = plan.cautions
    assert (caution.kind, caution.detail) == (CautionKind.NOVA_AGES, "24 h")
    untold = made(None, folder(), to=target(keeps_by_default=True))
    (caution,) = plan_seeding(image(), [untold], vcenter="west").cautions
    assert (caution.kind, caution.detail) == (CautionKind.NOVA_AGES_BY_DEFAULT, "24 h")
    for_good = made(None, folder(), to=target(keeps_unused_s=None))
    assert not plan_seeding(image(), [for_good], vcenter="west").cautions


def test_a_stream_through_this_machine_is_said_before() -> None:
    plan = plan_seeding(image(), [made()], vcenter="west")
    assert CautionKind.STREAMED in {caution.kind for caution in plan.cautions}


def test_that_nova_would_take_another_datastore_then_is_said_before() -> None:
    other = target("ds-7", free=100 * GIB).datastore
    small = target("ds-8", free=90 * GIB).datastore
    told = {}
    for name, others in (("close", (other,)), ("far", (small,))):
        item = made(None, folder(), to=target(free=100 * GIB + 1, others=others))
        plan = plan_seeding(image(), [item], vcenter="west")
        told[name] = [c.detail for c in plan.cautions if c.kind is CautionKind.OTHER_PICKED]
    assert told == {"close": ["ds-7"], "far": []}


def test_the_figures_do_not_make_another_plan_but_another_source_does() -> None:
    before = plan_seeding(image(), [made(None, folder())], vcenter="west")
    freer = made(None, folder(), to=target(free=101 * GIB))
    assert plan_seeding(image(), [freer], vcenter="west").fingerprint == before.fingerprint
    elsewhere = made(None, folder("ds-5"))
    assert plan_seeding(image(), [elsewhere], vcenter="west").fingerprint != before.fingerprint


def test_an_image_that_is_unfit_refuses_the_whole_plan() -> None:
    plan = plan_seeding(image(disk_format="raw"), (), vcenter="west")
    assert [refusal.kind for refusal in plan.refusals] == [RefusalKind.IMAGE_UNFIT]


def test_a_refused_item_is_no_work() -> None:
    with pytest.raises(ValueError):
        order_of(made(None, to=target(refusals=(Refusal(RefusalKind.NOT_ALLOWED),))), taken())


@pytest.mark.parametrize(("age_s", "said"), [(86_400, "24 h"), (120, "120 s"), (0, "0 s")])
def test_ages_in_hours_where_they_come_out_even(age_s: int, said: str) -> None:
    assert told_age(age_s) == said


TEXTS = st.text(min_size=1, max_size=20)


@settings(deadline=None)
@given(
    st.builds(
        SeedOrder,
        image_id=TEXTS,
        image_name=st.text(max_size=20),
        file_name=TEXTS,
        kind=st.sampled_from(DiskKind),
        disk_type=TEXTS,
        adapter=TEXTS,
        size_bytes=st.integers(0, 1 << 50),
        datastore=TEXTS.map(MoRef),
        datastore_name=TEXTS,
        root=TEXTS,
        source=st.sampled_from(SourceKind),
        source_path=st.text(max_size=20),
        source_datacenter=st.text(max_size=9).map(MoRef),
        source_datastore=st.text(max_size=9).map(MoRef),
        disk_bytes=st.none() | st.integers(0, 1 << 50),
        root_gb=st.integers(0, 1 << 16),
        only_sized=st.booleans(),
    )
)
def test_an_order_comes_back_from_the_texts_of_a_job_as_it_was(order: SeedOrder) -> None:
    assert order_from(order.about()) == order


FOLDERS = st.builds(
    lambda name, root, size, marked, descriptor: folder(
        name,
        root,
        size,
        *(["ts-2026-01-31-12-00-00"] if marked else []),
        **({} if descriptor or size is None else {"files": ()}),
    ),
    st.sampled_from(["ds-1", "ds-2", "ds-3"]),
    st.sampled_from(["c0_base", "c1_base", "_base"]),
    st.none() | st.sampled_from([0, 1, BROKEN_BYTES, GIB - 1, GIB, GIB + 1]),
    st.booleans(),
    st.booleans(),
)


@settings(deadline=None)
@given(st.lists(FOLDERS, max_size=6), st.integers(0, 40 * GIB), st.integers(0, 30))
def test_whatever_lies_about(folders: list[ImageFolder], free: int, root_gb: int) -> None:
    """A copy is made of a whole image only, and nothing is put where it has no room."""
    fit = taken()
    item = made(fit, *folders, to=target(free=free), root_gb=root_gb)
    plan = plan_seeding(image(), [item], vcenter="west", root_gb=root_gb)
    assert bool(plan.wanted) != plan.refused
    for one in plan.wanted:
        assert one.source is not None
        assert one.needed_bytes is not None and one.needed_bytes <= free
        if one.source.kind is SourceKind.COPY:
            paths = {f"{f.path}/i-1.vmdk" for f in folders if whole_bytes(f, fit) == GIB}
            assert one.source.path in paths
        order = order_from(order_of(one, fit).about())
        assert order.source_path == one.source.path
