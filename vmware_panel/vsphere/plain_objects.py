# mypy: allow-untyped-calls
"""Reads the objects of a page that are written plainly, at a fraction of the parser's calls.

Of 25 MB of VMs expat takes a quarter of the time, and being called by it for each element the
rest. Nearly every object is written in one plain way, though: no comment, no CDATA, no space
between elements, no prefix but the schema's. Such a one is taken apart by regular expressions. In
XML that is well-formed every `<` of it begins a tag, so that they find what a parser finds; that
it is well-formed, expat still has to say. What is written in another way, or is out of the
ordinary, is not read here, nor refused: it is left to the decoder that understands all of XML.
"""

import re
from typing import Any, NamedTuple

from pyVmomi.SoapAdapter import NS_SEP, XSI_TYPE

from vmware_panel.vsphere.leaves import Leaves
from vmware_panel.vsphere.rows import Reference, Value
from vmware_panel.vsphere.structures import REPEATED, Tree, disk, structure
from vmware_panel.vsphere.wire_types import Shape, WireType, WireTypes

_TEXT = Shape.TEXT

END = b"</objects>"

_XSI = XSI_TYPE.rpartition(NS_SEP)[0]

_OBJECT = re.compile("<objects><obj([^>]*)>([^<]*)</obj>")
_PROPERTY = re.compile("<propSet><name>([^<]*)</name><val([^>]*)>([^<]*)(</val></propSet>)?")
_DEVICE = re.compile("<VirtualDevice([^>]*)>")
_REFERENCE = re.compile("<ManagedObjectReference([^>]*)>([^<]*)</ManagedObjectReference>")
_END_OF_DEVICE, _END_OF_PROPERTY = "</VirtualDevice>", "</val></propSet>"
# An element of a tree: one with nothing but text, or the start of one, or an empty one.
_BRANCH = re.compile(r"<(\w+)([^>]*)>([^<]*)(</\1>)?", re.ASCII)
_ATTRIBUTE = re.compile(r' ([\w:-]+)="([\w:./-]*)"', re.ASCII)
_ENTITY = re.compile("&[^;]*;")

_MAX_DIGITS = 8  # with the x
_MAX_DEPTH = 64  # of a tree


class NotPlain(Exception):
    """Nothing was read."""


class PlainObject(NamedTuple):
    ref: Reference
    values: dict[str, Value | None]


class PlainObjects:
    """Of one answer. `types` knows the prefixes that are declared around the objects."""

    def __init__(self, types: WireTypes, leaves: Leaves) -> None:
        self._leaves = leaves
        self._attributes = _Attributes(types)
        self._typed = _Typed(types, self._attributes)

    def read(self, written: bytes) -> PlainObject:
        """One `objects`, whole, or what is not known to be one; raises `NotPlain`, `ValueError`.

        What it gives counts only if the same bytes are well-formed.
        """
        xml = written.decode()
        start = _OBJECT.match(xml)
        if start is None or _hides_something(xml):
            raise NotPlain
        ref = self._leaves.reference(self._attributes[start[1]], _text(start[2]))
        values: dict[str, Value | None] = {}
        at, end = start.end(), len(xml) - len(END)
        match, typed = _PROPERTY.match, self._typed
        while at < end:
            found = match(xml, at)
            if found is None:
                raise NotPlain
            path, said, text, ended = found.groups()
            attributes, kind = typed[said]
            at = found.end()
            value: Any
            if not ended:
                value, at = self._with_elements(xml, at, kind, attributes)
            elif kind.is_leaf:
                value = _text(text) if "&" in text else text
                if kind.shape is not _TEXT:
                    value = self._leaves.value(kind, attributes, value)
            elif kind.is_list:
                value = ()
            else:
                value = self._structure(kind, {}, attributes)
            if value is not None:
                values[_text(path) if "&" in path else path] = value
        return PlainObject(ref, values)

    def _with_elements(
        self, xml: str, at: int, kind: WireType, attributes: dict[str, str]
    ) -> tuple[Any, int]:
        """The value whose elements begin at `at`, and where the next property begins."""
        value: Any
        if kind.shape is Shape.DEVICES:
            value, at = self._disks(xml, at)
        elif kind.shape is Shape.REFERENCES:
            value, at = self._reference_list(xml, at)
        elif kind.shape is Shape.STRUCTURE:
            tree, at = self._tree(xml, at, "val")
            at -= len("</val>")
            value = self._structure(kind, tree, attributes)
        else:
            raise NotPlain
        if not xml.startswith(_END_OF_PROPERTY, at):
            raise NotPlain
        return value, at + len(_END_OF_PROPERTY)

    def _structure(self, kind: WireType, tree: Tree, attributes: dict[str, str]) -> Value | None:
        if kind.shape is not Shape.STRUCTURE:
            return None
        self._leaves.grown(tree, attributes, "")  # notes its type
        return structure(tree)

    def _reference_list(self, xml: str, at: int) -> tuple[tuple[Reference, ...], int]:
        items: list[Reference] = []
        while (found := _REFERENCE.match(xml, at)) is not None:
            attributes = self._attributes[found[1]]
            if XSI_TYPE in attributes:
                raise NotPlain
            items.append(self._leaves.reference(attributes, _text(found[2])))
            at = found.end()
        return tuple(items), at

    def _disks(self, xml: str, at: int) -> tuple[tuple[Any, ...], int]:
        items: list[Any] = []
        begin, devices = at, 0
        match, typed = _DEVICE.match, self._typed
        while (found := match(xml, at)) is not None:
            devices += 1
            attributes, kind = typed[found[1]]
            if kind.is_disk:
                tree, at = self._tree(xml, found.end(), "VirtualDevice")
                self._leaves.grown(tree, attributes, "")
                items.append(disk(tree))
            else:
                at = xml.find(_END_OF_DEVICE, found.end()) + len(_END_OF_DEVICE)
                if at < found.end():
                    raise NotPlain
        if xml.count("<VirtualDevice", begin, at) != devices:
            raise NotPlain  # one within another, whose end was taken for that of the outer one
        return tuple(items), at

    def _tree(self, xml: str, at: int, name: str) -> tuple[Tree, int]:
        """Of the element whose start tag ends at `at`, and where it ends itself."""
        tree: Tree = {}
        within: list[tuple[str, dict[str, str], Tree]] = []
        attributes: dict[str, str] = {}
        match, grown, attributes_of = _BRANCH.match, self._leaves.grown, self._attributes
        while True:
            found = match(xml, at)
            if found is not None:
                at = found.end()
                inner, said, text, ended = found.groups()
                if said and said[-1] == "/":
                    at = found.end(2) + 1
                    _put(tree, inner, grown({}, attributes_of[said[:-1]], ""))
                elif not ended:
                    if len(within) == _MAX_DEPTH:
                        raise NotPlain
                    within.append((name, attributes, tree))
                    name, attributes, tree = inner, attributes_of[said], {}
                elif said or "&" in text or inner in REPEATED:
                    _put(tree, inner, grown({}, attributes_of[said], _text(text)))
                else:
                    tree[inner] = text
            elif xml.startswith(f"</{name}>", at):
                at += len(name) + 3
                if not within:
                    return tree, at
                inner, ended_tree = name, grown(tree, attributes, "")
                name, attributes, tree = within.pop()
                _put(tree, inner, ended_tree)
            else:
                raise NotPlain


