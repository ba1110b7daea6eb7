"""Rows as CSV and JSON: streamed, named with their date, and safe to open in a spreadsheet."""

import csv
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import chain
from typing import Any

from django.http import StreamingHttpResponse
from django.utils.http import content_disposition_header

# The signs by which a spreadsheet takes a cell for a formula, their full-width forms (which some
# of them fold), and the blanks that put a cell's text elsewhere (OWASP, "CSV Injection").
FORMULA_SIGNS = "=+-@\t\r\n＝＋－＠"
_SAFE = "'"


def safe_cell(text: str) -> str:
    """The text with `'` in front if a spreadsheet could take it for a formula.

    Blanks in front of the sign do not save it, and text that would look like a mended one is
    mended too, so that `original_cell` gives back every text.
    """
    return f"{_SAFE}{text}" if _is_risky(text) else text


def original_cell(cell: str) -> str:
    """What `safe_cell` made the cell of."""
    return cell[1:] if cell.startswith(_SAFE) and _is_risky(cell[1:]) else cell


def _is_risky(text: str) -> bool:
    seen = text.lstrip(f"{_SAFE} \N{NO-BREAK SPACE}\N{ZERO WIDTH NO-BREAK SPACE}")
    return seen[:1] != "" and seen[0] in FORMULA_SIGNS


class _Echo:
    """A file for `csv.writer` that hands back what it is given."""

    def write(self, text: str) -> str:
        return text


def csv_lines(fields: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[bytes]:
    """UTF-8 without a byte order mark, lines as in RFC 4180, every cell safe."""
    writer = csv.writer(_Echo())
    for row in chain((fields,), rows):
        line: str = writer.writerow([safe_cell(text) for text in row])
        yield line.encode("utf-8", "backslashreplace")


def json_parts(head: Mapping[str, Any], rows: Iterable[Mapping[str, Any]]) -> Iterator[bytes]:
    """One object: the head's members, then `rows`, one a line."""
    start = json.dumps(head, indent=1)
    yield f'{start.removesuffix("}").rstrip()}{"," if head else ""}\n "rows": ['.encode()
    between = "\n  "
    for row in rows:
        yield f"{between}{json.dumps(row)}".encode()
        between = ",\n  "
    yield b"\n ]\n}\n"


def csv_response(
    name: str, at: datetime, fields: Sequence[str], rows: Iterable[Sequence[str]]
) -> StreamingHttpResponse:
    """A CSV file to save, called `<name>-<date>.csv`."""
    content_type = "text/csv; charset=utf-8; header=present"
    return _attachment(csv_lines(fields, rows), content_type, file_name(name, at, "csv"))


def json_response(
    name: str, at: datetime, head: Mapping[str, Any], rows: Iterable[Mapping[str, Any]]
) -> StreamingHttpResponse:
    """A JSON file to save, called `<name>-<date>.json`."""
    return _attachment(json_parts(head, rows), "application/json", file_name(name, at, "json"))


def file_name(name: str, at: datetime, ending: str) -> str:
    return f"{name}-{at.astimezone(UTC):%Y-%m-%dT%H%MZ}.{ending}"


def _attachment(parts: Iterator[bytes], content_type: str, filename: str) -> StreamingHttpResponse:
    disposition = content_disposition_header(as_attachment=True, filename=filename)
    return StreamingHttpResponse(
        parts,
        content_type=content_type,
        headers={
            "Content-Disposition": disposition,
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
        },
    )
