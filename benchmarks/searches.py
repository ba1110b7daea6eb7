"""P8: one search of a whole datastore, beside the bytes of its answer alone.

The simulator has an SSD's directory to list, and no array behind a wire: `task s` is its own time.
"""

import statistics
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from functools import partial
from multiprocessing import get_context
from typing import Any
from unittest import mock

from pyVmomi import vim

from benchmarks.cold_inventory import bytes_alone
from benchmarks.machine import peak_rss_kb
from benchmarks.report import Goal, Result, Table
from benchmarks.vcenters import client_of, counted_bytes
from lab.simulator import VCenterLogin
from tests.simulator import running_simulator
from vmware_panel.domain.datastore_files import Scan
from vmware_panel.domain.inventory import MoRef
from vmware_panel.store.items import PART_BYTES
from vmware_panel.store.scan_encoding import decode_scan, encode_scan
from vmware_panel.vsphere import Deadline, counting
from vmware_panel.vsphere.datastore_search import DatastoreSearch
from vmware_panel.vsphere.login import Connected
from vmware_panel.vsphere.property_reader import ObjectSpec, read_rows
from vmware_panel.vsphere.rows import SearchedFolder

SIZES = (10_000,)
"""Cached images; and twice as many folders of VMs."""
GOAL_SIZE = 10_000
IMAGES, VM_FOLDERS = "cached images", "VM folders"
DATASTORE = "shared-ds-1"
ROOT = "192.0.2.1_base"
TIMEOUT_S = 600
REPEATS = 3
MOST_OF_BYTES = 3.0


@dataclass(frozen=True)
class Figures:
    """One search. `task_s` is what the simulator took; `cpu_s` this process's own, for all of it.

    `answer_s` and `answer_cpu_s` are for reading and decoding the task's result once more,
    `bytes_s` for reading it and throwing it away: medians. The last four are the store's.
    """

    kind: str
    count: int
    calls: int
    megabytes: float
    seconds: float
    task_s: float
    cpu_s: float
    rss_growth_mb: float
    answer_s: float
    answer_cpu_s: float
    bytes_s: float
    bytes_cpu_s: float
    stored_kb: float
    parts: int
    encode_s: float
    decode_s: float


def run(sizes: tuple[int, ...] = SIZES) -> Result:
    found = [
        measure(kind, count)
        for size in sizes
        for kind, count in ((IMAGES, size), (VM_FOLDERS, 2 * size))
    ]
    return Result(
        "P8",
        "A search of a datastore",
        [_table(found), _answers(found), _stored(found)],
        [_goal(f) for f in found if f.kind == IMAGES and f.count == GOAL_SIZE],
        {f"{f.count} {f.kind}": asdict(f) for f in found},
    )


def _goal(its: Figures) -> Goal:
    return Goal(
        "P8",
        f"answer of {its.count:,} {its.kind} to its bytes",
        its.answer_s / its.bytes_s,
        MOST_OF_BYTES,
        raw=f"{its.answer_s:.2f} / {its.bytes_s:.2f} s; CPU {its.answer_cpu_s:.2f} / "
        f"{its.bytes_cpu_s:.2f} s",
    )


def _table(found: list[Figures]) -> Table:
    return Table(
        "the search",
        ("calls", "MB", "s", "task s", "CPU s", "RSS + MB"),
        [
            (_name(f), f.calls, f.megabytes, f.seconds, f.task_s, f.cpu_s, f.rss_growth_mb)
            for f in found
        ],
    )


def _answers(found: list[Figures]) -> Table:
    return Table(
        "its answer",
        ("s", "to bytes", "CPU s", "to bytes", "bytes alone s", "CPU s"),
        [
            (
                _name(f),
                f.answer_s,
                f"{f.answer_s / f.bytes_s:.2f}x",
                f.answer_cpu_s,
                f"{f.answer_cpu_s / f.bytes_cpu_s:.2f}x",
                f.bytes_s,
                f.bytes_cpu_s,
            )
            for f in found
        ],
    )


