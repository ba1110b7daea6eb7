"""Seeding, proved by booting: what Nova finds in its cache it does not upload.

The simulator copies and takes uploads at a set pace, since this machine's memory is no storage
network: `COPY_MS_PER_MIB` is some 200 MiB/s between two places of an array, `UPLOAD_MS_PER_MIB`
some 100 MiB/s, a wire of 1 Gbit/s. The bytes of an upload travel all the same.
"""

import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.test import override_settings
from pyVmomi import vim

from lab.openstack_conf import cache_prefix, datastore_regex
from lab.vcenter import read
from tests.cloud.images import uploaded
from tests.lab_run import RunningLab
from tests.vsphere.fault_proxy import wait_until
from vmware_panel.api import inventories
from vmware_panel.api.changing import Verdict, carry_out, new_nonce
from vmware_panel.api.context import vcenters_of
from vmware_panel.api.seeding import SeedImage, seed_choices
from vmware_panel.domain.inventory import MoRef
from vmware_panel.domain.jobs import ItemState, Job
from vmware_panel.domain.plans import RefusalKind
from vmware_panel.domain.seed_sources import SourceKind
from vmware_panel.domain.seeding import SeedPlan
from vmware_panel.jobs.journals import journal
from vmware_panel.vsphere import close_clients

pytestmark = pytest.mark.lab

LOG = logging.getLogger(__name__)

MIB = 1 << 20
IMAGE_MIB = 1024
COPY_MS_PER_MIB = 5
UPLOAD_MS_PER_MIB = 10
FLAVOR, ROOT_GB = "db.large", 2
"""Its root disk is larger than the image, so that Nova copies and extends."""
BOOT_S = 300
UPLOADS, SIZES, EXTENDS = (
    "Downloading image file data",
    "Copying root disk of size",
    "Extending root virtual disk",
)


@pytest.fixture(scope="module")
def paced(lab: RunningLab) -> Iterator[None]:
    lab.control.set_pace(copy_ms_per_mib=COPY_MS_PER_MIB, upload_ms_per_mib=UPLOAD_MS_PER_MIB)
    yield
    lab.control.set_pace()


@pytest.fixture
def request_of_admin(
    lab: RunningLab,
    vcenter_setting: dict[str, Any],
    request_of: Callable[..., Any],
    tmp_path: Path,
) -> Iterator[Any]:
    request = request_of()
    request.META = {}
    request.user.username, request.user.id = "admin", "1"
    computes = {
        host: {"cache_prefix": cache_prefix(n), "datastore_regex": datastore_regex(n)}
        for n, host in enumerate(lab.settings.compute_hosts())
    }
    setting = {
        "vcenters": {"lab": vcenter_setting},
        "computes": computes,
        "jobs": {"folder": str(tmp_path / "jobs")},
    }
    with override_settings(VMWARE_PANEL=setting):
        close_clients()
        yield request
    inventories.forget_all()
    close_clients()


class Image:
    """One of a considerable size in Glance, gone after the tests."""

    def __init__(self, lab: RunningLab, name: str, size_mib: int, folder: Path) -> None:
        self.name, self._lab = name, lab
        extent = folder / f"{name}.extent"
        with extent.open("wb") as file:
            file.write(name.encode() * 1000)
            file.truncate(size_mib * MIB)
        self.id = uploaded(lab, name, extent, "preallocated")
        extent.unlink()

    def delete(self) -> None:
        self._lab.admin.image.delete_image(self.id)


