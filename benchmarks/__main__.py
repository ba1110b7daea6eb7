"""`make bench`: what this costs, at the size of a large vCenter, on the simulator and the lab.

Figures of one run are comparable with one another and with nothing else: look at the ratios. Goes
to the screen as tables, and to benchmarks/results as JSON. See docs/benchmarks.md.
"""

import argparse
import json
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from typing import Any

from benchmarks import (
    cold_inventory,
    datastores,
    freshness,
    horizons,
    image_cache,
    jobs,
    joining,
    machine,
    memory,
    pages,
    report,
    searches,
    tab,
    use,
    volumes,
)
from lab.settings import LabSettings

RESULTS = machine.ROOT / "benchmarks" / "results"
QUICK_SIZES = (1_000, 10_000)


class Laboratory:
    """The lab, brought up when a part first needs it."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self._settings: LabSettings | None = None

    def settings(self) -> LabSettings:
        if self._settings is None:
            say("the lab, with 10,000 servers ...")
            up: AbstractContextManager[LabSettings] = horizons.lab(pages.SERVERS)
            self._settings = self._stack.enter_context(up)
        return self._settings


@dataclass(frozen=True)
class Wanted:
    """What the command line asks for; `sizes` is empty where it does not say."""

    sizes: tuple[int, ...]
    quick: bool
    lab: Laboratory

    def of(self, own: Sequence[int]) -> tuple[int, ...]:
        """The sizes to take, where a part's own are these."""
        quick = tuple(size for size in own if size in QUICK_SIZES) if self.quick else own
        return self.sizes or tuple(quick)


PARTS: dict[str, Callable[[Wanted], report.Result]] = {
    "P1": lambda w: cold_inventory.run(w.of(cold_inventory.SIZES)),
    "P2": lambda w: memory.run(w.of(memory.SIZES)),
    "P3": lambda w: pages.run_panel(w.lab.settings(), 5 if w.quick else pages.TIMES),
    "P4": lambda w: tab.run(w.of(tab.SIZES)),
    "P5": lambda w: pages.run_stock(w.lab.settings(), 5 if w.quick else pages.TIMES),
    "P6": lambda w: freshness.run(*((10, 10) if w.quick else ())),
    "P7": lambda w: joining.run(w.of(joining.SIZES)),
    "P8": lambda w: searches.run(w.of(searches.SIZES)),
    "P9": lambda w: image_cache.run(w.of(image_cache.SIZES)),
    "P10": lambda w: datastores.run(w.of(datastores.SIZES)),
    "P11": lambda w: volumes.run(w.of(volumes.SIZES)),
    "P12": lambda w: jobs.run(w.of(jobs.SIZES)),
    "P13": lambda w: use.run(w.of(use.SIZES)),
}
ORDER = ("P7", "P9", "P10", "P11", "P12", "P1", "P2", "P4", "P6", "P8", "P13", "P3", "P5")
"""Those that the lab would disturb come before it is up."""


def main() -> int:
    arguments = _arguments()
    began = machine.described()
    results: list[report.Result] = []
    runs: dict[str, Any] = {}
    failed = False
    with ExitStack() as stack:
        wanted = Wanted(arguments.sizes, arguments.quick, Laboratory(stack))
        for part in [part for part in ORDER if part in arguments.only]:
            say(f"{part} ...")
            load, started_s = machine.load(), time.monotonic()
            try:
                result = PARTS[part](wanted)
            except RuntimeError:  # what was measured would mean nothing; the rest may
                traceback.print_exc()
                failed = True
                continue
            runs[part] = {
                "seconds": round(time.monotonic() - started_s, 1),
                "load_before": load,
                "load_after": machine.load(),
            }
            results.append(result)
            said = f"load {load} before, {runs[part]['load_after']} after"
            print(f"\n{report.text(result)}\n\n{said}\n", flush=True)
    goals = [goal for result in results for goal in result.goals]
    if goals:
        print(report.goals_table(goals) + "\n")
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{began['at'].replace(':', '')[:17]}.json"
    path.write_text(json.dumps(report.document(results, {**began, "runs": runs}), indent=1))
    print(f"written to {path.relative_to(machine.ROOT)}")
    return 1 if failed else 0


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--only", type=_parts, default=tuple(PARTS), metavar="P1,P3", help="these parts"
    )
    parser.add_argument(
        "--sizes",
        type=_sizes,
        default=(),
        metavar="1000,10000",
        help="VMs (P8: cached images, P11: volumes, P12: items), where a part takes several sizes; "
        "each has its own by default",
    )
    parser.add_argument(
        "--quick", action="store_true", help="no 40,000 VMs, and fewer repetitions: some minutes"
    )
    return parser.parse_args()


def _parts(text: str) -> tuple[str, ...]:
    parts = tuple(part.strip().upper() for part in text.split(","))
    if unknown := [part for part in parts if part not in PARTS]:
        raise argparse.ArgumentTypeError(f"{unknown[0]} is none of {', '.join(PARTS)}")
    return parts


def _sizes(text: str) -> tuple[int, ...]:
    sizes = tuple(sorted(int(size) for size in text.split(",")))
    if sizes[0] < 1:
        raise argparse.ArgumentTypeError("a size is 1 or more")
    return sizes


if __name__ == "__main__":
    sys.exit(main())
