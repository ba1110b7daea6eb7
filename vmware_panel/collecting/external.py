"""The collectors of a process that does nothing else: `manage.py vmware_collect`."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from vmware_panel.collecting.keeper import END_S, Keeper, KeeperState, OpenClient
from vmware_panel.collecting.process import holder_name
from vmware_panel.collecting.publisher import Publisher
from vmware_panel.config import VCenterConfig
from vmware_panel.domain.snapshot import CollectorState, CollectorStatus
from vmware_panel.endpoints import endpoint_of
from vmware_panel.store import SnapshotStore
from vmware_panel.vsphere import VCenterClient

LOOK_S = 1.0


@dataclass(frozen=True, slots=True)
class Report:
    """How one vCenter's keeper is doing. `status` is its collector's, while it collects."""

    vcenter: str
    keeper: KeeperState
    status: CollectorStatus | None = None
    published: int = 0

    @property
    def ready(self) -> bool:
        """True for one that watches, and for one that stands by while another does."""
        if self.keeper is KeeperState.COLLECTING:
            return self.status is not None and self.status.state is CollectorState.WATCHING
        return self.keeper is KeeperState.STANDBY


class Collection:
    """One keeper a vCenter, each in a thread. `holder` names all of them in the leases."""

    def __init__(
        self, vcenters: Sequence[VCenterConfig], store: SnapshotStore, relist_interval_s: float
    ) -> None:
        holder = holder_name()
        self._keepers = [
            Keeper(v.name, store, opener(v), holder, relist_interval_s) for v in vcenters
        ]
        self._threads = [
            threading.Thread(target=keeper.run, name=f"vmware-keeper-{keeper.vcenter}")
            for keeper in self._keepers
        ]

    def run(self, stopping: threading.Event, look: Callable[[list[Report]], None]) -> None:
        """Until `stopping` is set; `look` gets the reports of all vCenters every second."""
        for thread in self._threads:
            thread.start()
        try:
            while not stopping.wait(LOOK_S):
                look(self.reports())
        finally:
            for keeper in self._keepers:
                keeper.stop()
            for thread in self._threads:
                thread.join()
            look(self.reports())

    @property
    def alive(self) -> bool:
        return all(thread.is_alive() for thread in self._threads)

    def reports(self) -> list[Report]:
        return [_report(keeper) for keeper in self._keepers]


def list_once(
    vcenter: VCenterConfig, store: SnapshotStore, look: Callable[[Report], None]
) -> Report:
    """One whole list into the store, and the end. What it did not come to is in the report.

    Takes no lease: meant for a timer, where no collector runs.
    """
    lost = threading.Event()
    publisher = Publisher(vcenter.name, store.writer(vcenter.name), lost.set)
    with opener(vcenter)() as client:
        collector = client.collector(publisher, relist_interval_s=float("inf"))
        thread = threading.Thread(target=collector.run, name="vmware-collector", daemon=True)
        thread.start()
        while True:
            status = collector.status
            report = Report(vcenter.name, KeeperState.COLLECTING, status, publisher.published)
            look(report)
            done = publisher.published or publisher.failing or lost.is_set()
            if done or status.state is CollectorState.FAILING or not thread.is_alive():
                break
            time.sleep(0.1)
        collector.stop()
        thread.join(END_S)
        publisher.close()
    return report


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
    plain: dict[str, object] = {"keeper": report.keeper.value, "published": report.published}
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
