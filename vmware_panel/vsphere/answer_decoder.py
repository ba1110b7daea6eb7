# mypy: allow-untyped-calls
"""Decodes what a PropertyCollector answers, straight from expat into the project's own values.

The SDK's decoder makes an object of every element, which costs several times what moving the bytes
does. Here only what the project reads becomes anything: the rest is passed over, above all the
devices that are no disks. The grammar is strict down to a property's value, so that an answer is
understood or refused, and never half-read; a value of a type that is not read is unknown.
"""

from collections.abc import Callable
from typing import Any, Protocol
from xml.parsers.expat import ParserCreate

from pyVmomi.SoapAdapter import NS_SEP
from pyVmomi.VmomiSupport import ManagedObject

from vmware_panel.vsphere.leaves import Leaves, refuse
from vmware_panel.vsphere.structures import REPEATED, Tree
from vmware_panel.vsphere.wire_types import LocalNames, WireTypes

CHUNK_BYTES = 64 * 1024
MAX_ANSWER_BYTES = 512 * 1024 * 1024  # 200 KB an object on a full page; the largest VMs: a third
MAX_DEPTH = 600  # a chain of disks is one deeper with each parent, and is read to 256
MAX_ITEM_CHUNKS = 4  # 256 KB of one device that is no disk; they have a few KB

# The levels of every answer, above those of what it says.
_ENVELOPE, _BODY, _RESPONSE, RESULT = 1, 2, 3, 4


class Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


