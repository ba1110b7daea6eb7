"""What the page of one ESX host shows."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from vmware_panel.api.clusters import HostReport
from vmware_panel.domain.clusters import is_instance
from vmware_panel.domain.inventory import VirtualMachine
from vmware_panel.domain.kept import Kept
from vmware_panel.panels.drawing.bars import Bar, Fact, small_bar
from vmware_panel.panels.hosts.rows import HostRow
from vmware_panel.panels.hosts.tables import cluster_url, instances_url, topology
from vmware_panel.panels.instances.rows import rows_of
from vmware_panel.panels.instances.tables import InstancesTable
from vmware_panel.panels.listing.excerpt import excerpt
from vmware_panel.panels.listing.ordering import natural_key
from vmware_panel.wording import (
    UNKNOWN,
    filled,
    foreign,
    free_of,
    hertz_of,
    host_state,
    host_tone,
    mb_of,
    uptime_of,
    vm_power,
)

MOST_OTHERS = 100
"""As many VMs that are not Nova's does the page name."""


@dataclass(frozen=True, slots=True)
class ProjectCount:
    name: str
    count: int


@dataclass(frozen=True, slots=True)
class Mount:
    name: str
    type: str
    space: str


@dataclass(frozen=True, slots=True)
class OtherVm:
    """One VM that Nova does not manage. `manager` is empty where nobody says who does."""

    name: str
    moref: str
    power: str
    memory: str
    manager: str
    template: bool


def context_of(report: HostReport) -> dict[str, Any]:
    """Everything of it but the sources. Nothing more where vCenter's book is not there."""
    if report.entry is None:
        return {"there": False}
    row = HostRow(report.entry)
    others = [vm for vm in report.entry.vms if not is_instance(vm)]
    others.sort(key=lambda vm: natural_key(vm.name))
    return {
        "there": True,
        "row": row,
        "state": host_state(row.host),
        "state_tone": host_tone(row.host),
        "cluster_url": cluster_url(row),
        "read_at": report.entry.inventory.read_at,
        "bars": _bars(row),
        "facts": tuple(_facts(row)),
        "mounts": tuple(_mounts(row)),
        "others": [_other(vm) for vm in others[:MOST_OTHERS]],
        "others_left": len(others) - MOST_OTHERS,
        "projects": _projects(report),
        "excerpt": _instances(report, row),
    }


def _bars(row: HostRow) -> tuple[Bar, ...]:
    return (
        small_bar(row.memory_used_mb, row.memory_mb, _("Memory"), mb_of),
        small_bar(row.cpu_used_mhz, row.cpu_mhz, _("CPU"), hertz_of),
    )


def _facts(row: HostRow) -> Iterator[Fact]:
    yield Fact(_("Memory"), _of(mb_of(row.memory_used_mb), mb_of(row.memory_mb)))
    yield Fact(_("CPU"), _of(hertz_of(row.cpu_used_mhz), hertz_of(row.cpu_mhz)))
    parts = topology(row) or (None,)
    shape = " × ".join(str(UNKNOWN if part is None else part) for part in parts)
    yield Fact(_("Sockets × cores × threads"), shape)
    yield Fact(_("NUMA nodes"), str(UNKNOWN if row.numa_nodes is None else row.numa_nodes))
    yield Fact(_("Version"), row.version or str(UNKNOWN))
    yield Fact(_("Uptime"), uptime_of(row.uptime_s))
    yield Fact(_("Instances of Nova's"), str(row.instances))
    yield Fact(_("Other VMs"), str(row.other_vms))


def _of(used: str, size: str) -> str:
    return filled(_("%(used)s of %(size)s"), used=used, size=size)


def _mounts(row: HostRow) -> Iterator[Mount]:
    by_ref = row.entry.inventory.datastore_by_ref
    mounted = [(ref, by_ref.get(ref)) for ref in row.host.datastores]
    for ref, store in sorted(mounted, key=lambda its: natural_key(its[1].name if its[1] else "")):
        if store is None:
            yield Mount(ref, str(UNKNOWN), str(UNKNOWN))
        else:
            space = free_of(store.free_bytes, store.capacity_bytes)
            yield Mount(store.name, store.type or str(UNKNOWN), space)


def _other(vm: VirtualMachine) -> OtherVm:
    return OtherVm(
        name=foreign(vm.name),
        moref=vm.moref,
        power=vm_power(vm.power),
        memory=mb_of(vm.memory_mb),
        manager=foreign(vm.manager_key),
        template=vm.is_template,
    )


def _projects(report: HostReport) -> tuple[ProjectCount, ...] | None:
    if report.placements is None:
        return None
    names = report.whole.project_names if report.whole else {}
    counts = Counter(p.server.project_id for p in report.placements)
    found = (ProjectCount(names.get(its) or its, n) for its, n in counts.items())
    return tuple(sorted(found, key=lambda its: (-its.count, natural_key(its.name))))


def _instances(report: HostReport, row: HostRow) -> Any:
    if report.placements is None:
        return None
    names = report.whole.project_names if report.whole else {}
    address, _mark, _query = instances_url(row).partition("?")
    rows = rows_of(Kept(report.placements), names)
    filters = {"vcenter": row.vcenter, "host": row.name}
    return excerpt(InstancesTable, rows, address, filters, ties=("id",))
