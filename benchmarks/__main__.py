"""`make bench`: what a page costs, at the size of a large vCenter, against the simulator.

Figures of one run are comparable with one another and with nothing else: look at the ratios. Goes
to the screen as a table and to `.cache/bench.json`.
"""

import json
import resource
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TypeVar

from benchmarks.cold_inventory import Reading, measure, table
from lab.simulator import nova_instance_uuid
from tests.simulator import RunningSimulator, running_simulator
from vmware_panel.domain.cloud import NovaPower, Server
from vmware_panel.domain.placement import Books, join, overview
from vmware_panel.vsphere import Endpoint, VCenterClient, counting

T = TypeVar("T")

SIZES = (1_000, 10_000)
HOSTS_PER_CLUSTER = 32
RESULT = Path(__file__).parents[1] / ".cache" / "bench.json"


@dataclass(frozen=True)
class Figures:
    """One size. Seconds are medians, but of the bulk read, which is made once."""

    vms: int
    bulk_read_s: float
    bulk_read_calls: int
    tab_read_s: float
    tab_read_calls: int
    join_s: float
    overview_s: float
    rss_growth_kb_a_vm: float


def main() -> int:
    rows: list[Figures] = []
    cold: dict[int, list[Reading]] = {}
    for size in SIZES:
        print(f"{size:,} VMs ...", flush=True)
        with running_simulator(nova_vms=size, hosts_per_cluster=HOSTS_PER_CLUSTER) as simulator:
            cold[size] = measure(simulator, size)
            rows.append(measured(simulator, size))
    RESULT.parent.mkdir(parents=True, exist_ok=True)
    RESULT.write_text(
        json.dumps(
            [
                {**asdict(row), "cold_inventory": [asdict(read) for read in cold[row.vms]]}
                for row in rows
            ],
            indent=1,
        )
    )
    small = rows[0]
    print(f"\n{'':24}" + "".join(f"{row.vms:>12,}" for row in rows) + f"{'ratio':>9}")
    for name, value in asdict(small).items():
        if name == "vms":
            continue
        values = [asdict(row)[name] for row in rows]
        ratio = f"{values[-1] / value:>8.1f}x" if value else f"{'-':>9}"
        print(f"{name:24}" + "".join(f"{v:>12,.4g}" for v in values) + ratio)
    for size, readings in cold.items():
        print("\n" + table(size, readings))
    print(f"\nwritten to {RESULT.relative_to(Path.cwd())}")
    return 0


def measured(simulator: RunningSimulator, vms: int) -> Figures:
    with client_of(simulator) as client:
        vcenter = client.about()
        before_kb = _rss_kb()
        with counting() as bulk_calls:
            bulk_s, inventory = timed(client.read_inventory)
        growth_kb = _rss_kb() - before_kb
        node = f"{inventory.clusters[0].moref}.{vcenter.instance_uuid}"
        last = nova_instance_uuid(vms - 1)
        cluster = inventory.clusters[0].moref
        with counting() as tab_calls:
            client.read_vm(last, cluster)
        tab_s = median(lambda: client.read_vm(last, cluster))
    servers = [
        Server(nova_instance_uuid(n), f"vm-{n}", node=node, power=NovaPower.RUNNING)
        for n in range(vms)
    ]
    books = Books([inventory])
    join_s = median(lambda: join(servers, books))
    placements = join(servers, books)
    found = sum(placement.vm is not None for placement in placements)
    if found != vms:
        raise RuntimeError(f"the join found {found} of {vms} VMs: its time means nothing")
    return Figures(
        vms=vms,
        bulk_read_s=bulk_s,
        bulk_read_calls=bulk_calls.total,
        tab_read_s=tab_s,
        tab_read_calls=tab_calls.total,
        join_s=join_s,
        overview_s=median(lambda: overview(placements)),
        rss_growth_kb_a_vm=growth_kb / vms,
    )


@contextmanager
def client_of(simulator: RunningSimulator) -> Iterator[VCenterClient]:
    client = VCenterClient(
        Endpoint(
            name="bench",
            host=simulator.host,
            port=simulator.port,
            username=simulator.reader.user,
            password=lambda: simulator.reader.password,
            ca_file=str(simulator.ca_file),
            list_timeout_s=600,
        )
    )
    try:
        yield client
    finally:
        client.close()


def timed(work: Callable[[], T]) -> tuple[float, T]:
    started = time.perf_counter()
    result = work()
    return time.perf_counter() - started, result


def median(work: Callable[[], object], times: int = 5) -> float:
    return statistics.median(timed(work)[0] for _ in range(times))


def _rss_kb() -> int:
    """The highest so far, which is what a web worker must have room for."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


if __name__ == "__main__":
    sys.exit(main())
