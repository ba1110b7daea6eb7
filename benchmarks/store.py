"""P2: what a snapshot costs: bytes in the store, seconds to encode, decode and swap, memory a VM.

The inventory is made here, as large in every field as Nova's VMs are on a cloud in use: linked
clones with two disks, four lines of annotation, a cluster of 32 hosts, datastores of a cluster.
"""

import gc
import json
import pickle  # noqa: S403
import resource
import statistics
import sys
import time
import zlib
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import Any
from uuid import UUID

import msgspec
from django.conf import settings

from tests.store.servers import ALIAS, COMMANDS, CacheServer, free_port
from vmware_panel.domain.inventory import (
    NOVA_EXTENSION,
    Cluster,
    Datacenter,
    Datastore,
    EsxHost,
    Folder,
    HostConnection,
    Inventory,
    MoRef,
    ResourcePool,
    ToolsStatus,
    VCenter,
    VirtualDisk,
    VirtualMachine,
    VmPower,
)
from vmware_panel.domain.ledger import Delta, Ledger
from vmware_panel.domain.snapshot import CollectorState, CollectorStatus, Snapshot
from vmware_panel.store import CacheStore
from vmware_panel.store.encoding import Decoder, encode_inventory, objects_of

SIZES = (10_000, 40_000)
VMS_PER_HOST = 16
HOSTS_PER_CLUSTER = 32
DATASTORES_PER_CLUSTER = 8
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


def swap_table(figures: list[SwapFigures]) -> str:
    lines = [
        f"{f'{figures[0].vms:,} VMs':26}{'replace s':>10}{'read s':>10}{'advance s':>10}"
        f"{'follow s':>10}{'warm ms':>9}"
    ]
    for row in figures:
        lines.append(
            f"{row.kind:26}{row.replace_s:>10.3f}{row.first_read_s:>10.3f}{row.advance_s:>10.4f}"
            f"{row.follow_s:>10.4f}{row.warm_read_s * 1000:>9.2f}"
        )
    return "\n".join(lines)


def table(figures: list[StoreFigures]) -> str:
    lines = [
        f"{f'{figures[0].vms:,} VMs':26}{'MB':>8}{'encode s':>10}{'decode s':>10}{'index s':>9}"
        f"{'KB a VM':>9}{'peak':>7}"
    ]
    for row in figures:
        lines.append(
            f"{row.way:26}{row.encoded_mb:>8.1f}{row.encode_s:>10.3f}{row.decode_s:>10.3f}"
            f"{row.index_s:>9.3f}{row.rss_kb_a_vm:>9.2f}{row.decode_peak_kb_a_vm:>7.2f}"
        )
    return "\n".join(lines)


def main() -> int:
    for size in SIZES:
        print(table(measure(size, tuple(WAYS))) + "\n", flush=True)
        swaps = [measure_swap(size, kind) for kind in COMMANDS]
        print(swap_table(swaps) + "\n", flush=True)
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
    before_kb = _rss_kb()
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
        rss_kb_a_vm=(_rss_kb() - before_kb) / vms,
        decode_peak_kb_a_vm=(_peak_rss_kb() - before_kb) / vms,
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


INDEXES = (
    "cluster_by_ref",
    "host_by_ref",
    "datastore_by_ref",
    "pool_by_ref",
    "folder_by_ref",
    "vms_by_instance_uuid",
    "vms_by_claimed_uuid",
    "vms_by_disk_path",
    "hosts_by_cluster",
)


