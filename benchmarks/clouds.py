"""A made cloud on a made vCenter: what OpenStack lists, and what searches of datastores find.

Each cluster is a nova-compute's, with a root of the image cache of its own on every datastore that
the cluster mounts. Each VM is a linked clone of one of the images there.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cached_property
from typing import Any
from uuid import UUID

from benchmarks.books import Shape, inventory
from vmware_panel.domain.cloud import (
    ComputeService,
    Hypervisor,
    Image,
    NovaPower,
    Server,
    ServiceState,
    StoragePool,
    Volume,
)
from vmware_panel.domain.datastore_files import DatastoreFile, FileKind, Scan, TopFolder
from vmware_panel.domain.inventory import (
    CINDER_EXTENSION,
    Inventory,
    MoRef,
    VirtualDisk,
    VirtualMachine,
    VmPower,
)
from vmware_panel.domain.lineage import datastore_name, file_path

HOSTS_PER_CLUSTER = 63
"""1,000 VMs, as in the simulator (`benchmarks.vcenters`)."""

BACKEND = "cinder@vmware#vmware"
MIB = 1 << 20
LEFT_EVERY = 20
"""On each such datastore something was left: a temporary folder, and an instance that is gone."""


@dataclass(frozen=True)
class Nova:
    """What Nova lists of a made book: each VM's server, and the services and nodes of its clusters."""

    servers: tuple[Server, ...]
    services: Mapping[str, ComputeService]
    hypervisors: Mapping[str, Hypervisor]

    @classmethod
    def of(cls, book: Inventory) -> "Nova":
        uuid = book.vcenter.instance_uuid
        names = {f"{cluster.moref}.{uuid}": compute_of(cluster.moref) for cluster in book.clusters}
        return cls(
            tuple(_server(vm, book) for vm in book.vms if vm.managed_by_nova),
            {
                host: ComputeService(str(UUID(int=n)), host, state=ServiceState.UP)
                for n, host in enumerate(names.values())
            },
            {
                node: Hypervisor(str(UUID(int=n)), node, service_host=host)
                for n, (node, host) in enumerate(names.items())
            },
        )


@dataclass(frozen=True)
class MadeCloud:
    book: Inventory
    nova: Nova
    images: tuple[Image, ...] = ()
    scans: tuple[Scan, ...] = ()
    volumes: tuple[Volume, ...] = ()
    pools: tuple[StoragePool, ...] = (StoragePool(BACKEND, "vmdk", "VMware"),)

    @cached_property
    def project_names(self) -> Mapping[str, str]:
        ids = {server.project_id for server in self.nova.servers}
        return {project: f"name of {project}" for project in sorted(ids)}

    @property
    def settings(self) -> dict[str, dict[str, Any]]:
        """What VMWARE_PANEL tells of the computes: whose each root of the cache is."""
        return {
            compute_of(cluster.moref): {
                "cache_prefix": compute_of(cluster.moref),
                "datastore_regex": "ssd-",
                "remove_unused_original_minimum_age_seconds": 86400,
                "manager_interval": 2400,
            }
            for cluster in self.book.clusters
        }


