"""The small item that says what a vCenter's snapshot is made of. Whoever reads begins here."""

import struct
from dataclasses import dataclass
from datetime import datetime

import msgspec

from vmware_panel.domain.snapshot import CollectorStatus
from vmware_panel.store.encoding import LAYOUT_ID, FormatError

# Stays as it is in every release, so that writers of different ones know who came last.
_HEADER = struct.Struct(">4sIQQ")
_MAGIC = b"VMWP"


@dataclass(frozen=True, slots=True, order=True)
class Fence:
    """Who writes. Of two the greater goes on and the other stops: see `writer`."""

    epoch: int
    writer: int


class Past(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """A base and deltas that came to what another base holds."""

    base: str
    deltas: tuple[int, ...]


class Content(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """A base and the deltas since: `parts` items of the base, and those of each delta in turn.

    `digest` is that of the base's bytes, `confirmed_at` the inventory's `read_at`. `follows` is what
    the base sums up: whoever holds that needs not read the base.
    """

    base: str
    parts: int
    size_bytes: int
    digest: bytes
    confirmed_at: datetime
    deltas: tuple[int, ...] = ()
    follows: Past | None = None

    @property
    def version(self) -> str:
        return f"{self.base}.{len(self.deltas)}"

    def since(self, known: "Content") -> list[tuple[str, int, int]] | None:
        """Base, number and parts of each delta that leads here from what is known; None if none do."""
        count, past = len(known.deltas), self.follows
        own = _numbered(self.base, self.deltas)
        if known.base == self.base and count <= len(own):
            return own[count:]
        if past is not None and known.base == past.base and count <= len(past.deltas):
            return _numbered(past.base, past.deltas)[count:] + own
        return None


class Head(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """`content` is None before the first list is through."""

    vcenter: str
    status: CollectorStatus
    beat_at: datetime
    content: Content | None = None


def _numbered(base: str, deltas: tuple[int, ...]) -> list[tuple[str, int, int]]:
    return [(base, number, parts) for number, parts in enumerate(deltas, start=1)]


_ENCODER = msgspec.msgpack.Encoder()
_DECODER: msgspec.msgpack.Decoder[Head] = msgspec.msgpack.Decoder(Head)


def packed(head: Head, fence: Fence) -> bytes:
    header = _HEADER.pack(_MAGIC, LAYOUT_ID, fence.epoch, fence.writer)
    return header + _ENCODER.encode(head)


def fence_of(item: bytes | None) -> Fence | None:
    """Who wrote the item, in whatever release; None if it is no head at all."""
    if item is None or len(item) < _HEADER.size or not item.startswith(_MAGIC):
        return None
    _, _, epoch, writer = _HEADER.unpack_from(item)
    return Fence(epoch, writer)


def unpacked(item: bytes, vcenter: str) -> Head:
    """Raises `FormatError` on what another release wrote, or something else."""
    if fence_of(item) is None:
        raise FormatError("no head of a snapshot")
    if _HEADER.unpack_from(item)[1] != LAYOUT_ID:
        raise FormatError("written by another release of vmware_panel")
    try:
        head = _DECODER.decode(memoryview(item)[_HEADER.size :])
    except msgspec.MsgspecError as error:
        raise FormatError(f"head: {error}"[:200]) from None
    if head.vcenter != vcenter:
        raise FormatError(f"head of another vCenter, {head.vcenter!r}"[:200])
    return head