def inventory(vms: int) -> Inventory:
    """So many VMs, and the hosts, datastores, pools and folders that they need."""
    hosts = -(-vms // VMS_PER_HOST)
    clusters = -(-hosts // HOSTS_PER_CLUSTER)
    return Inventory(
        vcenter=VCenter("bench", "vcenter.example.org", 443, str(UUID(int=1)), "VMware vCenter"),
        read_at=datetime(2026, 11, 22, 3, 0, tzinfo=UTC),
        datacenters=(Datacenter(MoRef("datacenter-3"), "DC0", MoRef("group-d1")),),
        folders=tuple(
            Folder(MoRef(f"group-v{number}"), f"Project ({UUID(int=number)})", MoRef("group-v4"))
            for number in range(vms // 100)
        ),
        resource_pools=tuple(
            ResourcePool(MoRef(f"resgroup-{n}"), "Resources", None, MoRef(f"domain-c{n}"))
            for n in range(clusters)
        ),
        clusters=tuple(
            Cluster(MoRef(f"domain-c{n}"), f"DC0_C{n}", MoRef(f"resgroup-{n}"), True, "auto", True)
            for n in range(clusters)
        ),
        hosts=tuple(_host(number) for number in range(hosts)),
        datastores=tuple(_datastore(n, hosts) for n in range(clusters * DATASTORES_PER_CLUSTER)),
        vms=tuple(_vm(number) for number in range(vms)),
    )


def _host(number: int) -> EsxHost:
    cluster = number // HOSTS_PER_CLUSTER
    return EsxHost(
        MoRef(f"host-{number}"),
        f"esx-{number}.example.org",
        MoRef(f"domain-c{cluster}"),
        HostConnection.CONNECTED,
        False,
        "poweredOn",
        "8.0.3",
        2,
        64,
        128,
        2400,
        2**40,
        2,
        tuple(
            MoRef(f"datastore-{cluster * DATASTORES_PER_CLUSTER + n}")
            for n in range(DATASTORES_PER_CLUSTER)
        ),
    )


def _datastore(number: int, hosts: int) -> Datastore:
    first = number // DATASTORES_PER_CLUSTER * HOSTS_PER_CLUSTER
    return Datastore(
        MoRef(f"datastore-{number}"),
        f"ssd-{number}",
        "VMFS",
        f"ds:///vmfs/volumes/{UUID(int=number)}/",
        2**44,
        2**43 + number,
        2**42,
        True,
        "normal",
        tuple(MoRef(f"host-{n}") for n in range(first, min(first + HOSTS_PER_CLUSTER, hosts))),
    )


def _vm(number: int) -> VirtualMachine:
    uuid = str(UUID(int=number * 0x9E3779B97F4A7C15F39CC0605CEDC835 % 2**128))
    image = str(UUID(int=number % 40 * 0x9E3779B97F4A7C15 % 2**128))
    host = number // VMS_PER_HOST
    cluster = host // HOSTS_PER_CLUSTER
    store = cluster * DATASTORES_PER_CLUSTER + number % DATASTORES_PER_CLUSTER
    return VirtualMachine(
        MoRef(f"vm-{number + 1000}"),
        f"web-{number} ({uuid})",
        uuid,
        str(UUID(int=number * 0xD1B54A32D192ED03DEADBEEF12345678 % 2**128)),
        False,
        NOVA_EXTENSION,
        "instance",
        VmPower.ON if number % 7 else VmPower.OFF,
        "connected",
        MoRef(f"host-{host}"),
        MoRef(f"resgroup-{cluster}"),
        MoRef(f"group-v{number // 100}"),
        f"[ssd-{store}] {uuid}/{uuid}.vmx",
        "vmx-19",
        "ubuntu64Guest",
        ToolsStatus.RUNNING,
        4,
        2,
        8192,
        f"name:web-{number}\nuserid:{UUID(int=number % 50).hex}\nusername:user-{number % 50}\n"
        f"projectid:{UUID(int=number // 100).hex}\nprojectname:project-{number // 100}\n"
        f"flavor:name:m1.large\nflavor:memory_mb:8192\nflavor:vcpus:4\nimageid:{image}\n"
        "package:34.0.0\n",
        (MoRef(f"datastore-{store}"),),
        (
            VirtualDisk(
                2000,
                "Hard disk 1",
                f"[ssd-{store}] {uuid}/{uuid}.vmdk",
                MoRef(f"datastore-{store}"),
                40 * 2**30,
                True,
                str(UUID(int=number * 0xA0761D6478BD642FE7037ED1A0B428DB % 2**128)),
                (f"[ssd-{store}] vmware_base/{image}/{image}.40.vmdk",),
            ),
            VirtualDisk(
                2001,
                "Hard disk 2",
                f"[ssd-{store}] volume-{uuid}/volume-{uuid}.vmdk",
                MoRef(f"datastore-{store}"),
                100 * 2**30,
                True,
                str(UUID(int=number * 0xE7037ED1A0B428DBA0761D6478BD642F % 2**128)),
            ),
        ),
        {"nvp.vm-uuid": uuid},
    )


def _rss_kb() -> int:
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))


def _peak_rss_kb() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


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
