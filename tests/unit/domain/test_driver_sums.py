"""The driver's sums, against the very functions of the Nova that is installed."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nova.virt.vmwareapi import ds_util

from tests.unit.domain.builders import esx_host, inventory
from vmware_panel.domain.driver_sums import (
    DATASTORE_TYPES,
    DatastoreRejection,
    DriverSettings,
    Resource,
    datastore_sum,
    rejection_of,
    report_of,
)
from vmware_panel.domain.inventory import Datastore, EsxHost, HostConnection, Inventory, MoRef

GIB = 1 << 30
ANY = re.compile(".*")
BLUE = MoRef("domain-c1")


def datastore(number: int = 1, **changes: object) -> Datastore:
    fields: dict[str, object] = {
        "moref": MoRef(f"datastore-{number}"),
        "name": f"ds{number}",
        "type": "VMFS",
        "capacity_bytes": 100 * GIB,
        "free_bytes": 50 * GIB,
        "accessible": True,
    }
    return Datastore(**{**fields, **changes})  # type: ignore[arg-type]


def host(number: int, **changes: object) -> EsxHost:
    fields: dict[str, object] = {
        "cluster": BLUE,
        "cpu_threads": 32,
        "memory_bytes": 64 * GIB,
        "datastores": (MoRef("datastore-1"), MoRef("datastore-2")),
    }
    return esx_host(number, **{**fields, **changes})


def book(*hosts: EsxHost, datastores: tuple[Datastore, ...] | None = None) -> Inventory:
    both = (datastore(1), datastore(2)) if datastores is None else datastores
    return inventory(hosts=hosts, datastores=both)


def test_the_types_are_novas() -> None:
    assert DATASTORE_TYPES == ds_util.ALL_SUPPORTED_DS_TYPES


@settings(deadline=None)
@given(
    accessible=st.sampled_from([True, False, None]),
    maintenance=st.sampled_from([None, "normal", "inMaintenance", "enteringMaintenance"]),
    kind=st.sampled_from(["VMFS", "NFS", "NFS41", "vsan", "CIFS", "vfat"]),
    name=st.sampled_from(["ssd-1", "hdd-1", "1-ssd"]),
    regex=st.sampled_from(["ssd", "^hdd", ".*", "ssd-1$"]),
)
def test_a_datastore_counts_where_novas_own_rule_says_so(
    accessible: bool | None, maintenance: str | None, kind: str, name: str, regex: str
) -> None:
    pattern = re.compile(regex)
    summary = {
        "summary.accessible": accessible,
        "summary.maintenanceMode": maintenance,
        "summary.type": kind,
        "summary.name": name,
    }
    theirs = ds_util._is_datastore_valid(summary, pattern, ds_util.ALL_SUPPORTED_DS_TYPES)
    ours = rejection_of(
        datastore(name=name, type=kind, accessible=accessible, maintenance_mode=maintenance),
        pattern,
    )
    assert bool(theirs) == (ours is None), ours


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 1 << 45),  # memory_bytes
            st.integers(1, 512),  # threads
            st.sampled_from(list(HostConnection)),
            st.booleans(),
        ),
        max_size=12,
    )
)
def test_hosts_that_are_connected_and_not_in_maintenance_are_summed(
    rows: list[tuple[int, int, HostConnection, bool]],
) -> None:
    hosts = [
        host(n, memory_bytes=memory, cpu_threads=threads, connection=state, in_maintenance=out)
        for n, (memory, threads, state, out) in enumerate(rows)
    ]
    found = book(*hosts)
    report = report_of(found.clusters[0], found, DriverSettings(ANY))
    counted = [row for row in rows if row[2] == "connected" and row[3] is False]
    assert report.vcpu.total == sum(row[1] for row in counted)
    assert report.vcpu.max_unit == max((row[1] for row in counted), default=0)
    # get_stats_from_cluster cuts each host's memory, not the sum's
    assert report.memory.total == sum(row[0] // (1 << 20) for row in counted)
    assert report.memory.max_unit == max((row[0] // (1 << 20) for row in counted), default=0)
    assert len(report.usable) + len(report.left_out) == len(rows)


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 1 << 45), st.integers(0, 1 << 45)), min_size=1))
def test_the_disk_is_the_sum_of_capacities_and_the_largest_free_space(
    sizes: list[tuple[int, int]],
) -> None:
    datastores = tuple(
        datastore(n, capacity_bytes=capacity, free_bytes=free)
        for n, (capacity, free) in enumerate(sizes)
    )
    found = book(host(1, datastores=tuple(d.moref for d in datastores)), datastores=datastores)
    report = report_of(found.clusters[0], found, DriverSettings(ANY))
    assert report.disk.total == sum(capacity for capacity, _ in sizes) // GIB
    assert report.disk.max_unit == max(free for _, free in sizes) // GIB
    picked = next(size for size in sizes if size[1] == max(free for _, free in sizes))
    assert report.shown_disk_gb == picked[0] // GIB  # os-hypervisors' one datastore


def test_a_datastore_of_another_cluster_does_not_count() -> None:
    found = book(host(1, datastores=(MoRef("datastore-1"),)), host(2, cluster=MoRef("domain-c2")))
    assert report_of(found.clusters[0], found, DriverSettings(ANY)).disk.total == 100


def test_a_host_of_which_nothing_is_known_makes_the_sums_unknown() -> None:
    found = book(host(1), host(2, connection=None))
    report = report_of(found.clusters[0], found, DriverSettings(ANY))
    assert (report.vcpu.total, report.memory.total, report.vcpu.max_unit) == (None, None, None)
    assert [each.name for each in report.undecided] == ["esx-2"]


def test_without_the_regex_the_disk_is_unknown() -> None:
    found = book(host(1))
    report = report_of(found.clusters[0], found)
    assert (report.disk.total, report.disk.max_unit, report.shown_disk_gb) == (None, None, None)
    assert {each.why for each in report.datastores.rejected} == {DatastoreRejection.REGEX_UNKNOWN}
    assert not report.fails
    assert report.vcpu.total == 32


def test_the_driver_fails_where_no_datastore_counts() -> None:
    found = book(host(1))
    report = report_of(found.clusters[0], found, DriverSettings(re.compile("none")))
    assert report.fails
    assert report.shown_disk_gb == 0  # host._get_ds_capacity_and_freespace
    assert report.disk.total is None


@pytest.mark.parametrize(
    ("reserved_mb", "gb"), [(0, 0), (1, 1), (1024, 1), (1025, 2), (None, None)]
)
def test_the_reserved_disk_is_rounded_up(reserved_mb: int | None, gb: int | None) -> None:
    found = book(host(1))
    settings = DriverSettings(ANY, 2, 512, reserved_mb)
    report = report_of(found.clusters[0], found, settings)
    assert report.of(Resource.DISK_GB).reserved == gb
    assert (report.vcpu.reserved, report.memory.reserved) == (2, 512)


def test_a_vsan_takes_no_disk_of_an_image_that_is_not_stream_optimized() -> None:
    types = ds_util.get_allowed_datastore_types("preallocated")
    found = datastore_sum([datastore(1, type="vsan")], ANY, types)
    assert [each.why for each in found.rejected] == [DatastoreRejection.VSAN_IMAGE]
