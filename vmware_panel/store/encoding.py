"""An inventory and a delta as bytes, and back.

zlib over frames, each a length and a piece of msgpack: first a cover (who, when, how many of each
kind), then the objects of one kind, some hundred a frame, as columns: all values of the first field,
all of the second, and so on. Columns are small on the wire, are held to their types by msgspec in one
go, and let equal strings become one string. No frame names a class: only the fields of the domain's
own types are read, so foreign bytes come to an error and never to code.
"""

import zlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields
from datetime import datetime
from itertools import islice
from types import NoneType, UnionType
from typing import Any, NewType, Union, get_args, get_origin, get_type_hints

import msgspec

from vmware_panel.domain.inventory import (
    Cluster,
    Datacenter,
    Datastore,
    EsxHost,
    Folder,
    HaPolicy,
    Inventory,
    MoRef,
    ResourcePool,
    VCenter,
    VirtualDisk,
    VirtualMachine,
)
from vmware_panel.domain.ledger import KINDS, Delta, Entity
from vmware_panel.domain.outcome import Trouble
from vmware_panel.domain.snapshot import CollectorStatus

REVISION = 1  # another one whenever what is below writes or means something else

LEVEL = 1  # of zlib; higher ones cost three times the time for a tenth of the size
FRAME_OBJECTS = 500
FRAME_LIMIT_BYTES = 64 * 1024 * 1024
LENGTH_BYTES = 4

# Hardly ever the same for two: looking for the same would only cost.
_UNIQUE = {
    VirtualMachine: frozenset(
        {"moref", "name", "instance_uuid", "bios_uuid", "vm_path", "annotation"}
    ),
    VirtualDisk: frozenset({"path", "backing_uuid"}),
}
_GROUPS = {
    Datacenter: "datacenters",
    Folder: "folders",
    ResourcePool: "resource_pools",
    Cluster: "clusters",
    EsxHost: "hosts",
    Datastore: "datastores",
    VirtualMachine: "vms",
}

Pool = dict[Any, Any]
Column = Iterable[Any]


class FormatError(ValueError):
    """Not what this release writes, or not whole."""


def _layout_id() -> int:
    """Differs when the types that are written have other fields, whether or not REVISION does."""
    kinds = (*KINDS, HaPolicy, VirtualDisk, VCenter, CollectorStatus, Trouble)
    names = [(kind.__name__, [field.name for field in fields(kind)]) for kind in kinds]
    return zlib.crc32(repr((REVISION, names)).encode())


LAYOUT_ID = _layout_id()


class _Cover(msgspec.Struct, array_like=True, forbid_unknown_fields=True):
    """`vcenter` and `read_at` are those of an inventory; a delta has none."""

    counts: tuple[int, ...]
    gone: tuple[MoRef, ...] = ()
    vcenter: VCenter | None = None
    read_at: datetime | None = None
    whole: bool = True


class _Columns:
    """One kind as columns."""

    def __init__(self, kind: type[Any]) -> None:
        self._kind = kind
        hints = get_type_hints(kind)
        self._names = [field.name for field in fields(kind)]
        self.types = [self._wire_type(name, hints[name]) for name in self._names]
        self._sharers = [
            _as_it_is if name in _UNIQUE.get(kind, ()) else _sharer(hint)
            for name, hint in zip(self._names, self.types, strict=True)
        ]

    def decoder(self) -> "msgspec.msgpack.Decoder[list[list[Any]]]":
        columns = tuple(list.__class_getitem__(hint) for hint in self.types)
        return msgspec.msgpack.Decoder(tuple.__class_getitem__(columns))

    def _wire_type(self, name: str, hint: Any) -> Any:
        return hint

    def taken(self, objects: Sequence[Any]) -> list[list[Any]]:
        return [[getattr(item, name) for item in objects] for name in self._names]

    def made(self, columns: Sequence[list[Any]], pool: Pool) -> list[Any]:
        if len(set(map(len, columns))) != 1:
            raise FormatError("columns of different lengths")
        shared = [
            share(pool, column) for share, column in zip(self._sharers, columns, strict=True)
        ]
        return list(map(self._kind, *shared))


