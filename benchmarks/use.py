"""P13: the purge's look at who stands on which file: the first, of all VMs, and each further one.

Beside our bulk read of the same vCenter, each in a process of its own.
"""

import statistics
import time
from dataclasses import asdict, dataclass
from multiprocessing import get_context

from benchmarks.machine import peak_rss_kb, rss_kb
from benchmarks.report import Goal, Result, Table
from benchmarks.vcenters import client_of, counted_bytes, shape
from lab.simulator import VCenterLogin
from tests.simulator import running_simulator
from vmware_panel.domain.datastore_paths import below
from vmware_panel.domain.inventory import MoRef
from vmware_panel.vsphere import Deadline, counting

SIZES = (10_000, 40_000)
GOAL_SIZE = 40_000
FURTHER = 15
DATASTORE = "shared-ds-1"
MOST_OF_BULK = 2.0
MOST_CALLS = 3
FIRST, BULK = "the first look", "our bulk reader"


@dataclass(frozen=True)
class Reading:
    """`rss_mb` is what the process holds of it in the end, `peak_mb` the most it grew by."""

    calls: int
    megabytes: float
    seconds: float
    cpu_s: float
    rss_mb: float
    peak_mb: float


@dataclass(frozen=True)
class Figures:
    """`further_s` is a look when nothing has changed, with the answer for one folder: a median."""

    vms: int
    first: Reading
    bulk: Reading
    further_calls: float
    further_s: float
    further_cpu_s: float


def run(sizes: tuple[int, ...] = SIZES) -> Result:
    found = [measure(size) for size in sizes]
    table = Table(
        "all VMs",
        ("calls", "MB", "s", "CPU s", "to bulk", "RSS + MB", "peak + MB"),
        [row for f in found for row in ((*_row(FIRST, f.first, f),), (*_row(BULK, f.bulk, f),))],
    )
    further = Table(
        "each further look",
        ("calls", "s", "CPU s", "to the first"),
        [
            (
                f"{f.vms:,} VMs",
                f.further_calls,
                f.further_s,
                f.further_cpu_s,
                f"{f.further_s / f.first.seconds:.4f}x",
            )
            for f in found
        ],
    )
    return Result(
        "P13",
        "Who stands on which file",
        [table, further],
        [goal for f in found for goal in _goals(f)],
        {str(f.vms): asdict(f) for f in found},
    )


def _goals(its: Figures) -> list[Goal]:
    at = f"at {its.vms:,} VMs"
    goals = [Goal("P13", f"calls of a further look {at}", its.further_calls, MOST_CALLS, "")]
    if its.vms == GOAL_SIZE:
        ratio = its.first.seconds / its.bulk.seconds
        raw = f"{its.first.seconds:.1f} / {its.bulk.seconds:.1f} s"
        goals.append(Goal("P13", f"{FIRST} {at} to {BULK}", ratio, MOST_OF_BULK, raw=raw))
    return goals


def _row(name: str, its: Reading, of: Figures) -> tuple[str | int | float, ...]:
    return (
        f"{of.vms:,} VMs: {name}",
        its.calls,
        its.megabytes,
        its.seconds,
        its.cpu_s,
        f"{its.seconds / of.bulk.seconds:.2f}x",
        its.rss_mb,
        its.peak_mb,
    )


def measure(vms: int) -> Figures:
    with running_simulator(**shape(vms)) as simulator:
        with get_context("spawn").Pool(1) as process:
            bulk = process.apply(_bulk, (vms, simulator.reader))
        with get_context("spawn").Pool(1) as process:
            first, calls, further_s, further_cpu_s = process.apply(_use, (vms, simulator.reader))
    return Figures(vms, first, bulk, calls, further_s, further_cpu_s)


def _bulk(vms: int, account: VCenterLogin) -> Reading:
    with client_of(account) as client:
        client.about()
        gauge = _Gauge()
        with counting() as calls, counted_bytes() as sizes:
            book = client.read_inventory()
        reading = gauge.reading(calls.total, sizes)
    if len(book.vms) != vms:
        raise RuntimeError(f"the bulk reader found {len(book.vms)} of {vms} VMs")
    return reading


def _use(vms: int, account: VCenterLogin) -> tuple[Reading, float, float, float]:
    with client_of(account) as client:
        names = client.mounted_datastores(Deadline(60))
        moref = next(MoRef(m) for m, name in names.items() if name == DATASTORE)
        place = client.file_place(moref)
        live = client.live_use()
        gauge = _Gauge()
        with counting() as calls, counted_bytes() as sizes:
            book = live.current()
        reading = gauge.reading(calls.total, sizes)
        if len(book) != vms:
            raise RuntimeError(f"the first look found {len(book)} of {vms} VMs")
        folder = below(DATASTORE, "192.0.2.1_base", "an image")
        taken = []
        with counting() as further:
            for _ in range(FURTHER):
                started_s, started_cpu_s = time.perf_counter(), time.process_time()
                live.current().use_of(place, folder)
                cpu_s = time.process_time() - started_cpu_s
                taken.append((time.perf_counter() - started_s, cpu_s))
        live.close()
    seconds, cpus = (statistics.median(its) for its in zip(*taken, strict=True))
    return reading, further.total / FURTHER, seconds, cpus


class _Gauge:
    def __init__(self) -> None:
        self._rss_kb, self._peak_kb = rss_kb(), peak_rss_kb()
        self._started_s, self._started_cpu_s = time.perf_counter(), time.process_time()

    def reading(self, calls: int, sizes: list[int]) -> Reading:
        cpu_s = time.process_time() - self._started_cpu_s
        seconds = time.perf_counter() - self._started_s
        return Reading(
            calls,
            sum(sizes) / 1e6,
            seconds,
            cpu_s,
            (rss_kb() - self._rss_kb) / 1024,
            (peak_rss_kb() - self._peak_kb) / 1024,
        )
