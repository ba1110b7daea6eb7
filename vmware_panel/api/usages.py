"""What hosts and clusters use, for the lists: what the collectors sample, or straight from vCenter."""

import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass, field
from functools import cache

from vmware_panel.api.inventories import SnapshotSource, inventory_source
from vmware_panel.api.vcenters import MOST_AT_ONCE
from vmware_panel.config import VCenterConfig
from vmware_panel.domain.outcome import Trouble, TroubleKind
from vmware_panel.domain.usage import Usage
from vmware_panel.endpoints import client
from vmware_panel.store import StoreError
from vmware_panel.vsphere import VSphereError

KEEP_S = 10.0
"""Where nobody samples, a process asks a vCenter for itself, at most that often."""


@dataclass(frozen=True)
class Usages:
    """The latest sample of each vCenter by its name, each with its own `read_at`.

    A vCenter in neither has not been sampled yet: what it uses is unknown.
    """

    by_vcenter: Mapping[str, Usage] = field(default_factory=dict)
    troubles: tuple[Trouble, ...] = ()


def read_usages(vcenters: Sequence[VCenterConfig]) -> Usages:
    """Asks no vCenter, unless nobody collects (`collector.mode` `off`). Raises `ConfigError`."""
    source = inventory_source()
    if isinstance(source, SnapshotSource):
        return _sampled(source, vcenters)
    return _direct().read(vcenters)


def forget_all() -> None:
    """As in a process that was just started: for tests."""
    _direct.cache_clear()


def _sampled(source: SnapshotSource, vcenters: Sequence[VCenterConfig]) -> Usages:
    found: dict[str, Usage] = {}
    troubles: dict[Trouble, None] = {}
    for vcenter in vcenters:
        try:
            usage = source.usage(vcenter)
        except StoreError as error:
            troubles[error.trouble] = None
        else:
            if usage is not None:
                found[vcenter.name] = usage
    return Usages(found, tuple(troubles))


class _Direct:
    """Reads every vCenter itself; those who ask meanwhile, and `KEEP_S` after, share the read."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(MOST_AT_ONCE, "vcenter-usage")
        self._lock = threading.Lock()
        self._reads: dict[str, tuple[VCenterConfig, Future[Usage], float]] = {}

    def read(self, vcenters: Sequence[VCenterConfig]) -> Usages:
        futures = [(vcenter, self._future(vcenter)) for vcenter in vcenters]
        found: dict[str, Usage] = {}
        troubles: list[Trouble] = []
        for vcenter, future in futures:
            try:
                found[vcenter.name] = future.result(vcenter.read_timeout_s + KEEP_S)
            except VSphereError as error:
                troubles.append(error.trouble)
            except TimeoutError:
                troubles.append(Trouble(vcenter.name, TroubleKind.TIMEOUT))
        return Usages(found, tuple(troubles))

    def _future(self, vcenter: VCenterConfig) -> Future[Usage]:
        with self._lock:
            its, future, begun_s = self._reads.get(vcenter.name, (None, None, 0.0))
            if its == vcenter and future is not None:
                if not future.done() or time.monotonic() < begun_s + KEEP_S:
                    return future
            future = self._pool.submit(copy_context().run, client(vcenter).read_usage)
            self._reads[vcenter.name] = (vcenter, future, time.monotonic())
            return future


@cache
def _direct() -> _Direct:
    return _Direct()
