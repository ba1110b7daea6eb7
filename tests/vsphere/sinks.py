"""A sink that remembers what a collector told it, and checks the order in which it did."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

from vmware_panel.domain.inventory import Inventory
from vmware_panel.domain.ledger import Delta
from vmware_panel.domain.snapshot import CollectorState, CollectorStatus
from vmware_panel.domain.usage import Usage
from vmware_panel.vsphere import Collector, VCenterClient

WAIT_S = 60.0


class Remembering:
    """`inventory` is the book as a reader would have it: every delta applied to the one before."""

    def __init__(self) -> None:
        self.inventory: Inventory | None = None
        self.status: CollectorStatus | None = None
        self.states: list[CollectorState] = []
        self.deltas: list[Delta] = []
        self.replaced = 0
        self.published_at_s: list[float] = []
        self.confirmed_at: datetime | None = None
        self.listed: list[tuple[int, int | None]] = []
        self.samples: list[Usage] = []

    def replace(self, inventory: Inventory, status: CollectorStatus) -> None:
        self._note(status)
        self.replaced += 1
        self.inventory = inventory
        self.confirmed_at = inventory.read_at
        self.published_at_s.append(time.monotonic())

    def advance(
        self,
        delta: Delta,
        whole: Callable[[], Inventory],
        confirmed_at: datetime,
        status: CollectorStatus,
    ) -> None:
        self._note(status)
        self.deltas.append(delta)
        self.inventory = whole()
        self.confirmed_at = confirmed_at
        self.published_at_s.append(time.monotonic())

    def beat(self, status: CollectorStatus, confirmed_at: datetime | None) -> None:
        self._note(status)
        self.confirmed_at = confirmed_at or self.confirmed_at

    def sample(self, usage: Usage) -> None:
        self.samples.append(usage)

    def _note(self, status: CollectorStatus) -> None:
        if not self.states or self.states[-1] is not status.state:
            self.states.append(status.state)
        if status.state is CollectorState.LISTING:
            self.listed.append((status.listed, status.expected))
        self.status = status

    def until(self, true: Callable[["Remembering"], object], what: str) -> None:
        deadline = time.monotonic() + WAIT_S
        while not true(self):
            assert time.monotonic() < deadline, f"waited {WAIT_S:.0f} s for {what}: {self.status}"
            time.sleep(0.02)

    def until_watching(self) -> None:
        self.until(
            lambda s: s.status and s.status.state is CollectorState.WATCHING and s.inventory,
            "a collector that watches",
        )


@contextmanager
def collecting(client: VCenterClient, sink: Remembering, **options: float) -> Iterator[Collector]:
    """A collector that runs during the block."""
    collector = client.collector(sink, **{"relist_interval_s": 3600.0, **options})
    thread = threading.Thread(target=collector.run, name="collector under test")
    thread.start()
    try:
        yield collector
    finally:
        collector.stop()
        thread.join(WAIT_S)
        assert not thread.is_alive(), "the collector does not end"
