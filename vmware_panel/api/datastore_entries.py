"""One datastore in all books: what the list and the page of datastores are made of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from vmware_panel.api.capacity import driver_settings
from vmware_panel.api.datastore_books import KeptBook
from vmware_panel.api.placement import Answers
from vmware_panel.api.scans import Scans
from vmware_panel.config import get_config
from vmware_panel.domain.cinder_sums import CinderPick, next_for_cinder
from vmware_panel.domain.clusters import ClusterBooks, join_clusters
from vmware_panel.domain.datastore_bytes import Fill
from vmware_panel.domain.datastore_files import Scan, ScanProgress
from vmware_panel.domain.datastore_uses import UseCounts
from vmware_panel.domain.datastores import (
    Driver,
    Mounts,
    Taker,
    mounts_of,
    next_for_nova,
    takers_of,
)
from vmware_panel.domain.driver_sums import GIB_BYTES
from vmware_panel.domain.inventory import Cluster, Datastore, Inventory, MoRef
from vmware_panel.openstack.server_index import IndexedServers

VOLUME_GB = 10
"""The size of the volume for which the list says where Cinder would put it."""


@dataclass(frozen=True)
class DatastoreEntry:
    """`takers` are the computes whose cluster mounts it; None: Nova did not tell who drives which
    cluster. `cinder` has one pick for each cluster that mounts it. `fill` None: it was never
    searched; `progress` says how far the searches of its vCenter are.
    """

    inventory: Inventory = field(repr=False)
    datastore: Datastore
    mounts: Mounts
    takers: tuple[Taker, ...] | None = None
    cinder: tuple[CinderPick, ...] = ()
    counts: UseCounts = UseCounts()
    scan: Scan | None = field(default=None, repr=False)
    progress: ScanProgress | None = None
    fill: Fill | None = field(default=None, repr=False)

    @property
    def vcenter(self) -> str:
        return self.inventory.vcenter.name

    @property
    def next_of_nova(self) -> tuple[Cluster, ...] | None:
        """Whose next disk goes here; None: of some cluster that may take it, nobody knows."""
        if self.takers is None or any(t.takes is not False and not t.known for t in self.takers):
            return None
        mine = self.datastore.moref
        return tuple(
            taker.driver.cluster
            for taker in self.takers
            if taker.picked and taker.picked.moref == mine
        )

    @property
    def next_of_cinder(self) -> tuple[Cluster, ...] | None:
        """Whose instances' next volume goes here; None: of some cluster nobody knows."""
        if not all(pick.known for pick in self.cinder):
            return None
        mine = self.datastore.moref
        return tuple(
            pick.cluster for pick in self.cinder if any(d.moref == mine for d in pick.picked)
        )


def entries_of(
    book: KeptBook,
    inventory: Inventory,
    drivers: Sequence[Driver] | None,
    scans: Scans,
    servers: IndexedServers | None,
    *,
    volume_gb: int = VOLUME_GB,
    only: MoRef | None = None,
) -> list[DatastoreEntry]:
    """Every datastore of one vCenter, in its order, or one alone.

    `inventory` may have newer figures of a datastore than `book`. `drivers` and `servers` None:
    Nova did not tell.
    """
    sums = None if drivers is None else [(d, next_for_nova(d, inventory)) for d in drivers]
    picks: dict[MoRef, CinderPick] = {}
    found = []
    for datastore in inventory.datastores:
        if only not in (None, datastore.moref):
            continue
        mounts = mounts_of(datastore, inventory)
        for cluster in mounts.clusters:
            if cluster.moref not in picks:
                size_bytes = volume_gb * GIB_BYTES
                picks[cluster.moref] = next_for_cinder(cluster, inventory, size_bytes)
        scan = scans.by_datastore.get((inventory.vcenter.name, datastore.moref))
        found.append(
            DatastoreEntry(
                inventory=inventory,
                datastore=datastore,
                mounts=mounts,
                takers=None if sums is None else takers_of(datastore, mounts, sums),
                cinder=tuple(picks[cluster.moref] for cluster in mounts.clusters),
                counts=book.uses.counts(datastore.moref),
                scan=scan,
                progress=scans.progress.get(inventory.vcenter.name),
                fill=None
                if scan is None
                else book.fill(datastore, scan, servers, inventory.read_at),
            )
        )
    return found


def drivers_of(answers: Answers) -> Mapping[str, Sequence[Driver]] | None:
    """The computes that drive clusters, by vCenter; None where Nova did not say. Raises
    `ConfigError`.
    """
    hypervisors = answers.get("hypervisors")
    if hypervisors is None:
        return None
    reading = answers.reading
    services = {service.host: service for service in answers.get("services", ())}
    joined = join_clusters(
        reading.inventories, hypervisors, services, complete=reading.books.complete
    )
    found: dict[str, list[Driver]] = {}
    for books in joined:
        if (driver := _driver(books)) is not None:
            found.setdefault(books.vcenter, []).append(driver)
    return found


def _driver(books: ClusterBooks) -> Driver | None:
    if books.cluster is None or books.hypervisor is None:
        return None
    host = books.hypervisor.service_host
    return Driver(host, books.cluster, driver_settings(get_config(), host).datastore_regex)
