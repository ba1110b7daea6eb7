"""What a benchmark found: tables for people, figures for programs, and goals that are met or not."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

Cell = str | int | float | None


@dataclass(frozen=True)
class Goal:
    """One figure and what it should come to: at most `limit`, or with `at_least` at least that.

    `raw` holds the figures that it was made of, in words.
    """

    part: str
    what: str
    figure: float
    limit: float
    unit: str = "x"
    at_least: bool = False
    raw: str = ""

    @property
    def met(self) -> bool:
        return self.figure >= self.limit if self.at_least else self.figure <= self.limit

    @property
    def wanted(self) -> str:
        return f"{'>=' if self.at_least else '<='} {self.limit:g} {self.unit}"


@dataclass(frozen=True)
class Table:
    """Rows under headings; the first column holds names, the others figures (None: not measured)."""

    title: str
    headings: Sequence[str]
    rows: Sequence[Sequence[Cell]]

    def __str__(self) -> str:
        lines = [[str(heading) for heading in (self.title, *self.headings)]]
        lines += [[str(name), *map(_shown, cells)] for name, *cells in self.rows]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        return "\n".join(
            line[0].ljust(widths[0])
            + "".join(
                f"  {cell:>{width}}" for cell, width in zip(line[1:], widths[1:], strict=True)
            )
            for line in lines
        )


@dataclass(frozen=True)
class Result:
    """What one part of the benchmark gives. `figures` are plain values, for the JSON."""

    part: str
    title: str
    tables: Sequence[Table] = ()
    goals: Sequence[Goal] = ()
    figures: Mapping[str, Any] = field(default_factory=dict)
    notes: Sequence[str] = ()


def goals_table(goals: Sequence[Goal]) -> str:
    rows = [
        (
            f"{goal.part} {goal.what}",
            goal.wanted,
            f"{goal.figure:.4g} {goal.unit}",
            "met" if goal.met else "NOT MET",
            goal.raw,
        )
        for goal in goals
    ]
    return str(Table("goal", ("wanted", "figure", "", "made of"), rows))


def text(result: Result) -> str:
    parts = [f"{result.part}  {result.title}", *map(str, result.tables), *result.notes]
    return "\n\n".join(parts)


def document(results: Sequence[Result], machine: Mapping[str, Any]) -> dict[str, Any]:
    """For JSON: every goal with whether it was met, every figure, and the machine."""
    return {
        **machine,
        "goals": [
            {**asdict(goal), "met": goal.met} for result in results for goal in result.goals
        ],
        "parts": {
            result.part: {
                "title": result.title,
                "figures": result.figures,
                "notes": list(result.notes),
            }
            for result in results
        },
    }


def _shown(cell: Cell) -> str:
    if cell is None:
        return "-"
    return f"{cell:,.4g}" if isinstance(cell, float) else str(cell)
