"""Three books of one cluster: every difference has its causes, and what has none says so."""

import re
from datetime import UTC, datetime
from typing import Any

import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.domain.builders import inventory, node_name, server, uuid_of, vm
from tests.unit.domain.test_driver_sums import ANY, BLUE, GIB, book, datastore, host
from vmware_panel.domain.capacity import (
    CapacityBooks,
    CapacityRow,
    Cause,
    CauseKind,
    Difference,
    Figure,
)
from vmware_panel.domain.capacity_causes import capacity_of
from vmware_panel.domain.cloud import (
    Allocation,
    ComputeService,
    Hypervisor,
    ResourceInventory,
    ResourceProvider,
    ServiceState,
)
from vmware_panel.domain.driver_sums import DriverSettings, Resource, report_of
from vmware_panel.domain.inventory import (
    Cluster,
    EsxHost,
    HaPolicy,
    HaPolicyKind,
    HostConnection,
    Inventory,
    MoRef,
)
from vmware_panel.domain.usage import ClusterUsage, HostUsage, Usage

SETTINGS = DriverSettings(ANY, 0, 512, 0)
HERE = node_name()
SINCE = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)


def placement_as_reported(
    found: Inventory, settings: DriverSettings = SETTINGS, **used: int
) -> ResourceProvider:
    """What nova-compute puts into Placement: the driver's report of that book."""
    report = report_of(found.clusters[0], found, settings)
    records = tuple(
        ResourceInventory(
            resource.value,
            total=report.of(resource).total or 0,
            reserved=report.of(resource).reserved or 0,
            allocation_ratio=1.0,
            min_unit=1,
            max_unit=report.of(resource).max_unit or 0,
            step_size=1,
            used=used.get(resource.value, 0),
        )
        for resource in Resource
    )
    return ResourceProvider("provider", HERE, 1, inventories=records)


def node_as_reported(found: Inventory, settings: DriverSettings = SETTINGS) -> Hypervisor:
    report = report_of(found.clusters[0], found, settings)
    return Hypervisor(
        "provider",
        HERE,
        service_host="compute-1",
        vcpus=report.vcpu.total,
        memory_mb=report.memory.total,
        disk_gb=report.shown_disk_gb,
    )


def books(found: Inventory, reported: Inventory | None = None, **changes: Any) -> CapacityBooks:
    """vCenter as it is, and what was reported of it, or of what it was before."""
    fields: dict[str, Any] = {
        "cluster": found.clusters[0],
        "inventory": found,
        "settings": SETTINGS,
        "provider": placement_as_reported(reported or found),
        "hypervisor": node_as_reported(reported or found),
        "service": ComputeService("s", "compute-1", state=ServiceState.UP, updated=SINCE),
        "allocations": (),
        "servers": {},
    }
    return CapacityBooks(**{**fields, **changes})


def row(found: CapacityBooks, resource: Resource) -> CapacityRow:
    return next(row for row in capacity_of(found).rows if row.resource is resource)


def between(found: CapacityBooks, resource: Resource, left: Figure, right: Figure) -> Difference:
    (one,) = [
        each
        for each in row(found, resource).differences
        if (each.left, each.right) == (left, right)
    ]
    return one


def causes(*args: Any) -> list[tuple[CauseKind, int, str]]:
    return [(cause.kind, cause.amount, cause.subject) for cause in between(*args).causes]


TOTALS = (Figure.VCENTER_TOTAL, Figure.DRIVER_TOTAL)
REPORTED = (Figure.DRIVER_TOTAL, Figure.PLACEMENT_TOTAL)
USE = (Figure.ALLOCATED, Figure.VCENTER_INSTANCES)


def test_books_that_agree_differ_in_what_nova_reserves_and_in_the_single_datastore() -> None:
    found = capacity_of(books(book(host(1), host(2))))
    assert [(each.left, each.right) for each in found.differences] == [
        (Figure.PLACEMENT_TOTAL, Figure.PLACEMENT_CAPACITY),
        (Figure.PLACEMENT_TOTAL, Figure.NOVA_SHOWN),
        (Figure.PLACEMENT_FREE, Figure.VCENTER_LARGEST_FREE),
    ]
    assert not found.unexplained


