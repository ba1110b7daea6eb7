# mypy: allow-untyped-calls
"""Decodes SOAP answers as the SDK does, but leaves out what nobody here reads.

The SDK's decoder is what a bulk read costs, and of a VM most of it is devices, of which only the
disks count. The others are passed over as they come, before an object is made of them.
"""

from typing import Any

from pyVmomi.SoapAdapter import XSI_TYPE, GzipReader, SoapDeserializer, SoapResponseDeserializer

_DEVICE = "urn:vim25 VirtualDevice"  # an item of ArrayOfVirtualDevice
_KEPT_DEVICES = frozenset({"VirtualDisk"})
_CHUNK_BYTES = 64 * 1024


class Decoder(SoapResponseDeserializer):
    """One answer; raises what `errors.CALL_FAULTS` lists."""

    def __init__(self, stub: Any) -> None:
        super().__init__(stub)
        self.deser = _ValueDecoder(stub)


class _ValueDecoder(SoapDeserializer):
    _depth_passed_over = 0

    def StartElementHandler(self, tag: str, attr: dict[str, str]) -> None:
        if self._depth_passed_over:
            self._depth_passed_over += 1
        elif tag == _DEVICE and _local(attr.get(XSI_TYPE, "")) not in _KEPT_DEVICES:
            self._depth_passed_over = 1
        else:
            super().StartElementHandler(tag, attr)

    def EndElementHandler(self, tag: str) -> None:
        if self._depth_passed_over:
            self._depth_passed_over -= 1
        else:
            super().EndElementHandler(tag)

    def CharacterDataHandler(self, data: str) -> None:
        if not self._depth_passed_over:
            super().CharacterDataHandler(data)


def uncompressed(stream: Any, encoding: str) -> Any:
    """The stream's plain bytes; `encoding` as in the Content-Encoding header."""
    known = {"gzip": GzipReader.GZIP, "deflate": GzipReader.DEFLATE}
    if encoding not in known:
        return stream
    return GzipReader(stream, encoding=known[encoding], readChunkSize=_CHUNK_BYTES)


def _local(name: str) -> str:
    return name.rpartition(":")[2]
