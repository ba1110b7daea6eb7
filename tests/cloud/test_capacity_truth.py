"""Every figure of the capacity page against Placement, Nova and vCenter, each asked another way.

Placement and Nova are read by openstacksdk, vCenter by pyVmomi object by object. The driver's
column has to be what the real nova-compute put into Placement, to the unit.
"""

import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from django.test import override_settings
from pyVmomi import vim

from lab.lab import Lab
from lab.openstack_conf import RESERVED_MEMORY_MB, datastore_regex
from tests.lab_run import RunningLab
from vmware_panel.api import cloud, inventories, usages
from vmware_panel.api.capacity import CapacityReport, capacity_report
from vmware_panel.api.clusters import cluster_report
from vmware_panel.domain.capacity import CapacityRow, CauseKind, ClusterCapacity, Figure
from vmware_panel.domain.driver_sums import Resource
from vmware_panel.domain.inventory import MoRef
from vmware_panel.panels.capacity.figures import Line, lines_of
from vmware_panel.vsphere import close_clients
from vmware_panel.wording import count_text

pytestmark = pytest.mark.lab

GIB = 1 << 30
MIB = 1 << 20
MICROVERSION = "compute 2.87"  # the last with figures in os-hypervisors
UPDATE_TIMEOUT_S = 150.0  # nova-compute reports each 30 s


@dataclass(frozen=True)
class Seen:
    """One cluster as a client of the test's own finds it in vCenter."""

    moref: str
    name: str
    threads: int
    memory_mb: int
    usable_threads: int
    usable_memory_mb: int
    largest_threads: int
    largest_memory_mb: int
    disk_gb: int
    effective_memory_mb: int
    memory_used_mb: int
    instance_vcpus: int
    instance_memory_mb: int
    stores: tuple[tuple[str, int, int], ...]  # name, capacity, free of those accessible


@pytest.fixture
def settings(lab: RunningLab, vcenter_setting: dict[str, Any]) -> Iterator[Callable[..., Any]]:
    """`with settings({host: regex}):` as the lab's Horizon is told, but for what is given."""

    @contextmanager
    def told(regexes: Mapping[str, str] | None = None) -> Iterator[None]:
        computes = {
            host: {
                "datastore_regex": (regexes or {}).get(host, datastore_regex(number)),
                "reserved_host_cpus": 0,
                "reserved_host_memory_mb": RESERVED_MEMORY_MB,
                "reserved_host_disk_mb": 0,
            }
            for number, host in enumerate(lab.settings.compute_hosts())
        }
        setting = {
            "vcenters": {"lab": vcenter_setting},
            "computes": computes,
            "collector": {"mode": "off"},
        }
        with override_settings(VMWARE_PANEL=setting):
            yield

    close_clients()
    yield told
    inventories.forget_all()
    usages.forget_all()
    close_clients()


# -- the other readers -----------------------------------------------------------------------


def seen(lab: RunningLab) -> dict[str, Seen]:
    """By the name of the compute host that drives it."""
    with lab.login.connected() as service:
        view = service.content.viewManager.CreateContainerView(
            service.content.rootFolder, [vim.ClusterComputeResource], True
        )
        found = {cluster.name: one_seen(cluster) for cluster in view.view}
        view.DestroyView()
    return {
        host: found[f"DC0_C{number}"] for number, host in enumerate(lab.settings.compute_hosts())
    }


