"""P6: how soon a reader has what changed in vCenter, and what the collector's process costs idle."""

import statistics
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from typing import Any

from django.conf import settings
from pyVim.task import WaitForTask
from pyVmomi import vim

from benchmarks.collector_process import VCENTER, RunningCollector, running_collector
from benchmarks.machine import cpu_s
from benchmarks.report import Goal, Result, Table
from benchmarks.vcenters import shape
from lab.simulator import VCenterLogin
from tests.simulator import RunningSimulator, running_simulator
from tests.store.servers import ALIAS
from vmware_panel.domain.inventory import Inventory
from vmware_panel.store import CacheStore

VMS = 10_000
CHANGES = 20
MOST_S = 2.0
IDLE_S = 60.0
MOST_IDLE_PERCENT = 1.0
CHURN_A_S = 50
CHURN_S = 30.0
SETTLE_S = 10.0
POLL_S = 0.01
PATIENCE_S = 30.0


@dataclass(frozen=True)
class Figures:
    """Seconds from the end of vCenter's task to when a reader of the store has it; percents of a
    core of the collector's process.
    """

    vms: int
    median_s: float
    longest_s: float
    idle_percent: float
    churn_percent: float
    churn_changes_a_s: float


def run(idle_s: float = IDLE_S, churn_s: float = CHURN_S) -> Result:
    with running_simulator(**shape(VMS)) as simulator:
        with running_collector(simulator.reader) as collector:
            time.sleep(SETTLE_S)
            idle = _percent(collector.pid, idle_s)
            with get_context("spawn").Pool(1) as process:
                delays = process.apply(_delays, (simulator.login, collector.caches))
            churn, made = _under_churn(simulator, collector, churn_s)
    found = Figures(VMS, statistics.median(delays), max(delays), idle, churn, made)
    table = Table(
        f"{VMS:,} VMs",
        ("median s", "longest s", "idle % of a core", f"% at {made:.0f} changes/s"),
        [("change to reader", found.median_s, found.longest_s, idle, churn)],
    )
    goals = [
        Goal(
            "P6",
            "longest from a change to a reader",
            found.longest_s,
            MOST_S,
            "s",
            raw=f"median {found.median_s:.2f} s of {CHANGES}",
        ),
        Goal("P6", f"collector idle for {idle_s:.0f} s at {VMS:,}", idle, MOST_IDLE_PERCENT, "%"),
    ]
    return Result("P6", "Freshness", [table], goals, asdict(found))


def _percent(pid: int, seconds: float) -> float:
    """Of one core."""
    before_s, started_s = cpu_s(pid), time.monotonic()
    time.sleep(seconds)
    return 100 * (cpu_s(pid) - before_s) / (time.monotonic() - started_s)


def _under_churn(
    simulator: RunningSimulator, collector: RunningCollector, seconds: float
) -> tuple[float, float]:
    """The collector's percents of a core, and the changes a second that were really made."""
    simulator.control.churn(CHURN_A_S, seconds + SETTLE_S)
    time.sleep(SETTLE_S / 2)
    before = simulator.control.churn_state().done
    percent = _percent(collector.pid, seconds)
    made = (simulator.control.churn_state().done - before) / seconds
    simulator.control.stop_churn()
    return percent, made


def _delays(account: VCenterLogin, caches: Mapping[str, Any]) -> list[float]:
    """Changes a VM's annotation again and again, as an admin of vCenter does, and looks for it."""
    settings.configure(CACHES=caches)
    store = CacheStore(ALIAS)
    delays = []
    with account.connected() as service:
        content = service.content
        view = content.viewManager.CreateContainerView(
            content.rootFolder, [vim.VirtualMachine], True
        )
        machines = list(view.view)[:: VMS // CHANGES][:CHANGES]
        for number, machine in enumerate(machines):
            note = f"benchmark {number}"
            WaitForTask(machine.ReconfigVM_Task(vim.vm.ConfigSpec(annotation=note)))
            changed_s = time.monotonic()
            while _annotation(store, machine._moId) != note:
                if time.monotonic() > changed_s + PATIENCE_S:
                    raise RuntimeError(f"{machine._moId} does not change for the reader")
                time.sleep(POLL_S)
            delays.append(time.monotonic() - changed_s)
            time.sleep(0.13 * (number % 10))  # the collector's pace is a second: all parts of it
    return delays


def _annotation(store: CacheStore, moref: str) -> str | None:
    snapshot = store.read(VCENTER)
    if snapshot is None or snapshot.inventory is None:
        return None
    return _found(snapshot.inventory, moref)


def _found(book: Inventory, moref: str) -> str | None:
    return next((vm.annotation for vm in book.vms if vm.moref == moref), None)
