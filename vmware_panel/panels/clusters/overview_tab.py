"""The pictures of a cluster: what its hosts have and use, and the VMs on them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from vmware_panel.api import clusters
from vmware_panel.api.clusters import ClusterEntry, HostEntry, host_entry
from vmware_panel.domain.capacity import placement_capacity
from vmware_panel.domain.cloud import ResourceInventory
from vmware_panel.domain.cluster_sums import largest_in
from vmware_panel.domain.clusters import is_instance
from vmware_panel.domain.inventory import VirtualMachine, VmPower
from vmware_panel.panels.clusters.tab import ClusterTab
from vmware_panel.panels.drawing import heat
from vmware_panel.panels.drawing.bars import Fact, resource_bar
from vmware_panel.panels.drawing.day import day_charts
from vmware_panel.panels.hosts.rows import HostRow
from vmware_panel.panels.hosts.tables import host_url
from vmware_panel.panels.links import instance_url
from vmware_panel.panels.listing.ordering import natural_key
from vmware_panel.wording import (
    UNKNOWN,
    drs_mode,
    drs_words,
    filled,
    gb_of,
    ha_mode,
    ha_reserve_words,
    ha_words,
    hertz_of,
    host_counts_words,
    host_state,
    largest_words,
    mb_of,
    trouble_words,
)

HEAT = "heat"


class OverviewTab(ClusterTab):
    name = gettext_lazy("Overview")
    slug = "overview"
    template_name = "vmware_panel/clusters/overview.html"

    def context(self, request: HttpRequest) -> dict[str, Any]:
        report, entry = self.report, self.report.entry
        if entry is None or entry.figures is None or report.inventory is None:
            return {"there": False}
        measure = _measure(request)
        hosts = sorted(_hosts(entry), key=lambda row: natural_key(row.name))
        return {
            "there": True,
            "read_at": report.inventory.read_at,
            "used_at": entry.usage.read_at if entry.usage else None,
            "bars": (
                resource_bar(_("Memory"), entry.figures.memory, mb_of),
                resource_bar(_("CPU"), entry.figures.cpu, hertz_of),
            ),
            "facts": tuple(_facts(entry)),
            "granted": tuple(_granted(entry)),
            "heat": heat.heat(measure, [_cell(row, measure) for row in hosts]),
            "measures": [
                Choice(each.label, f"?{urlencode(self._query(each))}", each is measure)
                for each in heat.Measure
            ],
            "levels": LEVELS,
            "host_rows": [_host_row(row) for row in hosts],
            **self._day(request),
        }

    def _day(self, request: HttpRequest) -> dict[str, Any]:
        """`charts` is None where vCenter did not answer; `day_trouble` says why."""
        now = datetime.now(UTC)
        outcome = clusters.day_of_cluster(request, self.vcenter, self.moref, now)
        if outcome.value is None:
            said = trouble_words(outcome.trouble) if outcome.trouble else None
            return {"charts": None, "day_trouble": said}
        return {"charts": day_charts(outcome.value, now), "day_trouble": None}

    def _query(self, measure: heat.Measure) -> dict[str, str]:
        return {"tab": self.get_id(), HEAT: measure.value}


@dataclass(frozen=True, slots=True)
class Choice:
    label: str | Promise
    href: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class Level:
    """A colour of the heat, for its legend."""

    key: str
    label: str | Promise


LEVELS = (
    *(Level(str(n), f"{20 * n}–{90 if n == 4 else 20 * n + 20} %") for n in range(5)),
    Level("full", "≥ 90 %"),
    Level("out", gettext_lazy("out of use")),
    Level("untold", UNKNOWN),
)


@dataclass(frozen=True, slots=True)
class Granted:
    """One resource class of Placement's book, in words."""

    name: str
    used: str
    capacity: str
    largest: str


@dataclass(frozen=True, slots=True)
class HostFacts:
    """One ESX host in the table that says what the heat shows."""

    name: str
    href: str
    state: str
    memory: str
    cpu: str
    instances: int
    other_vms: int


def _measure(request: HttpRequest) -> heat.Measure:
    """What the address asks for; memory, where it asks for nothing that there is."""
    wanted = request.GET.get(HEAT, "")
    return next((m for m in heat.Measure if m.value == wanted), heat.Measure.MEMORY)


def _hosts(entry: ClusterEntry) -> Iterator[HostRow]:
    books = entry.books
    if books.inventory is not None:
        for host in books.hosts or ():
            yield HostRow(host_entry(books.inventory, host, entry.usage))


def _facts(entry: ClusterEntry) -> Iterator[Fact]:
    figures, cluster = entry.figures, entry.books.cluster
    if figures is None or cluster is None:
        return
    yield Fact(_("ESX hosts"), host_counts_words(figures.hosts))
    yield Fact(_("DRS"), drs_words(drs_mode(cluster)))
    reserve = ha_reserve_words(cluster)
    ha = ha_words(ha_mode(cluster))
    if reserve:
        ha = filled(_("%(mode)s, holds back %(reserve)s"), mode=ha, reserve=reserve)
    yield Fact(_("HA"), ha)
    yield Fact(_("Instances of Nova's"), str(figures.instances))
    yield Fact(_("Other VMs"), str(figures.other_vms))
    yield Fact(_("Largest instance that fits on one host"), largest_words(figures.largest))


def _granted(entry: ClusterEntry) -> Iterator[Granted]:
    for record in entry.provider.inventories if entry.provider else ():
        yield Granted(
            record.resource_class,
            _amount(record, record.used),
            _amount(record, placement_capacity(record)),
            _amount(record, largest_in(record)),
        )


_UNITS = {"MEMORY_MB": mb_of, "DISK_GB": gb_of}


def _amount(record: ResourceInventory, amount: int | None) -> str:
    if say := _UNITS.get(record.resource_class):
        return say(amount)
    return str(UNKNOWN if amount is None else amount)


def _cell(row: HostRow, measure: heat.Measure) -> heat.Host:
    memory = measure is heat.Measure.MEMORY
    return heat.Host(
        name=row.name,
        href=host_url(row),
        state=host_state(row.host),
        usable=row.host.usable,
        percent=row.memory_used_percent if memory else row.cpu_used_percent,
        memory_mb=row.memory_mb,
        vms=tuple(_tile(vm) for vm in row.entry.vms if not vm.is_template),
    )


def _tile(vm: VirtualMachine) -> heat.Vm:
    ours = is_instance(vm) and bool(vm.instance_uuid)
    href = instance_url(vm.instance_uuid.lower()) if ours else ""
    return heat.Vm(vm.name, vm.memory_mb, href, ours, on=vm.power is VmPower.ON)


def _host_row(row: HostRow) -> HostFacts:
    its: HostEntry = row.entry
    return HostFacts(
        name=row.name,
        href=host_url(row),
        state=host_state(row.host),
        memory=_of(mb_of(row.memory_used_mb), mb_of(row.memory_mb)),
        cpu=_of(hertz_of(row.cpu_used_mhz), hertz_of(row.cpu_mhz)),
        instances=its.instances,
        other_vms=its.other_vms,
    )


def _of(used: str, size: str) -> str:
    return filled(_("%(used)s of %(size)s"), used=used, size=size)
