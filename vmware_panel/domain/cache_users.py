"""Who uses a cached image: VMs whose disks stand on it, and servers that Nova counts.

VMs by the backing chain that vCenter shows, each file by its exact path. Servers by Nova's own rule
(`nova/compute/manager.py`, `_run_image_cache_manager_pass`, and `nova/virt/imagecache.py`): those
of that image on the computes that share the cache, whatever their disks stand on.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import TypeVar

from vmware_panel.domain.cache_roots import CacheComputes
from vmware_panel.domain.cloud import Server
from vmware_panel.domain.datastore_files import CACHE_SUFFIX
from vmware_panel.domain.image_cache import CacheRoot, Ownership, Stander, UserServer
from vmware_panel.domain.inventory import Inventory, MoRef, VirtualDisk, VirtualMachine, VmPower
from vmware_panel.domain.kept import Latest, OfEach
from vmware_panel.domain.lineage import datastore_name, file_path

T = TypeVar("T")

_IN_ROOT = f"{CACHE_SUFFIX}/"

BUILDING = frozenset({"BUILD", "REBUILD"})


ImagePlace = tuple[str, str]
"""Root and image: the folder on its datastore."""

OnDatastore = Mapping[ImagePlace, tuple[Stander, ...]]
Standers = Mapping[MoRef, OnDatastore]
"""Of one vCenter."""

Stands = tuple[tuple[MoRef, ImagePlace, Stander], ...]
"""One VM's, each by datastore and folder."""


def chain_of(disk: VirtualDisk) -> tuple[str, ...]:
    """Every file that the disk is made of, its own first."""
    return (disk.path, *disk.parent_paths)


def cache_folder(path: str) -> tuple[str, str] | None:
    """Root and image of `[datastore] root/image/...`; None for a file that is in no cache root."""
    if _IN_ROOT not in path:  # most paths
        return None
    root, _, rest = file_path(path).partition("/")
    image, slash, _ = rest.partition("/")
    return (root, image) if root.endswith(CACHE_SUFFIX) and image and slash else None


class KeptStanders:
    """What was made of the VMs of one vCenter before, and all of them together."""

    def __init__(self) -> None:
        self.of_each: OfEach[VirtualMachine, Stands] = OfEach()
        self.together: Latest[Standers] = Latest()


def standers_of(
    inventory: Inventory,
    servers: Mapping[str, Server] | None,
    kept: KeptStanders | None = None,
) -> Standers:
    """Every VM of one vCenter that has a disk in a cache root, by datastore and the image's folder.

    One `Stander` for each file that a VM stands on. `servers` are Nova's, by id in lower case; None:
    it did not list them. Of `kept`, what has not changed is the very same object.
    """
    kept = kept or KeptStanders()
    known = servers or {}
    refs = datastore_refs(inventory)
    stands = kept.of_each.all(
        (
            (vm.moref, vm, known.get(vm.instance_uuid.lower()) if vm.managed_by_nova else None)
            for vm in inventory.vms
        ),
        lambda vm: _stands(vm, refs, servers),
        (datastore_names(inventory), servers is None),
    )
    return kept.together.of(stands, lambda: _together(stands, kept.together.value or {}))


def _together(stands: Iterable[Stands], former: Standers) -> Standers:
    found: defaultdict[MoRef, defaultdict[ImagePlace, list[Stander]]]
    found = defaultdict(lambda: defaultdict(list))
    for its in stands:
        for datastore, place, stander in its:
            found[datastore][place].append(stander)
    standers: dict[MoRef, OnDatastore] = {}
    for datastore, places in found.items():
        before = former.get(datastore, {})
        now = {place: _same(tuple(each), before.get(place)) for place, each in places.items()}
        standers[datastore] = _same(now, before)
    return standers


def _same(now: T, before: T | None) -> T:
    """What was there before, if it is equal."""
    return before if before is not None and before == now else now


def _stands(
    vm: VirtualMachine,
    refs: Mapping[str, tuple[MoRef, ...]],
    servers: Mapping[str, Server] | None,
) -> Stands:
    found: list[tuple[MoRef, ImagePlace, Stander]] = []  # most VMs stand on one file
    for disk in vm.disks:
        for path in chain_of(disk):
            place = cache_folder(path)
            if place is None:
                continue
            stander = _stander(vm, path, servers)
            for datastore in datastores_named(datastore_name(path), vm, refs):
                its = (datastore, place, stander)
                if its not in found:
                    found.append(its)
    return tuple(found)


def datastore_names(inventory: Inventory) -> tuple[tuple[MoRef, str], ...]:
    """All that `datastore_refs` are made of."""
    return tuple((datastore.moref, datastore.name) for datastore in inventory.datastores)


