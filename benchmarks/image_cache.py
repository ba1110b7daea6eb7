"""P9: the ledger of the image cache: the join of searches with both books, and its pages.

The pages as in `benchmarks.site`; what that leaves out is said there.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from multiprocessing import get_context

from benchmarks.clouds import MadeCloud, cached
from benchmarks.costs import REPEATS, Costs, Step, step
from benchmarks.joining import yardstick
from benchmarks.report import Goal, Result
from benchmarks.site import EMPTY_LIST, changing, site
from vmware_panel.domain.cache_ledger import LedgerBooks, cached_images
from vmware_panel.domain.cache_risks import parent_risks
from vmware_panel.domain.cache_roots import CacheComputes
from vmware_panel.domain.cache_sums import sums_by_datastore
from vmware_panel.domain.leftovers import LeftoverBooks, NovasInstances, leftovers

SIZES = (10_000, 40_000)
GOAL_SIZE = 40_000
VMS_PER_FOLDER = 4
DATASTORES_PER_CLUSTER = 5
TIMES = 7
MOST_OF_JOIN = 4.0
"""Four times as many VMs as the join that it is compared with."""
MOST_OF_EMPTY = 2.0

URL = "/admin/vmware_image_cache/"
FIRST, CHANGED = "first page of new books", "first page after 50 VMs changed"
WARM = "first page of the same books"
PAGES: Mapping[str, str] = {
    WARM: URL,
    "a filter over all": f"{URL}?use=used",
    "a search in all columns": f"{URL}?q=image+3",
    "leftovers": f"{URL}leftovers/",
    "parents at risk": f"{URL}risks/",
    "CSV of all": f"{URL}export/csv",
}


@dataclass(frozen=True)
class Figures:
    vms: int
    folders: int
    datastores: int
    costs: Costs


def run(sizes: tuple[int, ...] = SIZES) -> Result:
    found = [measure(size) for size in sizes]
    return Result(
        "P9",
        "The ledger of the image cache",
        [f.costs.table(_title(f)) for f in found],
        [goal for f in found if f.vms == GOAL_SIZE for goal in goals(f)],
        {str(f.vms): asdict(f) for f in found},
        ["an empty list: Jobs without a job, in the same process"],
    )


def goals(figures: Figures) -> list[Goal]:
    costs, at = figures.costs, f"at {figures.vms:,} VMs"
    whole_s = sum(step.cpu_s for step in costs.steps)
    return [
        costs.step_goal("P9", whole_s, f"ledger {at}", MOST_OF_JOIN),
        costs.page_goal("P9", WARM, f"{WARM} {at}", MOST_OF_EMPTY),
    ]


def _title(its: Figures) -> str:
    return f"{its.folders:,} folders, {its.datastores} datastores, {its.vms:,} VMs"


def measure(vms: int) -> Figures:
    with get_context("spawn").Pool(1) as process:
        return process.apply(_measured, (vms,))


def _measured(vms: int) -> Figures:
    stick = yardstick()
    cloud = cached(vms, vms // VMS_PER_FOLDER, DATASTORES_PER_CLUSTER)
    folders = len(cloud.images) * len(cloud.scans)
    with site(cloud) as pages:
        steps = steps_of(cloud)
        if steps[0].found != folders:
            raise RuntimeError(f"the ledger has {steps[0].found} of {folders} folders")
        empty = pages.page(EMPTY_LIST, TIMES)
        costs = {
            FIRST: pages.page(URL, 1),
            CHANGED: pages.page(URL, REPEATS, changing(pages, cloud)),
            **{name: pages.page(path, TIMES) for name, path in PAGES.items()},
        }
        lines = pages.text(PAGES["CSV of all"]).count("\r\n") - 1
    if lines != folders:
        raise RuntimeError(f"the export has {lines} of {folders} folders")
    return Figures(vms, folders, len(cloud.scans), Costs(stick, empty, steps, costs))


def steps_of(cloud: MadeCloud) -> tuple[Step, ...]:
    """Each on books of its own, so that none finds what another has made."""
    from vmware_panel.api.cache_computes import cache_computes
    from vmware_panel.config import get_config

    computes = cache_computes(
        get_config(),
        tuple(cloud.nova.hypervisors.values()),
        tuple(cloud.nova.services.values()),
        (cloud.book,),
    )
    images = cached_images(books_of(cloud, computes))
    risks = parent_risks(images, books_of(cloud, computes))
    at_risk = {risk.cached.key for risk in risks.found}
    known = NovasInstances(
        frozenset(server.id for server in cloud.nova.servers), cloud.book.read_at
    )

    def join() -> int:
        return len(cached_images(books_of(cloud, computes)))

    def joined() -> LedgerBooks:
        books = books_of(cloud, computes)
        cached_images(books)  # risks are told of books that the join has been through
        return books

    def left() -> int:
        return len(leftovers(LeftoverBooks(cloud.scans, (cloud.book,), computes, known)).found)

    of_risks = iter([joined() for _ in range(REPEATS + 1)])
    of_sums = iter([tuple(map(replace, images)) for _ in range(REPEATS + 1)])
    return (
        step("join", join),
        step("parents at risk", lambda: len(parent_risks(images, next(of_risks)).found)),
        step("sums", lambda: len(sums_by_datastore(next(of_sums), at_risk))),
        step("leftovers", left),
    )


def books_of(cloud: MadeCloud, computes: CacheComputes) -> LedgerBooks:
    glance = {image.id: image for image in cloud.images}
    return LedgerBooks(cloud.scans, (cloud.book,), computes, cloud.nova.servers, glance)
