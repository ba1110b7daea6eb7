"""A simulator with two shared datastores, and disks on them as Nova leaves them."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pyVmomi import vim

from lab.vcenter import read
from tests.simulator import RunningSimulator, running_simulator
from tests.vsphere.fault_proxy import wait_until
from tests.vsphere.rig import endpoint_of
from vmware_panel.domain.datastore_paths import DatastorePath, below
from vmware_panel.domain.inventory import Datastore, MoRef
from vmware_panel.domain.tasks import TaskRecord
from vmware_panel.vsphere import VCenterClient

MIB = 1 << 20
IMAGE = "0a1b2c3d-0000-4000-8000-000000000001"
STAGING = "5eed5eed-0000-4000-8000-000000000001"
DISK, EXTENT = f"{IMAGE}.vmdk", f"{IMAGE}-flat.vmdk"


class Rig:
    def __init__(self, simulator: RunningSimulator, client: VCenterClient) -> None:
        self.simulator = simulator
        self.client = client
        self.places = {d.name: client.file_place(d.moref) for d in _datastores(client)}
        self.shared = self.places["shared-ds-1"]

    def path(self, *names: str, datastore: str = "shared-ds-1") -> DatastorePath:
        return below(datastore, *names)

    def file(self, path: DatastorePath) -> Path:
        return Path(self.places[path.datastore].url).joinpath(*path.names)

    def cached(self, size_mib: int = 8, datastore: str = "shared-ds-2") -> DatastorePath:
        """A disk in a cache as Nova leaves one, with something in it."""
        path = self.path("c0_base", IMAGE, DISK, datastore=datastore)
        self.file(path).parent.mkdir(parents=True)
        self.file(path).write_text("# Disk DescriptorFile")
        with self.file(path).with_name(EXTENT).open("wb") as extent:
            extent.write(b"boot" * 256)
            extent.truncate(size_mib * MIB)
        return path

    def staged(self, name: str = DISK) -> DatastorePath:
        folder = self.path("vmware_temp", STAGING, IMAGE)
        if not self.file(folder).exists():
            self.client.make_directory(self.shared, folder, parents=True)
        return folder.child(name)

    def ended(self, task: MoRef) -> TaskRecord:
        wait_until(lambda: self.client.tasks([task])[0].done)
        return self.client.tasks([task])[0]

    def copy(self, source: DatastorePath, destination: DatastorePath) -> MoRef:
        place = self.places[source.datastore]
        return self.client.copy_disk(source, place.datacenter, self.shared, destination)


def _datastores(client: VCenterClient) -> tuple[Datastore, ...]:
    return client.read_inventory().datastores


@pytest.fixture(scope="module")
def two_datastores() -> Iterator[RunningSimulator]:
    with running_simulator(shared_datastores=2) as simulator:
        yield simulator


@pytest.fixture
def rig(two_datastores: RunningSimulator, new_client: Callable) -> Iterator[Rig]:
    """With nothing on the datastores, and as fast and healthy as it comes."""
    control = two_datastores.control
    yield Rig(two_datastores, new_client(endpoint_of(two_datastores)))
    for datastore in ("shared-ds-1", "shared-ds-2"):
        control.set_free(datastore, None)
        control.set_accessible(datastore, True)
    control.set_pace()
    control.clear_faults()
    with two_datastores.login.connected() as service:
        urls = [d["summary.url"] for d in read(service, vim.Datastore, "summary.url").values()]
    for url in urls:
        shutil.rmtree(url)
        Path(url).mkdir()
    control.reset_uploads()
    control.reset_calls()
