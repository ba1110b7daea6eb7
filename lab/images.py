"""Small disk images of every kind that Nova's VMware driver boots from, and how Glance gets one."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

from openstack.connection import Connection

_QEMU_SUBFORMATS = {"sparse": "monolithicSparse", "streamOptimized": "streamOptimized"}


def make_image(path: Path, kind: str, size_mb: int) -> None:
    """Make a disk image of ``size_mb`` at ``path``, if it is not there.

    ``flat`` is the bare extent of a preallocated VMDK, as the driver uploads one; ``qcow2`` is for
    computes of other drivers.

    :raises subprocess.CalledProcessError: qemu-img refused
    """
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".part")
    if kind == "flat":
        with unfinished.open("wb") as extent:
            extent.truncate(size_mb * 2**20)
    else:
        command = ["qemu-img", "create", "-q"]
        if kind in _QEMU_SUBFORMATS:
            command += ["-f", "vmdk", "-o", f"subformat={_QEMU_SUBFORMATS[kind]}"]
        else:
            command += ["-f", kind]
        subprocess.run([*command, str(unfinished), f"{size_mb}M"], check=True)
    unfinished.rename(path)


def upload_image(
    cloud: Connection,
    name: str,
    body: Path | bytes,
    *,
    disk_format: str = "vmdk",
    container_format: str = "bare",
    **properties: str,
) -> str:
    """Put it into Glance, for all projects; its id. Another of the same name stays.

    Two plain calls: create_image of the cloud layer adds checksums and looks for tasks.
    """
    wanted: dict[str, Any] = dict(properties)
    made: Any = cloud.image.create_image(
        name=name,
        disk_format=disk_format,
        container_format=container_format,
        visibility="public",
        allow_duplicates=True,
        validate_checksum=False,
        **wanted,
    )
    if isinstance(body, Path):
        with body.open("rb") as data:
            made.data = data
            made.upload(cloud.image)
    else:
        made.data = body
        made.upload(cloud.image)
    return str(made.id)
