"""streamOptimized VMDKs, made of what is in them, as ESX hosts and ovftool write them.

"Virtual Disk Format 5.0" (VMware): header, embedded descriptor, each grain deflated behind its marker,
the tables, the footer, the end-of-stream marker.
"""

import io
import struct
import tarfile
import zlib
from collections.abc import Iterable, Mapping

SECTOR = 512
GRAIN_SECTORS = 128
TABLE_ENTRIES = 512
MIB = 1 << 20

_AT_END = 0xFFFF_FFFF_FFFF_FFFF
_END, _TABLE, _DIRECTORY, _FOOTER = range(4)
_DESCRIPTOR = """# Disk DescriptorFile
version=1
CID=fffffffe
parentCID=ffffffff
createType="streamOptimized"
RDONLY {sectors} SPARSE "disk.vmdk"
ddb.adapterType = "lsilogic"
ddb.virtualHWVersion = "7"
"""


def streamed_vmdk(capacity: int, content: Mapping[int, bytes] | None = None) -> bytes:
    """A disk of `capacity` bytes with `content` by its offset; what is not named is empty."""
    sectors = capacity // SECTOR
    grains = dict(sorted(_grains(content or {}, capacity)))
    overhead = GRAIN_SECTORS
    body = bytearray()
    offsets: dict[int, int] = {}
    for number, grain in grains.items():
        offsets[number] = overhead + len(body) // SECTOR
        packed = zlib.compress(grain)
        body += _padded(struct.pack("<QI", number * GRAIN_SECTORS, len(packed)) + packed)
    directory = []
    tables = -(-sectors // (GRAIN_SECTORS * TABLE_ENTRIES))
    for table in range(tables):
        entries = [offsets.get(table * TABLE_ENTRIES + entry, 0) for entry in range(TABLE_ENTRIES)]
        if not any(entries):
            directory.append(0)
            continue
        body += _marker(TABLE_ENTRIES * 4 // SECTOR, _TABLE)
        directory.append(overhead + len(body) // SECTOR)
        body += struct.pack(f"<{TABLE_ENTRIES}I", *entries)
    listed = _padded(struct.pack(f"<{tables}I", *directory))
    body += _marker(len(listed) // SECTOR, _DIRECTORY)
    at = overhead + len(body) // SECTOR
    body += listed
    body += _marker(1, _FOOTER) + _header(sectors, at, overhead) + _marker(0, _END)
    descriptor = _padded(_DESCRIPTOR.format(sectors=sectors).encode())
    head = _header(sectors, _AT_END, overhead) + descriptor
    return head + bytes(overhead * SECTOR - len(head)) + bytes(body)


def ova(files: Iterable[tuple[str, bytes]]) -> bytes:
    """A tar of these files, in their order."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, content in files:
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return made.getvalue()


def ovf(*disks: str, more: str = "") -> bytes:
    """A descriptor that names these files as disks; `more` are attributes of each file."""
    files = "".join(
        f'<File ovf:id="file{n}" ovf:href="{name}" {more}/>' for n, name in enumerate(disks)
    )
    named = "".join(
        f'<Disk ovf:diskId="disk{n}" ovf:fileRef="file{n}" ovf:capacity="1"/>'
        for n, _ in enumerate(disks)
    )
    space = "http://schemas.dmtf.org/ovf/envelope/1"
    return (
        f'<?xml version="1.0"?><Envelope xmlns="{space}" xmlns:ovf="{space}">'
        f"<References>{files}</References><DiskSection><Info/>{named}</DiskSection></Envelope>"
    ).encode()


def _grains(content: Mapping[int, bytes], capacity: int) -> Iterable[tuple[int, bytes]]:
    size = GRAIN_SECTORS * SECTOR
    wanted: dict[int, bytearray] = {}
    for offset, part in content.items():
        assert offset + len(part) <= capacity, "it does not fit into the disk"
        at = 0
        while at < len(part):
            number, begins = divmod(offset + at, size)
            piece = part[at : at + size - begins]
            wanted.setdefault(number, bytearray(size))[begins : begins + len(piece)] = piece
            at += len(piece)
    return ((number, bytes(grain)) for number, grain in wanted.items())


def _header(sectors: int, directory: int, overhead: int) -> bytes:
    head = struct.pack(
        "<4sIIQQQQIQQQB4sH",
        b"KDMV",
        3,
        0x30001,
        sectors,
        GRAIN_SECTORS,
        1,  # the descriptor's sector, and how many
        1,
        TABLE_ENTRIES,
        0,
        directory,
        overhead,
        0,
        b"\n \r\n",
        1,
    )
    return head + bytes(SECTOR - len(head))


def _marker(sectors: int, kind: int) -> bytes:
    return struct.pack("<QII", sectors, 0, kind) + bytes(SECTOR - 16)


def _padded(part: bytes) -> bytes:
    return part + bytes(-len(part) % SECTOR)