def cached(vms: int, folders: int, datastores_per_cluster: int) -> MadeCloud:
    """VMs on `folders` cached images in all, spread over all datastores; every datastore searched.

    On each datastore its VMs stand on half of the images. Every tenth server was moved to the next
    compute since.
    """
    shape = Shape(HOSTS_PER_CLUSTER, datastores_per_cluster)
    book = inventory(vms, shape)
    each = -(-folders // len(book.datastores))
    images = tuple(_image(number) for number in range(each))
    parents = images[: max(1, each // 2)]
    whole = replace(book, vms=tuple(_standing(vm, book, parents) for vm in book.vms))
    nova = Nova.of(whole)
    hosts = list(nova.services)
    servers = tuple(
        replace(
            server,
            image_id=_parent_id(vm),
            volume_ids=(),
            compute_host=_next(hosts, server.compute_host) if n % 10 == 0 else server.compute_host,
        )
        for n, (server, vm) in enumerate(zip(nova.servers, whole.vms, strict=True))
    )
    scans = tuple(_scans(whole, images, shape))
    return MadeCloud(whole, replace(nova, servers=servers), images, scans)


def with_volumes(volumes: int) -> MadeCloud:
    """As many instances as volumes; each volume is attached, and its shadow VM is there."""
    book = inventory(volumes, Shape(HOSTS_PER_CLUSTER))
    ids = [str(UUID(int=n * 0xA24BAED4963EE407B5AD4DECE4E65B51 % 2**128)) for n in range(volumes)]
    holders = tuple(map(_holding, book.vms, ids))
    shadows = tuple(map(_shadow, holders, ids))
    servers = tuple(
        replace(server, volume_ids=(its,))
        for server, its in zip(Nova.of(book).servers, ids, strict=True)
    )
    long_ago = book.read_at - timedelta(days=3)
    listed = tuple(
        Volume(
            id=its,
            name=f"data-{n}",
            status="in-use",
            size_gb=100,
            project_id=server.project_id,
            backend_host=BACKEND,
            server_ids=(server.id,),
            created=long_ago,
            updated=long_ago,
        )
        for n, (its, server) in enumerate(zip(ids, servers, strict=True))
    )
    whole = replace(book, vms=(*holders, *shadows))
    return MadeCloud(whole, replace(Nova.of(book), servers=servers), volumes=listed)


def compute_of(cluster: MoRef) -> str:
    return f"compute-{cluster}"


def _server(vm: VirtualMachine, book: Inventory) -> Server:
    cluster = book.cluster_of_vm(vm)
    moref = cluster.moref if cluster else MoRef("")
    return Server(
        id=vm.instance_uuid,
        name=vm.name.partition(" ")[0],
        project_id=f"project-{vm.folder}",
        status="ACTIVE",
        vm_state="active",
        power=NovaPower.RUNNING if vm.power is VmPower.ON else NovaPower.SHUTDOWN,
        compute_host=compute_of(moref),
        node=f"{moref}.{book.vcenter.instance_uuid}",
        volume_ids=(vm.instance_uuid,),
        updated=book.read_at - timedelta(hours=1),
    )


def _image(number: int) -> Image:
    its = str(UUID(int=number * 0x9E3779B97F4A7C15F39CC0605CEDC835 % 2**128))
    return Image(its, f"image {number}", "active", 900 * MIB)


def _standing(vm: VirtualMachine, book: Inventory, images: Sequence[Image]) -> VirtualMachine:
    cluster = book.cluster_of_vm(vm)
    root = _root(cluster.moref if cluster else MoRef(""))
    number = int(vm.moref.rpartition("-")[2])
    image = images[number % len(images)].id
    first, *others = vm.disks
    parent = f"[{datastore_name(first.path)}] {root}/{image}/{image}.40.vmdk"
    return replace(vm, disks=(replace(first, parent_paths=(parent,)), *others))


def _parent_id(vm: VirtualMachine) -> str:
    return file_path(vm.disks[0].parent_paths[0]).split("/")[1]


def _next(hosts: Sequence[str], host: str | None) -> str | None:
    return hosts[(hosts.index(host) + 1) % len(hosts)] if host in hosts else host


def _root(cluster: MoRef) -> str:
    return f"{compute_of(cluster)}_base"


def _scans(book: Inventory, images: Sequence[Image], shape: Shape) -> Iterator[Scan]:
    """Five minutes before the book: folders of every VM, and the cluster's root with its images."""
    tops: defaultdict[str, set[str]] = defaultdict(set)
    for vm in book.vms:
        for path in (vm.vm_path, *(disk.path for disk in vm.disks)):
            tops[datastore_name(path)].add(file_path(path).partition("/")[0])
    for number, datastore in enumerate(book.datastores):
        root = _root(book.clusters[number // shape.datastores_per_cluster].moref)
        files = [file for image in images for file in _files(root, image.id)]
        folders = [TopFolder(root, len(images) * 1802 * MIB, len(images) * 4)]
        folders += [
            TopFolder(name, 3 << 30, 12, None, True) for name in sorted(tops[datastore.name])
        ]
        if number % LEFT_EVERY == 0:
            files.append(DatastoreFile("vmware_temp/left/a.vmdk", FileKind.DISK, MIB))
            folders.append(TopFolder("vmware_temp", MIB, 1))
            folders.append(TopFolder(str(UUID(int=2**127 + number)), 3 << 30, 12))
        yield Scan(
            book.vcenter.name,
            datastore.moref,
            datastore.name,
            book.read_at - timedelta(minutes=5),
            book.datacenters[0].moref,
            tuple(folders),
            tuple(files),
            took_s=60.0,
        )


def _files(root: str, image: str) -> list[DatastoreFile]:
    """The image and a sized copy, each with its extent; as a search lists them."""
    at = f"{root}/{image}"
    return [
        DatastoreFile(at, FileKind.FOLDER),
        DatastoreFile(f"{at}/{image}.vmdk", FileKind.DISK, MIB),
        DatastoreFile(f"{at}/{image}-flat.vmdk", FileKind.DISK, 900 * MIB),
        DatastoreFile(f"{at}/{image}.40.vmdk", FileKind.DISK, MIB),
        DatastoreFile(f"{at}/{image}.40-flat.vmdk", FileKind.DISK, 900 * MIB),
    ]


def _holding(vm: VirtualMachine, volume: str) -> VirtualMachine:
    """With its second disk as the volume's file."""
    root, data = vm.disks
    path = f"[{datastore_name(data.path)}] volume-{volume}/volume-{volume}.vmdk"
    return replace(vm, disks=(root, replace(data, path=path, backing_uuid=volume)))


def _shadow(vm: VirtualMachine, volume: str) -> VirtualMachine:
    disk: VirtualDisk = vm.disks[1]
    number = int(vm.moref.rpartition("-")[2])
    return replace(
        vm,
        moref=MoRef(f"vm-{number + 1_000_000}"),
        name=f"volume-{volume}",
        instance_uuid=volume,
        manager_key=CINDER_EXTENSION,
        manager_type="volume",
        power=VmPower.OFF,
        annotation="",
        vm_path=f"[{datastore_name(disk.path)}] volume-{volume}/volume-{volume}.vmx",
        disks=(disk,),
        extra_config={},
    )
