"""The join of Cinder's volumes and the VMs that hold their disks."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.domain import builders
from tests.unit.domain import volume_books as books_of
from tests.unit.domain.builders import READ_AT, uuid_of
from tests.unit.domain.volume_books import (
    BACKEND,
    GIB,
    attached,
    instance,
    joined,
    one,
    path_of,
    shadow,
    template,
    volume,
    volume_disk,
)
from vmware_panel.domain.cloud import StoragePool, VolumeSnapshot
from vmware_panel.domain.inventory import Folder, MoRef
from vmware_panel.domain.placement import Books
from vmware_panel.domain.volume_disks import backends_of, project_of, seen_in, shadows_of
from vmware_panel.domain.volume_join import counts_of, join_volumes
from vmware_panel.domain.volumes import Backend, DiskState, FindingKind, ShadowVm, VolumeState


def kinds(entry) -> set[FindingKind]:
    return {finding.kind for finding in entry.findings}


# -- whole and attached ------------------------------------------------------------------------


def test_a_volume_that_is_attached_agrees_with_its_instance():
    entry = one(attached(), vms=(shadow(), instance(1, volume_disk())))
    assert (entry.state, entry.findings) == (VolumeState.STORED, ())
    (its,) = entry.attachments
    assert its.state is DiskState.AGREES and its.server and its.vm and its.disk
    assert entry.shadow and entry.shadow.datastore and entry.shadow.datastore.name == "ds1"
    assert entry.shadow.home == "ds1"


def test_an_instance_with_snapshots_stands_on_the_volumes_file():
    delta = volume_disk(path="[ds1] web/volume-000001.vmdk", parent_paths=(path_of(),))
    entry = one(attached(), vms=(shadow(), instance(1, delta)))
    assert entry.attachments[0].state is DiskState.AGREES and not entry.findings


@pytest.mark.parametrize(
    "moved",
    [
        pytest.param({"path": "[ds2] web-1/web-1_1.vmdk"}, id="found by the disk's uuid"),
        pytest.param({"path": path_of(1, "ds2"), "backing_uuid": None}, id="by its name"),
        pytest.param({"datastore": MoRef("datastore-2")}, id="to another datastore of one name"),
    ],
)
def test_a_disk_that_storage_drs_moved_is_flagged_with_both_paths(moved):
    entry = one(attached(), vms=(shadow(), instance(1, volume_disk(**moved))))
    assert entry.attachments[0].state is DiskState.MOVED
    (finding,) = entry.findings
    assert (finding.kind, finding.cinder) == (FindingKind.MOVED, path_of())
    assert finding.vcenter == moved.get("path", path_of()) and finding.subject == "web-1"


def test_a_file_in_an_instances_folder_is_told_for_nova_deletes_that_folder_whole():
    inside = f"[ds1] {uuid_of(1)}/volume.vmdk"
    entry = one(attached(), vms=(shadow(), instance(1, volume_disk(path=inside))))
    assert kinds(entry) == {FindingKind.MOVED, FindingKind.IN_FOLDER}
    its = next(f for f in entry.findings if f.kind is FindingKind.IN_FOLDER)
    assert its.vcenter == inside and its.subject.startswith("web-1")
    detached = one(volume(), vms=(shadow(disks=(volume_disk(path=inside),)), instance(1)))
    assert kinds(detached) == {FindingKind.IN_FOLDER}
    elsewhere = volume_disk(path=f"[ds2] {uuid_of(1)}/volume.vmdk", datastore=MoRef("datastore-2"))
    assert FindingKind.IN_FOLDER not in kinds(
        one(attached(), vms=(shadow(), instance(1, elsewhere)))
    )


def test_novas_note_on_the_vm_leads_to_the_disk():
    """A linked clone's delta keeps its own uuid (`_clone_backing`); the note has it."""
    other = volume_disk(path="[ds2] a/b.vmdk", backing_uuid="6000C29a-0000")
    vm = instance(1, other, extra_config={f"volume-{volume().id}": "6000c29a0000"})
    assert one(attached(), vms=(shadow(), vm)).attachments[0].state is DiskState.MOVED


