"""What the plain elements of one answer say, whichever way they were read."""

from typing import Any, NoReturn

from pyVmomi.SoapAdapter import XSI_TYPE

from vmware_panel.domain.inventory import MoRef
from vmware_panel.vsphere.rows import Reference, Value
from vmware_panel.vsphere.structures import TYPE, Tree, flag
from vmware_panel.vsphere.wire_types import Shape, WireType, WireTypes

_TEXT, _NUMBER, _FLAG = Shape.TEXT, Shape.NUMBER, Shape.FLAG


class UnreadableAnswer(ValueError):
    """The answer is XML, but not what a PropertyCollector answers, or it is hostile."""


def refuse(detail: str, *_: object) -> NoReturn:
    raise UnreadableAnswer(detail)


class Leaves:
    """Attributes are by their names as expat gives them: `XSI_TYPE`, `type`."""

    def __init__(self, types: WireTypes) -> None:
        self._types = types
        self._references: dict[tuple[str, str], Reference] = {}

    def value(self, kind: WireType, attributes: dict[str, str], text: str) -> Value | None:
        """Raises `ValueError` for a text that is not of that kind."""
        if kind.is_reference:
            return self.reference(attributes, text)
        shape = kind.shape
        if shape is _TEXT:
            return text
        if shape is _NUMBER:
            return int(text)
        return flag(text) if shape is _FLAG else None

    def reference(self, attributes: dict[str, str], text: str) -> Reference:
        """One object for equal ones: hosts and datastores are named by many VMs."""
        kind = attributes.get("type")
        if kind is None:
            refuse("a reference without a type")
        named = (kind, text)
        known = self._references.get(named)
        if known is None:
            known = self._references[named] = Reference(kind, MoRef(text))
        return known

    def grown(self, branch: Tree, attributes: dict[str, str], text: str) -> Any:
        """What an element of a tree becomes when it ends; its type is noted in `branch`."""
        if attributes and (said := attributes.get(XSI_TYPE)) is not None:
            kind = self._types[said]
            branch[TYPE] = kind.sdk_class
            if kind.is_leaf and len(branch) == 1:
                return self.value(kind, attributes, text)
        elif not branch:
            return self.reference(attributes, text) if "type" in attributes else text
        return branch
