"""An ESX host as a row of the list; everything in it is vCenter's.

As everywhere in a list, `None` is unknown and `""` is nothing.
"""

from dataclasses import dataclass
from functools import cached_property

from vmware_panel.api.clusters import HostEntry
from vmware_panel.domain.cluster_sums import cpu_mhz, free_mb
from vmware_panel.domain.driver_sums import memory_mb_of
from vmware_panel.domain.inventory import EsxHost, HostConnection


@dataclass(frozen=True)
class HostRow:
    """Attributes that no field holds are read from `entry`."""

    entry: HostEntry

    @property
    def host(self) -> EsxHost:
        return self.entry.host

    @property
    def name(self) -> str:
        return self.host.name

    @property
    def moref(self) -> str:
        return self.host.moref

    @property
    def vcenter(self) -> str:
        return self.entry.inventory.vcenter.name

    @property
    def cluster(self) -> str:
        """Empty for a host that stands alone."""
        return self.entry.cluster.name if self.entry.cluster else ""

    @property
    def cluster_moref(self) -> str:
        return self.entry.cluster.moref if self.entry.cluster else ""

    @property
    def state(self) -> str | None:
        """`connected`, `maintenance`, `disconnected`, `notResponding`."""
        connection = self.host.connection
        if connection is None or connection is not HostConnection.CONNECTED:
            return connection.value if connection else None
        if self.host.in_maintenance is None:
            return None
        return "maintenance" if self.host.in_maintenance else connection.value

    @property
    def power(self) -> str | None:
        return self.host.power

    @property
    def memory_mb(self) -> int | None:
        return memory_mb_of(self.host)

    @property
    def memory_used_mb(self) -> int | None:
        return self.entry.usage.memory_used_mb if self.entry.usage else None

    @property
    def memory_free_mb(self) -> int | None:
        return free_mb(self.host, self.entry.usage)

    @property
    def memory_used_percent(self) -> float | None:
        return _percent(self.memory_used_mb, self.memory_mb)

    @property
    def cpu_mhz(self) -> int | None:
        return cpu_mhz(self.host)

    @property
    def cpu_used_mhz(self) -> int | None:
        return self.entry.usage.cpu_used_mhz if self.entry.usage else None

    @property
    def cpu_used_percent(self) -> float | None:
        return _percent(self.cpu_used_mhz, self.cpu_mhz)

    @property
    def cpu_threads(self) -> int | None:
        return self.host.cpu_threads

    @property
    def sockets(self) -> int | None:
        return self.host.cpu_packages

    @property
    def cores_per_socket(self) -> int | None:
        if not self.host.cpu_packages or self.host.cpu_cores is None:
            return None
        return self.host.cpu_cores // self.host.cpu_packages

    @property
    def threads_per_core(self) -> int | None:
        if not self.host.cpu_cores or self.host.cpu_threads is None:
            return None
        return self.host.cpu_threads // self.host.cpu_cores

    @property
    def numa_nodes(self) -> int | None:
        return self.host.numa_nodes

    @property
    def datastores(self) -> int:
        return len(self.host.datastores)

    @property
    def instances(self) -> int:
        return self.entry.instances

    @property
    def other_vms(self) -> int:
        return self.entry.other_vms

    @property
    def version(self) -> str | None:
        return self.host.version

    @property
    def uptime_s(self) -> int | None:
        return self.entry.usage.uptime_s if self.entry.usage else None

    @cached_property
    def texts(self) -> tuple[str | None, ...]:
        """What the free search looks through."""
        return (self.name, self.moref, self.vcenter, self.cluster, self.state, self.version)


def _percent(used: int | None, size: int | None) -> float | None:
    return round(100 * used / size, 1) if used is not None and size else None
