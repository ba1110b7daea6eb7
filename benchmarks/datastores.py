"""P10: datastores: the list of all, one's page, bytes by kind and by project.

The pages as in `benchmarks.site`; vCenter's own answer to a datastore's page is given to it, too.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from multiprocessing import get_context
from types import SimpleNamespace
from unittest import mock

from benchmarks.clouds import MadeCloud, cached
from benchmarks.costs import REPEATS, Costs, Step, step
from benchmarks.joining import yardstick
from benchmarks.report import Goal, Result
from benchmarks.site import EMPTY_LIST, VCENTER, changing, site
from vmware_panel.domain.datastore_bytes import FillKind, KnownInstances, fill_of
from vmware_panel.domain.datastore_tenants import tenants_of
from vmware_panel.domain.datastore_uses import DatastoreUses
from vmware_panel.domain.datastores import DatastoreDetail

SIZES = (10_000, 40_000)
GOAL_SIZE = 40_000
DATASTORES_PER_CLUSTER = (5, 25)
"""200 and 1,000 datastores beside 40,000 VMs."""
VMS_PER_FOLDER = 4
TIMES = 7
MOST_OF_EMPTY = 4.0

URL = "/admin/vmware_datastores/"
WARM = "list of the same books"


@dataclass(frozen=True)
class Figures:
    vms: int
    datastores: int
    costs: Costs


def run(sizes: tuple[int, ...] = SIZES) -> Result:
    found = [measure(size, each) for size in sizes for each in DATASTORES_PER_CLUSTER]
    return Result(
        "P10",
        "Datastores",
        [f.costs.table(f"{f.datastores:,} datastores, {f.vms:,} VMs") for f in found],
        [_goal(f) for f in found if f.vms == GOAL_SIZE],
        {f"{f.vms} VMs, {f.datastores} datastores": asdict(f) for f in found},
        ["an empty list: Jobs without a job, in the same process"],
    )


def _goal(its: Figures) -> Goal:
    what = f"{WARM}, {its.datastores:,} of {its.vms:,} VMs,"
    return its.costs.page_goal("P10", WARM, what, MOST_OF_EMPTY)


def measure(vms: int, datastores_per_cluster: int) -> Figures:
    with get_context("spawn").Pool(1) as process:
        return process.apply(_measured, (vms, datastores_per_cluster))


def _measured(vms: int, datastores_per_cluster: int) -> Figures:
    stick = yardstick()
    cloud = cached(vms, vms // VMS_PER_FOLDER, datastores_per_cluster)
    steps = steps_of(cloud)
    with site(cloud) as pages, _live(cloud):
        empty = pages.page(EMPTY_LIST, TIMES)
        one = f"{URL}{VCENTER}/{cloud.book.datastores[0].moref}/"
        change = changing(pages, cloud)
        costs = {
            "list of new books": pages.page(URL, 1),
            "list after 50 VMs changed": pages.page(URL, REPEATS, change),
            WARM: pages.page(URL, TIMES),
            "a filter over all": pages.page(f"{URL}?q=ssd-1", TIMES),
            "CSV of all": pages.page(f"{URL}export/csv", TIMES),
            "a datastore's page after 50 VMs changed": pages.page(one, REPEATS, change),
            "a datastore's page": pages.page(one, TIMES),
        }
        lines = pages.text(f"{URL}export/csv").count("\r\n") - 1
    if lines != len(cloud.scans):
        raise RuntimeError(f"the export has {lines} of {len(cloud.scans)} datastores")
    return Figures(vms, len(cloud.scans), Costs(stick, empty, steps, costs))


def steps_of(cloud: MadeCloud) -> tuple[Step, ...]:
    """Of all datastores: who lies where, and what each holds."""
    book = cloud.book
    uses = DatastoreUses(book)
    servers = {server.id: server for server in cloud.nova.servers}
    known = KnownInstances(frozenset(servers), told=True)
    pairs = list(zip(book.datastores, cloud.scans, strict=True))

    def fill() -> int:
        return sum(
            len(fill_of(datastore, scan, uses.folders(datastore.moref), known).folders)
            for datastore, scan in pairs
        )

    def kinds() -> int:
        fills = [fill_of(d, scan, uses.folders(d.moref), known) for d, scan in pairs[:1]]
        return sum(each.of(kind).known > 0 for each in fills for kind in FillKind)

    def tenants() -> int:
        of = (uses.vms(datastore.moref) for datastore in book.datastores)
        return sum(
            len(tenants_of(datastore.moref, vms, book, servers, {}).by_project)
            for datastore, vms in zip(book.datastores, of, strict=True)
        )

    def whose() -> int:
        fresh = DatastoreUses(book)
        return sum(fresh.counts(datastore.moref).instances for datastore in book.datastores)

    return (
        step("who lies where", whose),
        step("bytes by kind, all", fill),
        step("bytes by kind, one", kinds),
        step("by project, all", tenants),
    )


@contextmanager
def _live(cloud: MadeCloud) -> Iterator[None]:
    """vCenter's figures of just now: those of the book."""

    def detail(moref: str, read_at: datetime) -> DatastoreDetail:
        its = next(d for d in cloud.book.datastores if d.moref == moref)
        return DatastoreDetail(read_at, its, datetime.now(UTC))

    client = SimpleNamespace(datastore_detail=detail, missing_privileges=lambda *_: ())
    from vmware_panel.api import datastores

    with mock.patch.object(datastores, "client", lambda _its: client):
        yield
