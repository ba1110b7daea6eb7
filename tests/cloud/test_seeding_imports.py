"""streamOptimized images and OVAs, seeded by a lease and proved by booting, beside Nova's own import."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pyVmomi import vim

from lab.vcenter import read
from tests.cloud.images import uploaded
from tests.cloud.test_seeding import (
    FLAVOR,
    ROOT_GB,
    SIZES,
    UPLOADS,
    Cloud,
    cloud,
    request_of_admin,
    seeded,
)
from tests.lab_run import RunningLab
from tests.streamed_vmdk import MIB, ova, ovf, streamed_vmdk

__all__ = ["FLAVOR", "cloud", "request_of_admin"]  # fixtures

pytestmark = pytest.mark.lab

CAPACITY = 64 * MIB


class StreamedImage:
    """In Glance, and gone after the test. `disk` is what is in the image, `body` the image."""

    def __init__(self, lab: RunningLab, name: str, *, as_ova: bool = False) -> None:
        self.name = name
        self._lab = lab
        content = {0: b"boot" * 500, 40 * MIB: b"far in", CAPACITY - 512: b"last" * 128}
        self.disk = streamed_vmdk(CAPACITY, content)
        self.body = self.disk
        if as_ova:
            self.body = ova([("a.ovf", ovf("a.vmdk")), ("a.vmdk", self.disk)])
        container = "ova" if as_ova else "bare"
        self.id = uploaded(lab, name, self.body, "streamOptimized", container)

    def delete(self) -> None:
        self._lab.admin.image.delete_image(self.id)


@pytest.fixture
def streamed_image(lab: RunningLab) -> Iterator[Callable[..., StreamedImage]]:
    made: list[StreamedImage] = []

    def make(name: str, **options: Any) -> StreamedImage:
        made.append(StreamedImage(lab, name, **options))
        return made[-1]

    yield make
    for image in made:
        image.delete()


def cached(lab: RunningLab, image: StreamedImage) -> list[Path]:
    """The image's extents in all caches, as they lie on this machine."""
    with lab.login.connected() as service:
        urls = [ds["summary.url"] for ds in read(service, vim.Datastore, "summary.url").values()]
    return [found for url in urls for found in Path(url).glob(f"*_base/{image.id}/*-flat.vmdk")]


def helpers(lab: RunningLab) -> list[str]:
    with lab.login.connected() as service:
        names = [vm["name"] for vm in read(service, vim.VirtualMachine, "name").values()]
    return [name for name in names if name.startswith("OSTACK_IMG_")]


def test_a_streamed_image_is_as_nova_imports_it_and_booted_without_an_upload(
    cloud: Cloud, lab: RunningLab, request_of_admin: Any, streamed_image: Any
) -> None:
    """Real Nova boots a twin by its own lease first: its cached disk is the measure."""
    twin, image = streamed_image("import-by-nova"), streamed_image("import-by-seed")
    without = cloud.boot(twin, 0, "without-import-seed")
    assert without.uploaded_bytes == len(twin.disk)
    assert UPLOADS in without.said

    lab.control.reset_uploads()
    plan, job, _ = seeded(request_of_admin, image, cloud.cluster(0), root_gb=ROOT_GB)
    (item,) = plan.wanted
    assert item.imported
    assert "fetch lease" in [step.name for step in job.items[0].steps]
    assert sum(upload.bytes for upload in lab.control.uploads()) == len(image.disk)
    assert helpers(lab) == []
    ours = {p.name.replace(image.id, ""): p for p in cached(lab, image)}
    novas = {p.name.replace(twin.id, ""): p for p in cached(lab, twin)}
    assert ours.keys() == novas.keys()
    assert ours["-flat.vmdk"].read_bytes() == novas["-flat.vmdk"].read_bytes()

    boot = cloud.boot(image, 0, "with-import-seed")
    assert boot.uploaded_bytes == 0
    assert boot.said == frozenset(), "Nova did over again what was there"
    assert boot.parent == f"{item.path}/{image.id}.{ROOT_GB}.vmdk"


def test_an_ovas_disk_is_booted_without_an_upload(
    cloud: Cloud, lab: RunningLab, request_of_admin: Any, streamed_image: Any
) -> None:
    image = streamed_image("import-ova", as_ova=True)
    lab.control.reset_uploads()
    plan, _, _ = seeded(request_of_admin, image, cloud.cluster(0))
    assert sum(upload.bytes for upload in lab.control.uploads()) == len(image.disk)
    boot = cloud.boot(image, 0, "with-ova-seed")
    assert boot.uploaded_bytes == 0
    assert UPLOADS not in boot.said and SIZES in boot.said
    assert helpers(lab) == []
