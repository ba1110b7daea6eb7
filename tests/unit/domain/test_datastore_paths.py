"""Only the few places that are ours may be changed, whatever a name looks like."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmware_panel.domain.datastore_files import DatastoreFile
from vmware_panel.domain.datastore_paths import (
    DatastorePath,
    FilePlace,
    FolderListing,
    PlaceKind,
    UnsafePath,
    below,
    marker_name,
    parse,
    require_deletable,
    require_makeable,
    require_movable,
)
from vmware_panel.domain.inventory import MoRef

IMAGE = "11111111-2222-3333-4444-555555555555"
OTHER = "99999999-2222-3333-4444-555555555555"
PLACE = FilePlace(MoRef("datastore-1"), "ds", MoRef("datacenter-2"), MoRef("browser-1"))

HOSTILE = (
    "",
    "ds/x_base/image",
    "[ds]",
    "[ds] ",
    "[ds] /",
    "[ds] ..",
    "[ds] x_base/..",
    "[ds] x_base/../y",
    "[ds] x_base/./image",
    "[ds] x_base//image",
    "[ds] x_base/image/",
    "[ds] /x_base/image",
    "[ds]x_base/image",
    "[ds]  x_base/image",
    "[ds] x_base/image ",
    "[ds] x_base/ image",
    "[ds] x_base/im\nage",
    "[ds] x_base/im\x00age",
    "[ds] x_base/..\\..\\windows",
    "[] x_base/image",
    "[d]s] x_base/image",
    "[ds] x_base/" + "n" * 256,
    "[ds] x_base/image\u202e",
)


@pytest.mark.parametrize("path", HOSTILE)
def test_a_path_that_is_not_plain_is_none(path):
    with pytest.raises(UnsafePath):
        parse(path)


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("[ds] 10.0.0.1_base", PlaceKind.ROOT),
        (f"[ds] 10.0.0.1_base/{IMAGE}", PlaceKind.IMAGE),
        (f"[ds] _base/{IMAGE}/ts-2026-01-31-12-00-00", PlaceKind.MARKER),
        (f"[ds] _base/{IMAGE}/{IMAGE}.vmdk", None),
        (f"[ds] _base/{IMAGE}/ts-soon", None),
        ("[ds] vmware_temp", PlaceKind.TEMP_ROOT),
        (f"[ds] vmware_temp/{OTHER}", PlaceKind.TEMP),
        (f"[ds] vmware_temp/{OTHER}/{IMAGE}", PlaceKind.STAGED),
        (f"[ds] vmware_temp/{OTHER}/{IMAGE}/disk.vmdk", None),
        (f"[ds] OSTACK_IMG_{OTHER}", PlaceKind.HELPER_VM),
        (f"[ds] OSTACK_SNAP_{OTHER}", PlaceKind.HELPER_VM),
        (f"[ds] OSTACK_IMG_{OTHER}/disk.vmdk", None),
        ("[ds] OSTACK_IMGS", None),
        (f"[ds] {OTHER}", PlaceKind.INSTANCE),
        (f"[ds] {OTHER.replace('9', 'A')}", None),
        ("[ds] web-server", None),
        (".", None),
    ],
)
def test_a_place_is_known_by_its_shape(path, kind):
    try:
        found = parse(path).kind
    except UnsafePath:
        found = None
    assert found is kind


def listing(path: str, *names: str, place: FilePlace = PLACE) -> FolderListing:
    at = parse(path)
    top = "/".join(at.names)
    return FolderListing(place, at, tuple(DatastoreFile(f"{top}/{name}") for name in names), 0.0)


@pytest.mark.parametrize(
    "path",
    [
        "[ds] x_base",
        "[ds] vmware_temp",
        "[ds] web-server",
        f"[ds] x_base/{IMAGE}/{IMAGE}.vmdk",
        f"[ds] x_base/{IMAGE}/ts-2026-01-31-12-00-00",
        "[other] x_base/image",
    ],
)
def test_what_is_no_place_of_ours_is_not_deleted(path):
    with pytest.raises(UnsafePath):
        require_deletable(listing(path))


def test_an_image_folder_a_temp_folder_a_helper_vms_and_an_instances_can_be_deleted():
    for path in (
        f"[ds] x_base/{IMAGE}",
        f"[ds] vmware_temp/{OTHER}",
        f"[ds] vmware_temp/{OTHER}/{IMAGE}",
        f"[ds] OSTACK_IMG_{OTHER}",
        f"[ds] {OTHER}",
    ):
        require_deletable(listing(path))


def test_a_path_that_was_put_together_by_hand_is_read_again():
    for names in (("x_base", ".."), ("x_base", "a/../../b"), ("x_base", "")):
        with pytest.raises(UnsafePath):
            require_deletable(FolderListing(PLACE, DatastorePath("ds", names), (), 0.0))


def test_a_folder_is_moved_aside_and_back_under_its_own_name_only():
    image, aside = f"[ds] x_base/{IMAGE}", f"[ds] vmware_temp/{OTHER}/{IMAGE}"
    require_movable(listing(image), parse(aside))
    require_movable(listing(aside), parse(image))
    for source, destination in (
        (image, f"[ds] y_base/{IMAGE}"),
        (image, f"[ds] vmware_temp/{IMAGE}"),
        (image, f"[ds] vmware_temp/{OTHER}/{OTHER}"),
        (image, f"[other] vmware_temp/{OTHER}/{IMAGE}"),
        (aside, f"[ds] web-server/{IMAGE}"),
        ("[ds] web-server", f"[ds] vmware_temp/{OTHER}/web-server"),
    ):
        with pytest.raises(UnsafePath):
            require_movable(listing(source), parse(destination))


def test_a_root_is_moved_aside_only_while_nothing_lies_in_it():
    to = parse(f"[ds] vmware_temp/{OTHER}/x_base")
    require_movable(listing("[ds] x_base"), to)
    with pytest.raises(UnsafePath):
        require_movable(listing("[ds] x_base", IMAGE), to)


def test_only_roots_images_markers_and_temp_folders_are_made():
    for path in (
        "[ds] x_base",
        f"[ds] x_base/{IMAGE}",
        f"[ds] x_base/{IMAGE}/ts-2026-01-31-12-00-00",
        "[ds] vmware_temp",
        f"[ds] vmware_temp/{OTHER}/{IMAGE}",
    ):
        require_makeable(PLACE, parse(path))
    for path in ("[ds] web-server", f"[ds] {OTHER}", f"[ds] OSTACK_IMG_{OTHER}"):
        with pytest.raises(UnsafePath):
            require_makeable(PLACE, parse(path))


def test_a_marker_is_named_as_nova_names_it_in_utc():
    moment = datetime(2026, 1, 31, 13, 0, 5, tzinfo=timezone(timedelta(hours=1)))
    assert marker_name(moment) == "ts-2026-01-31-12-00-05"
    assert below("ds", "x_base", IMAGE, marker_name(moment)).kind is PlaceKind.MARKER
    assert marker_name(moment.astimezone(UTC)) == marker_name(moment)


names = st.text(st.characters(codec="utf-8"), max_size=20) | st.sampled_from(
    ["..", ".", "x_base", "vmware_temp", IMAGE, OTHER, "OSTACK_IMG_1", "a/b", "a\\b", " a"]
)


@given(st.lists(names, min_size=1, max_size=4))
def test_whatever_the_names_are_no_deletion_reaches_beyond_the_known_places(parts):
    """Either refused, or a path that reads back as itself, of a known kind."""
    try:
        path = below("ds", *parts)
        require_deletable(FolderListing(PLACE, path, (), 0.0))
    except UnsafePath:
        return
    assert parse(str(path)) == path
    assert path.names == tuple(parts)
    assert not any(name in ("", ".", "..") or "/" in name for name in path.names)
    top, depth = parts[0], len(parts)
    assert (
        (top.endswith("_base") and depth == 2)
        or (top == "vmware_temp" and depth in (2, 3))
        or (top.startswith(("OSTACK_IMG_", "OSTACK_SNAP_")) and depth == 1)
        or (top in (IMAGE, OTHER) and depth == 1)
    ), parts
