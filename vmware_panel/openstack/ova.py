"""The one disk of an OVA, while the archive comes: nothing of it is kept.

As `nova/virt/vmwareapi/images.py`, `fetch_image_ova` and `get_vmdk_name_from_ovf`: the descriptor comes
first and names the disk's file. Nova takes the first disk and passes over the others; here they are told.
"""

import io
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree

CHUNK_BYTES = 1 << 18
MAX_DESCRIPTOR_BYTES = 4 << 20
MOST_MEMBERS = 1000

_OVF = "{http://schemas.dmtf.org/ovf/envelope/1}"


class BadOva(ValueError):
    """Not an OVA with one disk that can be taken; the message says why."""


@dataclass(frozen=True, slots=True)
class OvaDisk:
    """`chunks` gives its bytes, then reads the archive to its end. It can be run through once."""

    name: str
    size_bytes: int
    chunks: Iterator[bytes]


def disk_of(archive: Iterator[bytes]) -> OvaDisk:
    """Reads as far as the disk's first byte. Raises `BadOva`, also later from `chunks`; what `archive`
    raises passes through.
    """
    source = _Reader(archive)
    try:
        tar = tarfile.open(fileobj=source, mode="r|", bufsize=CHUNK_BYTES)
        member = _disk_member(tar)
    except tarfile.TarError:
        raise BadOva("it is not a whole tar archive") from None
    return OvaDisk(member.name, member.size, _chunks(tar, member, source))


def _disk_member(tar: tarfile.TarFile) -> tarfile.TarInfo:
    wanted = ""
    for number, member in enumerate(tar):
        if number >= MOST_MEMBERS:
            raise BadOva("there are too many files in it")
        if not member.isfile():
            continue
        if not wanted and member.name.endswith(".ovf"):
            wanted = _disk_name(_descriptor(tar, member))
        elif wanted and member.name == wanted:
            return member
        elif not wanted and member.name.endswith(".vmdk"):
            raise BadOva("its descriptor does not come before its disk")
    if wanted:
        raise BadOva(f"the disk {wanted!r} that its descriptor names is not in it")
    raise BadOva("there is no descriptor (.ovf) in it")


def _descriptor(tar: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    if member.size > MAX_DESCRIPTOR_BYTES:
        raise BadOva("its descriptor is too large")
    file = tar.extractfile(member)
    return file.read() if file else b""


def _disk_name(descriptor: bytes) -> str:
    if b"<!DOCTYPE" in descriptor or b"<!ENTITY" in descriptor:
        raise BadOva("its descriptor has a document type, which none needs")
    try:
        envelope = ElementTree.fromstring(descriptor)  # noqa: S314  entities were refused above
    except ElementTree.ParseError:
        raise BadOva("its descriptor is not XML") from None
    disks = [
        disk
        for disk in envelope.findall(f"./{_OVF}DiskSection/{_OVF}Disk")
        if disk.get(f"{_OVF}fileRef")
    ]
    if len(disks) != 1:
        raise BadOva(f"its descriptor names {len(disks)} disks with a file, not 1")
    ref = disks[0].get(f"{_OVF}fileRef")
    files = [
        file
        for file in envelope.findall(f"./{_OVF}References/{_OVF}File")
        if file.get(f"{_OVF}id") == ref
    ]
    name = files[0].get(f"{_OVF}href") if len(files) == 1 else None
    if not name:
        raise BadOva("its descriptor does not say which file the disk is")
    if files[0].get(f"{_OVF}compression", "identity") != "identity":
        raise BadOva("its disk is compressed once more")
    if files[0].get(f"{_OVF}chunkSize"):
        raise BadOva("its disk is split into several files")
    return name


def _chunks(tar: tarfile.TarFile, member: tarfile.TarInfo, source: "_Reader") -> Iterator[bytes]:
    try:
        disk = tar.extractfile(member)
        while disk is not None and (chunk := disk.read(CHUNK_BYTES)):
            yield chunk
        while (other := tar.next()) is not None:
            if other.isfile() and other.name.endswith(".vmdk"):
                raise BadOva(f"there is another disk in it, {other.name!r}")
    except tarfile.TarError:
        raise BadOva("it is cut short, or not a tar archive to its end") from None
    source.drain()


class _Reader(io.RawIOBase):
    """An archive's chunks as the file that `tarfile` reads from."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._rest:
            self._rest = next(self._chunks, b"")
        taken = min(len(buffer), len(self._rest))
        buffer[:taken] = self._rest[:taken]
        self._rest = self._rest[taken:]
        return taken

    def drain(self) -> None:
        """What comes behind the archive's end is read too: it counts for Glance's hash."""
        for _ in self._chunks:
            pass
