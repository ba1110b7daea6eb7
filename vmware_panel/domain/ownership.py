"""Which of vCenter's objects are OpenStack's, or carry what is."""

from collections.abc import Collection, Iterator

from vmware_panel.domain.inventory import Inventory, MoRef


def owned(inventory: Inventory, nova_clusters: Collection[MoRef]) -> frozenset[MoRef]:
    """The VMs of Nova and Cinder; the clusters that Nova's nodes name, with their hosts, pools and
    the datastores mounted there.
    """
    return frozenset(_owned(inventory, frozenset(nova_clusters)))


def mounted(inventory: Inventory, clusters: Collection[MoRef]) -> frozenset[MoRef]:
    """The datastores that a host of these clusters mounts."""
    hosts = (h for cluster in clusters for h in inventory.hosts_by_cluster.get(cluster, ()))
    return frozenset(datastore for host in hosts for datastore in host.datastores)


def _owned(inventory: Inventory, clusters: frozenset[MoRef]) -> Iterator[MoRef]:
    yield from (vm.moref for vm in inventory.vms if vm.managed_by_nova or vm.managed_by_cinder)
    yield from clusters
    for cluster in clusters:
        for host in inventory.hosts_by_cluster.get(cluster, ()):
            yield host.moref
    yield from mounted(inventory, clusters)
    yield from (pool.moref for pool in inventory.resource_pools if pool.owner in clusters)
