"""Sees to it that one vCenter has one collector: runs it, or stands by while another does."""

import logging
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from enum import StrEnum

from vmware_panel.collecting.publisher import Publisher
from vmware_panel.collecting.scanner import Scanner, ScanTimes
from vmware_panel.domain.outcome import Trouble
from vmware_panel.store import SnapshotStore, StoreError
from vmware_panel.vsphere import Collector, VCenterClient

LOG = logging.getLogger(__name__)

TICK_S = 1.0
STANDBY_TICK_S = 0.5
BEAT_S = 5.0
FREE_S = 2.5
"""So long a standby sees a lease free before it takes it: longer than two ticks of who collects, the
first of which may find that a cache that came back has ended its connection.
"""

LEASE_TTL_S = 6.0
"""How long the lease of a holder that died keeps the others away; renewed at every tick."""

END_S = 4.0
"""How long the end of a collector is waited for. One that takes longer writes nothing more."""

RESTART_S = 30.0
"""After a collector that ended by a fault of the program, vCenter is left alone that long."""

OpenClient = Callable[[], AbstractContextManager[VCenterClient]]


class KeeperState(StrEnum):
    STOPPED = "stopped"
    STANDBY = "standby"  # another holds the lease
    WAITING = "waiting"  # the store does not say who holds it, or the collector broke down
    COLLECTING = "collecting"


class Keeper:
    """Runs in a thread of its own until `stop`.

    `open_client` gives the client whose session the collector uses, for as long as it runs: a
    standby has none. `holder` names this keeper in the lease. `scan_times` None: it searches no
    datastore.
    """

    def __init__(
        self,
        vcenter: str,
        store: SnapshotStore,
        open_client: OpenClient,
        holder: str,
        relist_interval_s: float,
        scan_times: ScanTimes | None = None,
    ) -> None:
        self.vcenter = vcenter
        self._writer_of = store.writer
        self._scan_writer_of = store.scan_writer
        self._scan_times = scan_times
        self._lease = store.lease(vcenter, holder, LEASE_TTL_S)
        self._open_client = open_client
        self._relist_interval_s = relist_interval_s
        self._stopping = threading.Event()
        self._restart_at_s = 0.0
        self._term: _Term | None = None
        self._state = KeeperState.STOPPED
        self._free_since_s: float | None = None
        self._lease_trouble: Trouble | None = None
        self._ticked_at_s = time.monotonic()

    @property
    def state(self) -> KeeperState:
        return self._state

    @property
    def collector(self) -> Collector | None:
        """The one that runs just now."""
        term = self._term
        return term.collector if term else None

    @property
    def published(self) -> int:
        """Versions that this keeper's collector has written since it began."""
        term = self._term
        return term.publisher.published if term else 0

    @property
    def store_trouble(self) -> Trouble | None:
        """Why the store does not say who collects, or takes nothing of what is collected."""
        term = self._term
        return self._lease_trouble or (term.publisher.trouble if term else None)

    @property
    def silent_s(self) -> float:
        """How long ago its thread last came by: some seconds at most, unless something hangs."""
        return time.monotonic() - self._ticked_at_s

    def run(self) -> None:
        """Returns after `stop`, with the collector ended and the lease given back."""
        try:
            while not self._stopping.is_set():
                self._tick()
                self._ticked_at_s = time.monotonic()
                sure = self._state is KeeperState.COLLECTING and self._lease_trouble is None
                self._stopping.wait(TICK_S if sure else STANDBY_TICK_S)
        finally:
            self._end_term()
            self._release()
            self._state = KeeperState.STOPPED

    def stop(self) -> None:
        self._stopping.set()

    def _tick(self) -> None:
        held = self._holds()
        lost = self._term is not None and self._term.lost.is_set()
        if held and not lost:
            self._collect()
        elif held is None:
            # Whoever held it before may go on: nobody else can take it meanwhile.
            self._state = KeeperState.COLLECTING if self._term else KeeperState.WAITING
        else:
            self._end_term()
            self._state = KeeperState.STANDBY

    def _collect(self) -> None:
        if self._term is not None and not self._term.running:
            LOG.error("vCenter %s: its collector broke down", self.vcenter)
            self._end_term()
            self._restart_at_s = time.monotonic() + RESTART_S
        if self._term is None:
            if time.monotonic() < self._restart_at_s:
                self._state = KeeperState.WAITING
                return
            self._term = _Term(self)
            LOG.info("vCenter %s: this process collects its inventory", self.vcenter)
        self._state = KeeperState.COLLECTING
        self._term.tick()

    def _holds(self) -> bool | None:
        try:
            held = self._may_ask() and self._lease.acquire()
        except StoreError as error:
            if self._lease_trouble is None:
                LOG.warning(
                    "vCenter %s: the store does not say who collects: %s",
                    self.vcenter,
                    error.trouble.detail,
                )
            self._lease_trouble = error.trouble
            return None
        self._lease_trouble = None
        return held

    def _may_ask(self) -> bool:
        """One that stood by takes only a lease that it found free for a while.

        A cache that comes back empty has lost the lease as well: the one who collects puts it back
        at its next tick, and need not end for another that would list everything again.
        """
        if self._lease.held or self._state in (KeeperState.STOPPED, KeeperState.COLLECTING):
            return True
        since_s, self._free_since_s = self._free_since_s, None
        if not self._lease.free():
            return False
        self._free_since_s = since_s or time.monotonic()
        return time.monotonic() - self._free_since_s >= FREE_S

    def _release(self) -> None:
        try:
            self._lease.release()
        except StoreError:
            LOG.debug("vCenter %s: the lease ends by itself", self.vcenter)

    def _end_term(self) -> None:
        term, self._term = self._term, None
        if term is not None:
            term.end()
            LOG.info("vCenter %s: this process no longer collects", self.vcenter)


