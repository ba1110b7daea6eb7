"""What is not as Cinder would have it, of one volume."""

from collections.abc import Iterator, Mapping, Sequence

from vmware_panel.domain.cloud import Volume
from vmware_panel.domain.inventory import VirtualMachine
from vmware_panel.domain.lineage import datastore_name
from vmware_panel.domain.volume_disks import folder_of, size_gb
from vmware_panel.domain.volumes import (
    AttachedDisk,
    DiskState,
    Finding,
    FindingKind,
    ShadowVm,
    VolumeState,
)


def findings_on(
    state: VolumeState,
    volume: Volume,
    shadow: ShadowVm | None,
    attachments: Sequence[AttachedDisk],
    holder: VirtualMachine | None,
    instance_folders: Mapping[str, str],
) -> tuple[Finding, ...]:
    """`holder` is a VM that has the file although Cinder knows of no attachment. `instance_folders`
    are the names of Nova's VMs by the folder of their own files.
    """
    return (
        *_all(state, volume, shadow, attachments, holder),
        *_in_folders(shadow, attachments, instance_folders),
    )


def _all(
    state: VolumeState,
    volume: Volume,
    shadow: ShadowVm | None,
    attachments: Sequence[AttachedDisk],
    holder: VirtualMachine | None,
) -> Iterator[Finding]:
    if state is VolumeState.MISSING:
        yield Finding(FindingKind.MISSING, cinder=volume.status)
    for attached in attachments:
        yield from _on_attached(attached, shadow)
    if holder is not None:
        yield Finding(FindingKind.HELD, cinder=volume.status, vcenter=holder.name)
    if shadow is not None:
        yield from _on_shadow(volume, shadow)


def _on_attached(attached: AttachedDisk, shadow: ShadowVm | None) -> Iterator[Finding]:
    name = attached.server.name if attached.server else ""
    subject = name or attached.server_id
    if attached.state is DiskState.MOVED and attached.disk and shadow and shadow.disk:
        yield Finding(FindingKind.MOVED, shadow.disk.path, attached.disk.path, subject)
    elif attached.state is DiskState.NO_DISK:
        vm = attached.vm.name if attached.vm else ""
        yield Finding(FindingKind.NOT_ATTACHED, vcenter=vm, subject=subject)
    elif attached.state is DiskState.NO_SERVER:
        yield Finding(FindingKind.NO_SERVER, subject=attached.server_id)


def _in_folders(
    shadow: ShadowVm | None, attachments: Sequence[AttachedDisk], folders: Mapping[str, str]
) -> Iterator[Finding]:
    """Nova deletes the folder of an instance whole (`vmops._destroy_instance`)."""
    ours = shadow.disk.path if shadow and shadow.disk else ""
    paths = (ours, *(its.disk.path for its in attachments if its.disk))
    for path in dict.fromkeys(paths):
        if name := folders.get(folder_of(path)):
            yield Finding(FindingKind.IN_FOLDER, vcenter=path, subject=name)


def _on_shadow(volume: Volume, shadow: ShadowVm) -> Iterator[Finding]:
    disk = shadow.disk
    if disk is None:
        if shadow.vm.vm_path:  # else vCenter could not read its configuration
            yield Finding(FindingKind.NO_DISK, vcenter=shadow.vm.name)
        return
    where, home = datastore_name(disk.path), shadow.home
    if where and home and where != home:
        yield Finding(FindingKind.APART, cinder=home, vcenter=where, subject=shadow.vm.name)
    its = size_gb(disk)
    if its is not None and volume.size_gb is not None and its != volume.size_gb:
        yield Finding(FindingKind.SIZE, cinder=str(volume.size_gb), vcenter=str(its))
