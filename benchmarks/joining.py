"""P7: the join of as many servers as VMs, in a process of its own."""

import gc
import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from multiprocessing import get_context

from benchmarks.books import inventory
from benchmarks.clouds import Nova
from benchmarks.report import Goal, Result, Table
from vmware_panel.domain.placement import Books, Placement, join, overview

SIZES = (1_000, 10_000, 40_000)
GOAL_SIZE = 10_000
GOAL_S = 0.2
REPEATS = 7
YARDSTICK_REPEATS = 5


@dataclass(frozen=True)
class Figures:
    """Medians. `first_s` is a join that has the indexes of a fresh book to make as well."""

    vms: int
    first_s: float
    join_s: float
    join_cpu_s: float
    overview_s: float


def run(sizes: tuple[int, ...] = SIZES) -> Result:
    rows = [measure(size) for size in sizes]
    goals = [
        Goal(
            "P7", f"join at {row.vms:,}", row.join_s, GOAL_S, "s", raw=f"CPU {row.join_cpu_s:.3f}"
        )
        for row in rows
        if row.vms == GOAL_SIZE
    ]
    table = Table(
        "servers x VMs",
        ("first s", "join s", "join CPU s", "overview s"),
        [(f"{r.vms:,}", r.first_s, r.join_s, r.join_cpu_s, r.overview_s) for r in rows],
    )
    return Result("P7", "The join", [table], goals, {str(r.vms): asdict(r) for r in rows})


def measure(vms: int) -> Figures:
    with get_context("spawn").Pool(1) as process:
        return process.apply(_measured, (vms,))


def _measured(vms: int) -> Figures:
    firsts = []
    for _ in range(3):
        book = inventory(vms)
        nova = Nova.of(book)
        books = Books((book,))
        firsts.append(clocked(partial(join_of, nova, books))[0])
    placements = join_of(nova, books)
    found = sum(placement.vm is not None for placement in placements)
    said = sum(len(placement.remarks) for placement in placements)
    if found != vms or said:
        raise RuntimeError(f"the join found {found} of {vms} VMs and {said} remarks")
    joins = [clocked(partial(join_of, nova, books)) for _ in range(REPEATS)]
    overviews = [clocked(lambda: overview(placements)) for _ in range(REPEATS)]
    return Figures(
        vms=vms,
        first_s=statistics.median(firsts),
        join_s=statistics.median(wall_s for wall_s, _ in joins),
        join_cpu_s=statistics.median(cpu_s for _, cpu_s in joins),
        overview_s=statistics.median(wall_s for wall_s, _ in overviews),
    )


@dataclass(frozen=True)
class Yardstick:
    """The join of 10,000 servers and VMs, measured in the process in which others are: what the
    other parts are compared with. Medians.
    """

    join_s: float
    join_cpu_s: float


def yardstick(vms: int = GOAL_SIZE) -> Yardstick:
    book = inventory(vms)
    work = partial(join_of, Nova.of(book), Books((book,)))
    work()
    taken = [clocked(work) for _ in range(YARDSTICK_REPEATS)]
    return Yardstick(*(statistics.median(its) for its in zip(*taken, strict=True)))


def join_of(nova: Nova, books: Books) -> tuple[Placement, ...]:
    return join(nova.servers, books, nova.services, nova.hypervisors)


def clocked(work: Callable[[], object]) -> tuple[float, float]:
    """Seconds as they pass, and the processor's; what was made is let go within them."""
    gc.collect()
    started_s, started_cpu_s = time.perf_counter(), time.process_time()
    work()
    cpu_s = time.process_time() - started_cpu_s
    return time.perf_counter() - started_s, cpu_s
