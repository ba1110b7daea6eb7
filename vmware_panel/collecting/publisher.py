"""From a collector into the store; a store that fails is no reason to stop collecting."""

import logging
import threading
from collections.abc import Callable
from datetime import UTC, datetime

from vmware_panel.domain.inventory import Inventory
from vmware_panel.domain.ledger import Delta
from vmware_panel.domain.outcome import Trouble
from vmware_panel.domain.snapshot import CollectorState, CollectorStatus
from vmware_panel.domain.usage import Usage
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
        self._lock = threading.Lock()  # held while writing: the last status is written last
        self._status: CollectorStatus | None = None
        self._closed = False
        self._unwritten = 0
        self.trouble: Trouble | None = None
        """Why the store did not take what was last given to it."""
        self.published = 0
        """Versions that the store has taken so far."""

    @property
    def failing(self) -> bool:
        return self.trouble is not None

    def replace(self, inventory: Inventory, status: CollectorStatus) -> None:
        self._write(status, lambda: self._writer.replace(inventory, status), versions=1)

    def advance(
        self,
        delta: Delta,
        whole: Callable[[], Inventory],
        confirmed_at: datetime,
        status: CollectorStatus,
    ) -> None:
        self._write(
            status,
            lambda: self._writer.advance(delta, whole, confirmed_at, status),
            versions=1,
        )

    def beat(self, status: CollectorStatus, confirmed_at: datetime | None) -> None:
        self._write(status, lambda: self._writer.beat(status, confirmed_at, datetime.now(UTC)))

    def sample(self, usage: Usage) -> None:
        """A sample that the store does not take is dropped: no trouble of the book's."""
        with self._lock:
            if self._closed:
                return
            try:
                self._writer.sample(usage)
            except LeaseLost:
                self._lost()
            except StoreError as error:
                LOG.debug("A sample of %s was not stored: %s", self._vcenter, error.trouble.detail)

    def sign_of_life(self) -> None:
        """From the keeper's thread: the collector is at it, even if vCenter keeps it waiting.

        Does not wait for a book that is being written, which is a sign of life itself: the keeper
        has a lease to renew.
        """
        if not self._lock.acquire(blocking=False):
            return
        try:
            status = self._status
            if status is not None and not self._closed:
                self._try(lambda: self._writer.beat(status, None, datetime.now(UTC)))
        finally:
            self._lock.release()

    def close(self) -> None:
        """Says that the collector has stopped, if it did not come to that itself. What it says
        after this is not written: another may collect by then.
        """
        with self._lock:
            status = None if self._closed else self._status
            self._closed = True
            if status is not None and status.state is not CollectorState.STOPPED:
                stopped = CollectorStatus(
                    CollectorState.STOPPED, datetime.now(UTC), refreshed=status.refreshed
                )
                self._try(lambda: self._writer.beat(stopped, None, datetime.now(UTC)))

    def _write(
        self, status: CollectorStatus, write: Callable[[], None], versions: int = 0
    ) -> None:
        with self._lock:
            if not self._closed:
                self._status = status
                self._unwritten += versions
                self._try(write)

    def _try(self, write: Callable[[], None]) -> None:
        was_failing = self.failing
        try:
            write()
        except LeaseLost:
            self._lost()
        except StoreError as error:
            self.trouble = error.trouble
            if not was_failing:
                said = error.trouble.detail
                LOG.warning("The store takes nothing of vCenter %s: %s", self._vcenter, said)
        else:
            self.trouble = None
            self.published += self._unwritten
            self._unwritten = 0
            if was_failing:
                LOG.info("The store takes the inventory of vCenter %s again", self._vcenter)
