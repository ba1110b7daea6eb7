"""A cluster and a host, live: what they say is what the simulator's own objects say."""

from collections.abc import Callable

import pytest
from pyVmomi import vim

from tests.simulator import RunningSimulator
from tests.vsphere.hardware_books import every
from tests.vsphere.rig import VCenter, endpoint_of
from vmware_panel.domain.inventory import HaPolicy, HaPolicyKind, MoRef, VmPower
from vmware_panel.domain.outcome import TroubleKind
from vmware_panel.vsphere import VCenterClient, VSphereError

pytestmark = pytest.mark.simulator

Start = Callable[..., RunningSimulator]
MIB = 1024 * 1024


def first(service: vim.ServiceInstance, kind: type):
    return min(every(service, kind), key=lambda entity: entity.name)


def test_a_cluster_is_three_calls_and_says_what_its_hosts_and_datastores_say(
    vcenter: VCenter, reader: VCenterClient
) -> None:
    reader.about()
    with vcenter.simulator.login.connected() as service:
        cluster = first(service, vim.ClusterComputeResource)
        before = reader.calls.total
        detail = reader.cluster_detail(MoRef(cluster._moId))
        assert reader.calls.total - before == 3, reader.calls
        hosts = {host._moId: host for host in cluster.host}
        book = detail.inventory
        assert not book.whole and not book.vms
        assert [c.moref for c in book.clusters] == [cluster._moId]
        assert {h.moref for h in book.hosts} == set(hosts)
        assert {d.moref for d in book.datastores} == {d._moId for d in cluster.datastore}
        assert {p.moref for p in book.resource_pools} == {
            cluster.resourcePool._moId,
            *(pool._moId for pool in cluster.resourcePool.resourcePool),
        }
        assert {h.host for h in detail.usage.hosts} == set(hosts)
        for moref, host in hosts.items():
            nodes = host.hardware.numaInfo.numaNode
            assert [(n.id, n.threads, n.memory_bytes) for n in detail.numa[MoRef(moref)]] == [
                (node.typeId, len(node.cpuID), node.memoryRangeLength) for node in nodes
            ]
            quick = host.summary.quickStats
            its = detail.usage.by_host[MoRef(moref)]
            assert (its.cpu_used_mhz, its.memory_used_mb) == (
                quick.overallCpuUsage,
                quick.overallMemoryUsage,
            )
        sums = detail.resources
        assert sums is not None and not detail.refused
        assert sums.cpu_used_mhz == sum(h.cpu_used_mhz or 0 for h in detail.usage.hosts)
        assert sums.memory_used_mb == sum(h.memory_used_mb or 0 for h in detail.usage.hosts)
        assert sums.cpu_capacity_mhz == cluster.summary.effectiveCpu
        assert sums.memory_capacity_mb == cluster.summary.effectiveMemory
        capacity = sum(d.summary.capacity for d in cluster.datastore)
        free = sum(d.summary.freeSpace for d in cluster.datastore)
        assert sums.storage_capacity_mb == capacity // MIB
        rules = {rule.name for rule in cluster.configurationEx.rule}
        assert {rule.name for rule in detail.rules} == rules
        assert sums.storage_used_mb == (capacity - free) // MIB


def test_what_a_vcenter_does_not_do_is_named_and_the_rest_is_there(
    start_simulator: Start,
) -> None:
    own = start_simulator()
    client = VCenterClient(endpoint_of(own))
    cluster = client.read_inventory().clusters[0].moref
    own.control.fault("NotSupported", "GetResourceUsage", times=0)
    detail = client.cluster_detail(cluster)
    assert detail.resources is None and "NotSupported" in detail.refused["resources"]
    assert len(detail.inventory.hosts) == 3
    own.control.clear_faults()
    client.close()


def test_a_cluster_without_hosts_has_a_detail(start_simulator: Start) -> None:
    own = start_simulator(empty_clusters=1, long_names=True)
    client = VCenterClient(endpoint_of(own))
    book = client.read_inventory()
    assert {len(c.name) for c in book.clusters} == {len(h.name) for h in book.hosts} == {80}
    (empty,) = (c for c in book.clusters if not book.hosts_by_cluster.get(c.moref))
    detail = client.cluster_detail(empty.moref)
    assert detail.inventory.hosts == () and detail.usage.hosts == ()
    assert detail.resources is not None and detail.resources.cpu_capacity_mhz == 0
    added = own.control.add_cluster("made-later")
    own.control.rename("ClusterComputeResource", added, "named-anew")
    assert client.cluster_detail(MoRef(added)).inventory.clusters[0].name == "named-anew"
    client.close()


