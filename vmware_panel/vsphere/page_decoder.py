"""Decodes one page of a property read: `RetrievePropertiesEx` and what continues it."""

from collections.abc import Callable
from typing import NamedTuple

from vmware_panel.vsphere.answer_decoder import RESULT, Readable
from vmware_panel.vsphere.leaves import refuse
from vmware_panel.vsphere.object_decoder import EVERY_OBJECT_MAY_HAVE, Names, ObjectDecoder
from vmware_panel.vsphere.plain_objects import END, NotPlain, PlainObjects
from vmware_panel.vsphere.rows import Row
from vmware_panel.vsphere.structures import fault

_NAMES = Names(object="objects", property="propSet")
_OBJECT = RESULT + 1
_MAX_KEPT_BYTES = 256 * 1024  # of an object that has not ended; VMs have 10 KB, seldom 60


class Page(NamedTuple):
    """`token` asks for the next page; there is none after the last."""

    rows: list[Row]
    token: str | None


def decode_page(
    stream: Readable, version: str, on_token: Callable[[str], None] | None = None
) -> Page:
    """Reads to the end; nothing counts before.

    `version` is the SDK's name of the session's API version. `on_token` hears of the token as soon
    as it was read, which is at the start of a page; the page may still be refused. Raises
    `ExpatError`, `ValueError` and what the stream and `on_token` raise.
    """
    decoder = _PageDecoder(version, on_token)
    decoder.read(stream)
    return Page(decoder.rows, decoder.token)


class _PageDecoder(ObjectDecoder):
    def __init__(self, version: str, on_token: Callable[[str], None] | None) -> None:
        super().__init__(version, _NAMES, _OBJECT)
        self.rows: list[Row] = []
        self.token: str | None = None
        self._on_token = on_token
        self._plainly: PlainObjects | None = PlainObjects(self._types, self._leaves)
        self._kept = b""
        self._parser.XmlDeclHandler = self._declared

    def _take(self, chunk: bytes) -> None:
        """Object by object, as long as it can be said where one ends."""
        if self._plainly is None:
            self._parse(chunk)
            return
        *ended, self._kept = (self._kept + chunk).split(END)
        for piece in ended:
            self._take_object(piece + END)
        if len(self._kept) > _MAX_KEPT_BYTES:
            self._plainly = None
        if self._plainly is None:
            self._take_rest()

    def _take_rest(self) -> None:
        rest, self._kept = self._kept, b""
        self._parse(rest)

    def _take_object(self, written: bytes) -> None:
        """With what stands before it. It begins and ends between two tags, unless something is
        there that may hide a tag: from then on everything is left to the parser.
        """
        if self._plainly is not None and self._at_part_of_result():
            try:
                ref, values = self._plainly.read(written)
            except NotPlain:
                pass
            else:
                self._parse_unheard(written)
                kind = self._classes.get(ref.type) or self._class_of(ref.type)
                self.rows.append(Row(kind, ref, values))
                return
        if b"<!" in written or b"<?" in written[1:]:
            self._plainly = None
        self._parse(written)

    def _declared(self, _version: str, encoding: str | None, _standalone: int) -> None:
        if encoding is not None and encoding.lower() != "utf-8":
            self._plainly = None

    def _start_around(self, level: int, name: str, _attributes: dict[str, str]) -> None:
        if level == _OBJECT:
            if name == _NAMES.object:
                self._begin_object()
            elif name in EVERY_OBJECT_MAY_HAVE:
                self._pass_over()
            elif name != "token":
                refuse("neither an object nor a token")
        else:
            self._start_of_envelope(level, name)

    def _end_around(self, level: int, name: str) -> None:
        if level != _OBJECT:
            return
        if name == "token":
            self.token = "".join(self._text) or None
            if self.token and self._on_token:
                self._on_token(self.token)
            return
        kind, ref = self._named_object()
        faults = tuple(found for tree in self._missing if (found := fault(tree)) is not None)
        self.rows.append(Row(kind, ref, self._values, faults))

    def _end_property(self) -> None:
        if self._path is not None and self._value is not None:
            self._values[self._path] = self._value