def _stored(found: list[Figures]) -> Table:
    return Table(
        "in the store",
        ("KB", "items", "encode s", "decode s"),
        [(_name(f), f.stored_kb, f.parts, f.encode_s, f.decode_s) for f in found],
    )


def _name(its: Figures) -> str:
    return f"{its.count:,} {its.kind}"


def measure(kind: str, count: int) -> Figures:
    """In a process of its own, against a simulator of its own with so many on one datastore."""
    with running_simulator() as simulator:
        if kind == IMAGES:
            simulator.control.fill_cache(DATASTORE, ROOT, count)
        else:
            simulator.control.fill_vm_folders(DATASTORE, count)
        with get_context("spawn").Pool(1) as process:
            return process.apply(_measured, (kind, count, simulator.reader))


def _measured(kind: str, count: int, account: VCenterLogin) -> Figures:
    with client_of(account) as client:
        names = client.mounted_datastores(Deadline(TIMEOUT_S))
        moref = next(m for m, name in names.items() if name == DATASTORE)
        before_kb = peak_rss_kb()
        tasks: list[MoRef] = []
        with _noted(tasks), counting() as calls, counted_bytes() as sizes:
            started_s, started_cpu_s = time.perf_counter(), time.process_time()
            scan = client.search_datastore(moref, Deadline(TIMEOUT_S))
            cpu_s, seconds = time.process_time() - started_cpu_s, time.perf_counter() - started_s
        growth_mb = (peak_rss_kb() - before_kb) / 1024
        found = _found(kind, scan)
        if found != count:
            raise RuntimeError(f"the search found {found} of {count} {kind}")
        again = partial(client._session.once, partial(_result, task=tasks[0]))
        answer = _median(lambda: again(Deadline(TIMEOUT_S)), nullcontext)
        alone = _median(lambda: again(Deadline(TIMEOUT_S)), bytes_alone)
    encode_s, data = _clocked(lambda: encode_scan(scan))
    decode_s, decoded = _clocked(lambda: decode_scan(data))
    if decoded != scan:
        raise RuntimeError("the store does not give back what was found")
    return Figures(
        kind,
        count,
        calls.total,
        sum(sizes) / 1e6,
        seconds,
        scan.took_s,
        cpu_s,
        growth_mb,
        *answer,
        *alone,
        len(data) / 1000,
        -(-len(data) // PART_BYTES),
        encode_s,
        decode_s,
    )


def _found(kind: str, scan: Scan) -> int:
    if kind == VM_FOLDERS:
        return sum(folder.holds_vm for folder in scan.folders)
    below = (file.path.removeprefix(f"{ROOT}/") for file in scan.files)
    return len({path.partition("/")[0] for path in below if "/" in path})


def _noted(tasks: list[MoRef]) -> Any:
    """Keeps the id of the task whose result is read."""
    read = DatastoreSearch._result

    def noted(self: DatastoreSearch, store: Any, task: MoRef) -> tuple[SearchedFolder, ...]:
        tasks.append(task)
        return read(self, store, task)

    return mock.patch.object(DatastoreSearch, "_result", noted)


def _result(connected: Connected, task: MoRef) -> None:
    start = [ObjectSpec(obj=vim.Task(task), skip=False)]
    read_rows(connected, start, {vim.Task: ("info.result",)}, lambda _row: None)


def _median(work: Callable[[], object], way: Callable[[], Any]) -> tuple[float, float]:
    taken = []
    for _ in range(REPEATS):
        with way():
            started_s, started_cpu_s = time.perf_counter(), time.process_time()
            work()
            cpu_s = time.process_time() - started_cpu_s
            taken.append((time.perf_counter() - started_s, cpu_s))
    seconds, cpus = (statistics.median(its) for its in zip(*taken, strict=True))
    return seconds, cpus


def _clocked(work: Callable[[], Any]) -> tuple[float, Any]:
    """Processor seconds, and what came of it."""
    started_s = time.process_time()
    result = work()
    return time.process_time() - started_s, result