class _VmColumns(_Columns):
    """The disks' columns stand behind the VMs', which say how many disks each has."""

    def __init__(self) -> None:
        super().__init__(VirtualMachine)
        self._disks = _Columns(VirtualDisk)
        self._own = len(self.types)
        self.types += self._disks.types

    def _wire_type(self, name: str, hint: Any) -> Any:
        return int if name == "disks" else hint

    def taken(self, objects: Sequence[VirtualMachine]) -> list[list[Any]]:
        columns = super().taken(objects)
        columns[self._names.index("disks")] = [len(vm.disks) for vm in objects]
        return columns + self._disks.taken([disk for vm in objects for disk in vm.disks])

    def made(self, columns: Sequence[list[Any]], pool: Pool) -> list[Any]:
        own = list(columns[: self._own])
        disks = self._disks.made(columns[self._own :], pool)
        counts = own[self._names.index("disks")]
        if min(counts, default=0) < 0 or sum(counts) != len(disks):
            raise FormatError("disks are missing, or belong to no VM")
        left = iter(disks)
        own[self._names.index("disks")] = [tuple(islice(left, count)) for count in counts]
        uuids, extras = (own[self._names.index(n)] for n in ("instance_uuid", "extra_config"))
        for uuid, extra in zip(uuids, extras, strict=False):
            # Nova writes it there a second time.
            extra.update((key, uuid) for key, text in extra.items() if text == uuid)
        return super().made(own, pool)


def _as_it_is(pool: Pool, column: list[Any]) -> Column:
    return column


def _shared(pool: Pool, column: list[Any]) -> Column:
    return map(pool.setdefault, column, column)


def _shared_tuples(pool: Pool, column: list[tuple[Any, ...]]) -> Column:
    for value in column:
        known = pool.get(value)
        if known is None:
            known = pool[value] = tuple(map(pool.setdefault, value, value))
        yield known


def _shared_mappings(pool: Pool, column: list[dict[str, str]]) -> Column:
    for value in column:
        yield {pool.setdefault(key, key): text for key, text in value.items()}


def _sharer(hint: Any) -> Any:
    """Text and whole numbers go into one pool: True and an enum's member, which are equal to one of
    these, must not, and are one object each anyway.
    """
    if get_origin(hint) is tuple:
        return _shared_tuples
    if hint not in (str, int) and get_origin(hint) not in (None, Union, UnionType):
        return _shared_mappings
    plain = {
        part.__supertype__ if isinstance(part, NewType) else part
        for part in (get_args(hint) or (hint,))
    } - {NoneType}
    return _shared if plain in ({str}, {int}) else _as_it_is


_COLUMNS = [_VmColumns() if kind is VirtualMachine else _Columns(kind) for kind in KINDS]
_DECODERS = [columns.decoder() for columns in _COLUMNS]
_ENCODER = msgspec.msgpack.Encoder()
_COVER: msgspec.msgpack.Decoder[_Cover] = msgspec.msgpack.Decoder(_Cover)
_FRAME: msgspec.msgpack.Decoder[tuple[int, msgspec.Raw]] = msgspec.msgpack.Decoder(
    tuple[int, msgspec.Raw]
)


def objects_of(inventory: Inventory) -> Iterator[Entity]:
    for kind in KINDS:
        yield from getattr(inventory, _GROUPS[kind])


def encode_inventory(inventory: Inventory) -> bytes:
    groups = [getattr(inventory, _GROUPS[kind]) for kind in KINDS]
    cover = _Cover(
        tuple(map(len, groups)), (), inventory.vcenter, inventory.read_at, inventory.whole
    )
    return _packed(cover, groups)


