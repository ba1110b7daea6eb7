# mypy: allow-untyped-calls
"""The lines of the last day: vCenter's own performance samples of one host or cluster.

vCenter keeps a sample each five minutes for a day (`historicalInterval`). What it lacks is a gap in
the answer: left out, or -1. Nothing is put in its place.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from pyVmomi import vim

from vmware_panel.domain.inventory import MoRef
from vmware_panel.domain.tasks import Series
from vmware_panel.vsphere.errors import bad_answer
from vmware_panel.vsphere.live_reads import managed_entity, read_found
from vmware_panel.vsphere.login import Connected
from vmware_panel.vsphere.property_reader import ObjectSpec

CPU_USAGE = "cpu.usage.average"
CPU_USED_MHZ = "cpu.usagemhz.average"
MEMORY_USAGE = "mem.usage.average"
MEMORY_CONSUMED = "mem.consumed.average"
COUNTERS = (CPU_USAGE, CPU_USED_MHZ, MEMORY_USAGE, MEMORY_CONSUMED)

DAY_S = 86400
_HUNDREDTHS = "percent"  # vCenter counts percentages in hundredths

_Manager = vim.PerformanceManager


class _Counter(NamedTuple):
    id: int
    unit: str


class Catalog(NamedTuple):
    """What one vCenter counts: its counters by name, and the period of the samples of a day."""

    counters: Mapping[str, _Counter]
    period_s: int | None


class Performance:
    """Asks one vCenter for series. Threads may share it; the catalog is read once a session."""

    def __init__(self) -> None:
        self._known: tuple[Connected, Catalog] | None = None

    def series(
        self, connected: Connected, entity: MoRef, counters: Sequence[str], since: datetime
    ) -> tuple[Series, ...]:
        """One of each counter that vCenter has samples of, in that order; oldest samples first.

        One call, and one more in a new session. `since` is by vCenter's clock; the samples of more
        than a day ago are not asked for. Raises `VSphereError`.
        """
        catalog = self._catalog(connected)
        known = {name: catalog.counters[name] for name in counters if name in catalog.counters}
        if not known or catalog.period_s is None:
            return ()
        spec = _Manager.QuerySpec(
            entity=managed_entity(entity),
            startTime=since,
            intervalId=catalog.period_s,
            metricId=[_Manager.MetricId(counterId=c.id, instance="") for c in known.values()],
            format="normal",
        )
        answers = _manager(connected).QueryPerf([spec]) or ()
        found = {
            series.counter: series
            for answer in answers
            if isinstance(answer, _Manager.EntityMetric)
            for series in _series_of(answer, known, catalog.period_s)
        }
        return tuple(found[name] for name in counters if name in found)

    def _catalog(self, connected: Connected) -> Catalog:
        known = self._known
        if known is None or known[0] is not connected:
            known = self._known = connected, _read_catalog(connected)
        return known[1]


def _read_catalog(connected: Connected) -> Catalog:
    start = [ObjectSpec(obj=_manager(connected), skip=False)]
    paths: dict[type, tuple[str, ...]] = {_Manager: ("perfCounter", "historicalInterval")}
    found = read_found(connected, start, paths)
    values = found[0].values if found else {}
    return Catalog(_counters(values.get("perfCounter") or ()), _period_s(values))


def _manager(connected: Connected) -> Any:
    manager = connected.content.perfManager
    if manager is None:
        raise bad_answer("it has no performance manager", source=connected.vcenter.name)
    return manager


def _counters(infos: Iterable[Any]) -> Mapping[str, _Counter]:
    return {
        f"{info.groupInfo.key}.{info.nameInfo.key}.{info.rollupType}": _Counter(
            info.key, str(info.unitInfo.key)
        )
        for info in infos
    }


def _period_s(values: Mapping[str, Any]) -> int | None:
    """The finest that is kept for a day; None where no such samples are kept."""
    kept = [
        interval.samplingPeriod
        for interval in values.get("historicalInterval") or ()
        if interval.enabled and interval.length >= DAY_S
    ]
    return min(kept, default=None)


def _series_of(answer: Any, counters: Mapping[str, _Counter], period_s: int) -> Iterable[Series]:
    times = [info.timestamp for info in answer.sampleInfo]
    names = {counter.id: name for name, counter in counters.items()}
    for one in answer.value:
        name = names.get(one.id.counterId)
        if name is None or one.id.instance or not isinstance(one, _Manager.IntSeries):
            continue
        unit = counters[name].unit
        values = [_value(number, unit) for number in one.value]
        yield Series(name, unit, _with_gaps(zip(times, values, strict=False), period_s))


def _value(number: int, unit: str) -> float | None:
    if number < 0:
        return None
    return number / 100 if unit == _HUNDREDTHS else float(number)


def _with_gaps(
    samples: Iterable[tuple[datetime, float | None]], period_s: int
) -> tuple[tuple[datetime, float | None], ...]:
    """In order of time, with a None where one or more samples were left out."""
    whole: list[tuple[datetime, float | None]] = []
    period = timedelta(seconds=period_s)
    for at, value in sorted(samples, key=lambda sample: sample[0]):
        if whole and at - whole[-1][0] > period * 1.5:
            whole.append((whole[-1][0] + period, None))
        whole.append((at, value))
    return tuple(whole)