def test_an_instance_that_lacks_the_disk_is_told():
    entry = one(attached(), vms=(shadow(), instance(1)))
    assert entry.attachments[0].state is DiskState.NO_DISK
    assert kinds(entry) == {FindingKind.NOT_ATTACHED}


def test_a_vm_that_vcenter_cannot_read_lacks_no_disk():
    broken = builders.vm(1, disks=(), vm_path="", connection="inaccessible")
    entry = one(attached(), vms=(shadow(), broken))
    assert entry.attachments[0].state is DiskState.UNKNOWN and not entry.findings


def test_an_instance_that_nova_does_not_have_is_told_only_if_nova_was_asked_before():
    stale = attached(server=7)
    assert kinds(one(stale, vms=(shadow(),))) == {FindingKind.NO_SERVER}
    unasked = joined(stale, vms=(shadow(),), seen=seen_in(Books((), True), None))
    assert unasked[0].attachments[0].state is DiskState.UNKNOWN
    silent = one(stale, vms=(shadow(),), servers=None)
    assert silent.attachments[0].state is DiskState.UNKNOWN


def test_an_instance_of_another_driver_and_one_without_a_vm():
    kvm = builders.server(1, node="kvm-1.example.org")
    assert one(attached(), servers=(kvm,), vms=(shadow(),)).attachments[0].state is (
        DiskState.NOT_ON_VCENTER
    )
    assert one(attached(), vms=(shadow(),)).attachments[0].state is DiskState.NO_VM
    late = builders.server(1, updated=READ_AT)
    assert one(attached(), servers=(late,), vms=(shadow(),)).attachments[0].state is (
        DiskState.UNKNOWN
    )


# -- without a shadow VM -----------------------------------------------------------------------


def test_a_volume_that_was_never_attached_is_not_yet_created_and_no_fault():
    entry = one(volume())
    assert (entry.state, entry.findings, entry.backend) == (VolumeState.NOT_YET, (), Backend.VMDK)


@pytest.mark.parametrize(
    "its",
    [
        pytest.param(attached(), id="attached"),
        pytest.param(volume(image_id="image-1"), id="made from an image"),
        pytest.param(volume(status="in-use"), id="in use by no instance"),
    ],
)
def test_a_volume_whose_shadow_vm_is_gone_is_missing(its):
    other = shadow(2)
    entries = joined(its, volume(2), vms=(other, instance(1)))
    (entry,) = [e for e in entries if e.volume == its]
    assert entry.state is VolumeState.MISSING and FindingKind.MISSING in kinds(entry)


def test_nothing_is_missing_where_the_backends_vcenter_may_not_have_been_read():
    """No VM of that backend was ever seen: it may keep them in a vCenter of no setting."""
    assert one(volume(image_id="image-1")).state is VolumeState.UNKNOWN
    proven = one(attached(), vms=(instance(1),))
    assert proven.state is VolumeState.MISSING, "the instance's own vCenter would have it"


@pytest.mark.parametrize(
    ("pools", "host", "state"),
    [
        ((StoragePool(BACKEND, "vstorageobject"),), BACKEND, VolumeState.FCD),
        ((StoragePool("c@ceph#ceph", "ceph"),), "c@ceph#ceph", VolumeState.ELSEWHERE),
        ((StoragePool("c@ceph#ceph", "ceph"),), BACKEND, VolumeState.UNKNOWN),
        ((StoragePool(BACKEND, ""),), BACKEND, VolumeState.UNKNOWN),
        (None, BACKEND, VolumeState.UNKNOWN),
        (books_of.POOLS, None, VolumeState.UNKNOWN),
        (books_of.POOLS, "", VolumeState.NOT_YET),
    ],
)
def test_what_a_volume_is_without_a_shadow_vm_depends_on_its_backend(pools, host, state):
    assert one(volume(backend_host=host), pools=pools).state is state


def test_without_pools_a_backend_with_a_shadow_vm_is_known_by_it():
    entries = joined(volume(1), volume(2), vms=(shadow(2),), pools=None)
    assert {e.state for e in entries} == {VolumeState.STORED, VolumeState.NOT_YET}


