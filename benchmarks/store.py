"""P2: what a snapshot costs: bytes in the store, seconds to encode, decode and swap, memory a VM.

The inventory is that of `benchmarks.books`. `python -m benchmarks.store` compares ways to encode.
"""

import gc
import json
import pickle  # noqa: S403
import statistics
import sys
import time
import zlib
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import Any

import msgspec
from django.conf import settings

from benchmarks.books import INDEXES, inventory
from benchmarks.machine import peak_rss_kb, rss_kb
from benchmarks.report import Table
from tests.store.servers import ALIAS, COMMANDS, CacheServer, free_port
from vmware_panel.domain.inventory import Inventory
from vmware_panel.domain.ledger import Delta, Ledger
from vmware_panel.domain.snapshot import CollectorState, CollectorStatus, Snapshot
from vmware_panel.store import CacheStore
from vmware_panel.store.encoding import Decoder, encode_inventory, objects_of

SIZES = (10_000, 40_000)
CHANGES = 50
REPEATS = 3
OURS = "store"


@dataclass(frozen=True)
class StoreFigures:
    """One way to encode. Seconds are medians of processor time; RSS grows from before the decoding
    to after every index is built, with `decode_peak_kb_a_vm` the highest in between.
    """

    way: str
    vms: int
    encoded_mb: float
    encode_s: float
    decode_s: float
    index_s: float
    rss_kb_a_vm: float
    decode_peak_kb_a_vm: float


@dataclass(frozen=True)
class SwapFigures:
    """Seconds as they pass, medians: a whole book written and read back by the writer; a first
    read; `CHANGES` VMs written as a delta; that delta read by one who holds the book; a read with
    nothing new.
    """

    kind: str
    vms: int
    replace_s: float
    first_read_s: float
    advance_s: float
    follow_s: float
    warm_read_s: float


def measure(vms: int, ways: tuple[str, ...] = (OURS,)) -> list[StoreFigures]:
    """Each way in a process of its own, so that the memory of one does not count for another."""
    found = []
    for way in ways:
        with get_context("spawn").Pool(1) as process:
            encoded, encode_s = process.apply(_encoded, (way, vms))
        with get_context("spawn").Pool(1) as process:
            found.append(process.apply(_decoded, (way, vms, encoded, encode_s)))
    return found


def measure_swap(vms: int, kind: str) -> SwapFigures:
    """Through a real cache; `kind` is one of `tests.store.servers.COMMANDS`."""
    with TemporaryDirectory() as folder:
        server = CacheServer(kind, Path(folder), free_port(), memory_mb=256)
        server.start()
        try:
            with get_context("spawn").Pool(1) as process:
                return process.apply(_swapped, (vms, kind, server.caches))
        finally:
            server.kill()


def swap_table(figures: list[SwapFigures]) -> Table:
    return Table(
        f"store, {figures[0].vms:,} VMs",
        ("replace s", "read s", "advance s", "follow s", "warm ms"),
        [
            (r.kind, r.replace_s, r.first_read_s, r.advance_s, r.follow_s, r.warm_read_s * 1000)
            for r in figures
        ],
    )


def table(figures: list[StoreFigures]) -> Table:
    return Table(
        f"made book, {figures[0].vms:,} VMs",
        ("MB", "encode s", "decode s", "index s", "KB a VM", "peak KB a VM"),
        [
            (
                row.way,
                row.encoded_mb,
                row.encode_s,
                row.decode_s,
                row.index_s,
                row.rss_kb_a_vm,
                row.decode_peak_kb_a_vm,
            )
            for row in figures
        ],
    )


def main() -> int:
    for size in SIZES:
        print(table(measure(size, tuple(WAYS))), end="\n\n", flush=True)
        swaps = [measure_swap(size, kind) for kind in COMMANDS]
        print(swap_table(swaps), end="\n\n", flush=True)
    return 0


def _encoded(way: str, vms: int) -> tuple[bytes, float]:
    book = inventory(vms)
    encode, _ = WAYS[way]
    seconds = []
    for _ in range(REPEATS):
        started_s = time.process_time()
        encoded = encode(book)
        seconds.append(time.process_time() - started_s)
    return encoded, statistics.median(seconds)


