"""The picture of a disk: geometry that keeps inside its frame, and the same facts as text."""

from dataclasses import replace
from typing import Any
from xml.etree import ElementTree

import pytest
from django.template.loader import render_to_string
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.domain import builders
from tests.unit.instance_views import samples
from vmware_panel.domain.inventory import VirtualDisk
from vmware_panel.domain.outcome import Trouble, TroubleKind
from vmware_panel.instance_views import storage
from vmware_panel.instance_views.picture import FITTING, Step, draw
from vmware_panel.wording import shortened

SVG = "vmware_panel/instance/_picture.html"
ITS_ID = builders.uuid_of(1)


def steps_of(disk: VirtualDisk, **report: Any) -> list[tuple[str, str]]:
    made = samples.report(samples.vm(disks=(disk,)), **report)
    (view,) = storage.disks(made, storage.ADMIN_PAGES)
    return [(box.step.relation, box.step.title) for box in view.picture.boxes]


def test_a_linked_clone_stands_on_the_cached_file_of_its_image():
    disk = builders.disk(f"[ds1] {ITS_ID}/{ITS_ID}.vmdk", parent_paths=(samples.CACHED,))
    assert steps_of(disk) == [
        ("", "Hard disk 1"),
        ("stands on", "File in the image cache"),
        ("was made from", "Glance image"),
    ]


def test_snapshots_stand_between():
    base = f"[ds1] {ITS_ID}/{ITS_ID}.vmdk"
    disk = builders.disk(
        f"[ds1] {ITS_ID}/{ITS_ID}-000002.vmdk", parent_paths=("[ds1] x", base, samples.CACHED)
    )
    assert steps_of(disk)[1] == ("holds the changes since", "2 files below")
    assert steps_of(disk)[2][1] == "File in the image cache"


def test_a_full_clone_was_copied_from_its_image():
    disk = builders.disk(f"[ds1] {ITS_ID}/{ITS_ID}.vmdk")
    assert steps_of(disk) == [("", "Hard disk 1"), ("was copied from", "Glance image")]


def test_a_volume_is_a_cinder_volume():
    disk = builders.disk("[ds2] v/v.vmdk", backing_uuid=samples.VOLUME_ID)
    assert steps_of(disk) == [("", "Hard disk 1"), ("is", "Cinder volume")]


def test_an_ephemeral_disk_stands_on_nothing():
    assert steps_of(builders.disk(f"[ds1] {ITS_ID}/ephemeral_0.vmdk"))[1] == (
        "stands on",
        "Nothing",
    )


def test_a_disk_of_a_foreign_name_stands_on_something_unknown():
    assert steps_of(builders.disk("[ds1] by-hand/data.vmdk"))[1] == ("stands on", "Unknown")


@pytest.mark.parametrize(
    ("troubles", "note"),
    [
        ((), "not found in Glance"),
        ((Trouble("glance", TroubleKind.TIMEOUT),), "its name is unknown"),
    ],
)
def test_an_image_is_gone_only_if_glance_said_so(troubles, note):
    made = samples.report(troubles=troubles)
    (root, *_) = storage.disks(replace(made, images={}), storage.ADMIN_PAGES)
    assert root.came_from and root.came_from.note == note


def test_the_svg_has_a_role_a_title_and_a_description():
    picture = storage.disks(samples.report(), storage.ADMIN_PAGES)[0].picture
    svg: Any = ElementTree.fromstring(render_to_string(SVG, {"picture": picture}))  # noqa: S314
    assert svg.get("role") == "img"
    named = [svg.find(f"*[@id='{its_id}']").text for its_id in svg.get("aria-labelledby").split()]
    assert named[0] == "What Hard disk 1 stands on"
    assert "stands on: File in the image cache" in named[1] and "ubuntu-24.04" in named[1]


names = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"))


@given(st.lists(st.builds(Step, names, names, names), min_size=1, max_size=5))
def test_any_names_make_well_formed_svg_inside_its_frame(steps):
    picture = draw(0, "title", "text", steps)
    svg: Any = ElementTree.fromstring(render_to_string(SVG, {"picture": picture}))  # noqa: S314
    assert not svg.findall(".//script")
    for rect in svg.iter("rect"):
        assert int(rect.get("y")) + int(rect.get("height")) <= picture.height
        assert int(rect.get("x")) + int(rect.get("width")) <= picture.width
    assert len(picture.arrows) == len(steps) - 1


@given(st.text())
def test_a_shortened_name_keeps_both_ends(name):
    short = shortened(name, FITTING)
    assert len(short) <= max(FITTING, 0)
    if short != name:
        start, _, end = short.partition("…")
        assert name.startswith(start) and name.endswith(end)
