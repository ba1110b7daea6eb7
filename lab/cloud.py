"""What is in the lab's cloud: its projects, people, flavors, images, instances and volumes.

Data alone; :mod:`lab.identity` and :mod:`lab.seed` make it.
"""

from __future__ import annotations

import dataclasses

DOMAIN = "default"


@dataclasses.dataclass(frozen=True)
class Project:
    name: str
    description: str
    member: str
    """The one user who is a plain member of it."""


@dataclasses.dataclass(frozen=True)
class Flavor:
    name: str
    vcpus: int
    memory_mb: int
    """A multiple of 4: the VMware driver refuses others."""

    root_gb: int


@dataclasses.dataclass(frozen=True)
class Image:
    """``kind`` names how :mod:`lab.images` makes the file."""

    name: str
    kind: str
    disk_format: str
    properties: dict[str, str]
    size_mb: int = 1


@dataclasses.dataclass(frozen=True)
class Server:
    name: str
    project: str
    flavor: str
    image: str
    cluster: int | None = 0
    """Whose nova-compute it is asked for; None leaves it to the scheduler."""

    stopped: bool = False
    on_local_datastore: bool = False
    """Moved there by vCenter after its boot: Nova itself takes the datastore with the most room."""


@dataclasses.dataclass(frozen=True)
class Volume:
    """``attached_to`` stays attached; ``was_attached_to`` leaves a shadow VM behind."""

    name: str
    project: str
    size_gb: int
    attached_to: str | None = None
    was_attached_to: str | None = None


PROJECTS = (
    Project("web", "Shop front and its caches", member="wendy"),
    Project("data", "Databases and the warehouse", member="dan"),
    Project("ops", "Build, watch and access", member="olga"),
)

FLAVORS = (
    Flavor("image.small", vcpus=1, memory_mb=512, root_gb=0),
    Flavor("web.small", vcpus=1, memory_mb=1024, root_gb=1),
    Flavor("web.medium", vcpus=2, memory_mb=2048, root_gb=1),
    Flavor("db.large", vcpus=4, memory_mb=8192, root_gb=2),
    Flavor("db.xlarge", vcpus=8, memory_mb=16384, root_gb=2),
)

_VMWARE = {"img_hv_type": "vmware", "vmware_adaptertype": "lsiLogic"}

IMAGES = (
    Image("debian-12", "sparse", "vmdk", {**_VMWARE, "vmware_disktype": "sparse"}),
    Image(
        "ubuntu-24.04",
        "streamOptimized",
        "vmdk",
        {**_VMWARE, "vmware_disktype": "streamOptimized"},
    ),
    Image(
        "rocky-9-full-clone",
        "sparse",
        "vmdk",
        {**_VMWARE, "vmware_disktype": "sparse", "img_linked_clone": "false"},
        size_mb=2,
    ),
    Image("windows-2022-flat", "flat", "vmdk", {**_VMWARE, "vmware_disktype": "preallocated"}),
)

OTHER_IMAGE = Image("debian-12-kvm", "qcow2", "qcow2", {"img_hv_type": "fake"})
"""For the compute that is not on vCenter: the scheduler keeps the two kinds apart by it."""

SERVERS = (
    Server("shop-frontend-1", "web", "web.small", "debian-12"),
    Server("shop-frontend-2", "web", "web.small", "debian-12", cluster=1),
    Server("shop-frontend-3", "web", "web.small", "debian-12"),
    Server("shop-cache-1", "web", "web.medium", "ubuntu-24.04", cluster=1),
    Server("shop-legacy-iis", "web", "db.large", "windows-2022-flat", stopped=True),
    Server("orders-db-1", "data", "db.xlarge", "rocky-9-full-clone"),
    Server("orders-db-2", "data", "db.xlarge", "rocky-9-full-clone", cluster=1),
    Server("kafka-1", "data", "db.large", "debian-12"),
    Server("kafka-2", "data", "db.large", "debian-12", cluster=1),
    Server("warehouse-etl", "data", "db.large", "ubuntu-24.04", cluster=1),
    Server("bastion", "ops", "image.small", "debian-12"),
    Server("ci-runner-1", "ops", "web.medium", "ubuntu-24.04", on_local_datastore=True),
    Server("ci-runner-2", "ops", "web.medium", "ubuntu-24.04", cluster=1, on_local_datastore=True),
    Server("prometheus", "ops", "web.medium", "debian-12", cluster=1),
)

OTHER_SERVER = Server("kvm-build-1", "ops", "web.small", OTHER_IMAGE.name, cluster=None)
HOSTILE_SERVER = Server("<b>bold</b> =1+1 \"'&", "ops", "web.small", "debian-12")
"""A name that does harm where a page or an export does not escape it."""

VOLUMES = (
    Volume("orders-db-1-data", "data", 2, attached_to="orders-db-1"),
    Volume("orders-db-backup", "data", 1, was_attached_to="orders-db-2"),
    Volume("scratch", "ops", 1),
)
