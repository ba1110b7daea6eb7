"""What the simulator holds and where it listens, as one value and one command line."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

ADMINISTRATOR = "administrator@vsphere.local"

#: The instanceUuid that the simulator reports in ``about`` unless told otherwise.
VCENTER_UUID = "dbed6e0c-bd88-4ef6-b594-21283e1c677f"


@dataclass(frozen=True)
class Account:
    """A further vCenter account.

    ``readonly`` has vCenter's role of that name: it sees everything and may change nothing.
    """

    user: str
    password: str = field(repr=False)
    role: Literal["admin", "readonly"] = "admin"


@dataclass(frozen=True)
class SimulatorOptions:
    """Everything that the simulator's command line can say.

    Clusters are called ``DC0_C0``, ``DC0_C1``, ...; hosts ``esx-c0-1.lab.example``, ...; shared
    datastores ``shared-ds-1``, ... (mounted by the hosts of every cluster); local ones
    ``c0-local-1``, ... (mounted by the hosts of cluster 0 alone).

    ``outside_vms`` are VMs that OpenStack does not know; ``nova_vms`` are VMs as Nova's driver
    makes them (see :func:`nova_instance_uuid`). Both are put straight into the inventory, without
    files, so that 40,000 of them are there within seconds.
    """

    listen: str = "127.0.0.1"
    port: int = 8989
    user: str = ADMINISTRATOR
    password: str = field(default="secret", repr=False)
    accounts: tuple[Account, ...] = ()
    vcenter_uuid: str = VCENTER_UUID
    clusters: int = 2
    hosts_per_cluster: int = 3
    threads: int = 32
    memory_gib: int = 256
    shared_datastores: int = 1
    local_datastores_per_cluster: int = 1
    capacity_gib: int = 0
    """Capacity of each datastore; 0: 2 TiB, and more where the VMs below need it."""
    port_groups: int = 1
    outside_vms: int = 0
    nova_vms: int = 0
    empty_clusters: int = 0
    """Further clusters, without a host; their names go on counting."""
    long_names: bool = False
    """Clusters and hosts have names of 80 characters. Nova finds its clusters by their names."""
    cert_file: Path | None = None
    key_file: Path | None = None
    wsdl_dir: Path | None = None
    work_dir: Path | None = None
    """Where the datastores' files go; without it, a temporary folder, removed at the end."""
    with_parent: bool = False
    """End when the process that started the simulator has ended, however it ended."""
    trace: bool = False
    """Write every SOAP message to standard error: passwords and all."""

    def __post_init__(self) -> None:
        if (self.cert_file is None) != (self.key_file is None):
            raise ValueError("cert_file and key_file belong together: give both or none")
        if self.clusters < 1 or self.hosts_per_cluster < 1:
            raise ValueError("clusters and hosts_per_cluster must be at least 1")
        if self.shared_datastores + self.local_datastores_per_cluster < 1:
            raise ValueError("there must be a shared datastore or a local one for each cluster")

    def argv(self, binary: Path) -> list[str]:
        """The command line that starts ``binary`` (of :func:`~lab.simulator.ensure_built`)."""
        flags: dict[str, object] = {
            "listen": f"{self.listen}:{self.port}",
            "user": self.user,
            "password": self.password,
            "vcenter-uuid": self.vcenter_uuid,
            "clusters": self.clusters,
            "hosts-per-cluster": self.hosts_per_cluster,
            "threads": self.threads,
            "memory-gib": self.memory_gib,
            "shared-datastores": self.shared_datastores,
            "local-datastores": self.local_datastores_per_cluster,
            "capacity-gib": self.capacity_gib,
            "port-groups": self.port_groups,
            "outside-vms": self.outside_vms,
            "nova-vms": self.nova_vms,
            "empty-clusters": self.empty_clusters,
            "cert": self.cert_file,
            "key": self.key_file,
            "wsdl": self.wsdl_dir,
            "work-dir": self.work_dir,
        }
        argv = [str(binary)]
        argv += [f"-{name}={value}" for name, value in flags.items() if value is not None]
        argv += [f"-account={a.role}:{a.user}:{a.password}" for a in self.accounts]
        if self.long_names:
            argv.append("-long-names")
        if self.with_parent:
            argv.append("-with-parent")
        if self.trace:
            argv.append("-trace")
        return argv


def nova_instance_uuid(index: int) -> str:
    """Server id of the ``index``-th VM (from 0) of ``SimulatorOptions.nova_vms``."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"vmware-panel-lab/instance/{index}"))
