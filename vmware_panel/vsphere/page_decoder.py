# mypy: allow-untyped-calls
"""Decodes one page of a property read, straight from expat into rows.

The SDK's decoder makes an object of every element, which costs several times what moving the bytes
does. Here only what the project reads becomes anything: the rest is passed over, above all the
devices that are no disks. The grammar is strict down to a property's value, so that an answer is
understood or refused, and never half-read; a value of a type that is not read is unknown.
"""

from collections.abc import Callable
from typing import Any, NamedTuple, NoReturn, Protocol
from xml.parsers.expat import ParserCreate

from pyVmomi import vim
from pyVmomi.SoapAdapter import NS_SEP, XSI_TYPE
from pyVmomi.VmomiSupport import ManagedObject

from vmware_panel.domain.inventory import MoRef
from vmware_panel.vsphere.rows import Fault, Reference, Row, Value
from vmware_panel.vsphere.structures import TYPE, Tree, disk, fault, flag, structure
from vmware_panel.vsphere.wire_types import UNKNOWN, LocalNames, Shape, WireType, WireTypes

CHUNK_BYTES = 64 * 1024
MAX_PAGE_BYTES = 512 * 1024 * 1024  # 200 KB an object on a full page; the largest VMs have a third
MAX_DEPTH = 600  # a chain of disks is one deeper with each parent, and is read to 256

# The levels of an answer.
_ENVELOPE, _BODY, _RESPONSE, _RESULT, _OBJECT, _PART, _ITEM = 1, 2, 3, 4, 5, 6, 7

_EVERY_OBJECT_MAY_HAVE = frozenset({"dynamicType", "dynamicProperty"})


class Page(NamedTuple):
    """`token` asks for the next page; there is none after the last."""

    rows: list[Row]
    token: str | None


class Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


class UnreadablePage(ValueError):
    """The answer is XML, but not what a property read answers, or it is hostile."""


def decode_page(stream: Readable, version: str) -> Page:
    """Reads to the end; None of it counts before.

    `version` is the SDK's name of the session's API version. Raises `ExpatError`, `ValueError` and
    what the stream raises.
    """
    decoder = _Decoder(version)
    size = 0
    try:
        while chunk := stream.read(CHUNK_BYTES):
            size += len(chunk)
            if size > MAX_PAGE_BYTES:
                _refuse("a page of more than 512 MB")
            decoder.feed(chunk)
        return decoder.finish()
    finally:
        decoder.let_go()


def _refuse(detail: str, *_: object) -> NoReturn:
    raise UnreadablePage(detail)


