"""A VM stands on every file that vCenter names of it; what cannot be compared counts as standing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmware_panel.domain.datastore_paths import FilePlace, below
from vmware_panel.domain.file_use import FileUser, UseBook, UsedDatastore, stands_in
from vmware_panel.domain.inventory import MoRef

IMAGE = "11111111-2222-3333-4444-555555555555"
FOLDER = below("ds", "c1_base", IMAGE)
DATASTORE = MoRef("datastore-1")
PLACE = FilePlace(DATASTORE, "ds", MoRef("datacenter-2"), MoRef("b"), "ds:///vmfs/volumes/one/")


def vm(number: int, *files: str, **more: object) -> FileUser:
    return FileUser(MoRef(f"vm-{number}"), f"vm {number}", files=frozenset(files), **more)


def book(*users: FileUser | UsedDatastore) -> UseBook:
    found = UseBook()
    for user in users:
        found.put(user)
    return found


@pytest.mark.parametrize(
    "file",
    [
        f"[ds] c1_base/{IMAGE}/{IMAGE}.vmdk",
        f"[ds] c1_base/{IMAGE}/{IMAGE}.20.vmdk",
        f"[ds]c1_base/{IMAGE}/x.iso",
        f"[ds] C1_BASE/{IMAGE.upper()}/x.vmdk",
        f"[ds] c1_base//{IMAGE}/x.vmdk",
        f"[ds] 5f3e8a5e-1234-5678-9abc-0050569a7b9c/{IMAGE}/x.vmdk",  # vSAN's name of the root
        f"/vmfs/volumes/5f3e8a5e/c1_base/{IMAGE}/x.vmdk",
        f"ds:///vmfs/volumes/5f3e8a5e/c1_base/{IMAGE}/x.vmdk",
    ],
)
def test_a_file_in_the_folder_is_found_however_it_is_named(file):
    assert stands_in(file, FOLDER, {"ds"})
    assert [u.name for u in book(vm(1, file)).use_of(PLACE, FOLDER).standing] == ["vm 1"]


@pytest.mark.parametrize(
    "file",
    [
        f"[ds] c2_base/{IMAGE}/{IMAGE}.vmdk",
        f"[other] c1_base/{IMAGE}/{IMAGE}.vmdk",
        f"[ds] vmware_temp/1/{IMAGE}/{IMAGE}.vmdk",
        f"[ds] {IMAGE}/{IMAGE}.vmdk",
        f"[ds] web/{IMAGE}.vmdk",
    ],
)
def test_a_file_of_another_root_datastore_or_name_is_none(file):
    assert not stands_in(file, FOLDER, {"ds"})
    assert book(vm(1, file)).use_of(PLACE, FOLDER).free


def test_the_same_datastore_by_another_name_is_the_same():
    """One VMFS volume in two datacenters is two objects, with names of their own and one address."""
    file = f"[ds (1)] c1_base/{IMAGE}/{IMAGE}.vmdk"
    other = UsedDatastore(MoRef("datastore-9"), "ds (1)", PLACE.url)
    assert not book(vm(1, file), other).use_of(PLACE, FOLDER).free
    assert book(vm(1, file)).use_of(PLACE, FOLDER).free


def test_a_vm_that_vcenter_does_not_tell_of_may_stand_on_anything_on_its_datastores():
    here = FileUser(MoRef("vm-1"), "orphan", datastores=frozenset({DATASTORE}))
    elsewhere = FileUser(MoRef("vm-2"), "other", datastores=frozenset({MoRef("datastore-7")}))
    anywhere = FileUser(MoRef("vm-3"), "lost")
    use = book(here, elsewhere, anywhere).use_of(PLACE, FOLDER)
    assert [user.name for user in use.untold] == ["lost", "orphan"]
    assert not use.free


def test_a_snapshot_stands_for_its_vm():
    snapshot = FileUser(
        MoRef("snapshot-1"),
        files=frozenset({f"[ds] c1_base/{IMAGE}/{IMAGE}.vmdk"}),
        snapshot_of=MoRef("vm-1"),
    )
    use = book(vm(1, "[ds] vm/vm.vmdk"), snapshot).use_of(PLACE, FOLDER)
    assert [user.name for user in use.standing] == ["vm 1"]


def test_what_a_vm_no_longer_stands_on_is_free():
    file = f"[ds] c1_base/{IMAGE}/{IMAGE}.vmdk"
    its = book(vm(1, file))
    its.put(vm(1, "[ds] vm/vm.vmdk"))
    assert its.use_of(PLACE, FOLDER).free
    its.put(vm(1, file))
    its.drop(MoRef("vm-1"))
    assert its.use_of(PLACE, FOLDER).free
    assert len(its) == 0


names = st.sampled_from(["c1_base", "C1_base", "c2_base", IMAGE, "vm", "x.vmdk", "vmware_temp"])
files = st.builds(
    lambda ds, parts: f"[{ds}] {'/'.join(parts)}",
    st.sampled_from(["ds", "other"]),
    st.lists(names, min_size=1, max_size=4),
)


@given(
    st.lists(
        st.tuples(st.integers(0, 4), st.none() | st.frozensets(files, max_size=3)), max_size=20
    )
)
def test_the_index_says_what_a_look_at_every_file_says(changes):
    its = UseBook()
    known: dict[int, frozenset[str]] = {}
    for number, held in changes:
        if held is None:
            its.drop(MoRef(f"vm-{number}"))
            known.pop(number, None)
        else:
            its.put(vm(number, *held))
            known[number] = held
    found = {user.moref for user in its.use_of(PLACE, FOLDER).standing}
    assert found == {
        f"vm-{number}"
        for number, held in known.items()
        if any(stands_in(file, FOLDER, {"ds"}) for file in held)
    }
