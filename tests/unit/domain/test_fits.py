"""How many more fit, by each bound for itself."""

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.domain.builders import inventory, node_name
from tests.unit.domain.test_driver_sums import BLUE, GIB, book, datastore, host
from vmware_panel.domain.cloud import Flavor, ResourceInventory, ResourceProvider
from vmware_panel.domain.driver_sums import DriverSettings, report_of
from vmware_panel.domain.fits import (
    Bound,
    Fit,
    Room,
    by_datastores,
    by_placement,
    fit_of,
    largest_instance,
    resources_of,
    room_of,
)
from vmware_panel.domain.inventory import (
    Cluster,
    HaPolicy,
    HaPolicyKind,
    Inventory,
    MoRef,
)
from vmware_panel.domain.usage import HostUsage, Usage

READ_AT = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)


def flavor(vcpus: int = 1, ram_mb: int = 1024, disk_gb: int = 10, **more: Any) -> Flavor:
    return Flavor("f", "f", vcpus=vcpus, ram_mb=ram_mb, disk_gb=disk_gb, **more)


def record(name: str, total: int, used: int | None = 0, **changes: Any) -> ResourceInventory:
    fields = {"reserved": 0, "allocation_ratio": 1.0, "min_unit": 1, "step_size": 1}
    return ResourceInventory(
        name, total=total, used=used, **{**fields, "max_unit": total, **changes}
    )


def provider(*records: ResourceInventory) -> ResourceProvider:
    ample = {name: record(name, 10**9) for name in ("VCPU", "MEMORY_MB", "DISK_GB")}
    ample |= {one.resource_class: one for one in records}
    return ResourceProvider("p", node_name(), 1, inventories=tuple(ample.values()))


def used(*figures: int | None, cpu_mhz: int = 0) -> Usage:
    return Usage(
        "lab",
        READ_AT,
        hosts=tuple(
            HostUsage(MoRef(f"host-{n}"), cpu_used_mhz=cpu_mhz, memory_used_mb=memory_mb)
            for n, memory_mb in enumerate(figures, 1)
        ),
    )


def room(found: Inventory, usage: Usage | None = None, regex: str = ".*", **changes: Any) -> Room:
    report = report_of(found.clusters[0], found, DriverSettings(re.compile(regex)))
    return room_of(found.clusters[0], report, changes.get("provider", provider()), usage)


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        (record("VCPU", 8), 8),
        (record("VCPU", 8, reserved=1), 7),
        (record("VCPU", 8, allocation_ratio=1.5), 12),
        (record("VCPU", 8, used=3), 5),
        (record("VCPU", 8, used=12), 0),  # the ratio was lowered below what is used
        (record("MEMORY_MB", 4096), 4),
        (record("MEMORY_MB", 4096, max_unit=1000), 0),
        (record("MEMORY_MB", 4096, step_size=1000), 0),
        (record("MEMORY_MB", 4096, min_unit=2048), 0),
        (record("DISK_GB", 25), 2),
        (record("VCPU", 8, used=None), None),
    ],
)
def test_placements_count(changed: ResourceInventory, expected: int | None) -> None:
    assert by_placement(flavor(), provider(changed)) == expected


@settings(deadline=None)
@given(
    st.integers(0, 200),
    st.integers(0, 10),
    st.sampled_from([1.0, 1.5, 4.0, 16.0]),
    st.integers(0, 300),
    st.integers(1, 20),
)
def test_placement_takes_as_many_as_are_counted_and_not_one_more(
    total: int, reserved: int, ratio: float, in_use: int, vcpus: int
) -> None:
    inventory_record = record(
        "VCPU", total, in_use, reserved=reserved, allocation_ratio=ratio, max_unit=1000
    )
    count = by_placement(flavor(vcpus), provider(inventory_record))
    assert count is not None
    # placement.objects.allocation._check_capacity_exceeded
    capacity = (total - reserved) * ratio
    assert count == 0 or in_use + count * vcpus <= capacity
    assert in_use + (count + 1) * vcpus > capacity


def test_a_class_that_the_provider_lacks_fits_none() -> None:
    specs = {"resources:CUSTOM_LICENSE": "1"}
    assert by_placement(flavor(extra_specs=specs), provider()) == 0
    assert by_placement(flavor(extra_specs={"hw:cpu_policy": "dedicated"}), provider()) == 0


def test_what_an_instance_takes() -> None:
    wanted = flavor(2, 2048, 10, ephemeral_gb=5, swap_mb=1025, extra_specs={"resources:VCPU": "0"})
    assert resources_of(wanted) == {"MEMORY_MB": 2048, "DISK_GB": 17}


def test_memory_in_two_halves_fits_no_instance_that_needs_the_whole() -> None:
    found = book(host(1), host(2))
    half = used(32 * 1024, 32 * 1024)
    wanted = flavor(ram_mb=33 * 1024)
    fit = fit_of(wanted, room(found, half))
    assert fit.counts[Bound.HOSTS] == 0  # though 64 GiB are free in all
    assert fit.biting == (Bound.HOSTS,)


