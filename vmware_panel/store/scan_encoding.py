"""One search of a datastore, the index of all, and how they go, as bytes and back.

Each begins with a mark and the layout's number: another release does not read it. Then come zlib
and msgpack. The files of a search are columns, as in the book: there may be hundreds of thousands.
"""

import struct
import zlib
from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any, TypeVar

import msgspec

from vmware_panel.domain.datastore_files import (
    DatastoreFile,
    FileKind,
    Scan,
    ScanProgress,
    TopFolder,
)
from vmware_panel.domain.inventory import MoRef
from vmware_panel.domain.outcome import Trouble
from vmware_panel.store.base import ScanAsk
from vmware_panel.store.encoding import LEVEL, FormatError

T = TypeVar("T")

REVISION = 1  # another one whenever a field means something else
MAX_BYTES = 512 * 1024 * 1024

_HEADER = struct.Struct(">4sI")
_SEARCH, _INDEX, _PROGRESS, _ASK = b"VMWF", b"VMWI", b"VMWG", b"VMWA"
_KINDS = (DatastoreFile, TopFolder, Scan, ScanProgress, Trouble)
_NAMES = [(kind.__name__, [field.name for field in fields(kind)]) for kind in _KINDS]
_LAYOUT_ID = zlib.crc32(repr((REVISION, _NAMES)).encode())


class Entry(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """Where one search lies: `parts` items under the id `base`, with the digest of all bytes."""

    base: str
    parts: int
    digest: bytes
    read_at: datetime


class Index(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    vcenter: str
    entries: dict[MoRef, Entry]


class Told(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """How the searches went at that moment."""

    vcenter: str
    at: datetime
    running: str
    running_percent: int | None
    done: int
    wanted: int
    troubles: dict[MoRef, Trouble]

    @property
    def progress(self) -> ScanProgress:
        return ScanProgress(
            self.running, self.running_percent, self.done, self.wanted, self.troubles
        )


class _Ask(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    datastores: tuple[MoRef, ...]
    asked_at: datetime


_FileColumns = tuple[
    list[str],
    list[FileKind],
    list[int | None],
    list[datetime | None],
]
_FolderColumns = tuple[
    list[str],
    list[int | None],
    list[int],
    list[datetime | None],
    list[bool],
]


class _Search(msgspec.Struct, array_like=True, forbid_unknown_fields=True):
    vcenter: str
    datastore: MoRef
    datastore_name: str
    read_at: datetime
    datacenter: MoRef | None
    folders: _FolderColumns
    files: _FileColumns
    unread: tuple[str, ...]
    took_s: float


def encode_scan(scan: Scan) -> bytes:
    search = _Search(
        scan.vcenter,
        scan.datastore,
        scan.datastore_name,
        scan.read_at,
        scan.datacenter,
        (
            [folder.name for folder in scan.folders],
            [folder.size_bytes for folder in scan.folders],
            [folder.files for folder in scan.folders],
            [folder.newest for folder in scan.folders],
            [folder.holds_vm for folder in scan.folders],
        ),
        (
            [file.path for file in scan.files],
            [file.kind for file in scan.files],
            [file.size_bytes for file in scan.files],
            [file.modified for file in scan.files],
        ),
        scan.unread,
        scan.took_s,
    )
    return _packed(_SEARCH, search)


def decode_scan(data: bytes) -> Scan:
    """Raises `FormatError`."""
    search = _unpacked(_SEARCH, data, _Search)
    return Scan(
        search.vcenter,
        search.datastore,
        search.datastore_name,
        search.read_at,
        search.datacenter,
        tuple(_made(TopFolder, search.folders)),
        tuple(_made(DatastoreFile, search.files)),
        search.unread,
        search.took_s,
    )


def encode_index(vcenter: str, entries: Mapping[MoRef, Entry]) -> bytes:
    return _packed(_INDEX, Index(vcenter, dict(entries)))


def decode_index(data: bytes, vcenter: str) -> Mapping[MoRef, Entry]:
    """Raises `FormatError`."""
    index = _unpacked(_INDEX, data, Index)
    if index.vcenter != vcenter:
        raise FormatError("an index of another vCenter")
    return index.entries


def encode_progress(vcenter: str, progress: ScanProgress, at: datetime) -> bytes:
    told = Told(
        vcenter,
        at,
        progress.running,
        progress.running_percent,
        progress.done,
        progress.wanted,
        dict(progress.troubles),
    )
    return _packed(_PROGRESS, told)


def decode_progress(data: bytes, vcenter: str) -> Told:
    """Raises `FormatError`."""
    told = _unpacked(_PROGRESS, data, Told)
    if told.vcenter != vcenter:
        raise FormatError("the progress of another vCenter")
    return told


def encode_ask(datastores: tuple[MoRef, ...], asked_at: datetime) -> bytes:
    return _packed(_ASK, _Ask(datastores, asked_at))


def decode_ask(key: str, data: bytes) -> ScanAsk:
    """Raises `FormatError`."""
    ask = _unpacked(_ASK, data, _Ask)
    return ScanAsk(key, ask.datastores, ask.asked_at)


def _made(kind: type[T], columns: tuple[list[Any], ...]) -> list[T]:
    if len(set(map(len, columns))) != 1:
        raise FormatError("columns of different lengths")
    return list(map(kind, *columns))


_ENCODER = msgspec.msgpack.Encoder()
_DECODERS: dict[type[Any], "msgspec.msgpack.Decoder[Any]"] = {
    kind: msgspec.msgpack.Decoder(kind) for kind in (_Search, Index, Told, _Ask)
}


def _packed(mark: bytes, what: msgspec.Struct) -> bytes:
    return _HEADER.pack(mark, _LAYOUT_ID) + zlib.compress(_ENCODER.encode(what), LEVEL)


def _unpacked(mark: bytes, data: bytes, kind: type[T]) -> T:
    if len(data) < _HEADER.size or not data.startswith(mark):
        raise FormatError(f"no {mark.decode()} of a collector")
    if _HEADER.unpack_from(data)[1] != _LAYOUT_ID:
        raise FormatError("written by another release of vmware_panel")
    unpacker = zlib.decompressobj()
    try:
        plain = unpacker.decompress(memoryview(data)[_HEADER.size :], MAX_BYTES)
        if not unpacker.eof or unpacker.unused_data:
            raise FormatError("cut off, or too large")
        found: T = _DECODERS[kind].decode(plain)
    except (msgspec.MsgspecError, zlib.error, RecursionError) as error:
        raise FormatError(f"{type(error).__name__}: {error}"[:200]) from None
    return found