def encode_delta(delta: Delta) -> bytes:
    groups: dict[type[Any], list[Entity]] = {kind: [] for kind in KINDS}
    for item in delta.changed:
        groups[type(item)].append(item)
    return _packed(_Cover(tuple(map(len, groups.values())), delta.gone), list(groups.values()))


def _packed(cover: _Cover, groups: Sequence[Sequence[Any]]) -> bytes:
    packer = zlib.compressobj(LEVEL)
    packed = bytearray()
    for frame in _frames(cover, groups):
        packed += packer.compress(len(frame).to_bytes(LENGTH_BYTES))
        packed += packer.compress(frame)
    packed += packer.flush()
    return bytes(packed)


def _frames(cover: _Cover, groups: Sequence[Sequence[Any]]) -> Iterator[bytes]:
    yield _ENCODER.encode(cover)
    for number, (columns, objects) in enumerate(zip(_COLUMNS, groups, strict=True)):
        for start in range(0, len(objects), FRAME_OBJECTS):
            part = objects[start : start + FRAME_OBJECTS]
            yield _ENCODER.encode((number, columns.taken(part)))


class Decoder:
    """Reads what one writer wrote, and keeps what repeats: later deltas share it too."""

    def __init__(self) -> None:
        self._pool: Pool = {}

    def inventory(self, packed: Iterable[bytes]) -> Inventory:
        """Raises `FormatError`."""
        cover, groups = self._read(packed)
        if cover.vcenter is None or cover.read_at is None:
            raise FormatError("an inventory was expected")
        return Inventory(
            vcenter=cover.vcenter,
            read_at=cover.read_at,
            whole=cover.whole,
            **{_GROUPS[kind]: tuple(groups[number]) for number, kind in enumerate(KINDS)},
        )

    def delta(self, packed: Iterable[bytes]) -> Delta:
        """Raises `FormatError`. The changed come kind by kind."""
        cover, groups = self._read(packed)
        if cover.vcenter is not None:
            raise FormatError("a delta was expected")
        return Delta(tuple(item for group in groups for item in group), cover.gone)

    def _read(self, packed: Iterable[bytes]) -> tuple[_Cover, list[list[Any]]]:
        frames = _unpacked(packed)
        groups: defaultdict[int, list[Any]] = defaultdict(list)
        try:
            cover = _COVER.decode(next(frames, b""))
            for frame in frames:
                number, packed_columns = _FRAME.decode(frame)
                if not 0 <= number < len(KINDS):
                    raise FormatError(f"kind {number} is not known")
                columns = _DECODERS[number].decode(packed_columns)
                groups[number] += _COLUMNS[number].made(columns, self._pool)
        except (msgspec.MsgspecError, zlib.error, RecursionError) as error:
            raise FormatError(f"{type(error).__name__}: {error}"[:200]) from None
        found = [groups[number] for number in range(len(KINDS))]
        if tuple(map(len, found)) != cover.counts:
            raise FormatError("objects are missing")
        return cover, found


def _unpacked(packed: Iterable[bytes]) -> Iterator[bytes]:
    """Frame by frame, so that the whole never stands unpacked beside the objects made of it."""
    unpacker = zlib.decompressobj()
    waiting = bytearray()
    for piece in packed:
        while piece:
            waiting += unpacker.decompress(piece, FRAME_LIMIT_BYTES)
            piece = unpacker.unconsumed_tail
            yield from _whole_frames(waiting)
    if waiting or not unpacker.eof or unpacker.unused_data:
        raise FormatError("cut off, or more than one")


def _whole_frames(waiting: bytearray) -> Iterator[bytes]:
    """Takes them from the front."""
    start = 0
    while len(waiting) >= start + LENGTH_BYTES:
        length = int.from_bytes(waiting[start : start + LENGTH_BYTES])
        if length > FRAME_LIMIT_BYTES:
            raise FormatError("a frame is too large")
        end = start + LENGTH_BYTES + length
        if len(waiting) < end:
            break
        yield bytes(waiting[start + LENGTH_BYTES : end])
        start = end
    del waiting[:start]
