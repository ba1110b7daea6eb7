"""Sums over hosts of which little may be known, and what still fits."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from tests.unit.domain.builders import READ_AT, esx_host
from vmware_panel.domain.cloud import ResourceInventory, ResourceProvider
from vmware_panel.domain.cluster_sums import (
    Largest,
    Sum,
    cpu_sums,
    host_counts,
    largest_by_placement,
    largest_in,
    largest_on_hosts,
    memory_sums,
    total,
)
from vmware_panel.domain.inventory import (
    Cluster,
    EsxHost,
    HaPolicy,
    HaPolicyKind,
    HostConnection,
    MoRef,
)
from vmware_panel.domain.usage import HostUsage, Usage

MIB = 1024**2
BLUE = Cluster(MoRef("domain-c1"), "blue", ha_enabled=False)
PROTECTED = replace(BLUE, ha_enabled=True, ha_admission_control=True)


def host(number: int = 1, **changes: object) -> EsxHost:
    fields: dict[str, object] = {
        "cpu_cores": 16,
        "cpu_threads": 32,
        "cpu_mhz": 2000,
        "memory_bytes": 65536 * MIB,
    }
    return esx_host(number, **{**fields, **changes})


def usage(*used: tuple[int | None, int | None]) -> Usage:
    """MHz and MiB of host-1, host-2 and so on."""
    hosts = [HostUsage(MoRef(f"host-{n}"), cpu, mb) for n, (cpu, mb) in enumerate(used, 1)]
    return Usage("lab", READ_AT, hosts=tuple(hosts))


maybe = st.none() | st.integers(0, 10**6)
hosts_of_any_kind = st.lists(
    st.builds(
        host,
        st.integers(1, 9),
        connection=st.sampled_from([None, *HostConnection]),
        in_maintenance=st.sampled_from([None, True, False]),
        memory_bytes=st.none() | st.integers(0, 2**45),
        cpu_cores=st.none() | st.integers(1, 256),
    ),
    unique_by=lambda its: its.moref,
    max_size=9,
)


@given(st.lists(maybe))
def test_a_sum_is_exact_only_if_every_summand_is_known(values):
    its = total(values)
    known = [value for value in values if value is not None]
    assert (its.known, its.told, its.missing) == (
        sum(known),
        len(known),
        len(values) - len(known),
    )
    assert its.exact == (sum(known) if len(known) == len(values) else None)
    assert (its.at_least is None) == (bool(values) and not known), "nothing known is not zero"


@given(hosts_of_any_kind)
def test_every_host_counts_once(hosts):
    counts = host_counts(hosts)
    assert counts.all == len(hosts)
    assert counts.usable == sum(its.usable is True for its in hosts)


def test_hosts_by_their_state():
    counts = host_counts(
        [
            host(1),
            host(2, in_maintenance=True),
            host(3, connection=HostConnection.NOT_RESPONDING, in_maintenance=None),
            host(4, connection=HostConnection.DISCONNECTED, in_maintenance=True),
            host(5, connection=None),
        ]
    )
    assert (counts.usable, counts.in_maintenance, counts.disconnected, counts.unknown) == (
        1,
        1,
        2,
        1,
    )


def test_what_is_free_is_of_hosts_that_can_be_used():
    hosts = [host(1), host(2), host(3, in_maintenance=True)]
    its = memory_sums(BLUE, hosts, usage((1000, 16384), (2000, 70000), (1, 1)))
    assert its.total.exact == 3 * 65536
    assert its.usable.exact == 2 * 65536
    assert its.used.exact == 16384 + 70000
    assert its.free.exact == 65536 - 16384, "a host that is over full has none free, not less"
    assert cpu_sums(BLUE, hosts, usage((1000, 0), (2000, 0))).used.exact == 3000


def test_a_host_of_unknown_size_makes_a_sum_at_least():
    its = memory_sums(BLUE, [host(1), host(2, memory_bytes=None)], usage((0, 1), (0, 1)))
    assert (its.total.exact, its.total.at_least) == (None, 65536)
    assert (its.free.exact, its.free.at_least) == (None, 65535)


def test_without_a_sample_what_is_used_is_unknown_and_not_zero():
    for sample in (None, usage(), usage((None, None))):
        its = memory_sums(BLUE, [host(1)], sample)
        assert its.used.at_least is None and its.free.at_least is None
        assert its.total.exact == 65536


def test_a_cluster_without_a_host_has_nothing():
    its = cpu_sums(BLUE, [], usage())
    assert (its.total, its.used, its.free, its.reserved) == (Sum(), Sum(), Sum(), 0)
    assert its.total.exact == 0
    assert largest_on_hosts([], usage()) == Largest(0, 0)


@given(hosts_of_any_kind, st.none() | st.just(0))
def test_no_part_is_larger_than_the_whole(hosts, used):
    sample = usage(*[(used, used)] * 9)
    its = memory_sums(BLUE, hosts, sample)
    assert its.usable.known <= its.total.known
    assert its.free.known + its.used.known <= its.usable.known
    if used is None and any(h.usable is not False for h in hosts):
        assert its.free.exact is None


def test_what_ha_holds_back_is_of_the_hosts_that_can_be_used():
    policy = HaPolicy(HaPolicyKind.PERCENTAGE, cpu_percent=25, memory_percent=50)
    its = replace(PROTECTED, ha_policy=policy)
    hosts = [host(1), host(2), host(3, in_maintenance=True)]
    assert memory_sums(its, hosts, None).reserved == 65536
    assert cpu_sums(its, hosts, None).reserved == 2 * 32000 // 4


def test_what_ha_holds_back_is_unknown_where_a_host_may_or_may_not_be_usable():
    failures = HaPolicy(HaPolicyKind.HOST_FAILURES, host_failures=1)
    its = replace(PROTECTED, ha_policy=failures)
    assert memory_sums(its, [host(1), host(2, connection=None)], None).reserved is None
    assert memory_sums(BLUE, [host(1), host(2, connection=None)], None).reserved == 0


def test_the_largest_by_vcenter_is_what_one_host_has_free():
    hosts = [
        host(1),
        host(2, cpu_threads=8),
        host(3, in_maintenance=True),
    ]
    sample = usage((0, 60000), (0, 1000), (0, 0))
    assert largest_on_hosts(hosts, sample) == Largest(8, 64536), "not the sum over hosts"
    unsure = [*hosts, host(4)]
    assert largest_on_hosts(unsure, sample) == Largest(8, 64536, at_least=True)
    assert largest_on_hosts([host(4)], sample) == Largest()


def record(**changes: object) -> ResourceInventory:
    fields: dict[str, object] = {
        "resource_class": "VCPU",
        "total": 64,
        "reserved": 4,
        "allocation_ratio": 4.0,
        "min_unit": 1,
        "max_unit": 16,
        "step_size": 1,
        "used": 5,
    }
    return ResourceInventory(**{**fields, **changes})  # type: ignore[arg-type]


def test_the_largest_by_placement_is_bounded_by_the_unit_and_by_what_is_left():
    assert largest_in(record()) == 16
    assert largest_in(record(used=230)) == 10
    assert largest_in(record(used=230, step_size=4)) == 8
    assert largest_in(record(used=239, min_unit=2)) == 0
    assert largest_in(record(used=500)) == 0, "the ratio was lowered since"
    assert largest_in(record(used=None)) is None


def test_placement_without_an_inventory_holds_no_room_and_unknown_usage_is_unknown():
    memory = record(resource_class="MEMORY_MB", max_unit=4096, total=8192, allocation_ratio=1.0)
    both = ResourceProvider("u", "n", 1, (record(), memory))
    assert largest_by_placement(both) == Largest(16, 4096)
    assert largest_by_placement(replace(both, inventories=(record(),))) == Largest(16, 0)
    unknown = replace(memory, used=None)
    assert largest_by_placement(replace(both, inventories=(record(), unknown))) == Largest()


@given(
    st.builds(
        record,
        total=st.integers(0, 1000),
        reserved=st.integers(0, 100),
        used=st.integers(0, 5000),
        step_size=st.integers(1, 64),
        min_unit=st.integers(1, 64),
        max_unit=st.integers(1, 500),
    )
)
def test_what_fits_by_placement_would_be_granted_and_one_step_more_would_not(its):
    fits = largest_in(its)

    def granted(amount: int) -> bool:
        """`placement/objects/allocation.py`, `_check_capacity_exceeded`."""
        return (
            its.min_unit <= amount <= its.max_unit
            and amount % its.step_size == 0
            and its.used + amount <= (its.total - its.reserved) * its.allocation_ratio
        )

    assert fits is not None
    assert fits == 0 or granted(fits)
    larger = range(fits + 1, its.max_unit + 1)
    assert not any(granted(amount) for amount in larger)
