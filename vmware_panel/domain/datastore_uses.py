"""Which VM has something on which datastore, and in which folder at its top.

The parents of linked clones and ISO files in a drive do not count: a VM is where its home
(`config.files.vmPathName`) or a disk of it lies.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from vmware_panel.domain.clusters import is_instance
from vmware_panel.domain.inventory import Inventory, MoRef, VirtualMachine

FolderUses = Mapping[str, tuple["FolderUse", ...]]


@dataclass(frozen=True, slots=True)
class FolderUse:
    """A VM that has its home in the folder, or only disks."""

    vm: VirtualMachine
    home: bool


@dataclass(frozen=True, slots=True)
class UseCounts:
    """`volumes` are Cinder's shadow VMs; `others` the rest, templates included."""

    instances: int = 0
    volumes: int = 0
    others: int = 0


@dataclass(frozen=True)
class DatastoreUses:
    """Of all datastores of one vCenter; made once for each of its inventories."""

    inventory: Inventory

    def folders(self, datastore: MoRef) -> FolderUses:
        """By the top folder's name; files at the top itself are in `""`."""
        return self._folders.get(datastore, {})

    def vms(self, datastore: MoRef) -> tuple[VirtualMachine, ...]:
        """Each once, in vCenter's order of folders."""
        uses = (use for folder in self.folders(datastore).values() for use in folder)
        return tuple({use.vm.moref: use.vm for use in uses}.values())

    def counts(self, datastore: MoRef) -> UseCounts:
        return self._counts.get(datastore, UseCounts())

    @cached_property
    def _folders(self) -> Mapping[MoRef, FolderUses]:
        found: defaultdict[MoRef, defaultdict[str, list[FolderUse]]]
        found = defaultdict(lambda: defaultdict(list))
        for vm in self.inventory.vms:
            homes = {(self._home_of(vm), top_folder(vm.vm_path))}
            disks = {(disk.datastore, top_folder(disk.path)): None for disk in vm.disks}
            for datastore, folder in homes:
                if datastore is not None:
                    found[datastore][folder].append(FolderUse(vm, home=True))
            for datastore, folder in disks:
                if datastore is not None and (datastore, folder) not in homes:
                    found[datastore][folder].append(FolderUse(vm, home=False))
        return {
            datastore: {name: tuple(uses) for name, uses in folders.items()}
            for datastore, folders in found.items()
        }

    @cached_property
    def _counts(self) -> Mapping[MoRef, UseCounts]:
        return {datastore: _count(self.vms(datastore)) for datastore in self._folders}

    def _home_of(self, vm: VirtualMachine) -> MoRef | None:
        """Two datacenters may have datastores of one name: it is one of those that the VM has."""
        name = vm.vm_path.partition("] ")[0].removeprefix("[")
        known = self.inventory.datastore_by_ref
        return next(
            (ref for ref in vm.datastores if ref in known and known[ref].name == name), None
        )


def _count(vms: tuple[VirtualMachine, ...]) -> UseCounts:
    instances = sum(map(is_instance, vms))
    volumes = sum(map(is_shadow, vms))
    return UseCounts(instances, volumes, len(vms) - instances - volumes)


def is_shadow(vm: VirtualMachine) -> bool:
    """Cinder's VM that holds a volume; its templates are snapshots."""
    return vm.managed_by_cinder and not vm.is_template


def top_folder(path: str) -> str:
    """`[datastore] folder/more/file` -> `folder`; empty for a file at the top itself."""
    folder, slash, _rest = path.partition("] ")[2].lstrip("/").partition("/")
    return folder if slash else ""