class AnswerDecoder:
    """Three pairs of handlers take turns: for the answer's frame, for what becomes a tree, and for
    what is passed over. The frame belongs to the two kinds of answers, the rest is here.
    """

    def __init__(self, version: str) -> None:
        self._types = WireTypes(version)
        self._leaves = Leaves(self._types)
        self._local = LocalNames()
        self._parser = parser = ParserCreate(namespace_separator=NS_SEP)
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = lambda *_: refuse("a document type declaration")
        parser.StartNamespaceDeclHandler = self._types.declare
        parser.EndNamespaceDeclHandler = self._types.undeclare
        self._level = 0
        self._responded = self._has_result = False
        self._text: list[str] = []  # since the last start tag
        self._classes: dict[str, type] = {}
        # One tree, from its root to the element that is open
        self._branches: list[tuple[str, dict[str, str], Tree]] = []
        self._deliver: Callable[[Tree], None] = lambda _: None
        # What is passed over
        self._end_level = 0
        self._ends_of_items: dict[str, _EndOfItem] = {}
        self._chunks_in_item = -1  # below zero outside of one
        self._use_frame()

    def read(self, stream: Readable) -> None:
        """To the end; nothing counts before. Raises `ExpatError`, `ValueError`, and what the
        stream raises.
        """
        size = 0
        try:
            while chunk := stream.read(CHUNK_BYTES):
                size += len(chunk)
                if size > MAX_ANSWER_BYTES:
                    refuse("an answer of more than 512 MB")
                self._take(chunk)
            self._take_rest()
            self._parser.Parse(b"", True)
        finally:
            self._let_go()
        if not self._responded:
            refuse("no answer to a call")

    def _take(self, chunk: bytes) -> None:
        self._parse(chunk)

    def _take_rest(self) -> None:
        """What `_take` may have kept."""

    def _parse(self, chunk: bytes) -> None:
        if self._chunks_in_item >= 0:
            self._chunks_in_item += 1
            if self._chunks_in_item > MAX_ITEM_CHUNKS:
                refuse("an item beyond all measure")
        self._parser.Parse(chunk, False)

    def _at_part_of_result(self) -> bool:
        """True between two parts of a result, and not within anything that is passed over."""
        return self._level == RESULT and self._parser.StartElementHandler == self._start

    def _parse_unheard(self, balanced: bytes) -> None:
        """Looks only whether it is well-formed: what has begun there must have ended there."""
        parser = self._parser
        self._use(None, None, None)
        parser.StartNamespaceDeclHandler = parser.EndNamespaceDeclHandler = None
        parser.Parse(balanced, False)
        parser.StartNamespaceDeclHandler = self._types.declare
        parser.EndNamespaceDeclHandler = self._types.undeclare
        self._use_frame()

    def _let_go(self) -> None:
        """Parts from the parser: the two hold each other, and with them the answer."""
        self._use(None, None, None)
        self._parser.StartNamespaceDeclHandler = None
        self._parser.EndNamespaceDeclHandler = None
        self._ends_of_items.clear()
        self._deliver = lambda _: None

    def _use(self, start: Any, end: Any, text: Any) -> None:
        parser = self._parser
        parser.StartElementHandler = start
        parser.EndElementHandler = end
        parser.CharacterDataHandler = text

    # The frame

    def _use_frame(self) -> None:
        self._use(self._start, self._end, self._text.append)

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        raise NotImplementedError

    def _end(self, tag: str) -> None:
        raise NotImplementedError

    def _start_of_envelope(self, level: int, name: str) -> None:
        if level == _BODY and name != "Body":
            self._pass_over()
        elif level == _RESPONSE:
            if not name.endswith("Response") or self._responded:
                refuse("not the answer to one call")
            self._responded = True
        elif (level == _ENVELOPE and name != "Envelope") or (
            level == RESULT and (name != "returnval" or self._has_result)
        ):
            refuse("not the answer of a vCenter")
        self._has_result |= level == RESULT

    def _class_of(self, name: str) -> type:
        """The SDK's class of a kind of managed objects."""
        found = self._types.sdk_class(name)
        if found is None or not issubclass(found, ManagedObject):
            refuse("an object of no known type")
        self._classes[name] = found
        return found

    # What is passed over

    def _pass_over(self) -> None:
        """The element that has just begun, with all that is in it."""
        self._end_level = self._level - 1
        self._use(self._start_passed_over, self._end_passed_over, None)

    def _start_passed_over(self, _tag: str, _attributes: dict[str, str]) -> None:
        self._level += 1
        if self._level > MAX_DEPTH:
            refuse("elements too deep in one another")

    def _end_passed_over(self, _tag: str) -> None:
        self._level -= 1
        if self._level == self._end_level:
            self._use_frame()

    def _pass_over_item(self, tag: str) -> None:
        """The same for an item of a list, at a fraction of the cost: expat looks for its end tag
        alone. One of the same name inside would be taken for the end: the frame then meets an end
        tag that does not fit, and refuses the answer.
        """
        end = self._ends_of_items.get(tag)
        if end is None:
            end = self._ends_of_items[tag] = _EndOfItem(tag, self._item_passed_over)
        self._chunks_in_item = 0
        self._use(None, end.__getitem__, None)

    def _item_passed_over(self) -> None:
        self._level -= 1
        self._chunks_in_item = -1
        self._use_frame()

    # What becomes a tree

    def _plant(self, attributes: dict[str, str], deliver: Callable[[Tree], None]) -> None:
        """Makes a tree of the element that has just begun, and delivers it when it ends."""
        self._deliver = deliver
        self._branches = [("", attributes, {})]
        self._text.clear()
        self._use(self._start_branch, self._end_branch, self._text.append)

    def _start_branch(self, tag: str, attributes: dict[str, str]) -> None:
        self._text.clear()
        branches = self._branches
        branches.append((self._local[tag], attributes, {}))
        if len(branches) > MAX_DEPTH:
            refuse("elements too deep in one another")

    def _end_branch(self, _tag: str) -> None:
        branches = self._branches
        name, attributes, branch = branches.pop()
        grown = self._leaves.grown(branch, attributes, "".join(self._text))
        if branches:
            above = branches[-1][2]
            if name in REPEATED:
                above.setdefault(name, []).append(grown)
            else:
                above[name] = grown
        else:
            self._level -= 1
            self._use_frame()
            self._deliver(branch)


class _EndOfItem(dict[str, None]):
    """Knows every end tag but one by heart, which costs no call of Python's; that one it tells."""

    def __init__(self, tag: str, tell: Callable[[], None]) -> None:
        self._tag = tag
        self._tell = tell

    def __missing__(self, tag: str) -> None:
        if tag == self._tag:
            self._tell()
        else:
            self[tag] = None
