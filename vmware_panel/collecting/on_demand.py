"""Searches of datastores where nobody collects: in threads of the process, for those who ask it."""

import os
import threading
from collections.abc import Collection
from dataclasses import dataclass

from vmware_panel.collecting.scanner import Scanner, ScanTimes
from vmware_panel.config import VCenterConfig
from vmware_panel.domain.inventory import MoRef
from vmware_panel.endpoints import client
from vmware_panel.store import KeptScans, MemoryStore

END_S = 3.0


@dataclass
class _Running:
    vcenter: VCenterConfig
    scanner: Scanner
    thread: threading.Thread


class ScansOnDemand:
    """Those of one process; safe to share between its threads. A child process begins its own."""

    def __init__(self, timeout_s: float) -> None:
        self._times = ScanTimes(0.0, timeout_s)
        self._store = MemoryStore()
        self._forget()
        os.register_at_fork(after_in_child=self._forget)

    def _forget(self) -> None:
        self._lock = threading.Lock()
        self._running: dict[str, _Running] = {}

    def scans(self, vcenter: VCenterConfig) -> KeptScans:
        """Asks nobody."""
        return self._store.scans(vcenter.name)

    def ask_scan(self, vcenter: VCenterConfig, datastores: Collection[MoRef]) -> None:
        """Searches them in the background, by the process's own session; none named: all."""
        self._store.ask_scan(vcenter.name, datastores)
        with self._lock:
            known = self._running.get(vcenter.name)
            if known is not None and known.vcenter == vcenter and known.thread.is_alive():
                return
            if known is not None:
                known.scanner.stop()
            scanner = Scanner(
                vcenter.name, client(vcenter), self._store.scan_writer(vcenter.name), self._times
            )
            thread = threading.Thread(
                target=scanner.run, name=f"vmware-scanner-{vcenter.name}", daemon=True
            )
            thread.start()
            self._running[vcenter.name] = _Running(vcenter, scanner, thread)

    def stop(self) -> None:
        """Ends them all, and waits for it a few seconds at most."""
        with self._lock:
            running = list(self._running.values())
            self._running.clear()
        for one in running:
            one.scanner.stop()
        for one in running:
            one.thread.join(END_S)