class _Attributes(dict[str, dict[str, str]]):
    """Attributes by how they are written within a tag."""

    def __init__(self, types: WireTypes) -> None:
        self._types = types
        self._declared: set[str] = set()  # prefixes of the schema's, by objects themselves

    def __missing__(self, written: str) -> dict[str, str]:
        found: dict[str, str] = {}
        at = 0
        while (attribute := _ATTRIBUTE.match(written, at)) is not None:
            name, value = attribute.groups()
            prefix, colon, local = name.rpartition(":")
            if prefix == "xmlns" or name == "xmlns":
                self._declare(local if colon else None, value)
            elif not colon:
                found[name] = value
            elif prefix in self._declared or (colon and self._types.uri(prefix) == _XSI):
                found[_XSI + NS_SEP + local] = value
            else:
                raise NotPlain
            at = attribute.end()
        if at != len(written):
            raise NotPlain
        self[written] = found
        return found

    def _declare(self, prefix: str | None, uri: str) -> None:
        """Once more what it is already, or the schema's: that means the same wherever it stands."""
        known = self._types.uri(prefix)
        if uri != known and (known or prefix is None or uri != _XSI):
            raise NotPlain
        if prefix is not None and uri == _XSI:
            self._declared.add(prefix)


class _Typed(dict[str, tuple[dict[str, str], WireType]]):
    """The same of elements that have to say their type, which stands beside."""

    def __init__(self, types: WireTypes, attributes: _Attributes) -> None:
        self._types = types
        self._attributes = attributes

    def __missing__(self, written: str) -> tuple[dict[str, str], WireType]:
        attributes = self._attributes[written]
        said = attributes.get(XSI_TYPE)
        if said is None:
            raise NotPlain
        found = self[written] = attributes, self._types[said]
        return found


def _put(tree: Tree, name: str, grown: Any) -> None:
    if name in REPEATED:
        tree.setdefault(name, []).append(grown)
    else:
        tree[name] = grown


def _hides_something(xml: str) -> bool:
    """True for what may hide a tag, or stands for another text than it seems to."""
    return "\r" in xml or ("!" in xml and "<!" in xml) or ("?" in xml and "<?" in xml)


def _text(written: str) -> str:
    return _ENTITY.sub(_character, written) if "&" in written else written


def _character(entity: re.Match[str]) -> str:
    return _CHARACTERS[entity[0]]


class _Characters(dict[str, str]):
    """Characters by the references to them."""

    def __missing__(self, reference: str) -> str:
        digits = reference[2:-1]
        if not reference.startswith("&#") or len(digits) > _MAX_DIGITS:
            raise NotPlain
        return chr(int(digits[1:], 16) if digits.startswith("x") else int(digits))


_CHARACTERS = _Characters({"&lt;": "<", "&gt;": ">", "&amp;": "&", "&quot;": '"', "&apos;": "'"})
_CHARACTERS |= {"&#xA;": "\n", "&#34;": '"'}
