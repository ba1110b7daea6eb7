"""What a work tells of its item, written into the journal as it is told."""

import threading
import time
from collections.abc import Callable
from dataclasses import replace

from vmware_panel.domain.inventory import MoRef
from vmware_panel.domain.jobs import JobItem, Step
from vmware_panel.jobs.journal import LEASE_S, Claim, Journal, JournalError, WorkerStopped
from vmware_panel.jobs.sealing import unseal
from vmware_panel.openstack.access import Access

PROGRESS_EVERY_S = 2.0
CANCEL_LOOK_S = 1.0
RETRY_S = 0.5


class ClaimReport:
    """The `Report` of one item, for the worker that holds the job's claim.

    `stopping` is set when the worker is to end; `item` is the item as it was last written.
    """

    def __init__(
        self,
        journal: Journal,
        claim: Claim,
        number: int,
        item: JobItem,
        stopping: threading.Event,
    ) -> None:
        self.item = item
        self._journal = journal
        self._claim = claim
        self._number = number
        self._stopping = stopping
        self._progress_at_s = float("-inf")
        self._cancelled = False
        self._cancel_looked_at_s = float("-inf")

    def write(self, item: JobItem) -> None:
        """As for every write: tried again while the claim lasts, for a journal that is away for a
        moment is no reason to lose what was sent. Raises `WorkerStopped`.
        """
        self._insist(lambda: self._claim.write(self._number, item))
        self.item = item

    def still_ours(self) -> None:
        self._see_to_stop()
        self._insist(self._claim.beat)
        self._see_to_stop()

    def about_to(self, step: str, note: str = "") -> None:
        if self._claim.job.dry_run:
            raise RuntimeError(f"a dry run was about to send: {step}")
        self._see_to_stop()
        steps = (*self.item.steps, Step(step, note=note))
        self.write(replace(self.item, steps=steps, progress_percent=None))
        self._see_to_stop()

    def sent(self, task: MoRef | None = None) -> None:
        *before, last = self.item.steps
        steps = (*before, replace(last, sent=True, task=task))
        self.write(replace(self.item, steps=steps))

    def progress(self, percent: int | None) -> None:
        now_s = time.monotonic()
        if percent == self.item.progress_percent or now_s < self._progress_at_s:
            return
        self._progress_at_s = now_s + PROGRESS_EVERY_S
        self._told(lambda: self._claim.write(self._number, self._at(percent)))
        self.item = self._at(percent)

    def _at(self, percent: int | None) -> JobItem:
        return replace(self.item, progress_percent=percent)

    def cancelled(self) -> bool:
        self._see_to_stop()
        now_s = time.monotonic()
        if not self._cancelled and now_s >= self._cancel_looked_at_s + CANCEL_LOOK_S:
            self._cancel_looked_at_s = now_s
            self._told(self._look)
        return self._cancelled

    def _look(self) -> None:
        self._cancelled = self._journal.cancel_asked(self._claim.job.id)

    def pause(self, seconds: float) -> None:
        if self._stopping.wait(seconds):
            raise WorkerStopped

    def asker_access(self) -> Access | None:
        try:
            sealed = self._journal.sealed(self._claim.job.id)
        except JournalError:
            return None
        return unseal(sealed) if sealed else None

    def _see_to_stop(self) -> None:
        if self._stopping.is_set():
            raise WorkerStopped

    def _insist(self, ask: Callable[[], None]) -> None:
        until_s = time.monotonic() + LEASE_S
        while True:
            try:
                ask()
            except JournalError:
                if time.monotonic() >= until_s:
                    raise WorkerStopped from None
                time.sleep(RETRY_S)
            else:
                return

    def _told(self, ask: Callable[[], None]) -> None:
        """What can wait until the next time: a journal that is away does not keep a work up."""
        try:
            ask()
        except JournalError:
            return
