"""vCenter's side of a page: which vCenters concern it, and what they answered.

`InventorySource` is the one way to whole inventories. `DirectSource` asks vCenter at that moment.
"""

import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass
from datetime import datetime
from functools import cache, partial
from typing import Protocol

from vmware_panel.config import VCenterConfig
from vmware_panel.domain.cloud import Server, parse_node_name
from vmware_panel.domain.inventory import Inventory
from vmware_panel.domain.outcome import Trouble, TroubleKind
from vmware_panel.domain.placement import Books
from vmware_panel.secret import SecretUnavailableError
from vmware_panel.vsphere import Endpoint, VCenterClient, VSphereError, client_for

MOST_AT_ONCE = 8
"""vCenters that one page reads side by side."""


def oldest(inventories: Iterable[Inventory]) -> datetime | None:
    """When the oldest of them was read; None without any."""
    return min((inventory.read_at for inventory in inventories), default=None)


@dataclass(frozen=True)
class Reading:
    """What the vCenters of a page answered, each on its own."""

    inventories: tuple[Inventory, ...] = ()
    troubles: tuple[Trouble, ...] = ()

    @property
    def books(self) -> Books:
        return Books(self.inventories, complete=not self.troubles)

    @property
    def read_at(self) -> datetime | None:
        """The age of the oldest book; None without any."""
        return oldest(self.inventories)


class InventorySource(Protocol):
    """Gives whole inventories; never raises, a vCenter that fails is a trouble of the reading."""

    def read(self, vcenters: Sequence[VCenterConfig]) -> Reading: ...


class DirectSource:
    """Reads every vCenter at the moment of the call; those who ask meanwhile share the read."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(MOST_AT_ONCE, "vcenter-list")
        self._lock = threading.Lock()
        self._under_way: dict[str, Future[Inventory]] = {}

    def read(self, vcenters: Sequence[VCenterConfig]) -> Reading:
        futures = [(vcenter, self._future(vcenter)) for vcenter in vcenters]
        # The adapter keeps its own deadlines; this frees a page that waits behind others' reads.
        return _gathered([(v, partial(f.result, v.longest_list_s)) for v, f in futures])

    def _future(self, vcenter: VCenterConfig) -> Future[Inventory]:
        with self._lock:
            future = self._under_way.get(vcenter.name)
            if future is None or future.done():
                read = client(vcenter).read_inventory
                future = self._pool.submit(copy_context().run, read)
                self._under_way[vcenter.name] = future
            return future


@cache
def inventory_source() -> InventorySource:
    """This process's source of whole inventories."""
    return DirectSource()


def read_instance(vcenters: Sequence[VCenterConfig], server: Server) -> Reading:
    """The part of vCenter's book that one server concerns, straight from vCenter.

    Asks only the vCenter that Nova's node names, and every one where Nova names none or hides it.
    A server on a node of another driver concerns no vCenter.
    """
    node = parse_node_name(server.node) if server.node else None
    if server.node and not node:
        return Reading()

    def read(vcenter: VCenterConfig) -> Inventory | None:
        its = client(vcenter)
        if node and its.about().instance_uuid.lower() != node.vcenter_uuid:
            return None
        return its.read_vm(server.id, node.cluster if node else None)

    return _side_by_side(vcenters, read)


def client(vcenter: VCenterConfig) -> VCenterClient:
    """This process's one client of the vCenter."""
    return client_for(endpoint_of(vcenter))


def endpoint_of(vcenter: VCenterConfig) -> Endpoint:
    def password() -> str:
        try:
            return vcenter.password.reveal()
        except SecretUnavailableError as error:
            raise ValueError(str(error)) from None

    return Endpoint(
        name=vcenter.name,
        host=vcenter.host,
        port=vcenter.port,
        username=vcenter.username,
        password=password,
        ca_file=vcenter.ca_file,
        insecure=vcenter.insecure,
        connect_timeout_s=vcenter.connect_timeout_s,
        read_timeout_s=vcenter.read_timeout_s,
        list_timeout_s=vcenter.list_timeout_s,
    )


def _side_by_side(
    vcenters: Sequence[VCenterConfig], read: Callable[[VCenterConfig], Inventory | None]
) -> Reading:
    if len(vcenters) <= 1:
        return _gathered([(v, partial(read, v)) for v in vcenters])
    with ThreadPoolExecutor(min(len(vcenters), MOST_AT_ONCE), "vcenter") as pool:
        futures = [(v, pool.submit(copy_context().run, read, v)) for v in vcenters]
        return _gathered([(v, future.result) for v, future in futures])


def _gathered(reads: Sequence[tuple[VCenterConfig, Callable[[], Inventory | None]]]) -> Reading:
    inventories: list[Inventory] = []
    troubles: list[Trouble] = []
    for vcenter, read in reads:
        try:
            if (inventory := read()) is not None:
                inventories.append(inventory)
        except VSphereError as error:
            troubles.append(error.trouble)
        except TimeoutError:
            troubles.append(Trouble(vcenter.name, TroubleKind.TIMEOUT))
    return Reading(tuple(inventories), tuple(troubles))