class _Term:
    """One collector from its beginning to its end, with its client and its thread."""

    def __init__(self, keeper: Keeper) -> None:
        self._writer = keeper._writer_of(keeper.vcenter)
        self._exit = ExitStack()
        self.lost = threading.Event()
        self.publisher = Publisher(keeper.vcenter, self._writer, self.lost.set)
        client = self._exit.enter_context(keeper._open_client())
        self.collector = client.collector(self.publisher, keeper._relist_interval_s)
        self._thread = threading.Thread(
            target=self.collector.run, name=f"vmware-collector-{keeper.vcenter}", daemon=True
        )
        self._pass_on_refresh()  # before the first list, which is then the one that was asked for
        self._thread.start()
        self._scanning = _Scanning(keeper, client) if keeper._scan_times else None
        self._beat_at_s = time.monotonic() + BEAT_S

    @property
    def running(self) -> bool:
        return self._thread.is_alive()

    def tick(self) -> None:
        self._pass_on_refresh()
        if self._scanning is not None:
            self._scanning.tick()
        if time.monotonic() >= self._beat_at_s:
            self._beat_at_s = time.monotonic() + BEAT_S
            self.publisher.sign_of_life()

    def _pass_on_refresh(self) -> None:
        try:
            if wanted := self._writer.refresh_wanted():
                self.collector.refresh(wanted)
        except StoreError:
            pass  # said already: the lease is asked for in the same tick

    def end(self) -> None:
        self.collector.stop()
        if self._scanning is not None:
            self._scanning.stop()
        self._thread.join(END_S)
        self.publisher.close()
        if self._scanning is not None:
            self._scanning.join()
        self._exit.close()


class _Scanning:
    """The scanner of a term; another one where it broke down."""

    def __init__(self, keeper: Keeper, client: VCenterClient) -> None:
        self._keeper = keeper
        self._client = client
        self._restart_at_s = 0.0
        self._start()

    def _start(self) -> None:
        keeper = self._keeper
        writer = keeper._scan_writer_of(keeper.vcenter)
        self.scanner = Scanner(
            keeper.vcenter, self._client, writer, keeper._scan_times or ScanTimes()
        )
        self._thread = threading.Thread(
            target=self.scanner.run, name=f"vmware-scanner-{keeper.vcenter}", daemon=True
        )
        self._thread.start()

    def tick(self) -> None:
        if self._thread.is_alive():
            return
        now_s = time.monotonic()
        if not self._restart_at_s:
            LOG.error("vCenter %s: its scanner broke down", self._keeper.vcenter)
            self._restart_at_s = now_s + RESTART_S
        elif now_s >= self._restart_at_s:
            self._restart_at_s = 0.0
            self._start()

    def stop(self) -> None:
        self.scanner.stop()

    def join(self) -> None:
        self._thread.join(END_S)
