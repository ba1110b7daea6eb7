# mypy: allow-untyped-calls
"""Answers that come compressed."""

from typing import Any

from pyVmomi.SoapAdapter import GzipReader

_CHUNK_BYTES = 64 * 1024


def uncompressed(stream: Any, encoding: str) -> Any:
    """The stream's plain bytes; `encoding` as in the Content-Encoding header."""
    known = {"gzip": GzipReader.GZIP, "deflate": GzipReader.DEFLATE}
    if encoding not in known:
        return stream
    return GzipReader(stream, encoding=known[encoding], readChunkSize=_CHUNK_BYTES)