def test_a_cluster_or_host_that_is_not_there_is_an_error(reader: VCenterClient) -> None:
    for read in (reader.cluster_detail, reader.host_detail):
        with pytest.raises(VSphereError) as caught:
            read(MoRef("domain-c999999" if read == reader.cluster_detail else "host-999999"))
        assert caught.value.kind is TroubleKind.NOT_FOUND


def test_a_host_is_one_call_with_every_vm_on_it(vcenter: VCenter, reader: VCenterClient) -> None:
    reader.about()
    with vcenter.simulator.login.connected() as service:
        host = first(service, vim.HostSystem)
        before = reader.calls.total
        detail = reader.host_detail(MoRef(host._moId))
        assert reader.calls.total - before == 1, reader.calls
        assert detail.host.name == host.name
        book = detail.inventory
        assert {vm.moref for vm in book.vms} == {vm._moId for vm in host.vm} and book.vms
        assert all(vm.host == host._moId for vm in book.vms)
        assert [h.moref for h in book.hosts] == [host._moId]
        assert {d.moref for d in book.datastores} == {d._moId for d in host.datastore}
        assert book.clusters[0].moref == host.parent._moId
        one = book.vms[0]
        assert book.cluster_of_vm(one) == book.clusters[0] and book.folder_path(one.folder)
        hardware = host.summary.hardware
        assert (detail.vendor, detail.model) == (hardware.vendor, hardware.model)
        assert detail.cpu_model == hardware.cpuModel
        assert detail.product == host.summary.config.product.fullName
        assert sum(node.threads for node in detail.numa) == hardware.numCpuThreads
        assert sum(node.memory_bytes for node in detail.numa) == hardware.memorySize
        assert detail.usage.memory_used_mb == host.summary.quickStats.overallMemoryUsage
        nics = {
            nic.device: nic.linkSpeed and nic.linkSpeed.speedMb for nic in host.config.network.pnic
        }
        assert detail.adapters is not None
        assert {a.device: a.link_mbps for a in detail.adapters} == nics and nics


def test_the_figures_of_a_host_follow_its_vms(start_simulator: Start) -> None:
    own = start_simulator(nova_vms=6)
    client = VCenterClient(endpoint_of(own))
    with own.login.connected() as service:
        host = next(h for h in every(service, vim.HostSystem) if h.vm)
        moref = MoRef(host._moId)
        on = [vm for vm in host.vm if vm.runtime.powerState == VmPower.ON]
        before = client.host_detail(moref).usage
        assert before.memory_used_mb is not None and before.cpu_used_mhz is not None
        leaving = on[0]
        half_mb = leaving.config.hardware.memoryMB // 2
        mhz = 40 * leaving.config.hardware.numCPU
        other = next(h for h in host.parent.host if h._moId != moref)
        there = client.host_detail(MoRef(other._moId)).usage
        leaving.RelocateVM_Task(vim.vm.RelocateSpec(host=other))
        after, now_there = client.host_detail(moref).usage, client.host_detail(other._moId).usage
        assert after.memory_used_mb == before.memory_used_mb - half_mb
        assert after.cpu_used_mhz == before.cpu_used_mhz - mhz
        assert now_there.memory_used_mb == (there.memory_used_mb or 0) + half_mb
        leaving.PowerOffVM_Task()
        assert client.host_detail(other._moId).usage == there
    client.close()


def test_what_ha_holds_back_is_read_with_the_inventory(start_simulator: Start) -> None:
    own = start_simulator()
    client = VCenterClient(endpoint_of(own))

    def policy() -> HaPolicy | None:
        return client.read_inventory().clusters[0].ha_policy

    with own.login.connected() as service:
        cluster = first(service, vim.ClusterComputeResource)
        assert client.read_inventory().clusters[0].ha_admission_control is True
        assert policy() == HaPolicy(HaPolicyKind.PERCENTAGE, cpu_percent=25, memory_percent=25)
        hosts = list(cluster.host)[:2]
        for wanted, expected in (
            (
                vim.cluster.FailoverLevelAdmissionControlPolicy(failoverLevel=2),
                HaPolicy(HaPolicyKind.HOST_FAILURES, host_failures=2),
            ),
            (
                vim.cluster.FailoverHostAdmissionControlPolicy(failoverHosts=hosts),
                HaPolicy(
                    HaPolicyKind.FAILOVER_HOSTS,
                    failover_hosts=tuple(MoRef(host._moId) for host in hosts),
                ),
            ),
        ):
            das = vim.cluster.DasConfigInfo(admissionControlPolicy=wanted)
            spec = vim.cluster.ConfigSpecEx(dasConfig=das)
            cluster.ReconfigureComputeResource_Task(spec, True)
            assert policy() == expected
    client.close()
