"""Images that a test has in Glance for itself; it deletes them."""

from pathlib import Path

from lab.images import make_image, upload_image
from tests.lab_run import RunningLab


def probe_image(lab: RunningLab, name: str) -> str:
    """A small sparse disk, so that no other instance keeps the image in use; its id."""
    path = lab.settings.build / "images" / f"{name}.vmdk"
    make_image(path, "sparse", 1)
    return uploaded(lab, name, path, "sparse")


def uploaded(
    lab: RunningLab, name: str, body: Path | bytes, disk_type: str, container: str = "bare"
) -> str:
    """For Nova's VMware driver, with such a disk in it; its id."""
    return upload_image(
        lab.admin,
        name,
        body,
        container_format=container,
        img_hv_type="vmware",
        vmware_adaptertype="lsiLogic",
        vmware_disktype=disk_type,
    )
