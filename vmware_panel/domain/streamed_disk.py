"""The head of a streamOptimized VMDK: whether it is one, and how large its disk is.

"Virtual Disk Format 5.0" (VMware), `SparseExtentHeader`.
"""

import struct

HEAD_BYTES = 512
_SECTOR_BYTES = 512

_HEAD = struct.Struct("<4sIIQQQQIQQQB4sH")
_STREAMED = 0x30000
"""Flags: compressed grains, and markers before them."""
_DEFLATE = 1


class NotStreamed(ValueError):
    """The bytes are those of no streamOptimized VMDK; the message says why."""


def capacity_bytes(head: bytes) -> int:
    """Of the disk whose first `HEAD_BYTES` these are. Raises `NotStreamed`."""
    if len(head) < HEAD_BYTES:
        raise NotStreamed("it is too short for a VMDK")
    fields = _HEAD.unpack_from(head)
    magic, flags, sectors, compression = fields[0], fields[2], fields[3], fields[13]
    if magic != b"KDMV":
        raise NotStreamed("it does not begin as a VMDK")
    if flags & _STREAMED != _STREAMED or compression != _DEFLATE:
        raise NotStreamed("it is a VMDK, and not a streamOptimized one")
    if not sectors:
        raise NotStreamed("its disk has no size")
    return int(sectors) * _SECTOR_BYTES
