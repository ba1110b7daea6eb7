"""The join of a page, kept while what it was made of stays the same.

Ten thousand servers take a fifth of a second to join; most pages find both books as the page before
did.
"""

import threading
from collections import OrderedDict
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, replace

from vmware_panel.api.reading import Reading
from vmware_panel.domain.cloud import ComputeService, Hypervisor, Server
from vmware_panel.domain.kept import Kept
from vmware_panel.domain.placement import Overview, Placement, join, overview

MOST_JOINS = 4
"""Regions and kinds of users whose last join a process keeps."""


@dataclass(frozen=True, slots=True)
class Joined:
    placements: Kept[Placement]
    overview: Overview


@dataclass(frozen=True, slots=True)
class _Made:
    """The servers are held, so that no other tuple can have their identity."""

    servers: tuple[Server, ...]
    joined: Joined


class Joins:
    """Those of one process; threads may share it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._made: OrderedDict[Hashable, _Made] = OrderedDict()

    def joined(
        self,
        servers: tuple[Server, ...],
        reading: Reading,
        services: tuple[ComputeService, ...],
        hypervisors: tuple[Hypervisor, ...],
    ) -> Joined:
        """The join of these servers with these books, in the servers' order.

        One that a later read of the same book could settle differently is not kept: see
        `Server.changed_since`. When a service last gave a sign of life is left out: it is another
        time every few seconds, and the join with it.
        """
        services = tuple(replace(service, updated=None) for service in services)
        key = (id(servers), versions_of(reading), services, hypervisors)
        with self._lock:
            known = self._made.get(key)
        if known is not None:
            return known.joined
        books = reading.books
        placements = Kept(
            join(
                servers,
                books,
                {service.host: service for service in services},
                {hypervisor.node: hypervisor for hypervisor in hypervisors},
            )
        )
        joined = Joined(placements, overview(placements))
        read_at = reading.read_at
        if read_at is None or not any(server.changed_since(read_at) for server in servers):
            with self._lock:
                self._made[key] = _Made(servers, joined)
                while len(self._made) > MOST_JOINS:
                    self._made.popitem(last=False)
        return joined


def versions_of(reading: Reading) -> Hashable:
    """The same for readings that hold the same books."""
    names: Mapping[str, object] = {
        inventory.vcenter.name: snapshot.version
        if (snapshot := reading.snapshots.get(inventory.vcenter.name))
        else (id(inventory), inventory.read_at)
        for inventory in reading.inventories
    }
    return (tuple(names.items()), reading.books.complete)
