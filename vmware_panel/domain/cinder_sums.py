"""The datastore that Cinder's VMDK driver would take for a volume.

Repeated from cinder 27 (`cinder/volume/drivers/vmware/`):

- `vmdk._initialize_connection`: a volume without a shadow VM gets one when it is attached, on the
  ESX host of the instance, so that only datastores of that host come into question;
- `datastore.DatastoreSelector._filter_datastores`: it is accessible, not in maintenance mode nor on
  the way there, of a known type, and the volume fits its free space;
- `datastore.DatastoreSelector._select_best_datastore`: the one that most hosts mount, and of those
  the one with the lowest utilization; the host is connected and not in maintenance mode.

Not known here, and so left out: `vmware_datastore_regex`, storage profiles, and how each host
mounts a datastore (read-only, say).
"""

from collections.abc import Iterable
from dataclasses import dataclass

from vmware_panel.domain.datastores import ENTERING, IN_MAINTENANCE
from vmware_panel.domain.inventory import Cluster, Datastore, EsxHost, Inventory

DATASTORE_TYPES = frozenset({"nfs", "vmfs", "vsan", "vvol", "nfs41"})
"""`datastore.DatastoreType`, in lower case as the driver compares them."""


@dataclass(frozen=True, slots=True)
class CinderPick:
    """For instances of one cluster. `picked` are as many as its hosts lead to: mostly one.

    `known` False: a size or a host's state is not known, and so is whether another would be picked.
    """

    cluster: Cluster
    size_bytes: int
    picked: tuple[Datastore, ...] = ()
    known: bool = True


def next_for_cinder(cluster: Cluster, inventory: Inventory, size_bytes: int) -> CinderPick:
    """Which datastore a volume of that size goes to when an instance of the cluster gets it."""
    hosts = inventory.hosts_by_cluster.get(cluster.moref, ())
    usable = [host for host in hosts if host.usable]
    known = all(host.usable is not None for host in hosts)
    by_mounts = {frozenset(host.datastores): host for host in usable}
    picked: dict[Datastore, None] = {}
    for refs, host in by_mounts.items():
        mounted = [d for d in inventory.datastores if d.moref in refs]
        known = known and all(map(_is_told, mounted))
        if (best := best_for_volume(mounted, host, size_bytes)) is not None:
            picked[best] = None
    return CinderPick(cluster, size_bytes, tuple(picked), known)


def best_for_volume(
    datastores: Iterable[Datastore], host: EsxHost, size_bytes: int
) -> Datastore | None:
    """The driver's choice for an instance on that host, which can be used; None: none fits.

    Of equals the first that vCenter names.
    """
    fitting = [d for d in datastores if host.moref in d.hosts and fits_volume(d, size_bytes)]
    return min(fitting, key=lambda d: (-len(d.hosts), utilization(d)), default=None)


def fits_volume(datastore: Datastore, size_bytes: int) -> bool:
    return bool(
        datastore.accessible
        and datastore.maintenance_mode not in (ENTERING, IN_MAINTENANCE)
        and (datastore.type or "").lower() in DATASTORE_TYPES
        and datastore.capacity_bytes
        and datastore.free_bytes is not None
        and datastore.free_bytes >= size_bytes
    )


def utilization(datastore: Datastore) -> float:
    """Between 0 and 1; 1 where a size is not known."""
    if not datastore.capacity_bytes or datastore.free_bytes is None:
        return 1.0
    return 1.0 - datastore.free_bytes / datastore.capacity_bytes


def _is_told(datastore: Datastore) -> bool:
    return None not in (datastore.accessible, datastore.capacity_bytes, datastore.free_bytes)
