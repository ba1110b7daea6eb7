"""P2: memory a VM, of the collector's process and of one that reads; and what a snapshot costs.

A process is measured twice, with few VMs and with many: what lies between is the VMs' own.
"""

import gc
import time
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from typing import Any

from django.conf import settings

from benchmarks import store
from benchmarks.books import INDEXES
from benchmarks.collector_process import VCENTER, running_collector
from benchmarks.machine import rss_kb
from benchmarks.report import Goal, Result, Table
from benchmarks.vcenters import shape
from tests.simulator import running_simulator
from tests.store.servers import ALIAS
from vmware_panel.store import CacheStore

SIZES = (10_000, 40_000)
GOAL_SIZE = 40_000
MOST_KB_A_VM = 4.0
FEW = 1_000
SETTLE_S = 3.0


@dataclass(frozen=True)
class Processes:
    """RSS of the collector's process when it watches; what a reader grew by, indexes and all."""

    vms: int
    collector_rss_mb: float
    reader_growth_mb: float


def run(sizes: tuple[int, ...] = SIZES) -> Result:
    few = processes(FEW)
    found = [(few, 0.0, 0.0)]
    goals: list[Goal] = []
    tables: list[Table] = []
    figures: dict[str, Any] = {}
    for size in sizes:
        many = processes(size)
        more = size - FEW
        collector_kb = (many.collector_rss_mb - few.collector_rss_mb) * 1024 / more
        reader_kb = (many.reader_growth_mb - few.reader_growth_mb) * 1024 / more
        found.append((many, collector_kb, reader_kb))
        made = store.measure(size)
        swap = store.measure_swap(size, "memcached")
        tables += [store.table(made), store.swap_table([swap])]
        if size == GOAL_SIZE:
            goals = [
                Goal("P2", f"{what} at {size:,}, KB a VM", figure, MOST_KB_A_VM, "KB")
                for what, figure in (
                    ("collector", collector_kb),
                    ("reader", reader_kb),
                    ("reader of a made book", made[0].rss_kb_a_vm),
                )
            ]
        figures[str(size)] = {
            **asdict(many),
            "collector_kb_a_vm": collector_kb,
            "reader_kb_a_vm": reader_kb,
            "made_book": asdict(made[0]),
            "swap": asdict(swap),
        }
    whole = Table(
        "processes, against the simulator",
        ("collector RSS MB", "KB a VM", "reader + MB", "KB a VM"),
        [
            (f"{p.vms:,} VMs", p.collector_rss_mb, c or None, p.reader_growth_mb, r or None)
            for p, c, r in found
        ],
    )
    return Result("P2", "Memory and the store", [whole, *tables], goals, figures)


def processes(vms: int) -> Processes:
    with running_simulator(**shape(vms)) as simulator:
        with running_collector(simulator.reader) as collector:
            time.sleep(SETTLE_S)
            rss_mb = rss_kb(collector.pid) / 1024
            with get_context("spawn").Pool(1) as process:
                growth_mb = process.apply(_read, (collector.caches, vms))
    return Processes(vms, rss_mb, growth_mb)


def _read(caches: dict[str, Any], vms: int) -> float:
    """MB that this process grows by when it reads the snapshot and makes every index."""
    settings.configure(CACHES=caches)
    reader = CacheStore(ALIAS)
    reader.read("of another name")  # what loads once is loaded
    gc.collect()
    before_kb = rss_kb()
    snapshot = reader.read(VCENTER)
    if not snapshot or not snapshot.inventory or len(snapshot.inventory.vms) != vms:
        raise RuntimeError("the reader does not find what the collector published")
    for index in INDEXES:
        getattr(snapshot.inventory, index)
    gc.collect()
    return (rss_kb() - before_kb) / 1024