@settings(deadline=None)
@given(st.lists(st.integers(0, 70_000), min_size=1, max_size=8), st.integers(1, 70_000))
def test_hosts_are_filled_each_for_itself(uses: list[int], ram_mb: int) -> None:
    found = book(*[host(n) for n in range(1, len(uses) + 1)])
    fit = fit_of(flavor(ram_mb=ram_mb), room(found, used(*uses)))
    free = [max(0, 65536 - use) for use in uses]
    assert fit.counts[Bound.HOSTS] == sum(one // ram_mb for one in free)


def test_a_host_with_too_few_cpus_or_none_left_takes_none() -> None:
    small = book(host(1, cpu_threads=2), host(2))
    assert fit_of(flavor(4), room(small, used(0, 0))).counts[Bound.HOSTS] == 64
    busy = book(host(1, cpu_cores=2, cpu_mhz=1000))
    spent = used(0, cpu_mhz=2000)
    assert fit_of(flavor(), room(busy, spent)).counts[Bound.HOSTS] == 0


def test_a_host_of_which_the_use_is_unknown_makes_the_count_unknown() -> None:
    fit = fit_of(flavor(), room(book(host(1), host(2)), used(0, None)))
    assert fit.counts[Bound.HOSTS] is None
    assert not fit.certain
    assert fit.count == 10  # the datastores': two of 50 GiB free


def cluster_of(policy: HaPolicy | None, **changes: Any) -> Inventory:
    blue = Cluster(BLUE, "blue", ha_enabled=True, ha_admission_control=True, ha_policy=policy)
    base = book(host(1), host(2))
    return inventory(clusters=(blue,), hosts=base.hosts, datastores=base.datastores, **changes)


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        (HaPolicy(HaPolicyKind.PERCENTAGE, 50, 50), (128 - 32) - 64),
        (HaPolicy(HaPolicyKind.HOST_FAILURES, host_failures=1), 32),
        (HaPolicy(HaPolicyKind.FAILOVER_HOSTS, failover_hosts=(MoRef("host-1"),)), 48),
        (HaPolicy(HaPolicyKind.OTHER), None),
        (None, None),
    ],
)
def test_what_ha_holds_back_stays_free(policy: HaPolicy | None, expected: int | None) -> None:
    usage = used(16 * 1024, 16 * 1024)
    fit = fit_of(flavor(disk_gb=0), room(cluster_of(policy), usage))
    assert fit.counts[Bound.HA] == expected
    assert fit.counts[Bound.HOSTS] == 96


@settings(deadline=None)
@given(st.lists(st.integers(0, 1 << 44), min_size=1, max_size=6), st.integers(1, 5000))
def test_disks_go_where_most_room_is_until_none_has_enough(sizes: list[int], disk_gb: int) -> None:
    stores = tuple(
        datastore(n, capacity_bytes=1 << 45, free_bytes=size) for n, size in enumerate(sizes)
    )
    refs = tuple(store.moref for store in stores)
    found = book(host(1, datastores=refs), datastores=stores)
    counted = by_datastores(flavor(disk_gb=disk_gb), room(found).datastores)
    left, count = list(sizes), 0
    while count <= 200 and max(left) >= disk_gb * GIB:  # as the driver picks
        left[left.index(max(left))] -= disk_gb * GIB
        count += 1
    assert counted == count or count > 200


def test_an_unknown_regex_makes_the_datastores_unknown() -> None:
    found = book(host(1))
    report = report_of(found.clusters[0], found)
    fit = fit_of(flavor(), room_of(found.clusters[0], report, provider(), used(0)))
    assert fit.counts[Bound.DATASTORES] is None
    assert fit.counts[Bound.HOSTS] == 64


def test_no_disk_is_bound_by_no_datastore() -> None:
    assert Bound.DATASTORES not in fit_of(flavor(disk_gb=0), room(book(host(1)), used(0))).counts


def test_nothing_fits_for_certain_where_one_bound_says_none() -> None:
    assert Fit({Bound.PLACEMENT: 0, Bound.HOSTS: None}).certain
    assert Fit({Bound.PLACEMENT: None}).count is None


def test_the_largest_instance_is_on_one_host() -> None:
    found = book(host(1, cpu_threads=16), host(2))
    largest = largest_instance(room(found, used(1024, 32 * 1024)))
    assert largest
    assert (largest.memory_mb, largest.vcpus, largest.disk_gb) == (63 * 1024, 16, 50)
    assert largest.host == "esx-1"
    capped = room(found, used(0, 0), provider=provider(record("MEMORY_MB", 8192, used=4096)))
    assert largest_instance(capped).memory_mb == 4096  # type: ignore[union-attr]
    assert largest_instance(room(found, used(0, None))) is None
