"""P12: a job of 10,000 items in each journal: what a worker writes and a page reads.

Beside one bare write of the same bytes to the same place: a key of the cache, a row of such a file.
memcached keeps no journal in the field (`vmware_panel.checks`); it shows what the network's part is.
"""

import sqlite3
import statistics
import time
from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.clouds import with_volumes
from benchmarks.report import Goal, Result, Table
from benchmarks.site import EMPTY_LIST, VCENTER, PageCost, site
from tests.store.servers import CacheServer, free_port
from vmware_panel.domain.inventory import MoRef
from vmware_panel.domain.jobs import Asker, ItemState, Job, JobItem, JobKind, Step

SIZES = (10_000,)
JOURNALS = ("sqlite", "redis", "memcached")
CACHE = "bench-jobs"
JOB = "job1"
WRITES = 500
REPEATS = 3
TIMES = 7
CLAIM_MOST_S = 1.0
GOAL_JOURNAL = "redis"
TTL_S = 600
SQLITE_ROW = "CREATE TABLE bare (number INTEGER PRIMARY KEY, body BLOB NOT NULL)"


@dataclass(frozen=True)
class Figures:
    """Seconds as they pass, medians. `bare_ms` is one bare write of an item's bytes."""

    journal: str
    items: int
    add_s: float
    claim_s: float
    claim_cpu_s: float
    write_ms: float
    write_cpu_ms: float
    bare_ms: float
    beat_ms: float
    read_s: float
    list_ms: float
    page: PageCost
    empty: PageCost


def run(sizes: tuple[int, ...] = SIZES) -> Result:
    found = [measure(journal, size) for size in sizes for journal in JOURNALS]
    return Result(
        "P12",
        "Jobs",
        [_journals(found), _pages(found)],
        [_goal(f) for f in found if f.journal == GOAL_JOURNAL],
        {f"{f.items} items, {f.journal}": asdict(f) for f in found},
        ["an empty list: Jobs without a job, in the same process"],
    )


def _goal(its: Figures) -> Goal:
    raw = f"CPU {its.claim_cpu_s:.2f}"
    what = f"claim of {its.items:,} items, {its.journal}"
    return Goal("P12", what, its.claim_s, CLAIM_MOST_S, "s", raw=raw)


def _journals(found: list[Figures]) -> Table:
    return Table(
        "journal",
        (
            "add s",
            "claim s",
            "CPU s",
            "write ms",
            "CPU ms",
            "to bare",
            "beat ms",
            "read s",
            "list ms",
        ),
        [
            (
                _name(f),
                f.add_s,
                f.claim_s,
                f.claim_cpu_s,
                f.write_ms,
                f.write_cpu_ms,
                f"{f.write_ms / f.bare_ms:.1f}x",
                f.beat_ms,
                f.read_s,
                f.list_ms,
            )
            for f in found
        ],
    )


def _pages(found: list[Figures]) -> Table:
    return Table(
        "page of the job",
        ("s", "CPU s", "to an empty list", "KB"),
        [
            (
                _name(f),
                f.page.seconds,
                f.page.cpu_s,
                f"{f.page.cpu_s / f.empty.cpu_s:.2f}x",
                f.page.kilobytes,
            )
            for f in found
        ],
    )


def _name(its: Figures) -> str:
    return f"{its.items:,} items, {its.journal}"


def measure(journal: str, items: int) -> Figures:
    with get_context("spawn").Pool(1) as process:
        return process.apply(_measured, (journal, items))


def job_of(items: int) -> Job:
    """A purge's, as long in every field as one of a cloud in use."""
    its = tuple(
        JobItem(
            f"image/{VCENTER}/datastore-{n % 200}/192.0.2.{n % 40}_base/{n:08x}-0000-0000-0000-{n:012x}",
            f"[ssd-{n % 200}] 192.0.2.{n % 40}_base/{n:08x}-0000-0000-0000-{n:012x}",
            {"name": f"image {n}", "newest": "2026-11-01T00:00:00+00:00", "files": "4"},
            size_bytes=1 << 30,
        )
        for n in range(items)
    )
    asker = Asker("admin", "u-1", "p-1", "RegionOne", "192.0.2.7")
    title = f"{items} cached images"
    return Job(JOB, JobKind.CACHE_PURGE, VCENTER, title, asker, datetime.now(UTC), its)