class _Decoder:
    """Three pairs of handlers take turns: for the answer's frame, for what becomes a tree, and for
    what is passed over. All three count the level.
    """

    def __init__(self, version: str) -> None:
        self._types = WireTypes(version)
        self._local = LocalNames()
        self._parser = parser = ParserCreate(namespace_separator=NS_SEP)
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = lambda *_: _refuse("a document type declaration")
        parser.StartNamespaceDeclHandler = self._types.declare
        parser.EndNamespaceDeclHandler = self._types.undeclare
        self._level = 0
        self._names = [""] * (_ITEM + 2)  # of the open elements of the frame, by level
        self._text: list[str] = []  # since the last start tag
        self._read_text = self._text.append
        self._references: dict[tuple[str, str], Reference] = {}
        self._classes: dict[str, type] = {}
        # The answer
        self._responded = False
        self._rows: list[Row] = []
        self._token: str | None = None
        # One object
        self._ref: Reference | None = None
        self._values: dict[str, Value] = {}
        self._faults: list[Fault] = []
        # One property
        self._path: str | None = None
        self._value: Value | None = None
        self._value_type = UNKNOWN
        self._attributes: dict[str, str] = {}
        self._item_type = UNKNOWN
        self._items: list[Any] = []
        # One tree, from its root to the element that is open
        self._branches: list[tuple[Tree, dict[str, str], str]] = []
        self._end_level = 0
        self._deliver: Callable[[Tree], None] = self._add_fault
        self._use(self._start, self._end, self._read_text)

    def feed(self, chunk: bytes) -> None:
        self._parser.Parse(chunk, False)

    def finish(self) -> Page:
        self._parser.Parse(b"", True)
        if not self._responded:
            _refuse("no answer to a property read")
        return Page(self._rows, self._token)

    def let_go(self) -> None:
        """Parts from the parser: the two hold each other, and with them the page."""
        self._use(None, None, None)
        self._parser.StartNamespaceDeclHandler = None
        self._parser.EndNamespaceDeclHandler = None

    def _use(self, start: Any, end: Any, text: Any) -> None:
        parser = self._parser
        parser.StartElementHandler = start
        parser.EndElementHandler = end
        parser.CharacterDataHandler = text

    # The frame

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        self._text.clear()
        level = self._level = self._level + 1
        if level > _ITEM + 1:
            _refuse("an element within a plain value")
        name = self._names[level] = self._local[tag]
        if level == _ITEM:
            if self._names[_PART] != "propSet":
                _refuse("an element within a reference")
            if name == "val":
                self._start_value(attributes)
            elif name != "name":
                _refuse("no part of a property")
        elif level == _PART:
            self._start_part(name, attributes)
        elif level > _ITEM:
            self._start_of_list_item(attributes)
        elif level == _OBJECT:
            if name == "objects":
                self._ref, self._values, self._faults = None, {}, []
            elif name in _EVERY_OBJECT_MAY_HAVE:
                self._pass_over()
            elif name != "token":
                _refuse("neither an object nor a token")
        else:
            self._start_of_envelope(level, name)

    def _start_of_envelope(self, level: int, name: str) -> None:
        if level == _BODY and name != "Body":
            self._pass_over()
        elif level == _RESPONSE:
            if not name.endswith("Response") or self._responded:
                _refuse("not the answer to one call")
            self._responded = True
        elif (level == _ENVELOPE and name != "Envelope") or (
            level == _RESULT and (name != "returnval" or self._rows or self._token)
        ):
            _refuse("not the answer of a vCenter")

    def _start_part(self, name: str, attributes: dict[str, str]) -> None:
        if self._names[_OBJECT] != "objects":
            _refuse("an element within a token")
        if name == "propSet":
            self._path = self._value = None
        elif name == "obj":
            self._attributes = attributes
        elif name == "missingSet":
            self._plant(attributes, self._add_fault)
        elif name in _EVERY_OBJECT_MAY_HAVE:
            self._pass_over()
        else:
            _refuse("no part of an object")

    def _start_value(self, attributes: dict[str, str]) -> None:
        said = attributes.get(XSI_TYPE)
        if said is None:
            _refuse("a value without a type")
        found = self._value_type = self._types.of(said)
        if found.is_leaf:
            self._attributes = attributes
        elif found.is_list:
            self._items = []
        elif found.shape is Shape.STRUCTURE:
            self._plant(attributes, self._set_structure)
        else:
            self._pass_over()

    def _start_of_list_item(self, attributes: dict[str, str]) -> None:
        if self._names[_ITEM] != "val" or not self._value_type.is_list:
            _refuse("an element within a plain value")
        said = attributes.get(XSI_TYPE)
        found = UNKNOWN if said is None else self._types.of(said)
        shape = self._value_type.shape
        if shape is Shape.REFERENCES:
            if said is None or found.shape is Shape.REFERENCE:
                self._attributes = attributes
            else:
                self._pass_over()
        elif shape is Shape.OPTIONS:
            self._plant(attributes, self._add_option)
        elif found.is_disk:
            self._plant(attributes, self._add_disk)
        else:
            self._pass_over()

    def _end(self, tag: str) -> None:
        level = self._level
        self._level = level - 1
        if level == _ITEM:
            if self._names[_ITEM] == "name":
                self._path = "".join(self._text)
            elif self._value_type.is_list:
                self._value = tuple(self._items)
            else:
                self._value = self._leaf(self._value_type, self._attributes)
        elif level == _PART:
            self._end_part()
        elif level > _ITEM:
            self._items.append(self._reference(self._attributes))
        elif level == _OBJECT:
            self._end_object()

    def _end_part(self) -> None:
        if self._names[_PART] == "obj":
            self._ref = self._reference(self._attributes)
        elif self._path is not None and self._value is not None:
            self._values[self._path] = self._value

    def _end_object(self) -> None:
        if self._names[_OBJECT] == "token":
            self._token = "".join(self._text) or None
            return
        ref = self._ref
        if ref is None:
            _refuse("an object that is not named")
        kind = self._classes.get(ref.type) or self._class_of(ref.type)
        self._rows.append(Row(kind, ref, self._values, tuple(self._faults)))

    def _class_of(self, name: str) -> type:
        found = self._types.sdk_class(name)
        if found is None or not issubclass(found, ManagedObject):
            _refuse("an object of no known type")
        self._classes[name] = found
        return found

    def _leaf(self, kind: WireType, attributes: dict[str, str]) -> Value | None:
        shape = kind.shape
        if shape is Shape.REFERENCE:
            return self._reference(attributes)
        text = "".join(self._text)
        if shape is Shape.TEXT:
            return text
        if shape is Shape.NUMBER:
            return int(text)
        return flag(text) if shape is Shape.FLAG else None

    def _reference(self, attributes: dict[str, str]) -> Reference:
        """One object for equal ones: hosts and datastores are named by many VMs."""
        kind = attributes.get("type")
        if kind is None:
            _refuse("a reference without a type")
        named = (kind, "".join(self._text))
        known = self._references.get(named)
        if known is None:
            known = self._references[named] = Reference(kind, MoRef(named[1]))
        return known

    # What is passed over

    def _pass_over(self) -> None:
        """The element that has just begun, with all that is in it."""
        self._end_level = self._level - 1
        self._use(self._start_passed_over, self._end_passed_over, None)

    def _start_passed_over(self, _tag: str, _attributes: dict[str, str]) -> None:
        self._level += 1
        if self._level > MAX_DEPTH:
            _refuse("elements too deep in one another")

    def _end_passed_over(self, _tag: str) -> None:
        self._level -= 1
        if self._level == self._end_level:
            self._use(self._start, self._end, self._read_text)

    # What becomes a tree

    def _plant(self, attributes: dict[str, str], deliver: Callable[[Tree], None]) -> None:
        """Makes a tree of the element that has just begun, and delivers it when it ends."""
        self._deliver = deliver
        self._branches = [({}, attributes, "")]
        self._use(self._start_branch, self._end_branch, self._read_text)

    def _start_branch(self, tag: str, attributes: dict[str, str]) -> None:
        self._text.clear()
        self._level += 1
        if self._level > MAX_DEPTH:
            _refuse("elements too deep in one another")
        self._branches.append(({}, attributes, self._local[tag]))

    def _end_branch(self, _tag: str) -> None:
        self._level -= 1
        branch, attributes, name = self._branches.pop()
        grown: Any = branch
        if attributes and (said := attributes.get(XSI_TYPE)) is not None:
            kind = self._types.of(said)
            branch[TYPE] = kind.sdk_class
            if kind.is_leaf and len(branch) == 1:
                grown = self._leaf(kind, attributes)
        elif not branch:
            grown = self._reference(attributes) if "type" in attributes else "".join(self._text)
        if self._branches:
            self._branches[-1][0][name] = grown
        else:
            self._use(self._start, self._end, self._read_text)
            self._deliver(branch)

    def _add_fault(self, tree: Tree) -> None:
        if (found := fault(tree)) is not None:
            self._faults.append(found)

    def _set_structure(self, tree: Tree) -> None:
        self._value = structure(tree)

    def _add_disk(self, tree: Tree) -> None:
        self._items.append(disk(tree))

    def _add_option(self, tree: Tree) -> None:
        tree.setdefault(TYPE, vim.option.OptionValue)
        if (found := structure(tree)) is not None:
            self._items.append(found)
