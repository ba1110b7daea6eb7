"""Rules about markup: nothing that a strict Content-Security-Policy refuses; all text translatable.

Django's tags are taken out first, so what is checked is the template's own text.
"""

import re
from html.parser import HTMLParser

_TRANSLATED_BLOCK = re.compile(
    r"{%\s*blocktrans(?:late)?\b.*?{%\s*endblocktrans(?:late)?\s*%}", re.S
)
_COMMENT = re.compile(r"{%\s*comment\b.*?{%\s*endcomment\s*%}", re.S)
_TAG = re.compile(r"{%.*?%}|{{.*?}}|{#.*?#}", re.S)
_WORD = re.compile(r"[^\W\d_]{2,}")

SPOKEN_ATTRIBUTES = frozenset({"alt", "aria-label", "placeholder", "title"})
ADDRESS_ATTRIBUTES = frozenset({"action", "formaction", "href", "src", "xlink:href"})
UNSPOKEN_ELEMENTS = frozenset({"code", "script", "style"})


def script_faults(text: str) -> list[str]:
    """Inline scripts, event attributes and javascript: addresses."""
    if "<" not in text and "javascript:" not in text.lower():
        return []
    return _read(text).script


def text_faults(template: str) -> list[str]:
    """Words that stand in the template outside of a translation tag."""
    return _read(template).text


def _read(text: str) -> "_Reader":
    reader = _Reader()
    for pattern in (_COMMENT, _TRANSLATED_BLOCK, _TAG):
        # The line breaks stay, for the line numbers.
        text = pattern.sub(lambda match: " " + "\n" * match.group().count("\n"), text)
    reader.feed(text)
    reader.close()
    return reader


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.script: list[str] = []
        self.text: list[str] = []
        self._within: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_startendtag(tag, attrs)
        if tag in UNSPOKEN_ELEMENTS:
            self._within.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "script" and "src" not in dict(attrs):
            self._report(self.script, "holds an inline script")
        for name, value in attrs:
            address = re.sub(r"\s", "", value or "").lower()
            if name.startswith("on"):
                self._report(self.script, f"holds the event attribute {name}")
            elif name in ADDRESS_ATTRIBUTES and address.startswith("javascript:"):
                self._report(self.script, f"holds a javascript: address in {name}")
            elif name in SPOKEN_ATTRIBUTES and (word := _WORD.search(value or "")):
                self._report(self.text, f"does not translate {word.group()!r} in {name}")

    def handle_endtag(self, tag: str) -> None:
        if tag in self._within:
            self._within.remove(tag)

    def handle_data(self, data: str) -> None:
        if "script" in self._within and data.strip():
            self._report(self.script, "holds text within a script element")
        elif not self._within and (word := _WORD.search(data)):
            self._report(self.text, f"does not translate {word.group()!r}")

    def _report(self, faults: list[str], fault: str) -> None:
        faults.append(f"(line {self.getpos()[0]}) {fault}")
