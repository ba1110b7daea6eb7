"""What hosts and clusters use is sampled beside the watch, and a sample that fails harms nothing."""

import time
from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.simulator import RunningSimulator
from tests.vsphere.fault_proxy import hang_up, http_status, soap_fault
from tests.vsphere.hardware_books import cluster_summaries, host_quick_stats
from tests.vsphere.rig import VCenter, endpoint_of
from tests.vsphere.sinks import Remembering, collecting
from vmware_panel.domain.snapshot import CollectorState
from vmware_panel.vsphere import VCenterClient, VSphereError
from vmware_panel.vsphere.collector import SAMPLE_INTERVAL_S

pytestmark = pytest.mark.simulator

Start = Callable[..., RunningSimulator]


@pytest.fixture
def sink() -> Remembering:
    return Remembering()


def test_a_sample_is_one_call_and_says_what_vcenter_says(
    vcenter: VCenter, reader: VCenterClient
) -> None:
    reader.about()
    before = reader.calls.total
    usage = reader.read_usage()
    assert reader.calls.total - before == 1
    with vcenter.simulator.login.connected() as service:
        hosts, clusters = host_quick_stats(service), cluster_summaries(service)
    assert {h.host for h in usage.hosts} == set(hosts) and hosts
    for host in usage.hosts:
        said = hosts[host.host]
        assert host.cpu_used_mhz == said.overallCpuUsage
        assert host.memory_used_mb == said.overallMemoryUsage
        assert host.uptime_s is not None and abs(host.uptime_s - said.uptime) < 60
    assert {c.cluster for c in usage.clusters} == set(clusters) and clusters
    for cluster in usage.clusters:
        said = clusters[cluster.cluster]
        assert (cluster.hosts, cluster.effective_hosts) == (3, 3)
        assert cluster.total_cpu_mhz == said.totalCpu
        assert cluster.effective_cpu_mhz == said.effectiveCpu
        assert cluster.total_memory_bytes == said.totalMemory
        assert cluster.effective_memory_mb == said.effectiveMemory
        info = said.admissionControlInfo
        assert cluster.cpu_failover_percent == info.currentCpuFailoverResourcesPercent
        assert cluster.memory_failover_percent == info.currentMemoryFailoverResourcesPercent
        assert 0 < cluster.memory_failover_percent <= 100
        assert cluster.cpu_demand_mhz == said.usageSummary.cpuDemandMhz
        assert cluster.memory_demand_mb == said.usageSummary.memDemandMB


def test_a_cluster_without_hosts_is_sampled_too(start_simulator: Start) -> None:
    client = VCenterClient(endpoint_of(start_simulator(empty_clusters=1)))
    usage = client.read_usage()
    names = {cluster.moref: cluster.name for cluster in client.read_inventory().clusters}
    empty = next(c for c in usage.clusters if names[c.cluster] == "DC0_C2")
    assert (empty.hosts, empty.effective_hosts, empty.total_memory_bytes) == (0, 0, 0)
    client.close()


def test_a_collector_samples_at_once_and_then_at_times(
    vcenter: VCenter, reader: VCenterClient, sink: Remembering
) -> None:
    with collecting(reader, sink, max_wait_s=1, sample_interval_s=2.0):
        sink.until(lambda s: len(s.samples) >= 3, "three samples")
        assert sink.replaced == 1 and not sink.deltas, "a sample moved the book"
    times = [sample.read_at for sample in sink.samples]
    assert (times[1] - times[0]).total_seconds() >= 1.9
    assert SAMPLE_INTERVAL_S == 30.0


@pytest.mark.parametrize(
    "spoilt",
    [http_status(503), soap_fault("NoPermission"), soap_fault("SystemError"), hang_up],
)
def test_a_sample_that_fails_leaves_the_watch_as_it_is(
    vcenter: VCenter, reader: VCenterClient, sink: Remembering, spoilt
) -> None:
    with collecting(reader, sink, max_wait_s=1, sample_interval_s=1.0):
        sink.until(lambda s: s.samples, "the first sample")
        vcenter.proxy.spoil("RetrievePropertiesEx", spoilt)
        asked = reader.calls.by_method["RetrievePropertiesEx"]
        sink.until(
            lambda _: reader.calls.by_method["RetrievePropertiesEx"] >= asked + 2, "failed samples"
        )
        vcenter.proxy.heal()
        known = len(sink.samples)
        sink.until(lambda s: len(s.samples) > known, "a sample after the failure")
    assert sink.replaced == 1, "the inventory was listed anew for a sample"
    assert CollectorState.FAILING not in sink.states, sink.states


def test_a_sample_that_hangs_ends_in_time_and_with_the_collector(
    start_simulator: Start, sink: Remembering
) -> None:
    own = start_simulator()
    client = VCenterClient(replace(endpoint_of(own), read_timeout_s=1.0))
    with collecting(client, sink, max_wait_s=1, sample_interval_s=1.0):
        sink.until(lambda s: s.samples, "the first sample")
        own.control.delay(60_000, "RetrievePropertiesEx")
        asked = client.calls.by_method["RetrievePropertiesEx"]
        sink.until(
            lambda _: client.calls.by_method["RetrievePropertiesEx"] >= asked + 2, "slow samples"
        )
        sink.until_watching()
        began_s = time.monotonic()
    assert time.monotonic() - began_s < 40, "a collector that stops waits for its sample"
    client.close()


def test_a_session_that_is_gone_is_an_error_and_never_an_empty_sample(
    start_simulator: Start,
) -> None:
    own = start_simulator()
    client = VCenterClient(endpoint_of(own))
    for way in ("missing", "fault", "empty"):
        assert client.read_usage().hosts
        own.control.expire_sessions(way)
        assert len(client.read_usage().hosts) == 6, way
    own.stop()
    with pytest.raises(VSphereError):
        client.read_usage()
    client.close()