@pytest.fixture(scope="module")
def new_image(lab: RunningLab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    made: list[Image] = []

    def make(name: str, size_mib: int = IMAGE_MIB) -> Image:
        made.append(Image(lab, name, size_mib, tmp_path_factory.mktemp("images")))
        return made[-1]

    yield make
    for image in made:
        image.delete()


@dataclass(frozen=True)
class Boot:
    """What one instance took: seconds to ACTIVE, bytes that Nova sent, and what it logged."""

    seconds: float
    uploaded_bytes: int
    said: frozenset[str]
    parent: str


class Cloud:
    def __init__(self, lab: RunningLab) -> None:
        self.lab = lab
        self.nova_user = lab.settings.vcenter_user
        self._made: list[str] = []

    def cluster(self, number: int) -> MoRef:
        with self.lab.login.connected() as service:
            rows = read(service, vim.ClusterComputeResource, "name")
            return next(
                MoRef(c._moId) for c, row in rows.items() if row["name"] == f"DC0_C{number}"
            )

    def boot(self, image: Image, cluster: int, name: str) -> Boot:
        compute = self.lab.admin.compute
        host = self.lab.settings.compute_hosts()[cluster]
        flavor = next(f for f in compute.flavors() if f.name == FLAVOR)
        network = next(iter(self.lab.admin.network.networks()))
        log = self.lab.settings.logs / f"nova-compute-{host}.log"
        before, at = log.stat().st_size, time.monotonic()
        self.lab.control.reset_uploads()
        server: Any = compute.create_server(
            host=host,
            name=name,
            flavor_id=flavor.id,
            image_id=image.id,
            networks=[{"uuid": network.id}],
        )
        self._made.append(server.id)
        while server.status in (None, "BUILD"):
            assert time.monotonic() - at < BOOT_S, "it is not built"
            time.sleep(0.1)
            server = compute.get_server(server.id)
        seconds = time.monotonic() - at
        assert server.status == "ACTIVE", server.fault
        with log.open("rb") as file:
            file.seek(before)
            text = file.read().decode(errors="replace")
        sent = sum(u.bytes for u in self.lab.control.uploads() if u.user == self.nova_user)
        said = frozenset(words for words in (UPLOADS, SIZES, EXTENDS) if words in text)
        with self.lab.login.connected() as service:
            disks = [
                device.backing
                for device in self.lab.vm_of(service, server.id).config.hardware.device
                if hasattr(device, "capacityInKB")
            ]
            parent = disks[0].parent.fileName if disks[0].parent else ""
        return Boot(seconds, sent, said, parent)

    def delete_servers(self) -> None:
        compute = self.lab.admin.compute
        for server in self._made:
            compute.delete_server(server)
        for server in self._made:
            wait_until(lambda: compute.find_server(server) is None, BOOT_S)
        self._made.clear()


@pytest.fixture
def cloud(lab: RunningLab) -> Iterator[Cloud]:
    its = Cloud(lab)
    yield its
    its.delete_servers()


def seeded(
    request: Any, image: Image, cluster: MoRef, **options: Any
) -> tuple[SeedPlan, Job, float]:
    """By the one way to a change, to the job's end."""
    change = SeedImage(request, vcenters_of(request)[0], image.id, [cluster], **options)
    plan = change.plan()
    assert not plan.refused, plan.refusals
    began = time.monotonic()
    result = carry_out(request, change, plan.fingerprint, new_nonce())
    assert result.verdict is Verdict.MADE and result.made, result
    job_id = result.made.job
    wait_until(lambda: (job := journal().read(job_id)) and job.ended_at, BOOT_S)
    job = journal().read(job_id)
    assert job is not None
    assert [item.state for item in job.items] == [ItemState.DONE], job.items
    return plan, job, time.monotonic() - began


@pytest.mark.timeout(900)  # some 3 GiB are sent, at the pace of a wire
def test_a_seeded_image_is_booted_without_an_upload(
    cloud: Cloud, lab: RunningLab, request_of_admin: Any, new_image: Any, paced: None
) -> None:
    request = request_of_admin
    first, second = new_image("seed-proof-a"), new_image("seed-proof-b")
    here, there = cloud.cluster(0), cloud.cluster(1)

    without = cloud.boot(first, 0, "without-seed")
    assert without.uploaded_bytes == IMAGE_MIB * MIB
    assert without.said == {UPLOADS, SIZES, EXTENDS}

    lab.control.reset_uploads()
    plan, job, streaming_s = seeded(request, second, here, root_gb=ROOT_GB)
    (item,) = plan.wanted
    assert item.source and item.source.kind is SourceKind.GLANCE
    streamed = sum(upload.bytes for upload in lab.control.uploads())
    assert streamed == IMAGE_MIB * MIB
    with_streamed = cloud.boot(second, 0, "with-seed-from-glance")
    assert with_streamed.uploaded_bytes == 0
    assert with_streamed.said == frozenset(), "Nova did over again what was there"
    assert with_streamed.parent == f"{item.path}/{second.id}.{ROOT_GB}.vmdk"

    lab.control.reset_uploads()
    plan, job, copying_s = seeded(request, first, there, root_gb=ROOT_GB)
    (item,) = plan.wanted
    assert item.source and item.source.kind is SourceKind.COPY
    assert lab.control.uploads() == (), "a copy by vCenter sends nothing"
    with_copied = cloud.boot(first, 1, "with-seed-by-copy")
    assert with_copied.uploaded_bytes == 0
    assert with_copied.said == frozenset()
    assert with_copied.parent == f"{item.path}/{first.id}.{ROOT_GB}.vmdk"

    LOG.warning(
        "%d MiB image, flavor of %d GiB; copies %d ms/MiB, uploads %d ms/MiB. "
        "Without: %.1f s to ACTIVE, %d MiB uploaded. Seeded from Glance in %.1f s: %.1f s to "
        "ACTIVE, %d B uploaded (%.2f of without). Seeded by copy in %.1f s: %.1f s to ACTIVE, "
        "%d B uploaded (%.2f of without).",
        IMAGE_MIB,
        ROOT_GB,
        COPY_MS_PER_MIB,
        UPLOAD_MS_PER_MIB,
        without.seconds,
        without.uploaded_bytes // MIB,
        streaming_s,
        with_streamed.seconds,
        with_streamed.uploaded_bytes,
        with_streamed.seconds / without.seconds,
        copying_s,
        with_copied.seconds,
        with_copied.uploaded_bytes,
        with_copied.seconds / without.seconds,
    )


def test_a_seeded_image_without_a_sized_copy_is_copied_and_not_uploaded(
    cloud: Cloud, request_of_admin: Any, new_image: Any
) -> None:
    image = new_image("seed-plain", 16)
    plan, _, _ = seeded(request_of_admin, image, cloud.cluster(0))
    boot = cloud.boot(image, 0, "with-plain-seed")
    assert boot.uploaded_bytes == 0
    assert boot.said == {SIZES, EXTENDS}
    plan = SeedImage(
        request_of_admin, vcenters_of(request_of_admin)[0], image.id, [cloud.cluster(0)]
    ).plan()
    assert [refusal.kind for refusal in plan.refusals] == [RefusalKind.ALREADY_SO]


def test_the_plan_names_the_datastore_that_nova_takes(
    cloud: Cloud, request_of_admin: Any, new_image: Any
) -> None:
    image = new_image("seed-place", 8)
    request = request_of_admin
    change = SeedImage(request, vcenters_of(request)[0], image.id, [cloud.cluster(0)])
    (item,) = change.plan().wanted
    boot = cloud.boot(image, 0, "where-to")
    assert boot.parent.startswith(f"[{item.target.datastore.name}] {item.target.root}/{image.id}/")


def test_without_the_settings_of_the_compute_nothing_is_planned(
    lab: RunningLab, configured: Any, request_of: Any, cloud: Cloud, new_image: Any
) -> None:
    image = new_image("seed-untold", 8)
    request = request_of()
    with configured():
        change = SeedImage(request, vcenters_of(request)[0], image.id, [cloud.cluster(0)])
        plan = change.plan()
    assert plan.refused
    assert not plan.wanted


def test_an_image_of_another_hypervisor_is_refused_by_name(
    request_of_admin: Any, cloud: Cloud, lab: RunningLab
) -> None:
    image = next(i for i in lab.admin.image.images() if i.name == "debian-12-kvm")
    request = request_of_admin
    change = SeedImage(request, vcenters_of(request)[0], image.id, [cloud.cluster(0)])
    plan = change.plan()
    assert {refusal.kind for refusal in plan.refusals} == {RefusalKind.IMAGE_UNFIT}


def test_what_may_be_chosen_costs_vcenter_nothing(lab: RunningLab, request_of_admin: Any) -> None:
    choices = seed_choices(request_of_admin)
    wait_until(lambda: bool(seed_choices(request_of_admin).clusters), 60)
    lab.control.reset_calls()
    choices = seed_choices(request_of_admin)
    assert choices.images and choices.flavors and len(choices.clusters) == 2
    assert not lab.page_calls(), lab.page_calls()
