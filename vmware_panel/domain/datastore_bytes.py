"""What fills a datastore, by kind: one search of its files, joined with both books.

Each folder at the top is of one kind, by who has something in it and else by its name. The search
is older than the books: what came or went since is not where it belongs.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

from vmware_panel.domain.cluster_sums import Sum, total
from vmware_panel.domain.datastore_files import (
    CACHE_SUFFIX,
    IMAGE_VM_PREFIX,
    SNAPSHOT_VM_PREFIX,
    TEMP_FOLDER,
    Scan,
    TopFolder,
)
from vmware_panel.domain.datastore_uses import FolderUse, FolderUses
from vmware_panel.domain.datastores import used_bytes
from vmware_panel.domain.ids import UUID, is_uuid
from vmware_panel.domain.inventory import Datastore, VirtualMachine
from vmware_panel.domain.leftovers import NAMED_BY_VM

_VOLUME_FOLDER = re.compile(rf"(?:volume|snapshot)-{UUID}(?:_\d+)?")
"""A shadow VM bears the volume's name (`vmdk._create_backing`); a second of that name gets `_1`."""


class FillKind(StrEnum):
    """What a folder holds, in the order in which a picture shows them."""

    INSTANCES = "instances"
    VOLUMES = "volumes"
    CACHE = "cache"
    LEFTOVERS = "leftovers"  # temporary folders too: work under way looks the same
    FOREIGN = "foreign"  # not OpenStack's
    UNDECIDED = "undecided"  # named by an instance's id, and whether it is known nobody can say


@dataclass(frozen=True, slots=True)
class FilledFolder:
    """One top folder. `vm` is who has it: by home, else by a disk; None: nobody in vCenter's book.

    `name` is empty for the files at the top itself. `partly`: something below it could not be
    searched, and `size_bytes` is of the rest.
    """

    name: str
    kind: FillKind
    size_bytes: int | None = None
    files: int = 0
    vm: VirtualMachine | None = None
    partly: bool = False

    @property
    def sizes(self) -> tuple[int | None, ...]:
        """To be summed: None stands for what is not known."""
        return (self.size_bytes, None) if self.partly else (self.size_bytes,)


@dataclass(frozen=True)
class Fill:
    """A datastore's bytes. `used_bytes` is vCenter's own figure, None if it is not known.

    `folders` are the largest first. `unread` could not be searched.
    """

    folders: tuple[FilledFolder, ...] = field(default=(), repr=False)
    used_bytes: int | None = None
    free_bytes: int | None = None
    unread: tuple[str, ...] = ()

    def of(self, kind: FillKind) -> Sum:
        return total(size for f in self.folders if f.kind is kind for size in f.sizes)

    def folders_of(self, kind: FillKind) -> tuple[FilledFolder, ...]:
        return tuple(f for f in self.folders if f.kind is kind)

    @cached_property
    def known_bytes(self) -> int:
        """What all files with a known size take."""
        return total(f.size_bytes for f in self.folders).known

    @property
    def whole(self) -> bool:
        """Everything was searched, and every size is known."""
        return not self.unread and all(f.size_bytes is not None for f in self.folders)

    @property
    def unaccounted_bytes(self) -> int | None:
        """What vCenter counts as used and no file explains; negative where files come to more."""
        return None if self.used_bytes is None else self.used_bytes - self.known_bytes


@dataclass(frozen=True, slots=True)
class KnownInstances:
    """Ids, in lower case, that Nova's or vCenter's book has. `told` False: Nova did not answer, or a
    book is older than the search, so that one that is missing may be known all the same.
    """

    ids: Collection[str] = ()
    told: bool = False


def fill_of(datastore: Datastore, scan: Scan, uses: FolderUses, known: KnownInstances) -> Fill:
    if datastore.type not in NAMED_BY_VM:
        known = KnownInstances(known.ids)
    unread = {path.partition("/")[0] for path in scan.unread}
    folders = [
        _filled(folder, uses.get(folder.name, ()), known, partly=folder.name in unread)
        for folder in scan.folders
    ]
    return Fill(
        folders=tuple(sorted(folders, key=lambda f: (-(f.size_bytes or 0), f.name))),
        used_bytes=used_bytes(datastore),
        free_bytes=datastore.free_bytes,
        unread=scan.unread,
    )


def _filled(
    folder: TopFolder, uses: Sequence[FolderUse], known: KnownInstances, *, partly: bool
) -> FilledFolder:
    kind = kind_of(folder.name, uses, known)
    holder = min(uses, key=_weight, default=None)
    vm = holder.vm if holder else None
    return FilledFolder(folder.name, kind, folder.size_bytes, folder.files, vm, partly)


def kind_of(name: str, uses: Sequence[FolderUse], known: KnownInstances) -> FillKind:
    """Whose home it is counts before its name, and its name before whose disk lies there.

    A disk in the folder of another VM is a volume that is attached: Cinder's shadow VM and the
    instance have the same file.
    """
    if name == TEMP_FOLDER or name.startswith((IMAGE_VM_PREFIX, SNAPSHOT_VM_PREFIX)):
        return FillKind.LEFTOVERS
    holder = min(uses, key=_weight, default=None)
    if holder and holder.home:
        return _kind_of_vm(holder.vm)
    if name.endswith(CACHE_SUFFIX):
        return FillKind.CACHE
    if _VOLUME_FOLDER.fullmatch(name):
        return FillKind.VOLUMES
    if holder:
        return _kind_of_vm(holder.vm)
    if not is_uuid(name):
        return FillKind.FOREIGN
    if name.lower() in known.ids:
        return FillKind.INSTANCES
    return FillKind.LEFTOVERS if known.told else FillKind.UNDECIDED


def _weight(use: FolderUse) -> tuple[bool, bool, bool, str]:
    """Homes before disks; of homes Nova's before Cinder's, of disks Cinder's before Nova's."""
    vm = use.vm
    first, second = (
        (vm.managed_by_nova, vm.managed_by_cinder)
        if use.home
        else (vm.managed_by_cinder, vm.managed_by_nova)
    )
    return (not use.home, not first, not second, vm.moref)


def _kind_of_vm(vm: VirtualMachine) -> FillKind:
    if vm.managed_by_cinder:
        return FillKind.VOLUMES
    return FillKind.INSTANCES if vm.managed_by_nova and not vm.is_template else FillKind.FOREIGN
