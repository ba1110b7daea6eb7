"""A datastore beside the books: its room, who mounts it, which compute takes it and which not.

Sizes are vCenter's, in bytes, as it last counted them. What Nova's driver makes of a datastore is
repeated in `driver_sums`, what Cinder's does in `cinder_sums`.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from vmware_panel.domain.driver_sums import (
    DatastoreRejection,
    DatastoreSum,
    datastore_sum,
    datastores_of,
    rejection_of,
)
from vmware_panel.domain.inventory import Cluster, Datastore, EsxHost, Inventory, MoRef

NORMAL = "normal"
ENTERING = "enteringMaintenance"
IN_MAINTENANCE = "inMaintenance"


class DatastoreState(StrEnum):
    """`summary.accessible` and `summary.maintenanceMode` as one word; inaccessible comes first."""

    ACCESSIBLE = "accessible"
    INACCESSIBLE = "inaccessible"
    ENTERING_MAINTENANCE = "entering_maintenance"
    MAINTENANCE = "maintenance"


def state_of(datastore: Datastore) -> DatastoreState | None:
    """None: vCenter does not say whether it is accessible."""
    if datastore.accessible is False:
        return DatastoreState.INACCESSIBLE
    if datastore.maintenance_mode == ENTERING:
        return DatastoreState.ENTERING_MAINTENANCE
    if datastore.maintenance_mode not in (None, "", NORMAL):
        return DatastoreState.MAINTENANCE
    return None if datastore.accessible is None else DatastoreState.ACCESSIBLE


def used_bytes(datastore: Datastore) -> int | None:
    """Capacity less free space."""
    if datastore.capacity_bytes is None or datastore.free_bytes is None:
        return None
    return datastore.capacity_bytes - datastore.free_bytes


def provisioned_bytes(datastore: Datastore) -> int | None:
    """What is used, and what thin disks may still grow by (`summary.uncommitted`).

    The vSphere Client's sum: capacity - free + uncommitted.
    """
    used = used_bytes(datastore)
    if used is None or datastore.uncommitted_bytes is None:
        return None
    return used + datastore.uncommitted_bytes


def overcommit(datastore: Datastore) -> float | None:
    """What is provisioned for each byte of capacity; above 1 it cannot all be used at once."""
    provisioned = provisioned_bytes(datastore)
    if provisioned is None or not datastore.capacity_bytes:
        return None
    return provisioned / datastore.capacity_bytes


@dataclass(frozen=True, slots=True)
class ClusterMounts:
    """The hosts of one cluster that mount a datastore, and those that do not.

    `cluster` None: hosts that stand alone; of those only the mounting ones are named.
    """

    cluster: Cluster | None
    mounting: tuple[EsxHost, ...] = ()
    missing: tuple[EsxHost, ...] = ()

    @property
    def partly(self) -> bool:
        return bool(self.missing)


@dataclass(frozen=True, slots=True)
class Mounts:
    """Hosts that the account may not see are not among them."""

    by_cluster: tuple[ClusterMounts, ...] = ()

    @property
    def hosts(self) -> int:
        return sum(len(one.mounting) for one in self.by_cluster)

    @property
    def clusters(self) -> tuple[Cluster, ...]:
        return tuple(one.cluster for one in self.by_cluster if one.cluster)

    def of(self, cluster: MoRef) -> ClusterMounts | None:
        return next(
            (one for one in self.by_cluster if one.cluster and one.cluster.moref == cluster), None
        )


def mounts_of(datastore: Datastore, inventory: Inventory) -> Mounts:
    """By cluster, in the clusters' order by name; hosts that stand alone come last."""
    refs = frozenset(datastore.hosts)
    known = inventory.host_by_ref
    clusters = {
        host.cluster: inventory.cluster_by_ref.get(host.cluster) if host.cluster else None
        for ref in datastore.hosts
        if (host := known.get(ref))
    }
    named = sorted((c for c in clusters.values() if c), key=lambda c: (c.name, c.moref))
    found = [_cluster_mounts(cluster, refs, inventory) for cluster in named]
    alone = tuple(
        host
        for ref in datastore.hosts
        if (host := known.get(ref)) and clusters[host.cluster] is None
    )
    if alone:
        found.append(ClusterMounts(None, _by_name(alone)))
    return Mounts(tuple(found))


def _cluster_mounts(
    cluster: Cluster, refs: frozenset[MoRef], inventory: Inventory
) -> ClusterMounts:
    hosts = inventory.hosts_by_cluster.get(cluster.moref, ())
    return ClusterMounts(
        cluster,
        _by_name(host for host in hosts if host.moref in refs),
        _by_name(host for host in hosts if host.moref not in refs),
    )


def _by_name(hosts: Iterable[EsxHost]) -> tuple[EsxHost, ...]:
    return tuple(sorted(hosts, key=lambda host: (host.name, host.moref)))


@dataclass(frozen=True, slots=True)
class Driver:
    """A nova-compute and its cluster; `regex` None: the settings do not tell its datastore_regex."""

    compute: str
    cluster: Cluster
    regex: re.Pattern[str] | None = None


@dataclass(frozen=True, slots=True)
class Taker:
    """What one compute makes of a datastore that its cluster mounts.

    `rejection` None: its disks may go there. `picked` is the one of its datastores that its next
    disk goes to; None: none may be used, or (`known` False) that cannot be told.
    """

    driver: Driver
    rejection: DatastoreRejection | None = None
    picked: Datastore | None = None
    known: bool = True

    @property
    def takes(self) -> bool | None:
        """None: that is not known."""
        if self.rejection is DatastoreRejection.REGEX_UNKNOWN:
            return None
        return self.rejection is None


def next_for_nova(driver: Driver, inventory: Inventory) -> DatastoreSum:
    """The cluster's datastores as the driver sees them; `picked` is its next disk's, if `known`."""
    return datastore_sum(datastores_of(driver.cluster, inventory), driver.regex)


def takers_of(
    datastore: Datastore, mounts: Mounts, drivers: Sequence[tuple[Driver, DatastoreSum]]
) -> tuple[Taker, ...]:
    """Those computes whose cluster mounts it, with the sums that `next_for_nova` gave for each."""
    return tuple(
        Taker(
            driver,
            rejection_of(datastore, driver.regex),
            sums.picked if sums.known else None,
            sums.known,
        )
        for driver, sums in drivers
        if mounts.of(driver.cluster.moref)
    )


@dataclass(frozen=True, slots=True)
class HostMount:
    """How one host has it (`HostMountInfo`). None: vCenter does not say; `mounted` then counts as
    True and `accessible` as False, by the API's own reading.
    """

    host: MoRef
    mounted: bool | None = None
    accessible: bool | None = None
    access_mode: str = ""  # readWrite or readOnly
    reason: str = ""  # inaccessibleReason

    @property
    def usable(self) -> bool:
        """Writable, mounted and accessible: `cinder/volume/drivers/vmware/volumeops._is_usable`."""
        return (
            self.access_mode == "readWrite" and self.mounted is not False and bool(self.accessible)
        )


@dataclass(frozen=True)
class DatastoreDetail:
    """One datastore read by itself. `counted_at` is when vCenter counted its space (`info.timestamp`).

    vCenter need not tell a watch of new free space (`Datastore.summary` in the vSphere API), so
    this may be newer than the collectors' book.
    """

    read_at: datetime
    datastore: Datastore
    counted_at: datetime | None = None
    mounts: tuple[HostMount, ...] = field(default=(), repr=False)
