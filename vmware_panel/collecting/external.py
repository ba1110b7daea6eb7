"""The collectors of a process that does nothing else: `manage.py vmware_collect`."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from vmware_panel.collecting.keeper import Keeper, KeeperState, OpenClient
from vmware_panel.collecting.process import holder_name
from vmware_panel.collecting.scanner import ScanTimes
from vmware_panel.config import VCenterConfig
from vmware_panel.domain.outcome import Trouble
from vmware_panel.domain.snapshot import CollectorState, CollectorStatus
from vmware_panel.endpoints import endpoint_of
from vmware_panel.store import SnapshotStore
from vmware_panel.vsphere import VCenterClient

LOOK_S = 1.0
ONCE_LOOK_S = 0.1

STUCK_S = 40.0
"""After which a keeper's thread that did not come by hangs. Its longest duty is to end a collector, some
eight seconds; then come the cache's timeouts.
"""


@dataclass(frozen=True, slots=True)
class Report:
    """How one vCenter's keeper is doing. `status` is its collector's, while it collects.

    `store_trouble`: why the store does not say who collects, or takes nothing.
    """

    vcenter: str
    keeper: KeeperState
    status: CollectorStatus | None = None
    published: int = 0
    store_trouble: Trouble | None = None

    @property
    def ready(self) -> bool:
        """True for one that watches and whose book the store has, and for one that stands by while
        another does.
        """
        if self.keeper is KeeperState.COLLECTING:
            watches = self.status is not None and self.status.state is CollectorState.WATCHING
            return watches and self.published > 0 and self.store_trouble is None
        return self.keeper is KeeperState.STANDBY


class Collection:
    """One keeper a vCenter, each in a thread. `holder` names all of them in the leases."""

    def __init__(
        self,
        vcenters: Sequence[VCenterConfig],
        store: SnapshotStore,
        relist_interval_s: float,
        scan_times: ScanTimes | None = None,
    ) -> None:
        holder = holder_name()
        self._keepers = [
            Keeper(v.name, store, opener(v), holder, relist_interval_s, scan_times)
            for v in vcenters
        ]
        self._threads = [
            threading.Thread(target=keeper.run, name=f"vmware-keeper-{keeper.vcenter}")
            for keeper in self._keepers
        ]

    def run(self, stopping: threading.Event, look: Callable[[list[Report]], None]) -> None:
        """Until `stopping` is set; `look` gets the reports of all vCenters every second.

        Returns before that only if a keeper ended by itself, by a fault in the code.
        """
        for thread in self._threads:
            thread.start()
        try:
            while not stopping.wait(LOOK_S) and all(t.is_alive() for t in self._threads):
                look(self.reports())
        finally:
            for keeper in self._keepers:
                keeper.stop()
            for thread in self._threads:
                thread.join()
            look(self.reports())

    @property
    def alive(self) -> bool:
        """True while every keeper comes by."""
        return all(thread.is_alive() for thread in self._threads) and all(
            keeper.silent_s < STUCK_S for keeper in self._keepers
        )

    def reports(self) -> list[Report]:
        return [_report(keeper) for keeper in self._keepers]


def list_once(
    vcenter: VCenterConfig,
    store: SnapshotStore,
    stopping: threading.Event,
    look: Callable[[Report], None],
) -> Report:
    """One whole list into the store, and the end. What it did not come to is in the report.

    Leaves it at once to another that holds the lease: that one keeps the book current.
    """
    keeper = Keeper(vcenter.name, store, opener(vcenter), holder_name(), float("inf"))
    thread = threading.Thread(target=keeper.run, name=f"vmware-keeper-{vcenter.name}")
    thread.start()
    try:
        while True:
            report = _report(keeper)
            look(report)
            if _is_over(report) or not thread.is_alive() or stopping.wait(ONCE_LOOK_S):
                return report
    finally:
        keeper.stop()
        thread.join()


def _is_over(report: Report) -> bool:
    if report.keeper is not KeeperState.COLLECTING or report.published:
        return report.keeper is not KeeperState.STOPPED
    if report.status is None:
        return False
    state = report.status.state
    refused = state is CollectorState.WATCHING and report.store_trouble is not None
    return refused or state is CollectorState.FAILING


def opener(vcenter: VCenterConfig) -> OpenClient:
    """A client of its own for each term, logged out at its end: a standby has no session."""

    @contextmanager
    def open_client() -> Iterator[VCenterClient]:
        client = VCenterClient(endpoint_of(vcenter))
        try:
            yield client
        finally:
            client.close()

    return open_client


def _report(keeper: Keeper) -> Report:
    collector = keeper.collector
    return Report(
        keeper.vcenter,
        keeper.state,
        collector.status if collector else None,
        keeper.published,
        keeper.store_trouble,
    )


def document(reports: Sequence[Report]) -> dict[str, object]:
    """For a status file: plain values, times in ISO 8601."""
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "ready": bool(reports) and all(report.ready for report in reports),
        "vcenters": {report.vcenter: _plain(report) for report in reports},
    }


def _plain(report: Report) -> dict[str, object]:
    status = report.status
    plain: dict[str, object] = {
        "keeper": report.keeper.value,
        "ready": report.ready,
        "published": report.published,
    }
    if report.store_trouble:
        plain |= {
            "store_trouble": report.store_trouble.kind.value,
            "store_detail": report.store_trouble.detail,
        }
    if status is not None:
        plain |= {
            "state": status.state.value,
            "since": status.since.isoformat(timespec="seconds"),
            "listed": status.listed,
        }
        if status.trouble:
            plain |= {"trouble": status.trouble.kind.value, "detail": status.trouble.detail}
        if status.retry_at:
            plain["retry_at"] = status.retry_at.isoformat(timespec="seconds")
    return plain
