"""vCenter's figures of one cluster, in Placement's units: what it has, what it uses, what Nova's VMs
there are sized to.
"""

from collections.abc import Iterable

from vmware_panel.domain.capacity import CapacityBooks, CpuFigures, VCenterRecord
from vmware_panel.domain.driver_sums import (
    GIB_BYTES,
    DriverReport,
    Resource,
    datastores_of,
    memory_mb_of,
)
from vmware_panel.domain.ha import ha_reserve
from vmware_panel.domain.inventory import EsxHost, VirtualMachine
from vmware_panel.domain.usage import Usage


def instance_vms(books: CapacityBooks) -> tuple[VirtualMachine, ...]:
    """Nova's VMs in the cluster."""
    cluster = books.cluster
    inventory = books.inventory
    return tuple(
        vm
        for vm in inventory.vms
        if vm.managed_by_nova
        and not vm.is_template
        and (found := inventory.cluster_of_vm(vm)) is not None
        and found.moref == cluster.moref
    )


def vm_amount(vm: VirtualMachine, resource: Resource) -> int | None:
    return vm.vcpus if resource is Resource.VCPU else vm.memory_mb


def vcenter_record(
    books: CapacityBooks, report: DriverReport, resource: Resource
) -> VCenterRecord:
    if resource is Resource.DISK_GB:
        return _vcenter_disk(books, report)
    hosts = books.inventory.hosts_by_cluster.get(books.cluster.moref, ())
    size = threads_of if resource is Resource.VCPU else memory_mb_of
    effective = used = largest_free = None
    if resource is Resource.MEMORY_MB and books.usage is not None:
        of_cluster = books.usage.by_cluster.get(books.cluster.moref)
        effective = of_cluster.effective_memory_mb if of_cluster else None
        free = [free_memory_mb(host, books.usage) for host in report.usable]
        largest_free = max((one for one in free if one is not None), default=None)
        used = _sum(_used_memory_mb(host, books.usage) for host in report.usable)
    return VCenterRecord(
        total=_sum(size(host) for host in hosts),
        usable=None if report.undecided else _sum(size(host) for host in report.usable),
        effective=effective,
        ha_reserve=ha_reserve(books.cluster, report.usable, resource, size),
        used=used,
        instances=_sum(vm_amount(vm, resource) for vm in instance_vms(books)),
        largest_free=largest_free,
    )


def _vcenter_disk(books: CapacityBooks, report: DriverReport) -> VCenterRecord:
    datastores = datastores_of(books.cluster, books.inventory)
    accessible = [d for d in datastores if d.accessible]
    total = _sum(d.capacity_bytes for d in datastores)
    usable = _sum(d.capacity_bytes for d in accessible)
    free = _sum(d.free_bytes for d in accessible)
    picked = report.datastores.picked
    return VCenterRecord(
        total=_gib(total),
        usable=_gib(usable),
        ha_reserve=0,
        used=None if usable is None or free is None else (usable - free) // GIB_BYTES,
        largest_free=_gib(picked.free_bytes) if picked else None,
    )


def cpu_figures(books: CapacityBooks, report: DriverReport) -> CpuFigures:
    usage = books.usage
    if usage is None:
        return CpuFigures()
    of_cluster = usage.by_cluster.get(books.cluster.moref)
    return CpuFigures(
        total_mhz=of_cluster.total_cpu_mhz if of_cluster else None,
        effective_mhz=of_cluster.effective_cpu_mhz if of_cluster else None,
        used_mhz=_sum(
            use.cpu_used_mhz if (use := usage.by_host.get(host.moref)) else None
            for host in report.usable
        ),
    )


def threads_of(host: EsxHost) -> int | None:
    return host.cpu_threads


def free_memory_mb(host: EsxHost, usage: Usage) -> int | None:
    """The host's size without what it uses now, of its VMs and of itself."""
    size, used = memory_mb_of(host), _used_memory_mb(host, usage)
    return None if size is None or used is None else max(0, size - used)


def _used_memory_mb(host: EsxHost, usage: Usage) -> int | None:
    found = usage.by_host.get(host.moref)
    return found.memory_used_mb if found else None


def _sum(figures: Iterable[int | None]) -> int | None:
    total = 0
    for figure in figures:
        if figure is None:
            return None
        total += figure
    return total


def _gib(size_bytes: int | None) -> int | None:
    return None if size_bytes is None else size_bytes // GIB_BYTES
