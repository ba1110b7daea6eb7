"""Whatever JSON a service writes, it is read or refused, and never anything else."""

import dataclasses
import math
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmware_panel.openstack import cinder, fields, glance, keystone, nova, placement
from vmware_panel.openstack.fields import MalformedError

KEYS = [
    "id", "name", "uuid", "host", "status", "state", "image", "flavor", "vcpus", "ram", "disk",
    "swap", "size", "attachments", "server_id", "service", "extra_specs", "created", "updated_at",
    "OS-EXT-STS:power_state", "OS-EXT-SRV-ATTR:host", "os-extended-volumes:volumes_attached",
    "inventories", "usages", "VCPU", "total", "reserved", "allocation_ratio", "min_unit",
    "max_unit", "step_size", "resource_provider_generation", "os_hidden", "bootable",
]  # fmt: skip

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters())  # lone surrogates too, as `\\ud83d` in JSON gives them
    | st.sampled_from(["", "true", "enabled", "up", "2026-11-22T16:00:00Z", "0", "-1", "½"])
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4)
    ),
    max_leaves=6,
)
OBJECTS = st.dictionaries(st.sampled_from(KEYS), VALUES)

BUILDERS: list[Callable[[Any], Any]] = [
    nova.to_server,
    nova.to_hypervisor,
    nova.to_compute_service,
    nova.to_flavor,
    glance.to_image,
    cinder.to_volume,
    keystone.to_name,
    lambda item: placement.to_resource_provider(item, item, item),
]


def texts_of(built: Any) -> str:
    if isinstance(built, tuple):
        return "".join(map(texts_of, built))
    if dataclasses.is_dataclass(built):
        return "".join(texts_of(getattr(built, f.name)) for f in dataclasses.fields(built))
    return built if isinstance(built, str) else ""


@given(item=OBJECTS)
@pytest.mark.parametrize("build", BUILDERS)
def test_any_object_is_read_or_malformed(
    build: Callable[[Any], Any], item: dict[str, Any]
) -> None:
    try:
        built = build(item)
    except MalformedError:
        return
    assert texts_of(built).encode()  # what a page or an export would do
    hash(built)


@given(value=VALUES)
def test_a_number_is_a_whole_finite_number(value: object) -> None:
    number = fields.whole({"n": value}, "n")
    assert number is None or type(number) is int
    try:
        assert math.isfinite(fields.needed_real({"n": value}, "n"))
    except MalformedError:
        pass


@pytest.mark.parametrize(
    ("value", "number"),
    [(3, 3), (3.0, 3), ("3", 3), (0, 0), (-1, -1), (3.5, None), (True, None), ("½", None)],
)
def test_what_counts_as_a_number(value: object, number: int | None) -> None:
    assert fields.whole({"n": value}, "n") == number


@pytest.mark.parametrize(
    ("item", "hidden"), [({}, None), ({"host": None}, ""), ({"host": "a"}, "a")]
)
def test_hidden_is_not_empty(item: Mapping[str, object], hidden: str | None) -> None:
    assert fields.known_text(item, "host") == hidden
