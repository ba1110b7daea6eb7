"""From a collector into the store; a store that fails is no reason to stop collecting."""

import logging
import threading
from collections.abc import Callable
from datetime import UTC, datetime

from vmware_panel.domain.inventory import Inventory
from vmware_panel.domain.ledger import Delta
from vmware_panel.domain.snapshot import CollectorStatus
from vmware_panel.store import LeaseLost, SnapshotWriter, StoreError

LOG = logging.getLogger(__name__)


class Publisher:
    """A collector's `Sink`. The writer keeps what it could not write, and writes it later.

    Logs once when the store begins to fail and once when it is back. `lost` is called when the
    store says that another collector writes now.
    """

    def __init__(self, vcenter: str, writer: SnapshotWriter, lost: Callable[[], None]) -> None:
        self._vcenter = vcenter
        self._writer = writer
        self._lost = lost
        self._lock = threading.Lock()
        self._status: CollectorStatus | None = None
        self._failing = False
        self.published = 0
        """Versions given to the store so far."""

    def replace(self, inventory: Inventory, status: CollectorStatus) -> None:
        self._status = status
        self.published += 1
        self._write(lambda: self._writer.replace(inventory, status))

    def advance(
        self,
        delta: Delta,
        whole: Callable[[], Inventory],
        confirmed_at: datetime,
        status: CollectorStatus,
    ) -> None:
        self._status = status
        self.published += 1
        self._write(lambda: self._writer.advance(delta, whole, confirmed_at, status))

    def beat(self, status: CollectorStatus, confirmed_at: datetime | None) -> None:
        self._status = status
        self._write(lambda: self._writer.beat(status, confirmed_at, datetime.now(UTC)))

    def sign_of_life(self) -> None:
        """From the keeper's thread: the collector is at it, even if vCenter keeps it waiting."""
        status = self._status
        if status is not None:
            self._write(lambda: self._writer.beat(status, None, datetime.now(UTC)))

    def _write(self, write: Callable[[], None]) -> None:
        try:
            write()
        except LeaseLost:
            self._lost()
        except StoreError as error:
            with self._lock:
                news, self._failing = not self._failing, True
            if news:
                said = error.trouble.detail
                LOG.warning("The store takes nothing of vCenter %s: %s", self._vcenter, said)
        else:
            with self._lock:
                news, self._failing = self._failing, False
            if news:
                LOG.info("The store takes the inventory of vCenter %s again", self._vcenter)
