"""Decodes the answer of `WaitForUpdatesEx`."""

from typing import Any

from pyVmomi import vmodl
from pyVmomi.SoapAdapter import XSI_TYPE

from vmware_panel.vsphere.answer_decoder import RESULT, Readable
from vmware_panel.vsphere.leaves import refuse
from vmware_panel.vsphere.object_decoder import EVERY_OBJECT_MAY_HAVE, Names, ObjectDecoder
from vmware_panel.vsphere.rows import Reference, Row, Value
from vmware_panel.vsphere.structures import Tree, fault, flag
from vmware_panel.vsphere.updates import ObjectUpdate, UpdateKind, UpdateSet

_NAMES = Names(object="objectSet", property="changeSet", plain="kind", plain_of_property="op")
_PART_OF_SET = RESULT + 1
_OBJECT = RESULT + 2

_KINDS = {kind.value: kind for kind in UpdateKind}
_GIVING, _TAKING = frozenset({"add", "assign"}), frozenset({"remove", "indirectRemove"})
_XSI_NIL = XSI_TYPE.removesuffix("type") + "nil"


def decode_updates(stream: Readable, version: str, *, drives: bool = False) -> UpdateSet | None:
    """Reads to the end; nothing counts before. None if the wait ended without a change.

    A property that is unset, removed, unreadable or of a type that is not read is None in a
    `modify`, and not there in an `enter`. `version` is the SDK's name of the session's API
    version. With `drives` the images in CD and floppy drives are among a VM's devices. Raises
    `ExpatError`, `ValueError` and what the stream raises.
    """
    decoder = _UpdateDecoder(version)
    decoder.keeps_drives = drives
    decoder.read(stream)
    return decoder.update_set()


class _UpdateDecoder(ObjectDecoder):
    def __init__(self, version: str) -> None:
        super().__init__(version, _NAMES, _OBJECT)
        self._updates: list[ObjectUpdate] = []
        self._version = ""
        self._truncated = False

    def update_set(self) -> UpdateSet | None:
        if not self._has_result:
            return None
        if not self._version:
            refuse("updates without a version")
        return UpdateSet(self._version, self._updates, self._truncated)

    def _start_around(self, level: int, name: str, attributes: dict[str, str]) -> None:
        if level == _OBJECT:
            self._start_part_of_filter(name, attributes)
        elif level == _PART_OF_SET:
            if name in EVERY_OBJECT_MAY_HAVE:
                self._pass_over()
            elif name not in ("version", "filterSet", "truncated"):
                refuse("no part of updates")
        else:
            self._start_of_envelope(level, name)

    def _start_part_of_filter(self, name: str, attributes: dict[str, str]) -> None:
        if self._local[self._open[_PART_OF_SET]] != "filterSet":
            refuse("an element within a plain value")
        if name == _NAMES.object:
            self._begin_object()
        elif name == "missingSet":
            self._plant(attributes, self._add_missing_object)
        elif name in EVERY_OBJECT_MAY_HAVE:
            self._pass_over()
        elif name != "filter":
            refuse("no part of a filter's updates")

    def _end_around(self, level: int, name: str) -> None:
        if level == _OBJECT:
            if name == _NAMES.object:
                self._end_object()
        elif level == _PART_OF_SET:
            if name == "version":
                self._version = "".join(self._text)
            elif name == "truncated":
                self._truncated = flag("".join(self._text))

    def _end_property(self) -> None:
        op, path = self._plain_of_property, self._path
        if op not in _GIVING and op not in _TAKING:
            refuse("a change of no known kind")
        if path is not None:
            self._values[path] = self._value if op in _GIVING else None

    def _is_unset(self, attributes: dict[str, str]) -> bool:
        return _XSI_NIL in attributes and flag(attributes[_XSI_NIL])

    def _end_object(self) -> None:
        kind = _KINDS.get(self._plain)
        if kind is None:
            refuse("an update of no known kind")
        values: dict[str, Value | None] = {}
        if kind is UpdateKind.ENTER:
            values = {path: value for path, value in self._values.items() if value is not None}
        elif kind is UpdateKind.MODIFY:
            values = self._values
            for tree in self._missing:
                if isinstance(path := tree.get("path"), str):
                    values[path] = None
        faults = tuple(found for tree in self._missing if (found := fault(tree)) is not None)
        sdk_class, ref = self._named_object()
        self._updates.append(ObjectUpdate(kind, Row(sdk_class, ref, values, faults)))

    def _add_missing_object(self, tree: Tree) -> None:
        """Gone, or there but not to be read: then nothing of it changes but for the fault."""
        ref: Any = tree.get("obj")
        why = fault(tree)
        if not isinstance(ref, Reference) or why is None:
            refuse("a missing object without name or reason")
        gone = issubclass(why.kind, vmodl.fault.ManagedObjectNotFound)
        row = Row(self._classes.get(ref.type) or self._class_of(ref.type), ref, {}, (why,))
        self._updates.append(ObjectUpdate(UpdateKind.LEAVE if gone else UpdateKind.MODIFY, row))
