"""What a purge deletes and what it keeps, read from the disk of the simulator's datastore."""

import shutil
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.files import age
from tests.purging.conftest import DS, OWNED, OWNERLESS, Rig, parent
from tests.vsphere import hardware
from tests.vsphere.test_file_use import stand_on
from vmware_panel.domain.details import DetailKind
from vmware_panel.domain.jobs import ItemState, JobKind
from vmware_panel.domain.plans import RefusalKind
from vmware_panel.domain.purge import PurgeTarget, TargetKind
from vmware_panel.vsphere import VCenterClient, counting

pytestmark = pytest.mark.simulator


def reasons(item) -> set[RefusalKind]:
    return {refusal.kind for refusal in item.refusals}


def test_an_unused_image_of_an_ownerless_root_is_gone_from_disk(rig: Rig):
    image, other = rig.image(), rig.image()
    (item,) = rig.purge(rig.target(f"{OWNERLESS}/{image}"))
    assert (item.state, item.refusals, item.trouble) == (ItemState.DONE, (), None)
    assert item.done_bytes == 2 * 10_012
    assert not (rig.disk / OWNERLESS / image).exists()
    assert (rig.disk / OWNERLESS / other).exists()
    assert rig.left_aside() == []
    assert [step.name for step in item.steps] == ["make_room", "set_aside", "delete"]


def test_a_dry_run_looks_at_everything_and_sends_nothing(rig: Rig):
    image, used = rig.image(), rig.image()
    vm = rig.inventory.create("web")
    stand_on(vm, parent(used))
    with counting() as calls:
        free, kept = rig.purge(
            rig.target(f"{OWNERLESS}/{image}"), rig.target(f"{OWNERLESS}/{used}"), dry_run=True
        )
    assert (free.state, free.done_bytes) == (ItemState.DONE, 2 * 10_012)
    assert reasons(kept) == {RefusalKind.IN_USE}
    sent = {"MakeDirectory", "MoveDatastoreFile_Task", "DeleteDatastoreFile_Task"}
    assert not sent & set(calls.by_method), calls
    assert (rig.disk / OWNERLESS / image).exists()


def test_a_linked_clones_parent_stays_and_the_rest_goes_on(rig: Rig):
    used, free = rig.image(), rig.image()
    vm = rig.inventory.create("web")
    stand_on(vm, parent(used))
    kept, gone = rig.purge(rig.target(f"{OWNERLESS}/{used}"), rig.target(f"{OWNERLESS}/{free}"))
    assert kept.state is ItemState.REFUSED
    assert [(r.kind, r.detail) for r in kept.refusals] == [(RefusalKind.IN_USE, "web")]
    assert gone.state is ItemState.DONE
    assert (rig.disk / OWNERLESS / used).exists()


def test_an_instance_that_was_booted_after_the_plan_keeps_its_image(rig: Rig):
    """The plan was made while nobody used it; its VM came after the job's first item."""
    first, image = rig.image(), rig.image()
    job = rig.job(rig.target(f"{OWNERLESS}/{first}"), rig.target(f"{OWNERLESS}/{image}"))
    vm = rig.inventory.create("just booted")

    def boot(request) -> None:
        if request.query.get("image") == image and not vm.config.hardware.device[-1].key == 2001:
            stand_on(vm, parent(image))
            rig.nova.on_servers = lambda request: None

    rig.nova.on_servers = boot
    gone, kept = rig.run(job).items
    assert gone.state is ItemState.DONE
    assert [(r.kind, r.detail) for r in kept.refusals] == [(RefusalKind.IN_USE, "just booted")]
    assert (rig.disk / OWNERLESS / image).exists()