def _decoded(way: str, vms: int, encoded: bytes, encode_s: float) -> StoreFigures:
    _, decode = WAYS[way]
    if len(decode(WAYS[way][0](inventory(10))).vms) != 10:  # what loads once is loaded
        raise RuntimeError(f"{way} does not give back what it was given")
    gc.collect()
    before_kb = rss_kb()
    started_s = time.process_time()
    book = decode(encoded)
    decode_s = time.process_time() - started_s
    started_s = time.process_time()
    for index in INDEXES:
        getattr(book, index)
    index_s = time.process_time() - started_s
    gc.collect()
    if len(book.vms) != vms or len(book.vms_by_instance_uuid) != vms:
        raise RuntimeError(f"{way} lost VMs: its figures mean nothing")
    return StoreFigures(
        way=way,
        vms=vms,
        encoded_mb=len(encoded) / 1e6,
        encode_s=encode_s,
        decode_s=decode_s,
        index_s=index_s,
        rss_kb_a_vm=(rss_kb() - before_kb) / vms,
        decode_peak_kb_a_vm=(peak_rss_kb() - before_kb) / vms,
    )


def _swapped(vms: int, kind: str, config: dict[str, Any]) -> SwapFigures:
    settings.configure(CACHES=config)
    book = inventory(vms)
    ledger = Ledger(objects_of(book))
    status = CollectorStatus(CollectorState.WATCHING, book.read_at)
    times: defaultdict[str, list[float]] = defaultdict(list)

    def timed(name: str, work: Callable[[], Snapshot | None]) -> Snapshot | None:
        started_s = time.perf_counter()
        found = work()
        times[name].append(time.perf_counter() - started_s)
        return found

    def whole() -> Inventory:
        return ledger.inventory(book.vcenter, book.read_at)

    writer, follower = CacheStore(ALIAS).writer("bench"), CacheStore(ALIAS)
    for _ in range(REPEATS):
        timed("replace", lambda: writer.replace(book, status))
        timed("first", lambda: CacheStore(ALIAS).read("bench"))
    follower.read("bench")
    for turn in range(10):
        changed = tuple(replace(vm, vcpus=turn) for vm in book.vms[:CHANGES])
        ledger.apply(Delta(changed))
        timed("advance", partial(writer.advance, Delta(changed), whole, book.read_at, status))
        found = timed("follow", lambda: follower.read("bench"))
        if not found or not found.inventory or found.inventory.vms[0].vcpus != turn:
            raise RuntimeError("the reader did not follow: its figures mean nothing")
        timed("warm", lambda: follower.read("bench"))
    medians = {name: statistics.median(seconds) for name, seconds in times.items()}
    return SwapFigures(
        kind,
        vms,
        medians["replace"],
        medians["first"],
        medians["advance"],
        medians["follow"],
        medians["warm"],
    )


Way = tuple[Callable[[Inventory], bytes], Callable[[bytes], Inventory]]


def _zipped(way: Way) -> Way:
    encode, decode = way
    return (lambda book: zlib.compress(encode(book), 1)), (lambda b: decode(zlib.decompress(b)))


_held: list[tuple[Decoder, Ledger]] = []


def _as_a_reader(encoded: bytes) -> Inventory:
    """With all that a process holds besides, to follow the deltas."""
    decoder = Decoder()
    book = decoder.inventory([encoded])
    _held[:] = [(decoder, Ledger(objects_of(book)))]
    return book


_MSGPACK: Way = (
    msgspec.msgpack.encode,
    lambda b: msgspec.msgpack.decode(b, type=Inventory),
)
_MSGSPEC_JSON: Way = (msgspec.json.encode, lambda b: msgspec.json.decode(b, type=Inventory))
_JSON: Way = (
    lambda book: json.dumps(msgspec.to_builtins(book)).encode(),
    lambda b: msgspec.convert(json.loads(b), Inventory),
)
_PICKLE: Way = (lambda book: pickle.dumps(book, 5), pickle.loads)  # noqa: S301

WAYS: Mapping[str, Way] = MappingProxyType(
    {
        OURS: (encode_inventory, _as_a_reader),
        "msgspec msgpack": _MSGPACK,
        "msgspec msgpack, zlib 1": _zipped(_MSGPACK),
        "msgspec json, zlib 1": _zipped(_MSGSPEC_JSON),
        "json, zlib 1": _zipped(_JSON),
        "pickle 5": _PICKLE,
        "pickle 5, zlib 1": _zipped(_PICKLE),
    }
)

if __name__ == "__main__":
    sys.exit(main())
