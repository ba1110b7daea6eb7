"""P11: the join of Cinder's volumes with their shadow VMs, and its page.

The pages as in `benchmarks.site`. As many instances as volumes, each with one of them attached.
"""

from dataclasses import asdict, dataclass
from multiprocessing import get_context

from benchmarks.clouds import MadeCloud, with_volumes
from benchmarks.costs import REPEATS, Costs, Step, step
from benchmarks.joining import yardstick
from benchmarks.report import Goal, Result
from benchmarks.site import EMPTY_LIST, changing, site
from vmware_panel.domain.placement import Books
from vmware_panel.domain.volume_disks import seen_in
from vmware_panel.domain.volume_join import counts_of, join_volumes
from vmware_panel.domain.volumes import CinderBook

SIZES = (10_000, 40_000)
GOAL_SIZE = 10_000
TIMES = 7
MOST_OF_JOIN = 2.0
"""A volume has two VMs to be found, its shadow and its instance's."""

URL = "/admin/vmware_volumes/"
JOIN = "join"


@dataclass(frozen=True)
class Figures:
    volumes: int
    vms: int
    costs: Costs


def run(sizes: tuple[int, ...] = SIZES) -> Result:
    found = [measure(size) for size in sizes]
    return Result(
        "P11",
        "Volumes",
        [f.costs.table(f"{f.volumes:,} volumes, {f.vms:,} VMs") for f in found],
        [_goal(f) for f in found if f.volumes == GOAL_SIZE],
        {str(f.volumes): asdict(f) for f in found},
        ["an empty list: Jobs without a job, in the same process"],
    )


def _goal(its: Figures) -> Goal:
    what = f"join of {its.volumes:,} volumes"
    return its.costs.step_goal("P11", its.costs.of(JOIN).cpu_s, what, MOST_OF_JOIN)


def measure(volumes: int) -> Figures:
    with get_context("spawn").Pool(1) as process:
        return process.apply(_measured, (volumes,))


def _measured(volumes: int) -> Figures:
    stick = yardstick()
    cloud = with_volumes(volumes)
    steps = steps_of(cloud)
    with site(cloud) as pages:
        empty = pages.page(EMPTY_LIST, TIMES)
        costs = {
            "list of new books": pages.page(URL, 1),
            "list after 50 VMs changed": pages.page(URL, REPEATS, changing(pages, cloud)),
            "list of the same books": pages.page(URL, TIMES),
            "a search in all columns": pages.page(f"{URL}?q=data-7", TIMES),
            "CSV of all": pages.page(f"{URL}export/csv", TIMES),
        }
        lines = pages.text(f"{URL}export/csv").count("\r\n") - 1
    if lines != volumes:
        raise RuntimeError(f"the export has {lines} of {volumes} volumes")
    return Figures(volumes, len(cloud.book.vms), Costs(stick, empty, steps, costs))


def steps_of(cloud: MadeCloud) -> tuple[Step, ...]:
    books = Books((cloud.book,))
    servers = {server.id: server for server in cloud.nova.servers}
    cinder = CinderBook(
        read_at=cloud.book.read_at,
        volumes=cloud.volumes,
        snapshots=(),
        pools=cloud.pools,
        seen=seen_in(books, servers),
    )
    entries = join_volumes(cinder, books, servers)
    if (found := sum(bool(e.shadow and e.attachments) for e in entries)) != len(cloud.volumes):
        raise RuntimeError(f"the join found {found} of {len(cloud.volumes)} volumes")
    return (
        step("what was there before", lambda: len(seen_in(books, servers).shadows)),
        step(JOIN, lambda: len(join_volumes(cinder, books, servers))),
        step("counts", lambda: counts_of(entries).volumes),
    )
