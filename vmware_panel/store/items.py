"""A base or a delta as items that fit into a cache, each knowing what it is a part of."""

import hashlib
import struct
import zlib
from collections.abc import Mapping

from vmware_panel.store.channel import safe

# memcached takes 1 MB an item by default, and wastes the less of its pages the smaller an item is.
PART_BYTES = 96 * 1024

_HEADER = struct.Struct(">8sIHHI")  # base, number (0: the base itself), part, parts, crc32
MAX_PARTS = 2**16 - 1


class DamageError(Exception):
    """An item is missing or is not what it should be."""


class Keys:
    """Under which keys the store keeps one vCenter's things."""

    def __init__(self, prefix: str, vcenter: str) -> None:
        self._top = f"{safe(prefix)}:vc:{safe(vcenter)}"
        self.head = f"{self._top}:head"
        self.refresh = f"{self._top}:refresh"
        self.damage = f"{self._top}:damage"
        self.proof = f"{self._top}:proof"
        self.usage = f"{self._top}:usage"
        self.scans = f"{self._top}:scans"
        self.scan_progress = f"{self._top}:scan_progress"

    def scan_ask(self, number: int) -> str:
        return f"{self._top}:scan_ask:{number}"

    def parts(self, base: str, number: int, parts: int) -> list[str]:
        return [f"{self._top}:{base}:{number}:{part}" for part in range(parts)]


def lease_key(prefix: str, name: str) -> str:
    return f"{safe(prefix)}:lease:{safe(name)}"


def digest_of(*pieces: bytes) -> bytes:
    digest = hashlib.blake2b(digest_size=16)
    for piece in pieces:
        digest.update(piece)
    return digest.digest()


def cut(keys: Keys, base: str, number: int, data: bytes) -> dict[str, bytes]:
    """Items by key, in order. `base` is sixteen hexadecimal digits."""
    pieces = [data[at : at + PART_BYTES] for at in range(0, len(data), PART_BYTES)]
    if len(pieces) > MAX_PARTS:
        raise ValueError(f"{len(data)} bytes are more than a store holds")
    named = zip(keys.parts(base, number, len(pieces)), pieces, strict=True)
    return {
        key: _HEADER.pack(bytes.fromhex(base), number, part, len(pieces), zlib.crc32(piece))
        + piece
        for part, (key, piece) in enumerate(named)
    }


def joined(
    keys: Keys, base: str, number: int, parts: int, found: Mapping[str, bytes]
) -> list[bytes]:
    """The pieces in order. Raises `DamageError`."""
    pieces = []
    for part, key in enumerate(keys.parts(base, number, parts)):
        item = found.get(key, b"")
        piece = item[_HEADER.size :]
        expected = _HEADER.pack(bytes.fromhex(base), number, part, parts, zlib.crc32(piece))
        if item[: _HEADER.size] != expected:
            raise DamageError(f"part {part} of {parts} of {base}.{number} is not whole")
        pieces.append(piece)
    return pieces
