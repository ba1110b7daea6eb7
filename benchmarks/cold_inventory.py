"""P1: the first read of everything, beside what it cannot be faster than and what it replaces.

Each way reads the same pages of the same simulator, in a process of its own, so that neither its
memory nor its garbage counts for another. The simulator answers far more slowly than the bytes
travel: the seconds hold that, the processor's seconds are the reader's alone.
"""

import resource
import statistics
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from multiprocessing import get_context
from types import MappingProxyType
from typing import Any
from unittest import mock

from pyVmomi import vim
from pyVmomi.SoapAdapter import SoapResponseDeserializer

from tests.simulator import RunningSimulator
from tests.vsphere import reference
from vmware_panel.domain.inventory import MoRef
from vmware_panel.vsphere import Endpoint, VCenterClient
from vmware_panel.vsphere.answer_decoder import CHUNK_BYTES
from vmware_panel.vsphere.page_decoder import Page
from vmware_panel.vsphere.page_stub import PageStub
from vmware_panel.vsphere.property_reader import CURRENT_SESSION
from vmware_panel.vsphere.rows import LoggedIn, Reference, Row

BYTES, OURS, LEAN_SDK, SDK = "bytes alone", "our reader", "pyVmomi, disks only", "pyVmomi"
REPEATS = 3


@dataclass(frozen=True)
class Reading:
    """One way to read; medians of its repetitions, but the memory's growth is the largest."""

    way: str
    seconds: float
    cpu_seconds: float
    megabytes: float
    rss_growth_mb: float


def measure(simulator: RunningSimulator, vms: int) -> list[Reading]:
    """All ways, in turns, against a simulator that holds so many VMs."""
    account = simulator.reader
    where = (account.host, account.port, account.user, account.password, str(account.ca_file))
    found: dict[str, list[Reading]] = {way: [] for way in WAYS}
    for _ in range(REPEATS):
        for way in WAYS:
            with get_context("spawn").Pool(1) as process:
                read, vms_read = process.apply(_measured, (way, where))
            if way != BYTES and vms_read != vms:
                raise RuntimeError(f"{way} read {vms_read} of {vms} VMs: its time means nothing")
            found[way].append(read)
    return [_median(readings) for readings in found.values()]


def table(vms: int, readings: list[Reading]) -> str:
    """Raw figures, and each as a multiple of the bytes alone."""
    floor = next(read for read in readings if read.way == BYTES)
    lines = [
        f"{f'{vms:,} VMs':24}{'s':>9}{'':>8}{'CPU s':>9}{'':>8}{'MB read':>10}{'RSS + MB':>10}"
    ]
    for read in readings:
        lines.append(
            f"{read.way:24}{read.seconds:>9.2f}{read.seconds / floor.seconds:>7.2f}x"
            f"{read.cpu_seconds:>9.2f}{read.cpu_seconds / floor.cpu_seconds:>7.2f}x"
            f"{read.megabytes:>10.1f}{read.rss_growth_mb:>10.1f}"
        )
    return "\n".join(lines)


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
    before_kb = _rss_kb()
    with WAYS[way](), _counted_bytes() as sizes:
        started_s, started_cpu_s = time.perf_counter(), time.process_time()
        inventory = client.read_inventory()
        cpu_s, seconds = time.process_time() - started_cpu_s, time.perf_counter() - started_s
    growth_mb = (_rss_kb() - before_kb) / 1024
    client.close()
    return Reading(way, seconds, cpu_s, sum(sizes) / 1e6, growth_mb), len(inventory.vms)


def _counted_bytes() -> AbstractContextManager[list[int]]:
    """Counts what the decoder in force reads of each page."""
    decode = PageStub.decode
    sizes: list[int] = []

    class Counted:
        def __init__(self, stream: Any) -> None:
            self.stream = stream

        def read(self, size: int = -1, /) -> bytes:
            found: bytes = self.stream.read(size)
            sizes.append(len(found))
            return found

    def counted(stub: PageStub, stream: Any, info: Any) -> Page:
        return decode(stub, Counted(stream), info)

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


def _bytes_alone() -> AbstractContextManager[Any]:
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


def _rss_kb() -> int:
    """The highest so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


WAYS: Mapping[str, Callable[[], AbstractContextManager[Any]]] = MappingProxyType(
    {
        BYTES: _bytes_alone,
        OURS: nullcontext,
        LEAN_SDK: reference.use_reference,
        SDK: _sdk,
    }
)
