# mypy: allow-untyped-calls
"""What the types that stand in an answer are to the project.

`xsi:type` is looked up in the SDK's own tables and by its own rules, so that a name means here what
it means to the SDK. A type that the SDK does not know, of a newer vCenter say, is one more that
is not read.
"""

from collections import defaultdict
from enum import Enum, auto
from typing import Any, NamedTuple

from pyVmomi import vim
from pyVmomi.SoapAdapter import NS_SEP, SoapDeserializer
from pyVmomi.VmomiSupport import GetCompatibleType, ManagedObject


class Shape(Enum):
    """How a value of some type is read."""

    TEXT = auto()
    NUMBER = auto()
    FLAG = auto()
    REFERENCE = auto()
    REFERENCES = auto()
    DEVICES = auto()
    OPTIONS = auto()
    FOLDERS = auto()  # what a search of a datastore found
    STRUCTURE = auto()  # one whose members the project reads
    OTHER = auto()  # passed over


class WireType(NamedTuple):
    shape: Shape
    sdk_class: type
    is_leaf: bool = False
    is_list: bool = False
    is_disk: bool = False
    is_drive: bool = False
    is_reference: bool = False


UNKNOWN = WireType(Shape.OTHER, object)

_LEAVES = (Shape.TEXT, Shape.NUMBER, Shape.FLAG, Shape.REFERENCE)
_ITEM_BY_ITEM = (Shape.REFERENCES, Shape.DEVICES, Shape.OPTIONS, Shape.FOLDERS)

_STRUCTURES = (
    vim.ext.ManagedByInfo,
    vim.option.OptionValue,
    vim.UserSession,
    vim.cluster.DasAdmissionControlPolicy,
    vim.ClusterComputeResource.Summary,
)
_LISTS = (
    (ManagedObject, Shape.REFERENCES),
    (vim.vm.device.VirtualDevice, Shape.DEVICES),
    (vim.option.OptionValue, Shape.OPTIONS),
    (vim.host.DatastoreBrowser.SearchResults, Shape.FOLDERS),
    # Read as trees, which are whole: there are few of them.
    (vim.host.NumaNode, Shape.STRUCTURE),
    (vim.host.PhysicalNic, Shape.STRUCTURE),
)


class LocalNames(dict[str, str]):
    """Names of elements without their namespace, which the SDK does not look at either."""

    def __missing__(self, tag: str) -> str:
        local = self[tag] = tag.rpartition(NS_SEP)[2]
        return local


class WireTypes(dict[str, WireType]):
    """The types in one answer, by their names as in an `xsi:type`, e.g. `xsd:string`.

    The prefixes of the names follow the answer's declarations.
    """

    def __init__(self, version: str) -> None:
        self._version = version
        self._uris: defaultdict[str | None, list[str]] = defaultdict(list)
        self._prefixes_used: set[str | None] = set()
        self._sdk = SoapDeserializer()

    def declare(self, prefix: str | None, uri: str | None) -> None:
        self._uris[prefix].append(uri or "")
        if prefix in self._prefixes_used:
            self.clear()

    def undeclare(self, prefix: str | None) -> None:
        self._uris[prefix].pop()
        if prefix in self._prefixes_used:
            self.clear()

    def uri(self, prefix: str | None) -> str:
        """What a prefix stands for at present; empty for one that is not declared."""
        uris = self._uris.get(prefix)
        return uris[-1] if uris else ""

    def __missing__(self, name: str) -> WireType:
        found = self[name] = _wire_type(self.sdk_class(name))
        return found

    def sdk_class(self, name: str) -> type | None:
        """The SDK's class of that name in the session's version of the API."""
        first, colon, rest = name.partition(":")
        prefix, local = (first, rest) if colon else (None, name)
        self._prefixes_used.add(prefix)
        try:
            found: Any = self._sdk.LookupWsdlType(self.uri(prefix), local, True)
        except KeyError:
            return None
        compatible: type = GetCompatibleType(found, self._version) if self._version else found
        return compatible


_DRIVES = (vim.vm.device.VirtualCdrom, vim.vm.device.VirtualFloppy)


def _wire_type(found: type | None) -> WireType:
    if found is None:
        return UNKNOWN
    shape = Shape.OTHER
    if issubclass(found, list):
        item: type = getattr(found, "Item", object)
        shape = next((shape for kind, shape in _LISTS if issubclass(item, kind)), shape)
    elif issubclass(found, ManagedObject):
        shape = Shape.REFERENCE
    elif issubclass(found, bool):
        shape = Shape.FLAG
    elif issubclass(found, int):
        shape = Shape.NUMBER
    elif issubclass(found, str):
        shape = Shape.TEXT
    elif issubclass(found, _STRUCTURES):
        shape = Shape.STRUCTURE
    return WireType(
        shape,
        found,
        is_leaf=shape in _LEAVES,
        is_list=shape in _ITEM_BY_ITEM,
        is_disk=issubclass(found, vim.vm.device.VirtualDisk),
        is_drive=issubclass(found, _DRIVES),
        is_reference=shape is Shape.REFERENCE,
    )