def test_what_came_into_use_while_it_was_aside_is_put_back(rig: Rig):
    image = rig.image()
    before = sorted(p.name for p in (rig.disk / OWNERLESS / image).iterdir())
    vm = rig.inventory.create("quick")

    def boot() -> None:
        assert not (rig.disk / OWNERLESS / image).exists()
        stand_on(vm, parent(image))

    rig.while_aside(image, boot)
    (item,) = rig.purge(rig.target(f"{OWNERLESS}/{image}"))
    assert item.state is ItemState.REFUSED
    assert [(r.kind, r.detail) for r in item.refusals] == [(RefusalKind.IN_USE, "quick")]
    assert sorted(p.name for p in (rig.disk / OWNERLESS / image).iterdir()) == before
    assert rig.left_aside() == []
    assert [step.name for step in item.steps] == ["make_room", "set_aside", "put_back"]


def test_a_nova_that_fails_at_the_second_look_has_it_put_back(rig: Rig):
    image = rig.image()
    rig.while_aside(image, lambda: setattr(rig.nova, "fails", 100))
    (item,) = rig.purge(rig.target(f"{OWNERLESS}/{image}"))
    assert item.state is ItemState.REFUSED
    assert reasons(item) == {RefusalKind.USE_UNKNOWN}
    assert (rig.disk / OWNERLESS / image).exists()
    assert rig.left_aside() == []


def test_a_folder_that_was_made_anew_meanwhile_is_not_moved_onto(rig: Rig):
    image = rig.image()
    vm = rig.inventory.create("quick")

    def boot() -> None:
        (rig.disk / OWNERLESS / image).mkdir()
        stand_on(vm, parent(image))

    rig.while_aside(image, boot)
    (item,) = rig.purge(rig.target(f"{OWNERLESS}/{image}"))
    assert item.state is ItemState.FAILED
    assert reasons(item) == {RefusalKind.IN_USE}
    assert item.trouble is not None
    (told,) = item.trouble.remarks
    assert told.kind is DetailKind.MOVE_BACK and told.values[0] == "quick"
    (aside,) = [path for path in rig.left_aside() if path.name == image]
    assert (aside / f"{image}.20.vmdk").exists()


def test_an_image_that_an_instance_is_being_built_from_stays(rig: Rig):
    image = rig.image()
    rig.nova.boot(image, "compute-2", status="BUILD")
    (item,) = rig.purge(rig.target(f"{OWNERLESS}/{image}"))
    assert [(r.kind, r.detail) for r in item.refusals] == [
        (RefusalKind.BEING_BUILT, "shop-0 (server-0)")
    ]


@pytest.mark.parametrize("task", ["rescuing", "unshelving"])
def test_an_instance_made_from_an_image_that_nova_does_not_show_holds_up_its_computes_root(
    rig: Rig, task
):
    """A broken download is the only thing that goes from an owned root at once."""
    image = rig.image(OWNED)
    server = rig.nova.boot("another-image", "compute-1")
    server["OS-EXT-STS:task_state"] = task
    (item,) = rig.purge(rig.target(f"{OWNED}/{image}", TargetKind.BROKEN_DOWNLOAD))
    assert reasons(item) == {RefusalKind.BEING_BUILT}
    server["OS-EXT-SRV-ATTR:host"] = "compute-2"
    (item,) = rig.purge(rig.target(f"{OWNED}/{image}", TargetKind.BROKEN_DOWNLOAD))
    assert item.state is ItemState.DONE


def test_a_root_that_a_compute_looks_after_is_left_to_nova(rig: Rig):
    image = rig.image(OWNED)
    (item,) = rig.purge(rig.target(f"{OWNED}/{image}"))
    assert [(r.kind, r.detail) for r in item.refusals] == [
        (RefusalKind.OWNED_BY_NOVA, "compute-1")
    ]
    assert (rig.disk / OWNED / image).exists()


def test_a_compute_that_came_after_the_plan_and_is_not_in_the_settings_keeps_everything(rig: Rig):
    image = rig.image()
    rig.nova.hosts["compute-3"] = rig.nova.hosts["compute-2"]
    (item,) = rig.purge(rig.target(f"{OWNERLESS}/{image}"))
    assert reasons(item) == {RefusalKind.OWNER_UNKNOWN}


