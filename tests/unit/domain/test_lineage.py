"""What each disk of an instance stands on."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.domain.builders import IMAGE_ID, disk, inventory, server, uuid_of, vm
from vmware_panel.domain.inventory import CINDER_EXTENSION
from vmware_panel.domain.lineage import (
    DiskOrigin,
    datastore_name,
    file_path,
    parse_cached_image,
    trace_disks,
)

CACHED = f"[ds1] c0_base/{IMAGE_ID}/{IMAGE_ID}.1.vmdk"
VOLUME_ID = uuid_of(0x77)


def traced(a_disk, *others, a_server=None, **changes):
    own = vm(disks=(a_disk,), **changes)
    (lineage,) = trace_disks(a_server or server(), own, inventory(own, *others))
    return lineage


def test_a_linked_clone_goes_back_to_the_cached_image_and_its_glance_image():
    found = traced(disk(f"[ds1] {uuid_of(1)}/{uuid_of(1)}.vmdk", parent_paths=(CACHED,)))
    assert found.origin is DiskOrigin.LINKED_CLONE
    assert found.image_id == IMAGE_ID
    assert found.cached and (found.cached.root, found.cached.root_gb) == ("c0_base", 1)


def test_a_linked_clone_under_a_snapshot_still_goes_back_to_the_image():
    own = f"[ds1] {uuid_of(1)}/{uuid_of(1)}.vmdk"
    snapshot = f"[ds1] {uuid_of(1)}/{uuid_of(1)}-000001.vmdk"
    assert traced(disk(snapshot, parent_paths=(own, CACHED))).image_id == IMAGE_ID


def test_a_full_clone_goes_back_to_the_servers_image_even_under_a_snapshot():
    own = f"[ds1] {uuid_of(1)}/{uuid_of(1)}.vmdk"
    snapshot = f"[ds1] {uuid_of(1)}/{uuid_of(1)}-000001.vmdk"
    for one in (disk(own), disk(snapshot, parent_paths=(own,))):
        found = traced(one)
        assert (found.origin, found.image_id) == (DiskOrigin.FULL_CLONE, IMAGE_ID)


@pytest.mark.parametrize(
    ("name", "origin"),
    [
        ("ephemeral_0.vmdk", DiskOrigin.EPHEMERAL),
        ("swap.vmdk", DiskOrigin.SWAP),
        (f"{IMAGE_ID}-rescue.vmdk", DiskOrigin.RESCUE),
        ("renamed by storage vmotion.vmdk", DiskOrigin.UNKNOWN),
    ],
)
def test_other_disks_are_told_by_the_names_that_nova_gives(name, origin):
    found = traced(disk(f"[ds1] {uuid_of(1)}/{name}"))
    assert (found.origin, found.image_id) == (origin, None)


def test_a_volume_is_told_by_novas_note_on_the_vm():
    noted = {f"volume-{VOLUME_ID}": "6000c29a-1111-2222-3333-444455556666"}
    found = traced(
        disk("[ds2] any/where.vmdk", backing_uuid="6000C29A-1111-2222-3333-444455556666"),
        extra_config=noted,
    )
    assert (found.origin, found.volume_id) == (DiskOrigin.VOLUME, VOLUME_ID)


def test_a_volume_is_told_by_the_shadow_vm_that_has_the_same_file():
    path = "[ds2] any/where.vmdk"
    shadow = vm(0x77, disks=(disk(path),), manager_key=CINDER_EXTENSION)
    assert traced(disk(path), shadow).volume_id == VOLUME_ID


def test_a_volume_is_told_by_its_folder_only_if_nova_lists_it_as_attached():
    path = f"[ds2] volume-{VOLUME_ID}/volume-{VOLUME_ID}.vmdk"
    assert traced(disk(path), a_server=server(volume_ids=(VOLUME_ID,))).volume_id == VOLUME_ID
    assert traced(disk(path)).volume_id is None


def test_a_cached_original_has_no_root_size():
    found = parse_cached_image(f"[ds 1] _base/{IMAGE_ID}/{IMAGE_ID}.vmdk")
    assert found and found.root_gb is None and found.datastore == "ds 1"


@pytest.mark.parametrize(
    "path",
    [
        "",
        f"c0_base/{IMAGE_ID}/{IMAGE_ID}.vmdk",
        f"[ds1] c0/{IMAGE_ID}/{IMAGE_ID}.vmdk",
        f"[ds1] c0_base/{IMAGE_ID}/other.vmdk",
        f"[ds1] a/c0_base/{IMAGE_ID}/{IMAGE_ID}.vmdk",
    ],
)
def test_what_is_not_named_as_nova_names_it_is_no_cached_image(path):
    assert parse_cached_image(path) is None


@given(st.text(st.characters(exclude_characters="]")), st.text())
def test_a_path_is_split_into_datastore_and_file(datastore, name):
    path = f"[{datastore}] {name}"
    assert (datastore_name(path), file_path(path)) == (datastore, name)


@given(st.text())
def test_any_text_is_taken_as_a_path(text):
    assert isinstance(datastore_name(text), str)
    assert isinstance(file_path(text), str)
    assert parse_cached_image(text) is None or text.startswith("[")
