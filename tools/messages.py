"""The plugin's message catalogues: `make messages`. Needs Babel and Django, and no gettext programs.

    python tools/messages.py            the template anew, and every language's catalogue after it
    python tools/messages.py compile    .po into .mo, where they are older

Python sources are read by Babel, templates as Django's own makemessages reads them (`templatize`).
"""

import io
import re
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from babel.messages import Catalog
from babel.messages.extract import extract, extract_python
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

ROOT = Path(__file__).resolve().parents[1]
LOCALE = ROOT / "vmware_panel" / "locale"
TEMPLATE = LOCALE / "django.pot"
KEYWORDS = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
    "npgettext_lazy": ((1, "c"), 2, 3),
}
_TEXT = r"""u?(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")"""
_CALL = re.compile(rf"\bn?p?gettext\(\s*{_TEXT}(?:\s*,\s*{_TEXT})*\s*(?:,\s*count)?\s*\)")
"""What `templatize` makes of a translation; what it leaves of the rest is no Python."""
# The day when they were drawn up says nothing that the repository's history does not.
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


def sources() -> Iterator[tuple[Path, bytes]]:
    """Every file with text for pages, as Python."""
    for path in sorted((ROOT / "vmware_panel").rglob("*.py")):
        yield path, path.read_bytes()
    for path in sorted((ROOT / "templates").rglob("*")):
        if path.suffix in (".html", ".svg"):
            source = templatize(path.read_text(), origin=str(path))
            yield path, "\n".join(_CALL.findall(source)).encode()


def extracted() -> Catalog:
    """All messages of the sources; each with the files that it is from."""
    catalog = Catalog(
        project="vmware-panel",
        header_comment="# Messages of vmware-panel. `make messages` writes this file.",
        charset="utf-8",
        creation_date=LONG_AGO,
        revision_date=LONG_AGO,
    )
    for path, source in sources():
        found = extract(extract_python, io.BytesIO(source), keywords=KEYWORDS, options={})
        name = str(path.relative_to(ROOT))
        for _line, message, _comments, context in found:
            catalog.add(message, None, [(name, None)], context=context)
    return catalog


def languages() -> list[Path]:
    return sorted(LOCALE.glob("*/LC_MESSAGES/django.po"))


def read(path: Path) -> Catalog:
    with path.open("rb") as file:
        return read_po(file, locale=path.parent.parent.name if path != TEMPLATE else None)


def write(path: Path, catalog: Catalog) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        write_po(file, catalog, width=100, omit_header=False, ignore_obsolete=True)


def update() -> None:
    """What is new in the sources comes in untranslated, what is gone goes."""
    template = extracted()
    write(TEMPLATE, template)
    for path in languages():
        catalog = read(path)
        catalog.update(template, no_fuzzy_matching=True, update_creation_date=False)
        write(path, catalog)


def compile_all() -> list[Path]:
    """Where they are older than their .po. Returns what was written."""
    written = []
    for path in languages():
        compiled = path.with_suffix(".mo")
        if not compiled.exists() or compiled.stat().st_mtime <= path.stat().st_mtime:
            with compiled.open("wb") as file:
                write_mo(file, read(path))
            written.append(compiled)
    return written


if __name__ == "__main__":
    if sys.argv[1:] != ["compile"]:
        update()
    for path in compile_all():
        print(path.relative_to(ROOT))
