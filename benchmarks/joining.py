"""P7: the join of as many servers as VMs, in a process of its own."""

import gc
import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import timedelta
from multiprocessing import get_context
from uuid import UUID

from benchmarks.books import inventory
from benchmarks.report import Goal, Result, Table
from vmware_panel.domain.cloud import ComputeService, Hypervisor, NovaPower, Server, ServiceState
from vmware_panel.domain.inventory import Inventory, VirtualMachine, VmPower
from vmware_panel.domain.placement import Books, Placement, join, overview

SIZES = (1_000, 10_000, 40_000)
GOAL_SIZE = 10_000
GOAL_S = 0.2
REPEATS = 7


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
        cloud = _Cloud.of(book)
        firsts.append(_clocked(lambda cloud=cloud: cloud.join())[0])  # type: ignore[misc]
    placements = cloud.join()
    found = sum(placement.vm is not None for placement in placements)
    said = sum(len(placement.remarks) for placement in placements)
    if found != vms or said:
        raise RuntimeError(f"the join found {found} of {vms} VMs and {said} remarks")
    joins = [_clocked(cloud.join) for _ in range(REPEATS)]
    overviews = [_clocked(lambda: overview(placements)) for _ in range(REPEATS)]
    return Figures(
        vms=vms,
        first_s=statistics.median(firsts),
        join_s=statistics.median(wall_s for wall_s, _ in joins),
        join_cpu_s=statistics.median(cpu_s for _, cpu_s in joins),
        overview_s=statistics.median(wall_s for wall_s, _ in overviews),
    )


@dataclass(frozen=True)
class _Cloud:
    """Nova's side of a made book: each VM's server, and the services and nodes of its clusters."""

    servers: tuple[Server, ...]
    books: Books
    services: dict[str, ComputeService]
    hypervisors: dict[str, Hypervisor]

    @classmethod
    def of(cls, book: Inventory) -> "_Cloud":
        uuid = book.vcenter.instance_uuid
        hosts = [f"compute-{cluster.moref}" for cluster in book.clusters]
        nodes = [f"{cluster.moref}.{uuid}" for cluster in book.clusters]
        return cls(
            tuple(_server(vm, book) for vm in book.vms),
            Books((book,)),
            {
                h: ComputeService(str(UUID(int=n)), h, state=ServiceState.UP)
                for n, h in enumerate(hosts)
            },
            {n: Hypervisor(str(UUID(int=i)), n) for i, n in enumerate(nodes)},
        )

    def join(self) -> tuple[Placement, ...]:
        return join(self.servers, self.books, self.services, self.hypervisors)


def _server(vm: VirtualMachine, book: Inventory) -> Server:
    cluster = book.cluster_of_vm(vm)
    moref = cluster.moref if cluster else ""
    return Server(
        id=vm.instance_uuid,
        name=vm.name.partition(" ")[0],
        project_id=f"project-{vm.folder}",
        status="ACTIVE",
        vm_state="active",
        power=NovaPower.RUNNING if vm.power is VmPower.ON else NovaPower.SHUTDOWN,
        compute_host=f"compute-{moref}",
        node=f"{moref}.{book.vcenter.instance_uuid}",
        volume_ids=(vm.instance_uuid,),
        updated=book.read_at - timedelta(hours=1),
    )


def _clocked(work: Callable[[], object]) -> tuple[float, float]:
    """Seconds as they pass, and the processor's; what was made is let go within them."""
    gc.collect()
    started_s, started_cpu_s = time.perf_counter(), time.process_time()
    work()
    cpu_s = time.process_time() - started_cpu_s
    return time.perf_counter() - started_s, cpu_s