def test_pools_of_one_backend():
    pools = [StoragePool("a@x#1", "vmdk"), StoragePool("a@y#2", "nfs"), StoragePool("a@z#3")]
    assert backends_of(pools) == {"a@x": Backend.VMDK, "a@y": Backend.OTHER}


@pytest.mark.parametrize(
    "its",
    [
        volume(status="creating"),
        attached(status="attaching", server_ids=()),
        attached(updated=READ_AT),
    ],
)
def test_what_cinder_is_at_work_on_is_neither_missing_nor_agreeing(its):
    entry = joined(its, volume(2), vms=(shadow(2), instance(1)))[0]
    assert (entry.state, entry.findings) == (VolumeState.CHANGING, ())


def test_a_shadow_vm_that_went_between_the_reads_is_not_missing():
    before = Books((builders.inventory(shadow(), shadow(2), instance(1)),))
    after = Books((builders.inventory(shadow(2), instance(1)),))
    book = books_of.cinder(attached(), volume(2), before=before, servers=())
    entry = next(e for e in join_volumes(book, after, {}) if e.volume and e.volume.server_ids)
    assert entry.state is VolumeState.CHANGING


def test_a_book_that_is_missing_leaves_volumes_unknown():
    assert one(attached(), complete=False).state is VolumeState.UNKNOWN
    assert one(volume(), inventory=builders.inventory(whole=False)).state is VolumeState.UNKNOWN
    nothing = Books(())
    book = books_of.cinder(volume(), before=nothing)
    (entry,) = join_volumes(book, nothing, None)
    assert entry.state is VolumeState.UNKNOWN, "no vCenter is configured"


# -- VMs that no volume claims -----------------------------------------------------------------


def test_a_shadow_vm_whose_volume_cinder_does_not_have_is_a_ghost():
    entry = one(vms=(shadow(),))
    assert entry.state is VolumeState.GHOST and kinds(entry) == {FindingKind.GHOST}
    assert entry.findings[0].cinder == uuid_of(1001)


def test_no_ghosts_unless_cinder_told_all_and_both_books_fit():
    def state(**changes):
        return one(vms=(shadow(),), **changes).state

    assert state(all_projects=False) is VolumeState.UNKNOWN
    late = READ_AT + timedelta(seconds=61)
    assert state(read_at=late) is VolumeState.UNKNOWN, "vCenter's book is too old"
    assert state(seen=seen_in(Books(()), ())) is VolumeState.UNKNOWN, "it came after Cinder's"
    books = Books((builders.inventory(shadow()),))
    (entry,) = join_volumes(None, books, {})
    assert (entry.state, entry.findings) == (VolumeState.UNKNOWN, ()), "Cinder is down"


def test_snapshots_are_templates_and_temporary_vms_are_not_volumes():
    vms = (template(1), template(2), shadow(3, name=uuid_of(77), instance_uuid=uuid_of(78)))
    entries = joined(vms=vms, snapshots=(VolumeSnapshot(uuid_of(2001), "nightly"),))
    found = {str(e.shadow.vm.moref): e for e in entries if e.shadow}
    assert found["vm-2001"].snapshot and not found["vm-2001"].findings
    assert kinds(found["vm-2002"]) == {FindingKind.GHOST_SNAPSHOT}
    assert kinds(found["vm-1003"]) == {FindingKind.TEMPORARY}
    assert [e.state.value for e in entries].count("snapshot") == 2
    untold = joined(vms=(template(2),), snapshots=None)
    assert not untold[0].findings, "Cinder did not list its snapshots"


def test_a_second_vm_with_a_volumes_id_is_a_twin():
    entries = joined(volume(), vms=(shadow(), shadow(moref=MoRef("vm-9999"))))
    assert Counter(e.state for e in entries) == {VolumeState.STORED: 1, VolumeState.TWIN: 1}


