"""P1: the first read of everything, beside what it cannot be faster than and what it replaces.

Each way reads the same pages of the same simulator, in a process of its own, so that neither its
memory nor its garbage counts for another. The simulator answers far more slowly than the bytes
travel: the seconds hold that, the processor's seconds are the reader's alone.
"""

import statistics
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from types import MappingProxyType
from typing import Any
from unittest import mock

from pyVmomi import vim
from pyVmomi.SoapAdapter import SoapResponseDeserializer

from benchmarks.machine import peak_rss_kb
from benchmarks.report import Goal, Result, Table
from benchmarks.vcenters import Counted, shape
from tests.simulator import RunningSimulator, running_simulator
from tests.vsphere import reference
from tests.vsphere.sinks import Remembering
from vmware_panel.domain.inventory import Inventory, MoRef
from vmware_panel.vsphere import Endpoint, VCenterClient
from vmware_panel.vsphere.answer_decoder import CHUNK_BYTES
from vmware_panel.vsphere.page_decoder import Page
from vmware_panel.vsphere.page_stub import PageStub
from vmware_panel.vsphere.property_reader import CURRENT_SESSION
from vmware_panel.vsphere.property_sets import BULK
from vmware_panel.vsphere.rows import LoggedIn, Reference, Row

BYTES, OURS, COLLECTOR = "bytes alone", "our bulk reader", "our collector's first list"
LEAN_SDK, SDK, LAZY = "pyVmomi, disks only", "pyVmomi", "pyVmomi, one by one"

SIZES = (1_000, 10_000, 40_000)
GOAL_SIZE = 10_000
MOST_OF_BYTES = 2.0
LEAST_OF_SDK = 3.0
REPEATS = 2
REPEATED_UP_TO = 10_000
"""Larger inventories are read once."""
ATTRIBUTES = tuple(dict.fromkeys(path.partition(".")[0] for path in BULK[vim.VirtualMachine]))
SAMPLE = 100
"""VMs that are read one by one; the seconds are what all would take at that rate."""


@dataclass(frozen=True)
class Reading:
    """One way to read; medians of its repetitions, but the memory's growth is the largest.

    `estimated`: made of a sample.
    """

    way: str
    seconds: float
    cpu_seconds: float
    megabytes: float
    rss_growth_mb: float
    estimated: bool = False


def run(sizes: tuple[int, ...] = SIZES) -> Result:
    found: dict[int, list[Reading]] = {}
    for size in sizes:
        with running_simulator(**shape(size)) as simulator:
            found[size] = measure(simulator, size)
    return Result(
        "P1",
        "Cold inventory",
        [table(size, readings) for size, readings in found.items()],
        goals(found[GOAL_SIZE]) if GOAL_SIZE in found else [],
        {str(size): [asdict(read) for read in readings] for size, readings in found.items()},
        [f"{LAZY}: {len(ATTRIBUTES)} calls a VM, estimated from {SAMPLE} VMs; hosts not counted"],
    )


def goals(readings: list[Reading]) -> list[Goal]:
    by_way = {read.way: read for read in readings}
    floor, ours, sdk = by_way[BYTES], by_way[OURS], by_way[SDK]
    return [
        Goal(
            "P1",
            f"our reader to {what} at {GOAL_SIZE:,}",
            one / two,
            limit,
            at_least=at_least,
            raw=f"{one:.2f} s / {two:.2f} s",
        )
        for what, one, two, limit, at_least in (
            ("the bytes", ours.seconds, floor.seconds, MOST_OF_BYTES, False),
            ("pyVmomi (times faster)", sdk.seconds, ours.seconds, LEAST_OF_SDK, True),
        )
    ]


def measure(simulator: RunningSimulator, vms: int) -> list[Reading]:
    """All ways, in turns, against a simulator that holds so many VMs."""
    account = simulator.reader
    where = (account.host, account.port, account.user, account.password, str(account.ca_file))
    large = vms > REPEATED_UP_TO
    ways = [way for way in WAYS if not (large and way == LEAN_SDK)]
    found: dict[str, list[Reading]] = {way: [] for way in ways}
    for _ in range(1 if large else REPEATS):
        for way in ways:
            with get_context("spawn").Pool(1) as process:
                read, vms_read = process.apply(_measured, (way, where))
            if way != BYTES and vms_read != vms:
                raise RuntimeError(f"{way} read {vms_read} of {vms} VMs: its time means nothing")
            found[way].append(read)
    return [*map(_median, found.values()), one_by_one(simulator, vms)]


