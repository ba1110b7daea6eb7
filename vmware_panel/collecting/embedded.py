"""The keepers of a web process, in daemon threads; nothing to set up.

They begin when a page first asks, so that no other command of Django's starts them, and end with
the process. A child process begins its own.
"""

import atexit
import os
import threading
from contextlib import nullcontext
from dataclasses import dataclass

from vmware_panel.collecting.keeper import Keeper
from vmware_panel.collecting.process import holder_name
from vmware_panel.collecting.scanner import ScanTimes
from vmware_panel.config import VCenterConfig
from vmware_panel.endpoints import client
from vmware_panel.store import SnapshotStore

END_S = 3.0


@dataclass
class _Running:
    vcenter: VCenterConfig
    store: SnapshotStore
    relist_interval_s: float
    scan_times: ScanTimes | None
    keeper: Keeper
    thread: threading.Thread

    def is_for(
        self,
        vcenter: VCenterConfig,
        store: SnapshotStore,
        relist_interval_s: float,
        scan_times: ScanTimes | None,
    ) -> bool:
        return (
            self.thread.is_alive()
            and self.vcenter == vcenter
            and self.store is store
            and self.relist_interval_s == relist_interval_s
            and self.scan_times == scan_times
        )


class EmbeddedCollectors:
    """Those of one process; safe to share between its threads."""

    def __init__(self) -> None:
        self._forget()
        os.register_at_fork(after_in_child=self._forget)

    def _forget(self) -> None:
        self._lock = threading.Lock()
        self._running: dict[str, _Running] = {}

    def ensure(
        self,
        vcenter: VCenterConfig,
        store: SnapshotStore,
        relist_interval_s: float,
        scan_times: ScanTimes | None = None,
    ) -> bool:
        """Starts the vCenter's keeper if it does not run; a changed setting gets a new one.

        True if it was started now.
        """
        with self._lock:
            known = self._running.get(vcenter.name)
            if known is not None and known.is_for(vcenter, store, relist_interval_s, scan_times):
                return False
            if known is not None:
                known.keeper.stop()
            keeper = Keeper(
                vcenter.name,
                store,
                # The process's own session, which the tabs use too: it is theirs to end.
                lambda: nullcontext(client(vcenter)),
                holder_name(),
                relist_interval_s,
                scan_times,
            )
            thread = threading.Thread(
                target=_run_after,
                args=(known.thread if known else None, keeper),
                name=f"vmware-keeper-{vcenter.name}",
                daemon=True,
            )
            thread.start()
            self._running[vcenter.name] = _Running(
                vcenter, store, relist_interval_s, scan_times, keeper, thread
            )
            return True

    def stop(self) -> None:
        """Ends them all, and waits for it a few seconds at most."""
        with self._lock:
            running = list(self._running.values())
            self._running.clear()
        for one in running:
            one.keeper.stop()
        for one in running:
            one.thread.join(END_S)


def _run_after(before: threading.Thread | None, keeper: Keeper) -> None:
    """One at a time: what the one before still writes would be taken for this one's."""
    if before is not None:
        before.join()
    keeper.run()


collectors = EmbeddedCollectors()
atexit.register(collectors.stop)