def test_a_young_marker_shows_that_somebody_does_look_after_the_root(rig: Rig):
    image = rig.image()
    target = rig.target(f"{OWNERLESS}/{image}")
    recent = datetime.now(UTC) - timedelta(hours=5)
    (rig.disk / OWNERLESS / image / f"ts-{recent:%Y-%m-%d-%H-%M-%S}").mkdir()
    (item,) = rig.purge(target)
    assert reasons(item) == {RefusalKind.OWNER_UNKNOWN}
    (rig.disk / OWNERLESS / image / f"ts-{recent:%Y-%m-%d-%H-%M-%S}").rmdir()
    (rig.disk / OWNERLESS / image / "ts-2020-01-31-12-00-00").mkdir()
    (item,) = rig.purge(target)
    assert item.state is ItemState.DONE


@pytest.mark.parametrize("silent", ["nova", "cell", "token", "vcenter"])
def test_a_book_that_does_not_answer_keeps_everything(rig: Rig, silent):
    image = rig.image()
    target = rig.target(f"{OWNERLESS}/{image}")
    if silent == "nova":
        rig.nova.fails = 1000
    elif silent == "cell":
        rig.nova.cells_down = {"compute-2"}
    elif silent == "vcenter":
        rig.simulator.control.fault("RuntimeFault", "WaitForUpdatesEx", times=0)
    (item,) = rig.purge(target, token=silent != "token")
    assert item.state is ItemState.REFUSED
    assert reasons(item) & {
        RefusalKind.USE_UNKNOWN,
        RefusalKind.TOKEN_EXPIRED,
    }, item.refusals
    assert (rig.disk / OWNERLESS / image).exists()
    assert rig.left_aside() == []


def test_an_image_in_a_vms_drive_stays(rig: Rig):
    image = rig.image()
    vm = rig.inventory.nova_vm(1)
    rig.nova.boot("another-image", "compute-2", id=vm.config.instanceUuid)
    hardware.insert_iso(vm, f"[{DS}] {OWNERLESS}/{image}/{image}.iso")
    (item,) = rig.purge(rig.target(f"{OWNERLESS}/{image}"))
    assert [r.detail for r in item.refusals] == [vm.name]


def test_other_files_than_were_shown_keep_the_folder(rig: Rig):
    image = rig.image()
    target = rig.target(f"{OWNERLESS}/{image}")
    (rig.disk / OWNERLESS / image / f"{image}.40.vmdk").write_text("a new size")
    (item,) = rig.purge(target)
    assert [(r.kind, r.detail) for r in item.refusals] == [
        (RefusalKind.CHANGED_FILES, f"{image}.40.vmdk")
    ]


def test_a_folder_that_is_gone_is_refused_and_the_rest_goes_on(rig: Rig):
    gone, there = rig.image(), rig.image()
    targets = rig.target(f"{OWNERLESS}/{gone}"), rig.target(f"{OWNERLESS}/{there}")
    shutil.rmtree(rig.disk / OWNERLESS / gone)
    first, second = rig.purge(*targets)
    assert reasons(first) == {RefusalKind.NOT_READ}, first
    assert second.state is ItemState.DONE, second


HOSTILE = (
    "..",
    f"{OWNERLESS}/..",
    f"{OWNERLESS}/../web-server",
    f"{OWNERLESS}//",
    "web-server",
    "vmware_temp",
    f"{OWNERLESS}/a\\..\\b",
    "",
)


