"""What the hosts and clusters of one vCenter use, as one item beside the book and apart from it.

The item says which release wrote it, by the fields that it has: another release does not read it.
It is written whole with each sample, so that nothing is to be mended where it is lost.
"""

import struct
import threading
import zlib
from dataclasses import fields
from datetime import datetime

import msgspec

from vmware_panel.domain.outcome import TroubleKind
from vmware_panel.domain.usage import ClusterUsage, HostUsage, Usage
from vmware_panel.store.base import StoreError
from vmware_panel.store.channel import Channel
from vmware_panel.store.encoding import LEVEL, FormatError

REVISION = 1  # another one whenever a field means something else

USAGE_TTL_S = 900
"""Thirty samples. What is older is unknown: nobody samples any more."""

MAX_BYTES = 16 * 1024 * 1024

_HEADER = struct.Struct(">4sI")
_MAGIC = b"VMWU"
_KINDS = (HostUsage, ClusterUsage, Usage)
_NAMES = [(kind.__name__, [field.name for field in fields(kind)]) for kind in _KINDS]
_LAYOUT_ID = zlib.crc32(repr((REVISION, _NAMES)).encode())


class _Sample(msgspec.Struct, array_like=True, forbid_unknown_fields=True):
    vcenter: str
    read_at: datetime
    hosts: tuple[HostUsage, ...]
    clusters: tuple[ClusterUsage, ...]


_ENCODER = msgspec.msgpack.Encoder()
_DECODER: msgspec.msgpack.Decoder[_Sample] = msgspec.msgpack.Decoder(_Sample)


def encode_usage(usage: Usage) -> bytes:
    sample = _Sample(usage.vcenter, usage.read_at, usage.hosts, usage.clusters)
    return _HEADER.pack(_MAGIC, _LAYOUT_ID) + zlib.compress(_ENCODER.encode(sample), LEVEL)


def decode_usage(item: bytes) -> Usage:
    """Raises `FormatError`."""
    if len(item) < _HEADER.size or not item.startswith(_MAGIC):
        raise FormatError("no sample of usage")
    if _HEADER.unpack_from(item)[1] != _LAYOUT_ID:
        raise FormatError("written by another release of vmware_panel")
    unpacker = zlib.decompressobj()
    try:
        data = unpacker.decompress(item[_HEADER.size :], MAX_BYTES)
        if not unpacker.eof or unpacker.unused_data:
            raise FormatError("a sample of usage that is cut off, or too large")
        sample = _DECODER.decode(data)
    except (msgspec.MsgspecError, zlib.error, RecursionError) as error:
        raise FormatError(f"{type(error).__name__}: {error}"[:200]) from None
    return Usage(sample.vcenter, sample.read_at, sample.hosts, sample.clusters)


class UsageReader:
    """One vCenter's sample, decoded once for all who ask until there is another. Threads share it."""

    def __init__(self, channel: Channel, key: str, vcenter: str) -> None:
        self._channel = channel
        self._key = key
        self._vcenter = vcenter
        self._lock = threading.Lock()
        self._held: tuple[bytes, Usage] | None = None

    def read(self) -> Usage | None:
        """See `SnapshotStore.usage`. One `get_many`."""
        item = self._channel.get(self._key)
        if item is None:
            return None
        with self._lock:
            if self._held is None or self._held[0] != item:
                self._held = item, self._decoded(item)
            return self._held[1]

    def _decoded(self, item: bytes) -> Usage:
        try:
            usage = decode_usage(item)
        except FormatError as error:
            raise StoreError(TroubleKind.BAD_ANSWER, str(error)) from None
        if usage.vcenter != self._vcenter:
            raise StoreError(TroubleKind.BAD_ANSWER, "a sample of another vCenter")
        return usage