def test_an_old_drivers_vm_is_found_by_its_name_and_a_migrated_ones_by_its_other_id():
    old = shadow(instance_uuid=uuid_of(5), manager_key="", manager_type="")
    entry = one(volume(), vms=(old,))
    assert entry.state is VolumeState.STORED and entry.shadow and entry.shadow.by_name
    moved = one(volume(2, name_id=volume(1).id), vms=(shadow(1),))
    assert moved.state is VolumeState.STORED


def test_the_shadow_vms_of_a_few_volumes_are_found_by_their_ids():
    books = Books((builders.inventory(shadow(1), shadow(2), builders.vm(1003)),))
    wanted = [uuid_of(n) for n in (1001, 1003, 1004)]
    found = shadows_of(books, wanted)
    assert {volume_id: its.vm.moref for volume_id, its in found.items()} == {
        uuid_of(1001): "vm-1001"
    }, "one of Nova's with that id is no shadow VM"


def test_the_project_of_a_shadow_vm_is_told_by_its_folder():
    folders = (
        Folder(MoRef("group-1"), "vm"),
        Folder(MoRef("group-2"), "OpenStack", MoRef("group-1")),
        Folder(MoRef("group-3"), "Project (p1)", MoRef("group-2")),
        Folder(MoRef("group-4"), "Volumes", MoRef("group-3")),
    )
    vm = shadow(folder=MoRef("group-4"))
    assert project_of(ShadowVm(builders.inventory(vm, folders=folders), vm)) == "p1"
    assert project_of(ShadowVm(builders.inventory(vm), vm)) == ""


# -- other findings ----------------------------------------------------------------------------


def test_sizes_are_compared_as_cinder_rounds_them():
    def sizes(capacity_bytes: int | None, **changes: object):
        its = shadow(disks=(volume_disk(capacity_bytes=capacity_bytes),))
        return kinds(one(volume(**changes), vms=(its,)))

    assert sizes(2 * GIB - 1) == sizes(2 * GIB) == sizes(None) == set()
    assert sizes(2 * GIB, size_gb=None) == set()
    assert sizes(2 * GIB + 1) == sizes(GIB) == {FindingKind.SIZE}
    assert sizes(GIB, status="extending") == set()


def test_a_disk_away_from_its_shadow_vms_own_files_is_apart():
    its = shadow(disks=(volume_disk(path=path_of(1, "ds2"), datastore=MoRef("datastore-2")),))
    assert kinds(one(volume(), vms=(its,))) == {FindingKind.APART}


def test_a_shadow_vm_without_a_disk():
    assert kinds(one(volume(), vms=(shadow(disks=()),))) == {FindingKind.NO_DISK}
    assert kinds(one(volume(), vms=(shadow(disks=(), vm_path=""),))) == set()


def test_a_file_that_an_instance_has_although_cinder_knows_of_no_attachment():
    vms = (shadow(), instance(1, volume_disk()))
    (finding,) = one(volume(), vms=vms).findings
    assert finding.kind is FindingKind.HELD and finding.vcenter == vms[1].name
    assert not one(volume(status="detaching"), vms=vms).findings
    before = Books((builders.inventory(shadow()),))
    fresh = joined(volume(), vms=vms, seen=seen_in(before, ()))
    assert not fresh[0].findings, "it was attached after Cinder was asked"


def test_the_summary_counts_volumes_sizes_and_findings():
    entries = joined(volume(1), attached(2), vms=(shadow(1), shadow(3), instance(1)))
    counts = counts_of(entries)
    assert (counts.volumes, counts.size_gb, counts.stored_bytes) == (2, 4, 4 * GIB)
    assert counts.by_state == {
        VolumeState.STORED: 1,
        VolumeState.MISSING: 1,
        VolumeState.GHOST: 1,
    }
    assert counts.with_findings == 2


def test_the_summary_counts_what_its_sums_leave_out():
    bare = volume_disk(1, capacity_bytes=None)
    vms = (shadow(1, disks=(bare,)), shadow(2, disks=(), vm_path=""), shadow(3, disks=()))
    counts = counts_of(joined(volume(1), volume(2, size_gb=None), volume(3), vms=vms))
    assert (counts.unsized_volumes, counts.unsized_disks) == (1, 2)


# -- properties --------------------------------------------------------------------------------