def test_a_journal_that_was_tampered_with_reaches_nothing_beyond_the_places(rig: Rig):
    (rig.disk / "web-server").mkdir()
    (rig.disk / "web-server" / "precious.vmdk").write_text("keep")
    before = sorted(rig.disk.rglob("*"))
    with counting() as calls:
        for kind in TargetKind:
            items = rig.purge(*(rig.target(path, kind, names=False) for path in HOSTILE))
            assert {item.state for item in items} == {ItemState.REFUSED}, (kind, items)
    assert not set(calls.by_method) & {"MoveDatastoreFile_Task", "DeleteDatastoreFile_Task"}
    assert sorted(rig.disk.rglob("*")) == before


def test_leftovers_go_when_they_are_old_and_nobody_has_them(rig: Rig):
    temp, helper, instance = (str(uuid.uuid4()) for _ in range(3))
    rig.folder(f"vmware_temp/{temp}", disk=100)
    rig.folder(f"OSTACK_IMG_{helper}", disk=200)
    rig.folder(instance, disk=300)
    items = rig.purge(
        rig.target(f"vmware_temp/{temp}", TargetKind.TEMP, names=False),
        rig.target(f"OSTACK_IMG_{helper}", TargetKind.HELPER_VM, names=False),
        rig.target(instance, TargetKind.GONE_INSTANCE, names=False),
    )
    assert [(i.state, i.done_bytes) for i in items] == [
        (ItemState.DONE, 100),
        (ItemState.DONE, 200),
        (ItemState.DONE, 300),
    ], items
    assert not (rig.disk / instance).exists()
    assert rig.left_aside() == []


@pytest.mark.parametrize("hours", [0, 1])
def test_a_leftover_of_less_than_an_hour_is_work_under_way(rig: Rig, hours):
    temp = str(uuid.uuid4())
    folder = rig.folder(f"vmware_temp/{temp}", age_s=3000)
    target = rig.target(f"vmware_temp/{temp}", TargetKind.TEMP, names=False)
    (item,) = rig.purge(target, older_than_h=hours)
    assert reasons(item) == {RefusalKind.TOO_YOUNG}
    age(folder, 4000)
    (item,) = rig.purge(target, older_than_h=hours)
    assert item.state is ItemState.DONE


def test_a_leftover_that_looks_old_as_vcenters_clock_is_behind_stays(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
):
    """Its file was written ten minutes ago, by a clock that is three hours behind."""
    temp = str(uuid.uuid4())
    rig.folder(f"vmware_temp/{temp}", age_s=3 * 3600 + 600)
    target = rig.target(f"vmware_temp/{temp}", TargetKind.TEMP, names=False)
    there = datetime.now(UTC) - timedelta(hours=3)
    with monkeypatch.context() as patched:
        patched.setattr(VCenterClient, "current_time", lambda client: there)
        (item,) = rig.purge(target, older_than_h=0)
    assert reasons(item) == {RefusalKind.TOO_YOUNG}
    (item,) = rig.purge(target, older_than_h=0)
    assert item.state is ItemState.DONE


def test_a_folder_of_an_instance_that_nova_or_vcenter_has_stays(rig: Rig):
    known, carried = str(uuid.uuid4()), rig.inventory.nova_vm(2).config.instanceUuid
    rig.nova.boot("image", "compute-1", id=known)
    for name in (known, carried):
        (rig.disk / name).mkdir(exist_ok=True)
        (rig.disk / name / "old.vmdk").write_text("x")
        age(rig.disk / name, 10**6)
    for name in (known, carried):
        (item,) = rig.purge(rig.target(name, TargetKind.GONE_INSTANCE, names=False))
        assert reasons(item) == {RefusalKind.IN_USE}
        assert (rig.disk / name).exists()


def test_an_ownerless_root_goes_when_nothing_is_left_in_it(rig: Rig):
    first, second = rig.image(), rig.image()
    items = rig.purge(
        rig.target(f"{OWNERLESS}/{first}"),
        rig.target(OWNERLESS, TargetKind.EMPTY_ROOT, names=False),
        rig.target(f"{OWNERLESS}/{second}"),
    )
    assert [i.state for i in items] == [ItemState.DONE, ItemState.REFUSED, ItemState.DONE]
    assert reasons(items[1]) == {RefusalKind.CHANGED_FILES}
    (item,) = rig.purge(rig.target(OWNERLESS, TargetKind.EMPTY_ROOT, names=False))
    assert item.state is ItemState.DONE
    assert not (rig.disk / OWNERLESS).exists()