hosts_of_any_kind = st.lists(
    st.tuples(
        st.integers(1, 1 << 40),
        st.integers(1, 256),
        st.sampled_from(list(HostConnection)),
        st.booleans(),
    ),
    min_size=1,
    max_size=6,
)
datastores_of_any_kind = st.lists(
    st.tuples(
        st.integers(0, 1 << 44),
        st.integers(0, 1 << 44),
        st.sampled_from(["VMFS", "NFS", "CIFS"]),
        st.booleans(),
        st.sampled_from(["ssd", "hdd"]),
    ),
    min_size=1,
    max_size=6,
)


def any_book(hosts: list[Any], stores: list[Any]) -> Inventory:
    datastores = tuple(
        datastore(
            n,
            name=f"{name}-{n}",
            capacity_bytes=size,
            free_bytes=min(free, size),
            type=kind,
            accessible=there,
        )
        for n, (size, free, kind, there, name) in enumerate(stores)
    )
    return book(
        *[
            host(
                n,
                memory_bytes=memory,
                cpu_threads=threads,
                connection=state,
                in_maintenance=out,
                datastores=tuple(d.moref for d in datastores),
            )
            for n, (memory, threads, state, out) in enumerate(hosts)
        ],
        datastores=datastores,
    )


@hypothesis.settings(deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
@given(hosts_of_any_kind, datastores_of_any_kind)
def test_what_the_driver_leaves_out_is_explained_to_the_unit(
    hosts: list[Any], stores: list[Any]
) -> None:
    settings = DriverSettings(re.compile("ssd"), 1, 512, 1)
    found = any_book(hosts, stores)
    whole = capacity_of(
        books(
            found,
            settings=settings,
            provider=placement_as_reported(found, settings),
            hypervisor=node_as_reported(found, settings),
        )
    )
    assert not whole.unexplained, whole.unexplained
    for each in whole.differences:
        assert sum(cause.amount for cause in each.causes) == each.amount


def test_hosts_that_are_out_are_named() -> None:
    found = books(
        book(
            host(1),
            host(2, in_maintenance=True),
            host(3, connection=HostConnection.NOT_RESPONDING),
        )
    )
    assert causes(found, Resource.VCPU, *TOTALS) == [
        (CauseKind.HOST_IN_MAINTENANCE, 32, "esx-2"),
        (CauseKind.HOST_DISCONNECTED, 32, "esx-3"),
    ]


def test_datastores_that_do_not_count_are_named_with_the_reason() -> None:
    settings = DriverSettings(re.compile("ds1"))
    stores = (datastore(1), datastore(2), datastore(3, name="ds1-old", accessible=False))
    refs = tuple(store.moref for store in stores)
    found = books(book(host(1, datastores=refs), datastores=stores), settings=settings)
    assert causes(found, Resource.DISK_GB, *TOTALS) == [
        (CauseKind.DATASTORE_REGEX, 100, "ds2"),
        (CauseKind.DATASTORE_UNUSABLE, 100, "ds1-old"),
    ]


def test_a_datastore_that_another_cluster_counts_as_well() -> None:
    green = Cluster(MoRef("domain-c2"), "green")
    found = book(host(1), host(2, cluster=green.moref, datastores=(MoRef("datastore-2"),)))
    shared = books(found, others=((green, SETTINGS),))
    counted_twice = (Figure.DRIVER_TOTAL, Figure.VCENTER_UNSHARED)
    assert causes(shared, Resource.DISK_GB, *counted_twice) == [
        (CauseKind.DATASTORE_SHARED, 100, "ds2")
    ]
    (cause,) = between(shared, Resource.DISK_GB, *counted_twice).causes
    assert cause.detail == "green"


# -- Placement is behind ---------------------------------------------------------------------


def test_an_inventory_is_stale_since_the_service_went_down() -> None:
    down = ComputeService("s", "compute-1", state=ServiceState.DOWN, updated=SINCE)
    found = books(book(host(1), host(2, cpu_threads=48)), book(host(1)), service=down)
    (cause,) = between(found, Resource.VCPU, *REPORTED).causes
    assert cause == Cause(CauseKind.STALE, 48, "compute-1", since=SINCE)


@pytest.mark.parametrize(
    ("now", "before", "subject"),
    [
        ((host(1), host(2, in_maintenance=True)), (host(1), host(2)), "esx-2"),
        ((host(1), host(2)), (host(1), host(2, in_maintenance=True)), "esx-1"),  # alike
    ],
)
def test_a_host_that_nova_compute_has_not_yet_reported(
    now: tuple[EsxHost, ...], before: tuple[EsxHost, ...], subject: str
) -> None:
    found = books(book(*now), book(*before))
    for resource in (Resource.VCPU, Resource.MEMORY_MB):
        (cause,) = between(found, resource, *REPORTED).causes
        assert (cause.kind, cause.subject) == (CauseKind.NOT_YET_REPORTED, subject)


def test_space_that_was_used_since_the_last_update() -> None:
    now = book(host(1), datastores=(datastore(1, free_bytes=40 * GIB),))
    found = books(now, book(host(1), datastores=(datastore(1),)))
    pair = (Figure.DRIVER_MAX_UNIT, Figure.PLACEMENT_MAX_UNIT)
    assert causes(found, Resource.DISK_GB, *pair) == [(CauseKind.FREE_SPACE_MOVED, -10, "")]


def test_a_datastore_that_placement_does_not_hold() -> None:
    one_less = placement_as_reported(book(host(1)), DriverSettings(re.compile("ds1"), 0, 512, 0))
    found = books(book(host(1)), provider=one_less)
    assert causes(found, Resource.DISK_GB, *REPORTED) == [
        (CauseKind.DATASTORE_NOT_REPORTED, 100, "ds1")
    ]
    (cause,) = between(found, Resource.DISK_GB, *REPORTED).causes
    assert cause.alike == ("ds2",)  # as large: no figure tells which of them it is


def test_a_compute_without_the_regex_that_the_settings_tell() -> None:
    found = book(host(1))
    one = books(found, settings=DriverSettings(re.compile("ds1")))
    assert causes(one, Resource.DISK_GB, *REPORTED) == [(CauseKind.REGEX_DIFFERS, -100, "")]


def test_no_datastore_makes_every_figure_stay() -> None:
    found = books(book(host(1), host(2)), book(host(1)), settings=DriverSettings(re.compile("x")))
    assert causes(found, Resource.VCPU, *REPORTED) == [(CauseKind.NO_DATASTORE, 32, "")]
    assert causes(found, Resource.DISK_GB, *REPORTED) == [(CauseKind.NO_DATASTORE, -200, "")]


def test_nova_conf_reserves_otherwise_than_the_settings_tell() -> None:
    found = books(book(host(1)), settings=DriverSettings(ANY, 0, 1024, 0))
    pair = (Figure.DRIVER_RESERVED, Figure.PLACEMENT_RESERVED)
    assert causes(found, Resource.MEMORY_MB, *pair) == [(CauseKind.SETTING_DIFFERS, 512, "")]


@hypothesis.settings(deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
@given(st.integers(1, 10_000))
def test_a_total_that_nothing_explains_says_so(amount: int) -> None:
    found = books(book(host(1), host(2)))
    assert found.provider
    (disk, *rest) = found.provider.inventories[2], *found.provider.inventories[:2]
    odd = ResourceInventory("DISK_GB", disk.total + 100 * amount + 7, 0, 1.0, 1, 50, 1, 0)
    provider = ResourceProvider("provider", HERE, 1, inventories=(*rest, odd))
    one = books(book(host(1), host(2)), provider=provider)
    assert causes(one, Resource.DISK_GB, *REPORTED) == [
        (CauseKind.UNEXPLAINED, -100 * amount - 7, "")
    ]
    assert capacity_of(one).unexplained


def test_what_is_unknown_is_compared_with_nothing() -> None:
    found = books(book(host(1)), settings=DriverSettings(), provider=None, hypervisor=None)
    assert capacity_of(found).differences == ()
    disk = row(found, Resource.DISK_GB)
    assert (disk.driver.total, disk.driver.reserved, disk.placement) == (None, None, None)


# -- what is used ----------------------------------------------------------------------------


def sized(number: int, **changes: Any) -> Any:
    return vm(number, **{"vcpus": 2, "memory_mb": 2048, **changes})


def held(number: int, vcpus: int = 2, memory_mb: int = 2048) -> Allocation:
    return Allocation(uuid_of(number), {"VCPU": vcpus, "MEMORY_MB": memory_mb, "DISK_GB": 1})


GREEN = {"host": MoRef("host-9"), "resource_pool": MoRef("resgroup-2")}
ELSEWHERE = {"node": node_name("domain-c2"), "compute_host": "compute-2"}


@pytest.mark.parametrize(
    ("vms", "servers", "allocations", "expected"),
    [
        ([sized(1)], [server(1)], [held(1)], []),
        ([], [], [held(1)], [(CauseKind.ALLOCATION_GONE, 2, uuid_of(1))]),
        ([], [server(1, **ELSEWHERE)], [held(1)], [(CauseKind.ALLOCATION_ELSEWHERE, 2, "web-1")]),
        ([sized(1, **GREEN)], [server(1)], [held(1)], [(CauseKind.VM_ELSEWHERE, 2, "web-1")]),
        ([], [server(1)], [held(1)], [(CauseKind.VM_GONE, 2, "web-1")]),
        ([sized(1)], [server(1)], [], [(CauseKind.NO_ALLOCATION, -2, "web-1")]),
        ([sized(1)], [server(1, **ELSEWHERE)], [], [(CauseKind.VM_FROM_ELSEWHERE, -2, "web-1")]),
        ([sized(1)], [], [], [(CauseKind.VM_UNKNOWN, -2, f"web-1 ({uuid_of(1)})")]),
        ([sized(1, vcpus=4)], [server(1)], [held(1)], [(CauseKind.SIZE_DIFFERS, -2, "web-1")]),
    ],
)
def test_who_makes_allocations_and_vms_differ(
    vms: list[Any],
    servers: list[Any],
    allocations: list[Allocation],
    expected: list[tuple[CauseKind, int, str]],
) -> None:
    base = book(host(1), host(9, cluster=MoRef("domain-c2")))
    found = books(
        inventory(*vms, hosts=base.hosts, datastores=base.datastores),
        servers={one.id: one for one in servers},
        allocations=tuple(allocations),
    )
    differences = [
        each for each in row(found, Resource.VCPU).differences if (each.left, each.right) == USE
    ]
    named = [(c.kind, c.amount, c.subject) for each in differences for c in each.causes]
    assert named == expected


def test_the_uses_are_not_explained_where_nova_did_not_answer() -> None:
    found = books(book(host(1)), servers=None, allocations=(held(1),))
    assert causes(found, Resource.VCPU, *USE) == [(CauseKind.UNEXPLAINED, 2, "")]


# -- vCenter's own sums ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("policy", "reserve"),
    [
        (HaPolicy(HaPolicyKind.PERCENTAGE, cpu_percent=25, memory_percent=50), 24),
        (HaPolicy(HaPolicyKind.HOST_FAILURES, host_failures=1), 64),
        (HaPolicy(HaPolicyKind.FAILOVER_HOSTS, failover_hosts=(MoRef("host-1"),)), 32),
    ],
)
def test_the_reserve_of_ha_that_nova_ignores(policy: HaPolicy, reserve: int) -> None:
    blue = Cluster(BLUE, "blue", ha_enabled=True, ha_admission_control=True, ha_policy=policy)
    base = book(host(1), host(2, cpu_threads=64))
    found = inventory(clusters=(blue,), hosts=base.hosts, datastores=base.datastores)
    pair = (Figure.DRIVER_TOTAL, Figure.VCENTER_AFTER_HA)
    assert causes(books(found), Resource.VCPU, *pair) == [(CauseKind.HA_RESERVE, reserve, "")]


def test_without_admission_control_nothing_is_held_back_and_unknown_stays_unknown() -> None:
    base = book(host(1))
    off = Cluster(BLUE, "blue", ha_enabled=True, ha_admission_control=False)
    found = inventory(clusters=(off,), hosts=base.hosts, datastores=base.datastores)
    assert row(books(found), Resource.VCPU).vcenter.after_ha == 32
    assert row(books(base), Resource.VCPU).vcenter.after_ha is None


def test_memory_that_esx_keeps_for_itself() -> None:
    found = book(host(1))
    usage = Usage(
        "lab",
        SINCE,
        hosts=(HostUsage(MoRef("host-1"), cpu_used_mhz=100, memory_used_mb=1000),),
        clusters=(ClusterUsage(BLUE, effective_memory_mb=65000),),
    )
    one = books(found, usage=usage)
    pair = (Figure.DRIVER_TOTAL, Figure.VCENTER_EFFECTIVE)
    assert causes(one, Resource.MEMORY_MB, *pair) == [(CauseKind.HYPERVISOR_OVERHEAD, 536, "")]
    memory = row(one, Resource.MEMORY_MB).vcenter
    assert (memory.used, memory.largest_free) == (1000, 64536)