NUMBERS = st.integers(1, 5)
VOLUMES = st.builds(
    lambda number, status, servers, host, image, name_id: volume(
        number,
        status=status,
        server_ids=tuple(uuid_of(n) for n in servers),
        backend_host=host,
        image_id=image,
        name_id=uuid_of(1000 + name_id) if name_id else "",
    ),
    NUMBERS,
    st.sampled_from(["available", "in-use", "creating", "error", "something new"]),
    st.lists(NUMBERS, max_size=2),
    st.sampled_from([BACKEND, "c@ceph#ceph", "", None]),
    st.sampled_from(["", "image-1"]),
    st.one_of(st.none(), NUMBERS),
)
VMS = st.one_of(
    st.builds(shadow, NUMBERS),
    st.builds(lambda n: shadow(n, instance_uuid="", manager_key=""), NUMBERS),
    st.builds(lambda n: shadow(n, name=uuid_of(n), instance_uuid=uuid_of(n + 50)), NUMBERS),
    st.builds(template, NUMBERS),
    st.builds(lambda n, m: instance(n, volume_disk(m)), NUMBERS, NUMBERS),
    st.builds(lambda n: instance(n), NUMBERS),
)


def _numbered(vms):
    return tuple(replace(vm, moref=MoRef(f"vm-{n}")) for n, vm in enumerate(vms))


CLOUDS = st.tuples(
    st.lists(VOLUMES, max_size=6, unique_by=lambda v: v.id).map(tuple),
    st.lists(VMS, max_size=8).map(_numbered),
    st.booleans(),
    st.sampled_from([None, (), (builders.server(1), builders.server(2))]),
    st.sampled_from([None, books_of.POOLS]),
    st.randoms(use_true_random=False),
)


@settings(max_examples=300, deadline=None)
@given(CLOUDS)
def test_every_volume_and_every_vm_of_cinders_stands_there_once_in_any_order(cloud):
    volumes, vms, complete, servers, pools, chance = cloud

    def entries(some_volumes, some_vms):
        return joined(*some_volumes, vms=some_vms, complete=complete, servers=servers, pools=pools)

    found = entries(volumes, vms)
    assert Counter(e.volume.id for e in found if e.volume) == Counter(v.id for v in volumes)
    shadows = Counter(str(e.shadow.vm.moref) for e in found if e.shadow)
    assert not shadows or max(shadows.values()) == 1, shadows
    assert {str(vm.moref) for vm in vms if vm.managed_by_cinder} <= set(shadows)
    mixed_volumes, mixed_vms = list(volumes), list(vms)
    chance.shuffle(mixed_volumes)
    chance.shuffle(mixed_vms)
    again = entries(tuple(mixed_volumes), tuple(mixed_vms))
    assert _by_key(again) == _by_key(found)


def _by_key(entries):
    return {
        (
            e.volume.id if e.volume else "",
            e.shadow.vm.moref if e.shadow and not e.volume else "",
        ): e
        for e in entries
    }


@settings(max_examples=300, deadline=None)
@given(CLOUDS)
def test_what_is_unknown_stays_unknown(cloud):
    volumes, vms, _complete, _servers, pools, _chance = cloud
    partial = joined(*volumes, vms=vms, complete=False, servers=None, pools=pools)
    sure = {VolumeState.MISSING, VolumeState.CHANGING}
    assert not sure & {e.state for e in partial}, "vCenter's book is not whole"
    states = {its.state for e in partial for its in e.attachments}
    assert not states & {DiskState.NO_SERVER, DiskState.NO_VM}, "Nova did not answer"
    hidden = joined(*volumes, vms=vms, all_projects=False, pools=pools)
    left = {FindingKind.GHOST, FindingKind.GHOST_SNAPSHOT}
    assert not left & {f.kind for e in hidden for f in e.findings}
    without_cinder = join_volumes(None, Books((builders.inventory(*vms),)), {})
    assert {e.state for e in without_cinder} <= {
        VolumeState.UNKNOWN,
        VolumeState.SNAPSHOT,
        VolumeState.TEMPORARY,
    }