def one_by_one(simulator: RunningSimulator, vms: int) -> Reading:
    """As a program does that knows no PropertyCollector: each attribute of a VM is a call."""
    with simulator.reader.connected() as service:
        content = service.content
        view = content.viewManager.CreateContainerView(
            content.rootFolder, [vim.VirtualMachine], True
        )
        sample = list(view.view)[:SAMPLE]
        started_s, started_cpu_s = time.perf_counter(), time.process_time()
        for vm in sample:
            for name in ATTRIBUTES:
                getattr(vm, name)
        cpu_s, seconds = time.process_time() - started_cpu_s, time.perf_counter() - started_s
        view.Destroy()
    times = vms / len(sample)
    return Reading(LAZY, seconds * times, cpu_s * times, 0.0, 0.0, estimated=True)


def table(vms: int, readings: list[Reading]) -> Table:
    """Raw figures, and each as a multiple of the bytes alone."""
    floor = next(read for read in readings if read.way == BYTES)
    return Table(
        f"{vms:,} VMs",
        ("s", "to bytes", "CPU s", "to bytes", "MB read", "RSS + MB"),
        [
            (
                read.way,
                read.seconds,
                f"{read.seconds / floor.seconds:.2f}x",
                read.cpu_seconds,
                f"{read.cpu_seconds / floor.cpu_seconds:.2f}x",
                read.megabytes or None,
                read.rss_growth_mb or None,
            )
            for read in readings
        ],
    )


def _median(readings: list[Reading]) -> Reading:
    return Reading(
        way=readings[0].way,
        seconds=statistics.median(read.seconds for read in readings),
        cpu_seconds=statistics.median(read.cpu_seconds for read in readings),
        megabytes=readings[0].megabytes,
        rss_growth_mb=max(read.rss_growth_mb for read in readings),
    )


def _measured(way: str, where: tuple[str, int, str, str, str]) -> tuple[Reading, int]:
    host, port, user, password, ca_file = where
    client = VCenterClient(
        Endpoint(
            name="bench",
            host=host,
            port=port,
            username=user,
            password=lambda: password,
            ca_file=ca_file,
            list_timeout_s=600,
        )
    )
    client.about()
    before_kb = peak_rss_kb()
    read = _first_list if way == COLLECTOR else VCenterClient.read_inventory
    with WAYS[way](), _counted_bytes() as sizes:
        started_s, started_cpu_s = time.perf_counter(), time.process_time()
        inventory = read(client)
        cpu_s, seconds = time.process_time() - started_cpu_s, time.perf_counter() - started_s
    growth_mb = (peak_rss_kb() - before_kb) / 1024
    client.close()
    return Reading(way, seconds, cpu_s, sum(sizes) / 1e6, growth_mb), len(inventory.vms)


def _first_list(client: VCenterClient) -> Inventory:
    """What a collector publishes first."""
    sink = Remembering()
    collector = client.collector(sink, relist_interval_s=3600)
    thread = threading.Thread(target=collector.run, name="collector")
    thread.start()
    while sink.inventory is None:
        time.sleep(0.01)
    inventory = sink.inventory
    collector.stop()
    thread.join()
    return inventory


def _counted_bytes() -> AbstractContextManager[list[int]]:
    """Counts what the decoder in force reads of each page."""
    decode = PageStub.decode
    sizes: list[int] = []

    def counted(stub: PageStub, stream: Any, info: Any) -> Page:
        return decode(stub, Counted(stream, sizes), info)

    patch = mock.patch.object(PageStub, "decode", counted)
    return _Giving(patch, sizes)


class _Giving(AbstractContextManager[list[int]]):
    def __init__(self, inner: AbstractContextManager[Any], given: list[int]) -> None:
        self.inner, self.given = inner, given

    def __enter__(self) -> list[int]:
        self.inner.__enter__()
        return self.given

    def __exit__(self, *said: Any) -> None:
        self.inner.__exit__(*said)


def bytes_alone() -> AbstractContextManager[Any]:
    """Throws every page away, but for the token of the next, which stands at its start."""
    logged_in = Row(
        vim.SessionManager,
        Reference("SessionManager", MoRef("SessionManager")),
        {CURRENT_SESSION: LoggedIn()},
    )

    def thrown_away(stub: PageStub, stream: Any, info: Any) -> Page:
        start = stream.read(CHUNK_BYTES)
        while stream.read(CHUNK_BYTES):
            pass
        _, found, rest = start.partition(b"<token>")
        token = rest.partition(b"</token>")[0].decode() if found else None
        return Page([logged_in], token)

    return mock.patch.object(PageStub, "decode", thrown_away)


def _sdk() -> AbstractContextManager[Any]:
    """pyVmomi as it comes: its decoder makes an object of every device."""

    def decode(stub: PageStub, stream: Any, info: Any) -> Page:
        return reference.page_of(SoapResponseDeserializer(stub).Deserialize(stream, info.result))

    return mock.patch.object(PageStub, "decode", decode)


WAYS: Mapping[str, Callable[[], AbstractContextManager[Any]]] = MappingProxyType(
    {
        BYTES: bytes_alone,
        OURS: nullcontext,
        COLLECTOR: nullcontext,
        LEAN_SDK: reference.use_reference,
        SDK: _sdk,
    }
)