def test_marking_makes_novas_own_folder_and_takes_nothing_away(rig: Rig):
    image = rig.image(OWNED)
    (item,) = rig.purge(rig.target(f"{OWNED}/{image}"), kind=JobKind.CACHE_MARK)
    assert item.state is ItemState.DONE, item
    (marker,) = [p for p in (rig.disk / OWNED / image).iterdir() if p.name.startswith("ts-")]
    assert marker.is_dir()
    (item,) = rig.purge(rig.target(f"{OWNED}/{image}"), kind=JobKind.CACHE_MARK)
    assert [(r.kind, r.detail) for r in item.refusals if r.kind is RefusalKind.MARKED_ALREADY]


def test_nothing_is_marked_where_nobody_acts_on_it_or_somebody_uses_it(rig: Rig):
    ownerless, used, standing = rig.image(), rig.image(OWNED), rig.image(OWNED)
    rig.nova.boot(used, "compute-1")
    rig.nova.boot(standing, "compute-2")  # no user by Nova's rule
    vm = rig.inventory.create("migrated")
    stand_on(vm, parent(standing, OWNED))
    items = rig.purge(
        rig.target(f"{OWNERLESS}/{ownerless}"),
        rig.target(f"{OWNED}/{used}"),
        rig.target(f"{OWNED}/{standing}"),
        kind=JobKind.CACHE_MARK,
    )
    assert [reasons(item) for item in items] == [
        {RefusalKind.NO_OWNER},
        {RefusalKind.USED_BY_SERVER},
        {RefusalKind.IN_USE},
    ]


def test_a_datastore_that_goes_away_takes_down_its_own_items_only(make_rig):
    rig = make_rig(shared_datastores=2)
    other = rig.inventory.datastore("shared-ds-2")
    here = rig.image()
    rig.disk = Path(other.summary.url)
    there = [rig.image(), rig.image()]
    away = [
        PurgeTarget(
            TargetKind.IMAGE, other._moId, f"[shared-ds-2] {OWNERLESS}/{image}", image, 1000
        )
        for image in there
    ]
    rig.disk = Path(rig.inventory.datastore(DS).summary.url)
    job = rig.job(away[0], rig.target(f"{OWNERLESS}/{here}"), away[1])
    rig.simulator.control.set_accessible("shared-ds-2", False)
    first, second, third = rig.run(job).items
    assert (first.state, third.state) == (ItemState.REFUSED, ItemState.REFUSED)
    assert reasons(first) == {RefusalKind.INACCESSIBLE}
    assert first.refusals[0].subject == "[shared-ds-2]"
    assert second.state is ItemState.DONE


def test_what_an_item_costs_does_not_grow_with_the_vms(make_rig):
    costs = []
    for vms in (5, 300):
        rig = make_rig(nova_vms=vms)
        for _ in range(vms // 10):
            rig.nova.boot("some-image", "compute-2")
        images = [rig.image() for _ in range(3)]
        with counting() as one:
            rig.purge(rig.target(f"{OWNERLESS}/{images[0]}"))
        asked = len(rig.nova.calls)
        with counting() as two:
            rig.purge(*(rig.target(f"{OWNERLESS}/{image}") for image in images[1:]))
        further = two.total - one.total
        costs.append((asked, further))
        assert "RetrieveProperties" not in two.by_method
    (few_asked, few), (many_asked, many) = costs
    assert few_asked == many_asked == 10, costs
    # Looks at tasks depend on how quick they are; everything else is fixed.
    assert abs(few - many) <= 6 and many <= 40, costs
