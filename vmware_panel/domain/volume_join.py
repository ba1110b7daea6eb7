"""The join of Cinder's volumes and vCenter's shadow VMs: each of either exactly once."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta

from vmware_panel.domain.cloud import Server, Volume, VolumeSnapshot, parse_node_name
from vmware_panel.domain.inventory import Inventory, VirtualMachine
from vmware_panel.domain.placement import Books
from vmware_panel.domain.volume_disks import (
    Role,
    agreement,
    backend_name,
    backends_of,
    cinders,
    disk_of,
    folder_of,
    named_volume,
    role_of,
    snapshot_id,
)
from vmware_panel.domain.volume_findings import findings_on
from vmware_panel.domain.volumes import (
    AttachedDisk,
    Backend,
    CinderBook,
    DiskState,
    Finding,
    FindingKind,
    ShadowKey,
    ShadowVm,
    VolumeCounts,
    VolumeEntry,
    VolumeState,
)

MOST_LAG = timedelta(seconds=60)
"""vCenter's book may be that much older than Cinder's and still tell that a VM is left over: Cinder
takes the VM away before the volume.
"""

AT_WORK = frozenset(
    "creating downloading attaching reserved detaching deleting retyping extending uploading "
    "maintenance backing-up restoring-backup".split()
)
"""Statuses in which Cinder may just be making, moving or deleting the files."""


def join_volumes(
    cinder: CinderBook | None, books: Books, servers: Mapping[str, Server] | None
) -> tuple[VolumeEntry, ...]:
    """Each volume, and each VM of Cinder's that is no volume's, in no particular order.

    `cinder` None: it did not answer; `servers`, by id in lower case, None: Nova did not list them.
    """
    return tuple(_Join(cinder, books, servers).entries())


def counts_of(entries: Iterable[VolumeEntry]) -> VolumeCounts:
    whole = tuple(entries)
    volumes = [entry.volume for entry in whole if entry.volume]
    shadows = [entry.shadow for entry in whole if entry.shadow]
    stored = [shadow.disk for shadow in shadows]
    return VolumeCounts(
        by_state=Counter(entry.state for entry in whole),
        by_finding=Counter(kind for e in whole for kind in {f.kind for f in e.findings}),
        volumes=len(volumes),
        size_gb=sum(volume.size_gb or 0 for volume in volumes),
        stored_bytes=sum(disk.capacity_bytes or 0 for disk in stored if disk),
        unsized_volumes=sum(volume.size_gb is None for volume in volumes),
        unsized_disks=sum(map(_is_unsized, shadows)),
        with_findings=sum(bool(entry.findings) for entry in whole),
    )


def _is_unsized(shadow: ShadowVm) -> bool:
    """Not one without a disk, if its configuration could be read."""
    disk = shadow.disk
    return not shadow.vm.vm_path if disk is None else disk.capacity_bytes is None


class _Join:
    def __init__(
        self, cinder: CinderBook | None, books: Books, servers: Mapping[str, Server] | None
    ) -> None:
        self._cinder = cinder
        self._books = books
        self._servers = servers
        self._complete = (
            books.complete
            and bool(books.inventories)
            and all(inventory.whole for inventory in books.inventories)
        )
        self._instance_folders = {
            folder_of(vm.vm_path): vm.name
            for inventory in books.inventories
            for vm in inventory.vms
            if vm.managed_by_nova and vm.vm_path
        }
        self._oldest = min((i.read_at for i in books.inventories), default=None)

    def entries(self) -> Iterator[VolumeEntry]:
        shadows = {shadow.key: shadow for shadow in cinders(self._books)}
        cinder = self._cinder
        if cinder is None:
            yield from (self._unclaimed(shadow, {}) for shadow in shadows.values())
            return
        owners = _owners(cinder.volumes)
        claims = self._claims(owners, shadows)
        proven = {
            backend_name(v.backend_host)
            for v in cinder.volumes
            if v.backend_host and v.id in claims
        }
        backends = {**dict.fromkeys(proven, Backend.VMDK), **backends_of(cinder.pools or ())}
        for volume in cinder.volumes:
            claimed = claims.get(volume.id, ())
            name = backend_name(volume.backend_host or "")
            shadow = claimed[0] if claimed else None
            yield self._volume(cinder, volume, shadow, backends.get(name), name in proven)
            for twin in claimed[1:]:
                shadows.pop(twin.key, None)
                finding = Finding(FindingKind.TWIN, cinder=volume.id, subject=claimed[0].vm.name)
                yield VolumeEntry(VolumeState.TWIN, shadow=twin, findings=(finding,))
            if claimed:
                shadows.pop(claimed[0].key, None)
        snapshots = {s.id.lower(): s for s in cinder.snapshots or ()}
        yield from (self._unclaimed(shadow, snapshots) for shadow in shadows.values())

    def _claims(
        self, owners: Mapping[str, Volume], shadows: Mapping[ShadowKey, ShadowVm]
    ) -> Mapping[str, Sequence[ShadowVm]]:
        """The VMs that carry a volume's id, by the volume; the one that the driver would take first,
        all others that Cinder manages after it. A VM that only its name ties to a volume counts
        where no other does: an old driver made it (`volumeops.get_backing`).
        """
        found: defaultdict[str, list[ShadowVm]] = defaultdict(list)
        named: defaultdict[str, list[ShadowVm]] = defaultdict(list)
        for inventory in self._books.inventories:
            for vm in inventory.vms:
                if vm.managed_by_cinder and role_of(vm) is Role.SNAPSHOT:
                    continue
                if owner := owners.get(vm.instance_uuid.lower()):
                    found[owner.id].append(ShadowVm(inventory, vm))
                elif owner := owners.get(named_volume(vm)):
                    if not vm.is_template and not vm.managed_by_nova:
                        named[owner.id].append(ShadowVm(inventory, vm, by_name=True))
        for volume_id, candidates in named.items():
            if volume_id not in found:
                found[volume_id] = candidates
        return {volume_id: _in_order(candidates) for volume_id, candidates in found.items()}

    def _volume(
        self,
        cinder: CinderBook,
        volume: Volume,
        shadow: ShadowVm | None,
        backend: Backend | None,
        proven: bool,
    ) -> VolumeEntry:
        settled = volume.status not in AT_WORK and not self._changed(volume)
        attachments = tuple(
            self._attached(cinder, volume, server_id, shadow, backend, settled)
            for server_id in dict.fromkeys(volume.server_ids)
        )
        # The driver may be of a vCenter that nobody read.
        proven = proven or any(attached.vm for attached in attachments)
        state = self._state(cinder, volume, shadow, backend, settled, proven)
        holder = self._holder(cinder, volume, shadow, settled)
        folders = self._instance_folders
        findings = findings_on(state, volume, shadow, attachments, holder, folders)
        return VolumeEntry(
            state=state,
            volume=volume,
            shadow=shadow,
            backend=backend,
            attachments=attachments,
            findings=findings if settled else (),
        )

    def _changed(self, volume: Volume) -> bool:
        return self._oldest is not None and volume.changed_since(self._oldest)

    def _state(
        self,
        cinder: CinderBook,
        volume: Volume,
        shadow: ShadowVm | None,
        backend: Backend | None,
        settled: bool,
        proven: bool,
    ) -> VolumeState:
        if shadow is not None:
            return VolumeState.STORED
        if backend is Backend.OTHER:
            return VolumeState.ELSEWHERE
        if backend is Backend.FCD:
            return VolumeState.FCD
        if volume.backend_host == "":
            return VolumeState.NOT_YET
        if backend is None or not self._complete or not cinder.seen.complete:
            return VolumeState.UNKNOWN
        if not settled or cinder.seen.carried & _ids(volume):
            return VolumeState.CHANGING
        if _is_due(volume):
            return VolumeState.MISSING if proven else VolumeState.UNKNOWN
        return VolumeState.NOT_YET

    def _attached(
        self,
        cinder: CinderBook,
        volume: Volume,
        server_id: str,
        shadow: ShadowVm | None,
        backend: Backend | None,
        settled: bool,
    ) -> AttachedDisk:
        server = self._servers.get(server_id.lower()) if self._servers is not None else None
        ours = shadow.disk if shadow else None
        carriers = sorted(self._books.carriers(server_id), key=_novas_first)
        for inventory, vm in carriers:
            if disk := disk_of(vm, _ids(volume), ours):
                state = DiskState.UNKNOWN
                if shadow and ours:
                    same = inventory.vcenter == shadow.inventory.vcenter
                    state = agreement(disk, ours) if same else DiskState.MOVED
                return AttachedDisk(server_id, state, server, inventory, vm, disk)
        if carriers:
            inventory, vm = carriers[0]
            read = bool(vm.disks or vm.vm_path)  # else vCenter could not read its configuration
            sure = settled and read and backend is Backend.VMDK
            state = DiskState.NO_DISK if sure else DiskState.UNKNOWN
            return AttachedDisk(server_id, state, server, inventory, vm)
        return AttachedDisk(server_id, self._without_vm(cinder, server_id, server), server)

    def _without_vm(self, cinder: CinderBook, server_id: str, server: Server | None) -> DiskState:
        if server is None:
            before = cinder.seen.servers
            if self._servers is None or before is None or server_id.lower() in before:
                return DiskState.UNKNOWN
            return DiskState.NO_SERVER
        if not server.node:
            return DiskState.UNKNOWN
        name = parse_node_name(server.node)
        if name is None:
            return DiskState.NOT_ON_VCENTER
        book = self._books.by_vcenter_uuid.get(name.vcenter_uuid)
        sure = book is not None and book.whole and self._books.complete
        if not sure or book is None or server.changed_since(book.read_at):
            return DiskState.UNKNOWN
        return DiskState.NO_VM

    def _holder(
        self, cinder: CinderBook, volume: Volume, shadow: ShadowVm | None, settled: bool
    ) -> VirtualMachine | None:
        """A VM that has the file although Cinder says that nobody does."""
        disk = shadow.disk if shadow else None
        if volume.server_ids or not settled or shadow is None or disk is None:
            return None
        if volume.status != "available" or disk.path not in cinder.seen.held:
            return None
        having = shadow.inventory.vms_by_disk_path.get(disk.path, ())
        others = [vm for vm in having if not vm.managed_by_cinder and vm.moref != shadow.vm.moref]
        return min(others, key=lambda vm: vm.moref, default=None)

    def _unclaimed(self, shadow: ShadowVm, snapshots: Mapping[str, VolumeSnapshot]) -> VolumeEntry:
        """A VM of Cinder's that no volume claims."""
        role = role_of(shadow.vm)
        if role is Role.TEMPORARY:
            its = Finding(FindingKind.TEMPORARY, vcenter=shadow.vm.name)
            return VolumeEntry(VolumeState.TEMPORARY, shadow=shadow, findings=(its,))
        if role is Role.SNAPSHOT:
            snapshot = snapshots.get(snapshot_id(shadow.vm))
            listed = self._cinder is not None and self._cinder.snapshots is not None
            left = snapshot is None and listed and self._is_left(shadow)
            its = Finding(FindingKind.GHOST_SNAPSHOT, vcenter=shadow.vm.name)
            return VolumeEntry(
                VolumeState.SNAPSHOT,
                snapshot=snapshot,
                shadow=shadow,
                findings=(its,) if left else (),
            )
        if not self._is_left(shadow):
            return VolumeEntry(VolumeState.UNKNOWN, shadow=shadow)
        its = Finding(FindingKind.GHOST, cinder=_carried(shadow.vm), vcenter=shadow.vm.name)
        return VolumeEntry(VolumeState.GHOST, shadow=shadow, findings=(its,))

    def _is_left(self, shadow: ShadowVm) -> bool:
        """Whether Cinder, asked after the VM was there, would have told of its volume or snapshot,
        and the VM is still there.
        """
        cinder = self._cinder
        if cinder is None or not cinder.all_projects:
            return False
        fresh = shadow.inventory.read_at >= cinder.read_at - MOST_LAG
        return fresh and shadow.key in cinder.seen.shadows


