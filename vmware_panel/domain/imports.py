"""An image that vCenter imports as a VM: what that VM is called, and how one tells it from all others.

A streamOptimized disk comes into a datastore by a lease alone (`ImportVApp`), and a lease makes a VM
around it. As Nova's (`nova/virt/vmwareapi/images.py`, `_build_shadow_vm_config_spec`), it is never powered
on, and unregistered once its disk is whole. It carries neither Nova's `managedBy` nor an `nvp.vm-uuid`.
"""

from dataclasses import dataclass
from enum import StrEnum

from vmware_panel.domain.datastore_files import IMAGE_VM_PREFIX
from vmware_panel.domain.datastore_paths import DatastorePath, FilePlace, UnsafePath, below, parse
from vmware_panel.domain.inventory import MoRef

NOTE = "VMware Panel imports an image by this VM, to put it into Nova's image cache. It is no instance."
"""The VM's annotation."""

SEED_VM_PREFIX = f"{IMAGE_VM_PREFIX}_SEED_"
"""Begins as Nova's own do, so that what is left of one shows among the leftovers."""


class LeaseState(StrEnum):
    """`HttpNfcLeaseState`."""

    INITIALIZING = "initializing"
    READY = "ready"
    DONE = "done"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class ImportPlace:
    """Where the VM comes to be, as Nova's: the cluster's own resource pool, the datacenter's folder."""

    pool: MoRef
    folder: MoRef


@dataclass(frozen=True, slots=True)
class Lease:
    """`url` is where its disk is sent to; `thumbprint` and `certificate` are of who answers there, as
    vCenter knows it, empty where it does not say. `error` is vCenter's word for what made it fail.
    """

    moref: MoRef
    state: LeaseState
    vm: MoRef | None = None
    url: str = ""
    thumbprint: str = ""
    certificate: str = ""
    timeout_s: int = 300
    error: str = ""


@dataclass(frozen=True, slots=True)
class ImportedVm:
    """A VM in the datacenter's own folder as it is now. `disks` are their files and capacities."""

    moref: MoRef
    name: str
    annotation: str
    instance_uuid: str
    powered_off: bool
    vm_path: str
    disks: tuple[tuple[str, int], ...] = ()

    def is_import(self, place: FilePlace, name: str) -> bool:
        """Whether it is the one that was made by that name, with nothing of anybody else's."""
        files = [self.vm_path, *(file for file, _ in self.disks)]
        folder = import_folder(place, name)
        return (
            self.name == name
            and self.annotation == NOTE
            and self.powered_off
            and all(_lies_below(folder, file) for file in files if file)
        )


def import_name(staging: str) -> str:
    """The VM's, and its folder's; `staging` is the name of the staging folder that it is for."""
    return f"{SEED_VM_PREFIX}{staging}"


def import_folder(place: FilePlace, name: str) -> DatastorePath:
    return below(place.name, name)


def _lies_below(folder: DatastorePath, file: str) -> bool:
    try:
        path = parse(file)
    except UnsafePath:
        return False
    return path.datastore == folder.datastore and path.names[:-1] == folder.names
