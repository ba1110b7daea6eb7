"""The lines of the last day are vCenter's own samples, and a gap in them stays a gap."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyVmomi import VmomiSupport, vim

from tests.simulator import RunningSimulator
from tests.vsphere.hardware_books import every
from tests.vsphere.rig import VCenter, endpoint_of
from vmware_panel.domain.inventory import MoRef
from vmware_panel.domain.tasks import Series
from vmware_panel.vsphere import VCenterClient
from vmware_panel.vsphere.performance import (
    COUNTERS,
    CPU_USED_MHZ,
    _Counter,
    _series_of,
    _with_gaps,
)

pytestmark = pytest.mark.simulator

Start = Callable[..., RunningSimulator]
NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
PERIOD_S = 300


def yesterday() -> datetime:
    return datetime.now(UTC) - timedelta(days=1)


def by_counter(series: tuple[Series, ...]) -> dict[str, Series]:
    return {one.counter: one for one in series}


def test_a_day_of_a_host_is_one_call_and_one_more_in_a_new_session(
    vcenter: VCenter, reader: VCenterClient
) -> None:
    host = reader.read_inventory().hosts[0]
    before = reader.calls.total
    series = reader.series(host.moref, yesterday())
    assert reader.calls.total - before == 2, "the catalog, and the samples"
    assert reader.series(host.moref, yesterday())
    assert reader.calls.total - before == 3
    assert tuple(one.counter for one in series) == COUNTERS
    units = {one.counter: one.unit for one in series}
    assert units["cpu.usage.average"] == units["mem.usage.average"] == "percent"
    assert units["cpu.usagemhz.average"] == "megaHertz"
    assert units["mem.consumed.average"] == "kiloBytes"
    for one in series:
        assert 286 <= len(one.samples) <= 288, "a day of five minutes each"
        times = [at for at, _ in one.samples]
        assert times == sorted(times) and times[0] >= yesterday() - timedelta(minutes=1)
        assert all(value is not None for _, value in one.samples)
    percents = [value for _, value in by_counter(series)["mem.usage.average"].samples]
    assert all(0 <= value <= 100 for value in percents if value is not None)


def test_the_samples_are_those_that_the_simulator_itself_gives(
    vcenter: VCenter, reader: VCenterClient
) -> None:
    with vcenter.simulator.login.connected() as service:
        host = every(service, vim.HostSystem)[0]
        manager = service.RetrieveContent().perfManager
        counter = next(
            c
            for c in manager.perfCounter
            if (c.groupInfo.key, c.nameInfo.key, c.rollupType) == ("cpu", "usagemhz", "average")
        )
        (said,) = manager.QueryPerf(
            [
                vim.PerformanceManager.QuerySpec(
                    entity=host,
                    intervalId=PERIOD_S,
                    metricId=[vim.PerformanceManager.MetricId(counterId=counter.key, instance="")],
                )
            ]
        )
        used_now = host.summary.quickStats.overallCpuUsage
        moref = MoRef(host._moId)
    theirs = dict(zip([i.timestamp for i in said.sampleInfo], said.value[0].value, strict=True))
    (ours,) = reader.series(moref, yesterday(), [CPU_USED_MHZ])
    assert {at: value for at, value in ours.samples if at in theirs} == theirs
    assert ours.samples[-1][1] == pytest.approx(used_now, rel=0.31), "the line ends elsewhere"


def test_a_cluster_is_the_sum_of_its_hosts(vcenter: VCenter, reader: VCenterClient) -> None:
    book = reader.read_inventory()
    cluster = book.clusters[0]
    (of_cluster,) = reader.series(cluster.moref, yesterday(), [CPU_USED_MHZ])
    sums: dict[datetime, float] = {}
    for host in book.hosts_by_cluster[cluster.moref]:
        (of_host,) = reader.series(host.moref, yesterday(), [CPU_USED_MHZ])
        for at, value in of_host.samples:
            sums[at] = sums.get(at, 0.0) + (value or 0.0)
    assert len(of_cluster.samples) > 280
    common = [(value, sums[at]) for at, value in of_cluster.samples if at in sums]
    assert len(common) >= 286 and all(a == b for a, b in common)


def test_a_gap_stays_a_gap(start_simulator: Start) -> None:
    own = start_simulator()
    client = VCenterClient(endpoint_of(own))
    host = client.read_inventory().hosts[0].moref
    own.control.add_gap(host, 4 * 3600, 2 * 3600)
    (line,) = client.series(host, yesterday(), [CPU_USED_MHZ])
    now = datetime.now(UTC)
    missing = [now - at for at, value in line.samples if value is None]
    assert 23 <= len(missing) <= 25
    assert min(missing) >= timedelta(hours=2) - timedelta(minutes=6)
    assert max(missing) <= timedelta(hours=4) + timedelta(minutes=6)
    client.close()


def test_what_was_never_sampled_has_no_line(start_simulator: Start) -> None:
    own = start_simulator(empty_clusters=1)
    client = VCenterClient(endpoint_of(own))
    book = client.read_inventory()
    (empty,) = (c for c in book.clusters if not book.hosts_by_cluster.get(c.moref))
    assert client.series(empty.moref, yesterday()) == ()
    assert client.series(book.hosts[0].moref, yesterday(), ["gpu.nonsense.average"]) == ()
    own.control.expire_sessions()
    assert client.series(book.hosts[0].moref, yesterday()), "in a new session the same"
    client.close()


@given(st.sets(st.integers(0, 60), min_size=1))
def test_samples_that_were_left_out_show_as_one_none(ticks: set[int]) -> None:
    at = [NOON + timedelta(seconds=PERIOD_S * tick) for tick in ticks]
    found = _with_gaps([(one, 1.0) for one in at], PERIOD_S)
    assert [one for one, value in found if value is not None] == sorted(at)
    for (before, left), (after, right) in zip(found, found[1:], strict=False):
        far = after - before > timedelta(seconds=PERIOD_S)
        assert not far or left is None or right is None, "two samples were joined over a gap"


def test_what_was_not_asked_for_is_not_taken_for_the_sum() -> None:
    """A vCenter may answer more counters, or single instances of one."""
    manager = vim.PerformanceManager

    def series(counter: int, instance: str) -> vim.PerformanceManager.IntSeries:
        return manager.IntSeries(
            id=manager.MetricId(counterId=counter, instance=instance),
            value=[VmomiSupport.long(7)],
        )

    answer = manager.EntityMetric(
        entity=vim.HostSystem("host-1"),
        sampleInfo=[manager.SampleInfo(timestamp=NOON, interval=PERIOD_S)],
        value=[series(6, "vmnic0"), series(9, ""), series(6, "")],
    )
    found = list(_series_of(answer, {CPU_USED_MHZ: _Counter(6, "megaHertz")}, PERIOD_S))
    assert found == [Series(CPU_USED_MHZ, "megaHertz", ((NOON, 7.0),))]
