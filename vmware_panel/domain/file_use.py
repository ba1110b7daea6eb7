"""Who stands on which file of a datastore, by what every VM of a vCenter says just now.

A VM stands on its own files, on the backing chain of each disk down to the last parent, on the
images in its drives (the driver attaches a cached ISO as it lies in the cache), and on the same of
each of its snapshots. What cannot be compared for certain counts as standing.
"""

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace

from vmware_panel.domain.datastore_files import CACHE_SUFFIX, TEMP_FOLDER
from vmware_panel.domain.datastore_paths import DatastorePath, FilePlace
from vmware_panel.domain.inventory import NOVA_EXTENSION, MoRef, VmPower
from vmware_panel.domain.shared_datastores import DatastoreAddress, may_be_one

_PATH = re.compile(r"\[(?P<datastore>[^\]]*)\] ?(?P<below>.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class FileUser:
    """A VM, or one snapshot of the VM `snapshot_of`.

    `files` are full paths, vCenter's; None: vCenter does not tell what it consists of (an orphaned
    or inaccessible VM), so that it may stand on anything on its `datastores`; these None: anywhere.
    """

    moref: MoRef
    name: str = ""
    instance_uuid: str = ""
    power: VmPower | None = None
    files: frozenset[str] | None = None
    datastores: frozenset[MoRef] | None = None
    snapshot_of: MoRef | None = None
    manager_key: str = ""  # config.managedBy.extensionKey

    @property
    def managed_by_nova(self) -> bool:
        return self.manager_key == NOVA_EXTENSION


@dataclass(frozen=True, slots=True)
class UsedDatastore:
    """One datastore object; several may be one datastore, see `shared_datastores`."""

    moref: MoRef
    name: str = ""
    url: str = ""
    remote_path: str = ""

    @property
    def address(self) -> DatastoreAddress:
        return DatastoreAddress(self.url, self.remote_path)


@dataclass(frozen=True, slots=True)
class FolderUse:
    """`standing` have a file in the folder; of `untold` nobody knows."""

    standing: tuple[FileUser, ...] = ()
    untold: tuple[FileUser, ...] = ()

    @property
    def free(self) -> bool:
        return not self.standing and not self.untold

    def __add__(self, other: "FolderUse") -> "FolderUse":
        return FolderUse((*self.standing, *other.standing), (*self.untold, *other.untold))

    def seen_by(self, vcenter: str) -> "FolderUse":
        """The same with that vCenter's name at each VM's."""

        def named(users: tuple[FileUser, ...]) -> tuple[FileUser, ...]:
            return tuple(
                replace(user, name=f"{user.name or user.moref} (vCenter {vcenter})")
                for user in users
            )

        return FolderUse(named(self.standing), named(self.untold))


class UseBook:
    """All users of one vCenter's datastores, kept current by `put` and `drop`.

    Not to be shared between threads. A look costs as much as there are users that name the folder.
    """

    def __init__(self) -> None:
        self._users: dict[MoRef, FileUser] = {}
        self._untold: dict[MoRef, FileUser] = {}
        self._datastores: dict[MoRef, UsedDatastore] = {}
        self._by_part: defaultdict[str, set[MoRef]] = defaultdict(set)

    def __len__(self) -> int:
        return len(self._users)

    def put(self, one: FileUser | UsedDatastore) -> None:
        self.drop(one.moref)
        if isinstance(one, UsedDatastore):
            self._datastores[one.moref] = one
            return
        self._users[one.moref] = one
        if one.files is None:
            self._untold[one.moref] = one
        for part in _parts_of(one):
            self._by_part[part].add(one.moref)

    def drop(self, moref: MoRef) -> None:
        self._datastores.pop(moref, None)
        self._untold.pop(moref, None)
        known = self._users.pop(moref, None)
        for part in _parts_of(known) if known else ():
            its = self._by_part[part]
            its.discard(moref)
            if not its:
                del self._by_part[part]

    def vms_of(self, instance_uuid: str) -> tuple[FileUser, ...]:
        wanted = instance_uuid.lower()
        return tuple(u for u in self._users.values() if u.instance_uuid.lower() == wanted)

    def use_of(self, place: FilePlace, path: DatastorePath) -> FolderUse:
        """Who stands on a file in this folder, by name; snapshots come as their VM."""
        same = self.same_as(place)
        return self._use(
            path,
            {place.name, *(d.name for d in same)},
            {place.datastore, *(d.moref for d in same)},
        )

    def use_elsewhere(self, path: DatastorePath, same: Collection[UsedDatastore]) -> FolderUse:
        """The same of a folder of another vCenter, whose datastore is called `same` in this one."""
        return self._use(path, {d.name for d in same}, {d.moref for d in same})

    def same_as(self, place: FilePlace) -> tuple[UsedDatastore, ...]:
        """Objects for the same datastore, which VMs may name it by."""
        its = self._datastores.get(place.datastore)
        addresses = [place.address, *([its.address] if its else [])]
        told = [address for address in addresses if address.told]
        return tuple(
            d for d in self._datastores.values() if any(may_be_one(d.address, a) for a in told)
        )

    def _use(
        self, path: DatastorePath, names: Collection[str], datastores: Collection[MoRef]
    ) -> FolderUse:
        named = self._by_part.get(path.name.casefold(), ())
        standing = (
            user
            for user in (self._users[moref] for moref in named)
            if any(stands_in(file, path, names) for file in user.files or ())
        )
        untold = (
            user
            for user in self._untold.values()
            if user.datastores is None or not user.datastores.isdisjoint(datastores)
        )
        return FolderUse(self._as_vms(standing), self._as_vms(untold))

    def _as_vms(self, users: Iterable[FileUser]) -> tuple[FileUser, ...]:
        found: dict[MoRef, FileUser] = {}
        for user in users:
            vm = self._users.get(user.snapshot_of) if user.snapshot_of else None
            found.setdefault((vm or user).moref, vm or user)
        return tuple(sorted(found.values(), key=lambda user: (user.name, user.moref)))


def stands_in(file: str, folder: DatastorePath, datastore_names: Collection[str]) -> bool:
    """Whether a file of a VM lies in the folder, on the datastore of these names.

    Without regard to case. A file that is named in another way than `[datastore] path`, or whose
    top folder goes by an id (vSAN's do), lies in it if the folder's own name is in its path.
    """
    wanted = [name.casefold() for name in folder.names]
    match = _PATH.fullmatch(file)
    if match is None:
        return wanted[-1] in _split(file)
    if match["datastore"] not in datastore_names:
        return False
    parts = _split(match["below"])
    if parts[: len(wanted)] == wanted:
        return True
    known_top = bool(parts) and (parts[0].endswith(CACHE_SUFFIX) or parts[0] == TEMP_FOLDER)
    return not known_top and wanted[-1] in parts[1:]


def _split(path: str) -> list[str]:
    return [part for part in path.casefold().split("/") if part]


def _parts_of(user: FileUser) -> Iterator[str]:
    for file in user.files or ():
        match = _PATH.fullmatch(file)
        yield from _split(match["below"] if match else file)
