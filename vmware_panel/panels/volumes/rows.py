"""A volume, or a VM of Cinder's that is no volume's, as a row of the list.

As everywhere in a list, `None` is unknown and `""` or `()` is nothing. Cinder's half of a VM's row is
unknown where Cinder did not answer, and nothing where it has no such volume; vCenter's half of a
volume's row is unknown where its book could not tell, and nothing where no VM stands behind it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from vmware_panel.domain.cloud import Volume, VolumeSnapshot
from vmware_panel.domain.inventory import Inventory, VirtualDisk
from vmware_panel.domain.kept import Kept
from vmware_panel.domain.lineage import datastore_name, file_path
from vmware_panel.domain.volume_disks import project_of, snapshot_id
from vmware_panel.domain.volumes import AttachedDisk, Finding, VolumeEntry, VolumeState


@dataclass(frozen=True)
class VolumeRow:
    """`project` is the name, or the id where Keystone did not tell it."""

    entry: VolumeEntry
    project_id: str | None
    project: str | None

    @property
    def _its(self) -> Volume | VolumeSnapshot | None:
        return self.entry.volume or self.entry.snapshot

    @property
    def _untold(self) -> str | None:
        """What stands for a thing of Cinder's that is not there."""
        return None if self.entry.state is VolumeState.UNKNOWN else ""

    @property
    def id(self) -> str | None:
        return self.entry.volume.id if self.entry.volume else self._untold

    @property
    def key(self) -> str:
        """Another one for each row, and always known."""
        vm = f"{self.vcenter} {self.vm_moref}" if self.entry.shadow else ""
        return f"{self.entry.volume.id if self.entry.volume else ''} {vm}"

    @property
    def snapshot_id(self) -> str:
        """By the template's name, where Cinder did not tell."""
        if self.entry.state is not VolumeState.SNAPSHOT or not self.entry.shadow:
            return ""
        return snapshot_id(self.entry.shadow.vm)

    @property
    def name(self) -> str:
        """Cinder's, else the VM's."""
        if self._its:
            return self._its.name or self._its.id
        return self.entry.shadow.vm.name if self.entry.shadow else ""

    @property
    def status(self) -> str | None:
        return self._its.status if self._its else self._untold

    @property
    def size_gb(self) -> int | str | None:
        return self._its.size_gb if self._its else self._untold

    @property
    def type(self) -> str | None:
        return self.entry.volume.type if self.entry.volume else self._untold

    @property
    def backend_host(self) -> str | None:
        return self.entry.volume.backend_host if self.entry.volume else self._untold

    @property
    def backend(self) -> str | None:
        if not self.entry.volume:
            return self._untold
        return self.entry.backend.value if self.entry.backend else None

    @property
    def created(self) -> str | None:
        volume = self.entry.volume
        if not volume:
            return self._untold
        return volume.created.isoformat(timespec="seconds") if volume.created else None

    @property
    def state(self) -> str | None:
        state = self.entry.state
        return None if state is VolumeState.UNKNOWN else state.value

    # -- vCenter's half ------------------------------------------------------------------------

    @property
    def _unshadowed(self) -> str | None:
        """What stands for a shadow VM that is not there."""
        return None if self.entry.state in (VolumeState.UNKNOWN, VolumeState.FCD) else ""

    @property
    def vcenter(self) -> str | None:
        shadow = self.entry.shadow
        return shadow.inventory.vcenter.name if shadow else self._unshadowed

    @property
    def vm(self) -> str | None:
        return self.entry.shadow.vm.name if self.entry.shadow else self._unshadowed

    @property
    def vm_moref(self) -> str | None:
        return self.entry.shadow.vm.moref if self.entry.shadow else self._unshadowed

    @property
    def found_by_name(self) -> bool:
        return bool(self.entry.shadow and self.entry.shadow.by_name)

    @property
    def _disk(self) -> VirtualDisk | None:
        return self.entry.shadow.disk if self.entry.shadow else None

    @property
    def datastore(self) -> str | None:
        disk, shadow = self._disk, self.entry.shadow
        if disk is None or shadow is None:
            return "" if shadow else self._unshadowed
        if shadow.datastore:
            return shadow.datastore.name
        return datastore_name(disk.path) or None

    @property
    def datastore_moref(self) -> str | None:
        if self._disk is None:
            return "" if self.entry.shadow else self._unshadowed
        return self._disk.datastore

    @property
    def home_datastore(self) -> str | None:
        return self.entry.shadow.home or None if self.entry.shadow else self._unshadowed

    @property
    def path(self) -> str | None:
        """The disk's file in its datastore."""
        if self._disk is None:
            return "" if self.entry.shadow else self._unshadowed
        return file_path(self._disk.path)

    @property
    def capacity_bytes(self) -> int | str | None:
        if self._disk is None:
            return "" if self.entry.shadow else self._unshadowed
        return self._disk.capacity_bytes

    # -- instances -----------------------------------------------------------------------------

    @property
    def attachments(self) -> tuple[AttachedDisk, ...]:
        return self.entry.attachments

    @property
    def instances(self) -> tuple[str, ...] | None:
        if not self.entry.volume:
            return None if self._untold is None else ()
        return tuple(its.server.name if its.server else its.server_id for its in self.attachments)

    @property
    def instance_ids(self) -> tuple[str, ...] | None:
        if not self.entry.volume:
            return None if self._untold is None else ()
        return tuple(its.server_id for its in self.attachments)

    @property
    def instance_disks(self) -> tuple[str, ...]:
        return tuple(its.state.value for its in self.attachments)

    @property
    def instance_paths(self) -> tuple[str | None, ...]:
        return tuple(its.disk.path if its.disk else None for its in self.attachments)

    @property
    def findings(self) -> tuple[Finding, ...] | None:
        found = self.entry.findings
        return None if self.entry.state is VolumeState.UNKNOWN and not found else found

    @cached_property
    def texts(self) -> tuple[str | None, ...]:
        """What the free search looks through."""
        own = (self.name, self.id, self.project, self.project_id, self.status, self.backend_host)
        stored = (self.vm, self.vm_moref, self.vcenter, self.datastore, self.path, self.type)
        known = (*(self.instances or ()), *(self.instance_ids or ()), *self.instance_paths)
        return (*own, *stored, *known, self.snapshot_id)


def rows_of(entries: Kept[VolumeEntry], project_names: Mapping[str, str]) -> Kept[VolumeRow]:
    """The rows of the list; the same ones as long as the entries and the names are the same."""
    return entries.derived(
        ("rows", tuple(sorted(project_names.items()))),
        lambda: Kept(row_of(entry, project_names) for entry in entries),
    )


def row_of(entry: VolumeEntry, project_names: Mapping[str, str]) -> VolumeRow:
    its = entry.volume or entry.snapshot
    project_id: str | None = its.project_id if its else None
    if not project_id and entry.shadow:
        project_id = project_of(entry.shadow) or None
    return VolumeRow(entry, project_id, project_names.get(project_id or "") or project_id)


def names_in(inventories: Iterable[Inventory]) -> dict[str, frozenset[str]]:
    """What may be asked for though no volume is there: an empty datastore, say."""
    whole = tuple(inventories)
    return {
        "vcenter": frozenset(i.vcenter.name for i in whole),
        "datastore": frozenset(d.name for i in whole for d in i.datastores),
    }
