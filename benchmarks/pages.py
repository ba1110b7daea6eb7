"""P3: a warm page of Admin > VMware > Instances beside Horizon's emptiest. P5: what the columns add.

Over HTTP, with a login, against a real nova-api with as many rows as vCenter has VMs.
"""

from dataclasses import asdict

from benchmarks import horizons
from benchmarks.horizons import Page, Visitor
from benchmarks.report import Goal, Result, Table
from lab.settings import LabSettings
from lab.simulator import SimulatorControl
from lab.vcenter import administrator

SERVERS = 10_000
TIMES = 15
PANEL = "/admin/vmware_instances/"
HORIZONS = "/admin/instances/"

EMPTIEST = {
    "/admin/images/": "Admin > Images, a shell that the browser fills",
    "/project/server_groups/": "Project > Server Groups, a shell that the browser fills",
    "/identity/application_credentials/": "Identity > Application Credentials, an empty table",
    "/admin/volume_groups/": "Admin > Volume Groups, an empty table",
}
"""Candidates: the fastest is what the panel is compared with."""

OURS = {
    PANEL: "first page, with one call to Nova for changes",
    f"{PANEL}?sort=name": "the same, less than 2 s later: without it",
    f"{PANEL}?disagreement=none": "a filter over all",
    f"{PANEL}?q=web-7": "a search in all columns",
    f"{PANEL}?sort=-host": "a sort over all",
    f"{PANEL}?page=100": "a page in the middle",
    f"{PANEL}export/csv": "CSV of all",
}
MOST_OF_EMPTIEST = 1.3
MOST_OF_STOCK = 1.05
WARM_UP = 2
LINE_END = "\r\n"
COLUMN = "vmware-placement"


def run_panel(settings: LabSettings, times: int = TIMES) -> Result:
    """P3."""
    visitor = Visitor(horizons.with_plugin(settings), settings.password)
    csv = visitor.until(f"{PANEL}export/csv", _is_whole)
    horizons.settle(visitor.horizon)
    control = SimulatorControl(administrator(settings))
    control.reset_calls()
    names = {**EMPTIEST, **OURS}
    pages = dict(
        zip(names, horizons.measured([(visitor, path) for path in names], times), strict=True)
    )
    asked = control.calls().by_user.get(settings.horizon_vcenter_user, {})
    first, floor = pages[PANEL], min((pages[path] for path in EMPTIEST), key=lambda p: p.seconds)
    goal = Goal(
        "P3",
        f"first page at {SERVERS:,} to Horizon's emptiest",
        first.seconds / floor.seconds,
        MOST_OF_EMPTIEST,
        raw=f"{first.seconds * 1000:.0f} / {floor.seconds * 1000:.0f} ms; Horizon's CPU "
        f"{first.cpu_s * 1000:.0f} / {floor.cpu_s * 1000:.0f} ms",
    )
    return Result(
        "P3",
        f"A warm page of Admin > VMware > Instances, {csv.count(LINE_END) - 1:,} instances",
        [_table("page", names, pages, floor)],
        [goal],
        {
            "pages": {path: asdict(page) for path, page in pages.items()},
            "emptiest": floor.path,
            "vcenter_calls": asked,
        },
        [
            f"the emptiest: {EMPTIEST[floor.path]}",
            f"vCenter's calls in {times + WARM_UP} rounds, the collector's watch among them: "
            + (", ".join(f"{method} {n}" for method, n in asked.items()) or "none"),
        ],
    )


def run_stock(settings: LabSettings, times: int = TIMES) -> Result:
    """P5."""
    with horizons.without_plugin(settings) as stock:
        horizons.settle(stock)
        plain = Visitor(stock, settings.password)
        ours = Visitor(horizons.with_plugin(settings), settings.password)
        if COLUMN in plain.get(HORIZONS).text or COLUMN not in ours.get(HORIZONS).text:
            raise RuntimeError("the columns are not where they should be: P5 means nothing")
        without, with_ours = horizons.measured([(plain, HORIZONS), (ours, HORIZONS)], times)
    names = {"without": "without the plugin", "with": "with it"}
    pages = {"without": without, "with": with_ours}
    goal = Goal(
        "P5",
        "Horizon's Admin > Instances with the plugin to without",
        with_ours.seconds / without.seconds,
        MOST_OF_STOCK,
        raw=f"{with_ours.seconds * 1000:.0f} / {without.seconds * 1000:.0f} ms; Horizon's CPU "
        f"{with_ours.cpu_s * 1000:.0f} / {without.cpu_s * 1000:.0f} ms",
    )
    return Result(
        "P5",
        "Horizon's own Admin > Instances",
        [_table(HORIZONS, names, pages, without)],
        [goal],
        {name: asdict(page) for name, page in pages.items()},
    )


def _is_whole(csv: str) -> bool:
    """Every server is in it, and every source answered: the last of its cells is empty."""
    lines = csv.split(LINE_END)[1:-1]
    return len(lines) >= SERVERS and all(line.endswith(",") for line in lines)


def _table(title: str, names: dict[str, str], pages: dict[str, Page], floor: Page) -> Table:
    return Table(
        title,
        ("s", "ratio", "Horizon's CPU s", "ratio", "KB"),
        [
            (
                names[key],
                page.seconds,
                f"{page.seconds / floor.seconds:.2f}x",
                page.cpu_s,
                f"{page.cpu_s / floor.cpu_s:.2f}x" if floor.cpu_s else None,
                page.kilobytes,
            )
            for key, page in pages.items()
        ],
    )