def datastore_refs(inventory: Inventory) -> Mapping[str, tuple[MoRef, ...]]:
    """By name, which is unique within a datacenter only."""
    by_name = inventory.datastores_by_name
    return {name: tuple(its.moref for its in found) for name, found in by_name.items()}


def datastores_named(
    name: str, vm: VirtualMachine, refs: Mapping[str, tuple[MoRef, ...]]
) -> tuple[MoRef, ...]:
    """The datastores that a path of the VM may name, by `datastore_refs`: several where two
    datacenters use the same name.
    """
    named = refs.get(name, ())
    if len(named) == 1:
        return named
    of_vm = tuple(ref for ref in named if ref in vm.datastores)
    return of_vm or named


def _stander(vm: VirtualMachine, path: str, servers: Mapping[str, Server] | None) -> Stander:
    server_id = _server_id(vm)
    server = servers.get(server_id) if servers else None
    return Stander(
        vm=vm.moref,
        vm_name=vm.name,
        path=path,
        server_id=server_id,
        project_id=server.project_id if server else "",
        compute_host=(server.compute_host or "") if server else "",
        powered_on=None if vm.power is None else vm.power is VmPower.ON,
        known_to_nova=None if servers is None or not server_id else server is not None,
    )


def _server_id(vm: VirtualMachine) -> str:
    return vm.instance_uuid.lower() if vm.managed_by_nova else ""


def unread_vms(inventory: Inventory) -> tuple[VirtualMachine, ...]:
    """VMs whose configuration vCenter does not show: nobody knows what their disks stand on."""
    return tuple(vm for vm in inventory.vms if not vm.vm_path and not vm.disks)


class ServersOfImages:
    """Nova's servers by the image that they are of. `servers` None: Nova did not list them.

    Users that are the same as those of `former` are the same objects.
    """

    def __init__(
        self,
        servers: Iterable[Server] | None,
        computes: CacheComputes,
        former: "ServersOfImages | None" = None,
    ) -> None:
        self._former = former._found if former else {}
        self._known = servers is not None
        self._computes = computes
        self._by_image: defaultdict[str, _OfImage] = defaultdict(_OfImage)
        self._in_doubt = False
        self._found: dict[object, tuple[UserServer, ...] | None] = {}
        self._servers = tuple(servers or ())
        for number, server in enumerate(self._servers):
            if server.image_id:
                self._by_image[server.image_id].add(number, server)
            elif server.status == "UNKNOWN" and server.flavor_name is None:
                self._in_doubt = True  # its cell is down, and it was never seen before

    def users(self, image_id: str, root: CacheRoot) -> tuple[UserServer, ...] | None:
        """Those that count as users of the image in this root; None: nobody knows of any, and
        there may be some.
        """
        if not self._known:
            return None
        key = (image_id, root.ownership, root.owners)  # the same on every datastore
        if key not in self._found:
            self._found[key] = _same(self._users(image_id, root), self._former.get(key))
        return self._found[key]

    def _users(self, image_id: str, root: CacheRoot) -> tuple[UserServer, ...] | None:
        its = self._by_image.get(image_id, _OfImage())
        users, doubt = list(its.building), self._in_doubt
        for host, servers in its.by_host.items():
            counts = self._counts(host, root)
            if counts:
                users += servers
            doubt = doubt or counts is None
        if doubt and not users:
            return None
        return tuple(_user(self._servers[number]) for number in sorted(users))

    def _counts(self, host: str | None, root: CacheRoot) -> bool | None:
        """Whether the root's computes count a server of that compute as a user of theirs."""
        if host in root.owners:
            return True
        if root.ownership is Ownership.OWNERLESS or host == "":
            return False
        if host is None:  # hidden by Nova's policy
            return None
        if root.ownership is Ownership.OWNED:
            return False
        compute = self._computes.by_host.get(host)
        if compute is None:
            return False if self._computes.complete else None
        return None if compute.root is None else False


class _OfImage:
    """The servers of one image, by their places in Nova's list, in whose order users are told: those
    at work on it, which count everywhere, and the others by their compute.
    """

    def __init__(self) -> None:
        self.building: list[int] = []
        self.by_host: defaultdict[str | None, list[int]] = defaultdict(list)

    def add(self, number: int, server: Server) -> None:
        its = self.building if is_building(server) else self.by_host[server.compute_host]
        its.append(number)


def is_building(server: Server) -> bool:
    return server.status in BUILDING or bool(server.task_state)


def _user(server: Server) -> UserServer:
    return UserServer(
        server_id=server.id,
        name=server.name,
        project_id=server.project_id,
        compute_host=server.compute_host or "",
        building=is_building(server),
    )