def _owners(volumes: Iterable[Volume]) -> Mapping[str, Volume]:
    """By the id that a volume's files bear: after a migration that is another than its own."""
    whole = sorted(volumes, key=lambda volume: volume.id, reverse=True)
    renamed = {volume.name_id.lower(): volume for volume in whole if volume.name_id}
    return {**renamed, **{volume.id.lower(): volume for volume in whole}}


def _ids(volume: Volume) -> frozenset[str]:
    return frozenset(filter(None, (volume.id.lower(), volume.name_id.lower())))


def _in_order(candidates: Iterable[ShadowVm]) -> Sequence[ShadowVm]:
    """The first, whosever it is, and further ones of Cinder's; each once, though two names in the
    settings lead to one vCenter.
    """
    first, *others = sorted(
        {candidate.key: candidate for candidate in candidates}.values(),
        key=lambda s: (
            not s.vm.managed_by_cinder,
            s.vm.is_template,
            s.inventory.vcenter.name,
            s.vm.moref,
        ),
    )
    return (first, *(other for other in others if other.vm.managed_by_cinder))


def _novas_first(carrier: tuple[Inventory, VirtualMachine]) -> tuple[bool, str, str]:
    inventory, vm = carrier
    return (not vm.managed_by_nova, inventory.vcenter.name, vm.moref)


def _is_due(volume: Volume) -> bool:
    """Whether the driver has made the files: at an attach, or to write an image to them."""
    if volume.server_ids or volume.status == "in-use":
        return True
    return bool(volume.image_id) and volume.status == "available"


def _carried(vm: VirtualMachine) -> str:
    """The id of the volume that a shadow VM says it is."""
    return vm.instance_uuid.lower() or named_volume(vm)
