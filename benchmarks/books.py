"""A made inventory, as large in every field as Nova's VMs are on a cloud in use.

Linked clones with two disks, four lines of annotation, clusters of 32 hosts, datastores of a
cluster.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from vmware_panel.domain.inventory import (
    NOVA_EXTENSION,
    Cluster,
    Datacenter,
    Datastore,
    EsxHost,
    Folder,
    HostConnection,
    Inventory,
    MoRef,
    ResourcePool,
    ToolsStatus,
    VCenter,
    VirtualDisk,
    VirtualMachine,
    VmPower,
)

VMS_PER_HOST = 16


@dataclass(frozen=True)
class Shape:
    hosts_per_cluster: int = 32
    datastores_per_cluster: int = 8


INDEXES = (
    "cluster_by_ref",
    "host_by_ref",
    "datastore_by_ref",
    "pool_by_ref",
    "folder_by_ref",
    "vms_by_instance_uuid",
    "vms_by_claimed_uuid",
    "vms_by_disk_path",
    "hosts_by_cluster",
)


def inventory(vms: int, shape: Shape = Shape()) -> Inventory:
    """So many VMs, and the hosts, datastores, pools and folders that they need."""
    hosts = -(-vms // VMS_PER_HOST)
    clusters = -(-hosts // shape.hosts_per_cluster)
    datastores = clusters * shape.datastores_per_cluster
    return Inventory(
        vcenter=VCenter("bench", "vcenter.example.org", 443, str(UUID(int=1)), "VMware vCenter"),
        read_at=datetime(2026, 11, 22, 3, 0, tzinfo=UTC),
        datacenters=(Datacenter(MoRef("datacenter-3"), "DC0", MoRef("group-d1")),),
        folders=tuple(
            Folder(MoRef(f"group-v{number}"), f"Project ({UUID(int=number)})", MoRef("group-v4"))
            for number in range(vms // 100)
        ),
        resource_pools=tuple(
            ResourcePool(MoRef(f"resgroup-{n}"), "Resources", None, MoRef(f"domain-c{n}"))
            for n in range(clusters)
        ),
        clusters=tuple(
            Cluster(MoRef(f"domain-c{n}"), f"DC0_C{n}", MoRef(f"resgroup-{n}"), True, "auto", True)
            for n in range(clusters)
        ),
        hosts=tuple(_host(number, shape) for number in range(hosts)),
        datastores=tuple(_datastore(n, hosts, shape) for n in range(datastores)),
        vms=tuple(_vm(number, shape) for number in range(vms)),
    )


def _host(number: int, shape: Shape) -> EsxHost:
    cluster = number // shape.hosts_per_cluster
    return EsxHost(
        MoRef(f"host-{number}"),
        f"esx-{number}.example.org",
        MoRef(f"domain-c{cluster}"),
        HostConnection.CONNECTED,
        False,
        "poweredOn",
        "8.0.3",
        2,
        64,
        128,
        2400,
        2**40,
        2,
        tuple(
            MoRef(f"datastore-{cluster * shape.datastores_per_cluster + n}")
            for n in range(shape.datastores_per_cluster)
        ),
    )


def _datastore(number: int, hosts: int, shape: Shape) -> Datastore:
    first = number // shape.datastores_per_cluster * shape.hosts_per_cluster
    after = min(first + shape.hosts_per_cluster, hosts)
    return Datastore(
        MoRef(f"datastore-{number}"),
        f"ssd-{number}",
        "VMFS",
        f"ds:///vmfs/volumes/{UUID(int=number)}/",
        2**44,
        2**43 + number,
        2**42,
        True,
        "normal",
        tuple(MoRef(f"host-{n}") for n in range(first, after)),
    )


def _vm(number: int, shape: Shape) -> VirtualMachine:
    uuid = str(UUID(int=number * 0x9E3779B97F4A7C15F39CC0605CEDC835 % 2**128))
    image = str(UUID(int=number % 40 * 0x9E3779B97F4A7C15 % 2**128))
    host = number // VMS_PER_HOST
    cluster = host // shape.hosts_per_cluster
    store = cluster * shape.datastores_per_cluster + number % shape.datastores_per_cluster
    return VirtualMachine(
        MoRef(f"vm-{number + 1000}"),
        f"web-{number} ({uuid})",
        uuid,
        str(UUID(int=number * 0xD1B54A32D192ED03DEADBEEF12345678 % 2**128)),
        False,
        NOVA_EXTENSION,
        "instance",
        VmPower.ON if number % 7 else VmPower.OFF,
        "connected",
        MoRef(f"host-{host}"),
        MoRef(f"resgroup-{cluster}"),
        MoRef(f"group-v{number // 100}"),
        f"[ssd-{store}] {uuid}/{uuid}.vmx",
        "vmx-19",
        "ubuntu64Guest",
        ToolsStatus.RUNNING,
        4,
        2,
        8192,
        f"name:web-{number}\nuserid:{UUID(int=number % 50).hex}\nusername:user-{number % 50}\n"
        f"projectid:{UUID(int=number // 100).hex}\nprojectname:project-{number // 100}\n"
        f"flavor:name:m1.large\nflavor:memory_mb:8192\nflavor:vcpus:4\nimageid:{image}\n"
        "package:34.0.0\n",
        (MoRef(f"datastore-{store}"),),
        (
            VirtualDisk(
                2000,
                "Hard disk 1",
                f"[ssd-{store}] {uuid}/{uuid}.vmdk",
                MoRef(f"datastore-{store}"),
                40 * 2**30,
                True,
                str(UUID(int=number * 0xA0761D6478BD642FE7037ED1A0B428DB % 2**128)),
                (f"[ssd-{store}] vmware_base/{image}/{image}.40.vmdk",),
            ),
            VirtualDisk(
                2001,
                "Hard disk 2",
                f"[ssd-{store}] volume-{uuid}/volume-{uuid}.vmdk",
                MoRef(f"datastore-{store}"),
                100 * 2**30,
                True,
                str(UUID(int=number * 0xE7037ED1A0B428DBA0761D6478BD642F % 2**128)),
            ),
        ),
        {"nvp.vm-uuid": uuid},
    )
