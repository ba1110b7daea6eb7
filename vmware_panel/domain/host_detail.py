"""What vCenter says of one ESX host beyond the inventory."""

from dataclasses import dataclass

from vmware_panel.domain.cluster_detail import NumaNode
from vmware_panel.domain.inventory import EsxHost, Inventory
from vmware_panel.domain.usage import HostUsage


@dataclass(frozen=True, slots=True)
class NetworkAdapter:
    """One physical adapter. `link_mbps` None: no link, as far as vCenter knows."""

    device: str
    mac: str = ""
    driver: str = ""
    link_mbps: int | None = None


@dataclass(frozen=True)
class HostDetail:
    """One ESX host, read at that moment.

    `inventory` is not whole: the host, its cluster, the datastores that it mounts, and all VMs that
    stand on it with their pools and folders. `adapters` None: vCenter does not say. `power_policy`
    is vCenter's short name of it (`static`, `dynamic`, `low`, `custom`).
    """

    inventory: Inventory
    host: EsxHost
    usage: HostUsage
    vendor: str = ""
    model: str = ""
    cpu_model: str = ""
    product: str = ""  # e.g. "VMware ESXi 8.0.2 build-22380479"
    power_policy: str = ""
    numa: tuple[NumaNode, ...] = ()
    adapters: tuple[NetworkAdapter, ...] | None = None