def _measured(journal: str, items: int) -> Figures:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="vmwbench")))
        caches: dict[str, Any] = {}
        where = {"folder": str(folder / "jobs")}
        if journal != "sqlite":
            server = CacheServer(journal, folder, free_port(), memory_mb=256)
            server.start()
            stack.callback(server.kill)
            caches = {CACHE: server.caches["default"]}
            where = {"cache": CACHE}
        pages = stack.enter_context(site(with_volumes(16), caches, jobs=where))
        from vmware_panel.jobs.encoding import encode_item
        from vmware_panel.jobs.journals import journal as kept

        its = kept()
        empty = pages.page(EMPTY_LIST, TIMES)
        job = job_of(items)
        add_s = _clocked(lambda: its.add(job, b"sealed"))[0]
        claims = []
        for turn in range(REPEATS):
            *taken, claim = _clocked(partial(its.claim, JOB, f"worker {turn}"))
            if claim is None or len(claim.job.items) != items:
                raise RuntimeError(f"{journal} gives no whole job to its worker")
            claims.append(taken)
            if turn < REPEATS - 1:
                claim.release()
        written = [_done(item) for item in job.items[:WRITES]]
        writes = [_clocked(partial(claim.write, n, item))[:2] for n, item in enumerate(written)]
        bare = _bare(journal, folder, encode_item(written[0]))
        beats = [_clocked(claim.beat)[0] for _ in range(TIMES)]
        reads = [_clocked(partial(its.read, JOB))[0] for _ in range(REPEATS)]
        lists = [_clocked(its.summaries)[0] for _ in range(TIMES)]
        page = pages.page(f"{EMPTY_LIST}{JOB}/", TIMES, claim.beat)
        found = its.read(JOB)
        if found is None or found.done != len(written) or found.worker != f"worker {turn}":
            raise RuntimeError(f"{journal} lost what was written: its figures mean nothing")
        claim.release()
    claim_s, claim_cpu_s = (statistics.median(each) for each in zip(*claims, strict=True))
    write_s, write_cpu_s = (statistics.median(each) for each in zip(*writes, strict=True))
    return Figures(
        journal,
        items,
        add_s,
        claim_s,
        claim_cpu_s,
        write_s * 1000,
        write_cpu_s * 1000,
        statistics.median(bare) * 1000,
        statistics.median(beats) * 1000,
        statistics.median(reads),
        statistics.median(lists) * 1000,
        page,
        empty,
    )


def _done(item: JobItem) -> JobItem:
    now = datetime.now(UTC)
    steps = (Step("set aside", True, MoRef("task-1")), Step("delete", True, MoRef("task-2")))
    return replace(item, state=ItemState.DONE, steps=steps, started_at=now, ended_at=now)


def _bare(journal: str, folder: Path, body: bytes) -> list[float]:
    if journal == "sqlite":
        return _bare_rows(folder / "bare.sqlite3", body)
    from django.core.cache import caches

    cache = caches[CACHE]
    return [_clocked(partial(cache.set, f"bare:{n}", body, TTL_S))[0] for n in range(WRITES)]


def _bare_rows(path: Path, body: bytes) -> list[float]:
    """As safe as the journal's: on the disk before the next."""
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        db.execute(SQLITE_ROW)
        put = "INSERT INTO bare VALUES (?, ?)"
        return [_clocked(partial(db.execute, put, (n, body)))[0] for n in range(WRITES)]


def _clocked(work: Callable[[], Any]) -> tuple[float, float, Any]:
    """Seconds as they pass, the processor's, and what came of it."""
    started_s, started_cpu_s = time.perf_counter(), time.process_time()
    result = work()
    cpu_s = time.process_time() - started_cpu_s
    return time.perf_counter() - started_s, cpu_s, result
