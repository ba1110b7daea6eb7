"""One managed object as it was read, with typed access to its properties.

Values are the project's own: text, numbers, flags, and the few structures below. A value of
another type than expected counts as unknown.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple, TypeVar

from vmware_panel.domain.cluster_detail import NumaNode
from vmware_panel.domain.datastore_files import FileKind
from vmware_panel.domain.host_detail import NetworkAdapter
from vmware_panel.domain.inventory import HaPolicy, MoRef, VirtualDisk

E = TypeVar("E", bound=StrEnum)
V = TypeVar("V")


class Reference(NamedTuple):
    """What refers to a managed object; `type` is the vSphere API's name, e.g. `HostSystem`."""

    type: str
    moref: MoRef


class ManagedBy(NamedTuple):
    """`config.managedBy` of a VM."""

    extension_key: str
    type: str


class Option(NamedTuple):
    """One entry of an `extraConfig`, its value as text."""

    key: str
    value: str


class MountedImage(NamedTuple):
    """What is in a CD or floppy drive: `[datastore] folder/file.iso`."""

    path: str


class LoggedIn(NamedTuple):
    """`SessionManager.currentSession` of one who is logged in. Its key is a secret and not kept."""


class ClusterSummary(NamedTuple):
    """`summary` of a cluster; the fields are those of `domain.usage.ClusterUsage`."""

    hosts: int | None
    effective_hosts: int | None
    total_cpu_mhz: int | None
    effective_cpu_mhz: int | None
    total_memory_bytes: int | None
    effective_memory_mb: int | None
    cpu_failover_percent: int | None
    memory_failover_percent: int | None
    drs_score: int | None
    cpu_demand_mhz: int | None
    memory_demand_mb: int | None


class SearchedFile(NamedTuple):
    """One `FileInfo`; `name` is without its folder."""

    name: str
    kind: FileKind
    size_bytes: int | None
    modified: datetime | None


class SearchedFolder(NamedTuple):
    """One `HostDatastoreBrowserSearchResults`; `path` as vCenter writes it: `[datastore] folder/`."""

    path: str
    files: tuple[SearchedFile, ...]


class Fault(NamedTuple):
    """Why a property is missing: the SDK's class of the fault, and the object that it names."""

    kind: type
    about: Reference | None = None


Value = (
    str
    | int
    | bool
    | Reference
    | ManagedBy
    | Option
    | LoggedIn
    | HaPolicy
    | ClusterSummary
    | tuple[Reference, ...]
    | tuple[Option, ...]
    | tuple[VirtualDisk, ...]
    | tuple[VirtualDisk | MountedImage, ...]
    | tuple[NumaNode, ...]
    | tuple[NetworkAdapter, ...]
    | tuple[SearchedFolder, ...]
)


class Row:
    """The properties of one object; those that are unknown are not among them.

    In an update, what became unknown is there, as None.
    """

    __slots__ = ("_values", "faults", "kind", "ref")

    def __init__(
        self,
        kind: type,
        ref: Reference,
        values: Mapping[str, Value | None],
        faults: tuple[Fault, ...] = (),
    ) -> None:
        self.kind = kind  # the SDK's class, e.g. `vim.HostSystem`
        self.ref = ref
        self.faults = faults  # those of the properties that are missing
        self._values = values

    @property
    def moref(self) -> MoRef:
        return self.ref.moref

    @property
    def values(self) -> Mapping[str, Value | None]:
        return self._values

    def text(self, path: str) -> str | None:
        value = self._values.get(path)
        return value if isinstance(value, str) else None

    def number(self, path: str) -> int | None:
        value = self._values.get(path)
        return value if isinstance(value, int) and not isinstance(value, bool) else None

    def flag(self, path: str) -> bool | None:
        value = self._values.get(path)
        return value if isinstance(value, bool) else None

    def member(self, path: str, members: type[E]) -> E | None:
        """An enumeration's value; None for one that the project does not know."""
        value = self.text(path)
        try:
            return None if value is None else members(value)
        except ValueError:
            return None

    def ref_to(self, path: str) -> MoRef | None:
        value = self._values.get(path)
        return value.moref if isinstance(value, Reference) else None

    def refs_to(self, path: str) -> tuple[MoRef, ...]:
        return tuple(ref.moref for ref in self.all(path, Reference) if ref.moref)

    def one(self, path: str, kind: type[V]) -> V | None:
        value = self._values.get(path)
        return value if isinstance(value, kind) else None

    def all(self, path: str, kind: type[V]) -> tuple[V, ...]:
        """The items of that kind in a list."""
        value = self._values.get(path)
        if type(value) is not tuple:  # the structures are tuples of other types
            return ()
        return tuple(item for item in value if isinstance(item, kind))
