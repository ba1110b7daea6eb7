"""What steps and pages cost, beside two measures of the same process: the join, and an empty list."""

import gc
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from benchmarks.joining import Yardstick, clocked
from benchmarks.report import Cell, Goal, Table
from benchmarks.site import PageCost

REPEATS = 3


@dataclass(frozen=True)
class Step:
    """One step of what a page is made of; medians. `found` is what it comes to."""

    name: str
    seconds: float
    cpu_s: float
    found: int


@dataclass(frozen=True)
class Costs:
    """All of one size. `empty` is an empty list of ours."""

    yardstick: Yardstick
    empty: PageCost
    steps: tuple[Step, ...] = ()
    pages: Mapping[str, PageCost] = field(default_factory=dict)

    def of(self, step: str) -> Step:
        return next(its for its in self.steps if its.name == step)

    def page_goal(self, part: str, name: str, what: str, most: float) -> Goal:
        page, empty = self.pages[name], self.empty
        return Goal(
            part,
            f"{what} to an empty list, CPU",
            page.cpu_s / empty.cpu_s,
            most,
            raw=f"{page.cpu_s * 1000:.0f} / {empty.cpu_s * 1000:.0f} ms",
        )

    def step_goal(self, part: str, cpu_s: float, what: str, most: float) -> Goal:
        join_s = self.yardstick.join_cpu_s
        return Goal(
            part,
            f"{what} to the join at 10,000, CPU",
            cpu_s / join_s,
            most,
            raw=f"{cpu_s:.3f} / {join_s:.3f} s",
        )

    def table(self, title: str) -> Table:
        rows = [self._row(s.name, s.seconds, s.cpu_s, f"{s.found:,}") for s in self.steps]
        pages = {"an empty list": self.empty, **self.pages}
        rows += [
            self._row(name, cost.seconds, cost.cpu_s, f"{cost.kilobytes:,.0f} KB")
            for name, cost in pages.items()
        ]
        return Table(title, ("s", "CPU s", "to the join", "to an empty list", ""), rows)

    def _row(self, name: str, seconds: float, cpu_s: float, last: Cell) -> Sequence[Cell]:
        to_join, to_empty = cpu_s / self.yardstick.join_cpu_s, cpu_s / self.empty.cpu_s
        return (name, seconds, cpu_s, f"{to_join:.2f}x", f"{to_empty:.2f}x", last)


def step(name: str, work: Callable[[], int]) -> Step:
    found = work()
    taken = [clocked(work) for _ in range(REPEATS)]
    gc.collect()
    seconds, cpus = (statistics.median(its) for its in zip(*taken, strict=True))
    return Step(name, seconds, cpus, found)
