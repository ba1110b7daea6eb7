"""Decodes one page of a property read: `RetrievePropertiesEx` and what continues it."""

from collections.abc import Callable
from typing import NamedTuple

from vmware_panel.vsphere.answer_decoder import RESULT, Readable, refuse
from vmware_panel.vsphere.object_decoder import EVERY_OBJECT_MAY_HAVE, Names, ObjectDecoder
from vmware_panel.vsphere.rows import Row
from vmware_panel.vsphere.structures import fault

_NAMES = Names(object="objects", property="propSet")
_OBJECT = RESULT + 1


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
