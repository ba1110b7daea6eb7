"""Where an instance would land: every cluster that it does not land on says why."""

import re
from typing import Any

import pytest

from tests.unit.domain.test_driver_sums import GIB, book, datastore, host
from tests.unit.domain.test_fits import flavor, provider, record, room, used
from vmware_panel.domain.cloud import ComputeService, Image, ServiceState
from vmware_panel.domain.driver_sums import DatastoreRejection
from vmware_panel.domain.inventory import HostConnection, Inventory, MoRef
from vmware_panel.domain.landing import (
    Candidate,
    ClusterLanding,
    RejectionKind,
    Wanted,
    landing_on,
    traits_of,
)
from vmware_panel.domain.topology import ConcernKind

UP = ComputeService("s", "compute-1", zone="nova", state=ServiceState.UP)
STORES = (
    datastore(1, free_bytes=40 * GIB),
    datastore(2, free_bytes=60 * GIB),
    datastore(3, name="iso", type="CIFS"),
)
REFS = tuple(store.moref for store in STORES)


def image(**changes: Any) -> Image:
    fields = {"id": "i", "name": "debian", "status": "active", "disk_format": "vmdk"}
    return Image(**{**fields, **changes})


def landing(wanted: Wanted, found: Inventory | None = None, **changes: Any) -> ClusterLanding:
    inventory = found or book(host(1, datastores=REFS), datastores=STORES)
    its = changes.pop("provider", provider())
    uses = changes.pop("usage", used(0, 0, 0))
    regex = changes.pop("regex", ".*")
    fields: dict[str, Any] = {
        "room": room(inventory, uses, regex, provider=its),
        "inventory": inventory,
        "service": UP,
        "provider": its,
        "candidates": frozenset({"p"}),
    }
    return landing_on(wanted, Candidate(**{**fields, **changes}))


def kinds(found: ClusterLanding) -> list[RejectionKind]:
    return [rejection.kind for rejection in found.rejections]


def test_a_cluster_that_takes_it_says_which_datastore_and_why_not_the_others() -> None:
    found = landing(Wanted(flavor(), image(), "nova"))
    assert found.possible
    assert not found.uncertain
    assert found.picked
    assert found.picked.name == "ds2"
    assert [(each.datastore.name, each.why) for each in found.not_picked] == [
        ("ds1", DatastoreRejection.LESS_FREE),
        ("iso", DatastoreRejection.TYPE),
    ]
    assert [(each.host.name, each.rejections) for each in found.hosts] == [("esx-1", ())]


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"service": ComputeService("s", "c", state=ServiceState.DOWN)}, "service_down"),
        (
            {"service": ComputeService("s", "c", enabled=False, disabled_reason="RAM")},
            "service_disabled",
        ),
        ({"driven": False}, "no_node"),
        ({"regex": "none"}, "no_datastore"),
        ({"candidates": frozenset()}, "not_a_candidate"),
        (
            {"candidates": frozenset(), "provider": provider(record("VCPU", 1, used=1))},
            "no_capacity",
        ),
        (
            {"candidates": frozenset(), "provider": provider(record("DISK_GB", 99, max_unit=9))},
            "above_max_unit",
        ),
        ({"usage": used(65_000)}, "no_host"),
    ],
)
def test_what_keeps_an_instance_from_a_cluster(changes: dict[str, Any], kind: str) -> None:
    assert kind in kinds(landing(Wanted(flavor(), image()), **changes))


@pytest.mark.parametrize(
    ("wanted", "kind"),
    [
        (Wanted(flavor(), image(), "other"), "other_zone"),
        (Wanted(flavor(), image(properties={"img_hv_type": "kvm"})), "image_hypervisor"),
        (Wanted(flavor(), image(properties={"hw_architecture": "arm"})), "image_architecture"),
        (Wanted(flavor(), image(disk_format="qcow2")), "image_format"),
        (Wanted(flavor(), image(status="queued")), "image_status"),
        (Wanted(flavor(), image(min_ram_mb=2048)), "image_min_ram"),
        (Wanted(flavor(), image(min_disk_gb=11)), "image_min_disk"),
        (Wanted(flavor(), image(size_bytes=11 * GIB)), "image_min_disk"),
        (Wanted(flavor(ram_mb=1023)), "memory_step"),
        (Wanted(flavor(extra_specs={"hw:cpu_cores": "x"})), "topology"),
        (Wanted(flavor(disk_gb=61), image()), "datastore_full"),
        (Wanted(flavor(vcpus=64)), "no_host"),
    ],
)
def test_what_the_wish_itself_rules_out(wanted: Wanted, kind: str) -> None:
    assert kind in kinds(landing(wanted))


def test_traits_are_named_where_they_are_what_keeps_it_away() -> None:
    wanted = Wanted(
        flavor(extra_specs={"trait:HW_GOLD": "required", "trait:HW_TIN": "forbidden"}),
        image(properties={"trait:CUSTOM_A": "required"}),
    )
    assert traits_of(wanted) == ({"HW_GOLD", "CUSTOM_A"}, {"HW_TIN"})
    (rejection,) = landing(wanted, candidates=frozenset()).rejections
    assert rejection.kind is RejectionKind.TRAITS
    assert rejection.detail == "CUSTOM_A, HW_GOLD, !HW_TIN"


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"connection": HostConnection.DISCONNECTED}, "not_connected"),
        ({"in_maintenance": True}, "in_maintenance"),
        ({"in_maintenance": None}, "state_unknown"),
        ({"cpu_threads": 1}, "too_few_threads"),
        ({"memory_bytes": GIB}, "too_little_memory"),
        ({"datastores": (MoRef("datastore-1"),)}, "not_mounted"),
    ],
)
def test_each_host_says_why_it_could_not_run_it(changes: dict[str, Any], kind: str) -> None:
    found = book(
        host(1, datastores=REFS), host(2, **{"datastores": REFS, **changes}), datastores=STORES
    )
    wanted = Wanted(flavor(vcpus=2, ram_mb=2048), image())
    able, unable = landing(wanted, found).hosts
    assert able.rejections == ()
    assert [rejection.kind for rejection in unable.rejections] == [kind]


def test_a_vsan_takes_only_a_stream_optimized_image() -> None:
    stores = (datastore(1, type="vsan", free_bytes=90 * GIB), datastore(2))
    found = book(host(1), datastores=stores)
    stream = image(properties={"vmware_disktype": "streamOptimized"})
    assert landing(Wanted(flavor(), stream), found).picked == stores[0]
    other = landing(Wanted(flavor(), image()), found)
    assert other.picked == stores[1]
    assert [each.why for each in other.not_picked] == [DatastoreRejection.VSAN_IMAGE]


def test_what_is_unknown_is_no_rejection_and_no_certainty() -> None:
    assert landing(Wanted(flavor(), image()), candidates=None).uncertain
    assert landing(Wanted(flavor(), image()), usage=None).uncertain
    unread = landing(Wanted(flavor(), image()), service=None)
    assert unread.possible
    assert unread.uncertain


def test_a_shape_that_suits_no_host_is_told_beside() -> None:
    hosts = host(1, datastores=REFS, cpu_packages=2, cpu_cores=16, numa_nodes=2)
    found = landing(Wanted(flavor(vcpus=8)), book(hosts, datastores=STORES))
    assert [each.kind for each in found.concerns] == [ConcernKind.MORE_SOCKETS]
    assert found.possible


def test_the_pattern_of_the_settings_counts() -> None:
    found = landing(Wanted(flavor()), regex=re.escape("ds1"))
    assert found.picked
    assert found.picked.name == "ds1"
