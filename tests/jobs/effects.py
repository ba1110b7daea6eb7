"""A work that changes something outside, in a file that outlives every worker: lines that count."""

import os
import signal
import threading
from collections import Counter
from pathlib import Path
from typing import Any

from vmware_panel.domain.inventory import MoRef
from vmware_panel.domain.jobs import ItemState, Job, JobItem
from vmware_panel.domain.outcome import SourceError, Trouble, TroubleKind
from vmware_panel.domain.plans import Refusal, RefusalKind, Refused
from vmware_panel.jobs.works import Ended, Report

POINTS = ("begin", "before_about_to", "before_send", "after_send", "after_sent", "end")
"""Where a worker can be killed within an item."""


class Effects:
    """What was done: a line for each effect. Stands for vCenter, which remembers what was done."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def do(self, key: str) -> None:
        with self._path.open("a") as file:
            file.write(f"{key}\n")
            file.flush()
            os.fsync(file.fileno())

    def counts(self) -> Counter[str]:
        return Counter(self._path.read_text().split()) if self._path.exists() else Counter()


class Gate:
    """Holds a job up before the effect of one item, for as long as a test needs."""

    def __init__(self, folder: Path, key: str) -> None:
        self._path = folder / "gate"
        self.options = {"gated": key, "gate": str(self._path)}

    def open(self) -> None:
        self._path.touch()


class EffectWork:
    """Does one effect an item. `options`: `effects` is the file; `kill` names points, each as
    `<key>:<point>`, at which the worker kills itself, one after the other; `pause_s` is how long
    each item takes; `gated` is the key of an item that waits for the file `gate`, see `Gate`; `blind`
    keeps `settle` from finding out.

    An item's `about` may say how it ends: `refuse`, `fail`, `unanswered`, `crash`.
    """

    def __init__(self, job: Job) -> None:
        self._options = job.options
        self._dry_run = job.dry_run
        self.effects = Effects(Path(job.options["effects"]))

    def do(self, item: JobItem, report: Report) -> Ended:
        self._point(item, "begin")
        self._as_told(item)
        if self._dry_run:
            return Ended(ItemState.DONE, done_bytes=item.size_bytes)
        report.pause(float(self._options.get("pause_s", "0")))
        while item.key == self._options.get("gated") and not Path(self._options["gate"]).exists():
            report.pause(0.05)
        self._point(item, "before_about_to")
        report.about_to("change", note=f"of {item.key}")
        self._point(item, "before_send")
        self.effects.do(item.key)
        self._point(item, "after_send")
        report.sent(MoRef(f"task-{item.key}"))
        self._point(item, "after_sent")
        if item.about.get("unanswered"):
            raise Unanswered(Trouble("west", TroubleKind.TIMEOUT))
        self._point(item, "end")
        return Ended(ItemState.DONE, done_bytes=item.size_bytes)

    def settle(self, item: JobItem, report: Report) -> Ended | None:
        last = item.steps[-1]
        if self._options.get("blind") and not last.sent:
            return Ended(ItemState.UNKNOWN)
        if last.sent or self.effects.counts()[item.key]:
            return Ended(ItemState.DONE, done_bytes=item.size_bytes)
        return None

    def close(self) -> None:
        self._die_at("close")
        with Path(f"{self._options['effects']}.closed").open("a") as file:
            file.write("closed\n")

    def _as_told(self, item: JobItem) -> None:
        if item.about.get("refuse"):
            raise Refused(Refusal(RefusalKind.IN_USE, item.title, "vm-1"))
        if item.about.get("fail"):
            raise SourceError(Trouble("west", TroubleKind.FORBIDDEN, "no"))
        if item.about.get("crash"):
            raise KeyError("a fault of the program")

    def _point(self, item: JobItem, point: str) -> None:
        self._die_at(f"{item.key}:{point}")

    def _die_at(self, place: str) -> None:
        points = self._options.get("kill", "").split()
        deaths = Effects(Path(f"{self._options['effects']}.deaths"))
        died = deaths.counts().total()
        if died < len(points) and points[died] == place:
            deaths.do(place)
            HOW_TO_DIE[0]()


class Unanswered(SourceError):
    unanswered = True


def kill_process() -> None:
    os.kill(os.getpid(), signal.SIGKILL)
    threading.Event().wait()


HOW_TO_DIE: list[Any] = [kill_process]