def one_seen(cluster: vim.ClusterComputeResource) -> Seen:
    hosts = list(cluster.host)
    usable = [
        h
        for h in hosts
        if h.runtime.connectionState == "connected" and not h.runtime.inMaintenanceMode
    ]
    stores = {d._moId: d for h in hosts for d in h.datastore}.values()
    vms = [
        vm
        for h in hosts
        for vm in h.vm
        if vm.config.managedBy and vm.config.managedBy.extensionKey == "org.openstack.compute"
    ]
    return Seen(
        moref=cluster._moId,
        name=cluster.name,
        threads=sum(h.summary.hardware.numCpuThreads for h in hosts),
        memory_mb=sum(h.summary.hardware.memorySize // MIB for h in hosts),
        usable_threads=sum(h.summary.hardware.numCpuThreads for h in usable),
        usable_memory_mb=sum(h.summary.hardware.memorySize // MIB for h in usable),
        largest_threads=max((h.summary.hardware.numCpuThreads for h in usable), default=0),
        largest_memory_mb=max((h.summary.hardware.memorySize // MIB for h in usable), default=0),
        disk_gb=sum(d.summary.capacity for d in stores) // GIB,
        effective_memory_mb=cluster.summary.effectiveMemory,
        memory_used_mb=sum(h.summary.quickStats.overallMemoryUsage for h in usable),
        instance_vcpus=sum(vm.config.hardware.numCPU for vm in vms),
        instance_memory_mb=sum(vm.config.hardware.memoryMB for vm in vms),
        stores=tuple(
            (d.name, d.summary.capacity, d.summary.freeSpace)
            for d in stores
            if d.summary.accessible
        ),
    )


@dataclass(frozen=True)
class Reported:
    """What the services' own APIs answer for one compute host."""

    inventories: Mapping[str, Mapping[str, Any]]
    generation: int
    usages: Mapping[str, int]
    allocations: Mapping[str, Mapping[str, Any]]
    shown: Mapping[str, Any]

    def allocated(self, resource: str) -> int:
        return sum(one["resources"].get(resource, 0) for one in self.allocations.values())


def reported(lab: RunningLab, host: str) -> Reported:
    headers = {"OpenStack-API-Version": MICROVERSION}
    nodes = lab.admin.compute.get("/os-hypervisors/detail", headers=headers).json()["hypervisors"]
    (node,) = [node for node in nodes if node["service"]["host"] == host]
    path = f"/resource_providers/{node['id']}"
    held = lab.admin.placement.get(f"{path}/inventories").json()
    return Reported(
        inventories=held["inventories"],
        generation=held["resource_provider_generation"],
        usages=lab.admin.placement.get(f"{path}/usages").json()["usages"],
        allocations=lab.admin.placement.get(f"{path}/allocations").json()["allocations"],
        shown=node,
    )


def wait_until(what: Callable[[], bool], words: str) -> None:
    end = time.monotonic() + UPDATE_TIMEOUT_S
    while not what():
        assert time.monotonic() < end, f"not within {UPDATE_TIMEOUT_S:.0f} s: {words}"
        time.sleep(1)


@pytest.fixture(autouse=True)
def settled(lab: RunningLab) -> None:
    """What earlier tests changed of hosts and on datastores, and what a search of their files made
    the simulator count anew, has come to Placement.
    """

    def reported_as_it_is() -> bool:
        for number, (host, book) in enumerate(seen(lab).items()):
            regex = re.compile(datastore_regex(number))
            free = max(free for name, _, free in book.stores if regex.match(name))
            held = reported(lab, host).inventories
            told = held["VCPU"]["total"], held["MEMORY_MB"]["total"], held["DISK_GB"]["max_unit"]
            if told != (book.usable_threads, book.usable_memory_mb, free // GIB):
                return False
        return True

    wait_until(reported_as_it_is, "vCenter's hosts and free space are what nova-compute reported")


def after_next_update(lab: RunningLab, host: str, before: Reported, *names: str) -> None:
    """nova-compute writes only what changed; this drift changes what it writes of these."""
    wait_until(
        lambda: not is_as(before, reported(lab, host), *names),
        f"nova-compute {host} reported nothing new of {names}",
    )


OF_HOSTS = ("VCPU", "MEMORY_MB")


def is_as(before: Reported, now: Reported, *names: str) -> bool:
    """In the totals of these resources; a free GiB more or less on a datastore is no drift."""
    return all(
        now.inventories[name]["total"] == before.inventories[name]["total"] for name in names
    )


# -- the comparison --------------------------------------------------------------------------


def page_of(request: Any, moref: str) -> CapacityReport:
    cloud.forget_all()
    usages.forget_all()
    return capacity_report(request, cluster_report(request, "lab", MoRef(moref)))


def row_of(capacity: ClusterCapacity, resource: Resource) -> CapacityRow:
    return next(row for row in capacity.rows if row.resource is resource)


def compare(
    lab: RunningLab, request: Any, regexes: Mapping[str, str]
) -> dict[str, ClusterCapacity]:
    """Every figure of every cluster; the driver's against Placement's, to the unit."""
    found = {}
    for number, (host, book) in enumerate(seen(lab).items()):
        said = page_of(request, book.moref)
        assert said.live and said.driven and not said.troubles
        assert said.capacity
        regex = re.compile(regexes.get(host, datastore_regex(number)))
        theirs = reported(lab, host)
        for row in said.capacity.rows:
            of_placement(row, theirs)
            of_vcenter(row, book, regex)
            of_driver(row, theirs)
            shown = {"VCPU": "vcpus", "MEMORY_MB": "memory_mb", "DISK_GB": "local_gb"}
            assert row.shown == theirs.shown[shown[row.resource.value]]
            printed(row)
        assert not said.capacity.unexplained, said.capacity.unexplained
        for each in said.capacity.differences:
            assert sum(cause.amount for cause in each.causes) == each.amount, each
        found[host] = said.capacity
    return found


def of_placement(row: CapacityRow, theirs: Reported) -> None:
    record, name = row.placement, row.resource.value
    assert record
    held = dict(theirs.inventories[name])
    ratio = held.pop("allocation_ratio")
    assert {key: getattr(record, key) for key in held} == held
    assert record.allocation_ratio == ratio
    assert (record.used, row.allocated) == (theirs.usages[name], theirs.allocated(name))


def of_driver(row: CapacityRow, theirs: Reported) -> None:
    """What nova-compute put into Placement is what its driver's sums are said to be."""
    record = theirs.inventories[row.resource.value]
    driver = row.driver
    expected = {
        key: record[key] for key in ("total", "reserved", "max_unit", "min_unit", "step_size")
    }
    assert {key: getattr(driver, key) for key in expected} == expected, row.resource


def of_vcenter(row: CapacityRow, book: Seen, regex: re.Pattern[str]) -> None:
    vcenter = row.vcenter
    if row.resource is Resource.VCPU:
        assert (vcenter.total, vcenter.usable) == (book.threads, book.usable_threads)
        assert vcenter.instances == book.instance_vcpus
        assert row.driver.max_unit == book.largest_threads
    elif row.resource is Resource.MEMORY_MB:
        assert (vcenter.total, vcenter.usable) == (book.memory_mb, book.usable_memory_mb)
        assert vcenter.instances == book.instance_memory_mb
        assert row.driver.max_unit == book.largest_memory_mb
        assert vcenter.effective == book.effective_memory_mb
        assert vcenter.used == book.memory_used_mb
    else:
        assert vcenter.total == book.disk_gb
        counted = [store for store in book.stores if regex.match(store[0])]
        assert row.driver.total == sum(capacity for _, capacity, _ in counted) // GIB
        assert vcenter.largest_free == max(free for *_, free in counted) // GIB
        free = sum(free for *_, free in book.stores)
        assert vcenter.used == (sum(capacity for _, capacity, _ in book.stores) - free) // GIB


def printed(row: CapacityRow) -> None:
    """What the page prints are these figures, each in its book's column."""
    lines: list[Line] = list(lines_of(row))
    total, *_ = lines
    record = row.placement
    assert record
    assert (total.nova, total.placement, total.vcenter) == (
        count_text(row.driver.total),
        count_text(record.total),
        count_text(row.vcenter.total),
    )
    assert lines[-1].nova == count_text(row.shown)
    assert all(count_text(None) not in (l.nova, l.placement) for l in lines)


def cause_kinds(capacity: ClusterCapacity, resource: Resource, left: Figure, right: Figure) -> Any:
    return [
        (cause.kind, cause.subject)
        for each in row_of(capacity, resource).differences
        if (each.left, each.right) == (left, right)
        for cause in each.causes
    ]


TOTALS = (Figure.VCENTER_TOTAL, Figure.DRIVER_TOTAL)
USE = (Figure.ALLOCATED, Figure.VCENTER_INSTANCES)


def test_on_a_healthy_lab(
    lab: RunningLab, settings: Callable[..., Any], request_of: Callable[..., Any]
) -> None:
    with settings():
        found = compare(lab, request_of(), {})
    for capacity in found.values():
        shared = (Figure.DRIVER_TOTAL, Figure.VCENTER_UNSHARED)
        kinds = cause_kinds(capacity, Resource.DISK_GB, *shared)
        assert {kind for kind, _ in kinds} == {CauseKind.DATASTORE_SHARED}


@pytest.mark.parametrize(
    ("drift", "kind"),
    [
        ("host-maintenance", CauseKind.HOST_IN_MAINTENANCE),
        ("host-disconnect", CauseKind.HOST_DISCONNECTED),
    ],
)
def test_with_a_host_that_is_out(
    lab: RunningLab,
    settings: Callable[..., Any],
    request_of: Callable[..., Any],
    drift: str,
    kind: CauseKind,
) -> None:
    (host, *_) = lab.settings.compute_hosts()
    before = reported(lab, host)
    request = request_of()
    with settings():
        with lab.drifted(drift, host="esx-c0-1.lab.example"):
            now = page_of(request, seen(lab)[host].moref).capacity
            assert now
            assert not now.unexplained
            after_next_update(lab, host, before, *OF_HOSTS)
            found = compare(lab, request, {})[host]
        for resource in (Resource.VCPU, Resource.MEMORY_MB):
            assert cause_kinds(found, resource, *TOTALS) == [(kind, "esx-c0-1.lab.example")]
        wait_until(
            lambda: is_as(before, reported(lab, host), *OF_HOSTS),
            "nova-compute did not report the host that is back",
        )
        compare(lab, request, {})


def test_before_nova_compute_has_reported(
    lab: RunningLab, settings: Callable[..., Any], request_of: Callable[..., Any]
) -> None:
    (host, *_) = lab.settings.compute_hosts()
    before = reported(lab, host)
    request = request_of()
    with settings():
        with lab.drifted("host-maintenance", host="esx-c0-2.lab.example"):
            found = page_of(request, seen(lab)[host].moref).capacity
            assert found
            if is_as(before, reported(lab, host), *OF_HOSTS):
                pair = (Figure.DRIVER_TOTAL, Figure.PLACEMENT_TOTAL)
                kinds = cause_kinds(found, Resource.VCPU, *pair)
                assert kinds == [(CauseKind.NOT_YET_REPORTED, "esx-c0-2.lab.example")]
            assert not found.unexplained
            # Else it may have begun to, and report after the test that the host is out.
            after_next_update(lab, host, before, *OF_HOSTS)
        wait_until(
            lambda: is_as(before, reported(lab, host), *OF_HOSTS),
            "nova-compute did not report the host that is back",
        )


def test_with_another_datastore_regex(
    lab: RunningLab, settings: Callable[..., Any], request_of: Callable[..., Any]
) -> None:
    (host, *_) = lab.settings.compute_hosts()
    request, regex = request_of(), "^shared-ds-.*"
    before = reported(lab, host)
    its = Lab(lab.settings)
    try:
        its.set_datastore_regex(host, regex)
        after_next_update(lab, host, before, "DISK_GB")
        with settings({host: regex}):
            found = compare(lab, request, {host: regex})[host]
        kinds = cause_kinds(found, Resource.DISK_GB, *TOTALS)
        assert {kind for kind, _ in kinds} == {CauseKind.DATASTORE_REGEX}
        with settings({host: ".*"}):  # the settings tell otherwise than nova.conf
            wrong = page_of(request, seen(lab)[host].moref).capacity
            assert wrong
            assert not wrong.unexplained
            pair = (Figure.DRIVER_TOTAL, Figure.PLACEMENT_TOTAL)
            ((kind, *_),) = cause_kinds(wrong, Resource.DISK_GB, *pair)
            assert kind is CauseKind.DATASTORE_NOT_REPORTED
    finally:
        its.set_datastore_regex(host, datastore_regex(0))
        wait_until(
            lambda: is_as(before, reported(lab, host), "DISK_GB"),
            "nova-compute did not report by its own regex again",
        )


def test_with_an_instance_in_another_cluster_behind_novas_back(
    lab: RunningLab, settings: Callable[..., Any], request_of: Callable[..., Any]
) -> None:
    first, second, *_ = lab.settings.compute_hosts()
    server_id = lab.server_id("kafka-1")
    with settings():
        with lab.drifted("other-cluster", vm=server_id):
            found = compare(lab, request_of(), {})
    for resource in (Resource.VCPU, Resource.MEMORY_MB):
        assert cause_kinds(found[first], resource, *USE) == [(CauseKind.VM_ELSEWHERE, "kafka-1")]
        assert cause_kinds(found[second], resource, *USE) == [
            (CauseKind.VM_FROM_ELSEWHERE, "kafka-1")
        ]
