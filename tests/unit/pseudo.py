"""Pages in a language of no words: what is translated comes out marked, and what is not is found.

Every gettext result is put between two characters of Unicode's private use, every name from a book (as
`wording.foreign` lets it through) between two others. English letters outside of both are text that
nobody can translate. Between the latter, three plain English words in a row are: they are a remark of
ours that was passed off as a name.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from html.parser import HTMLParser
from typing import Any
from unittest import mock

import pytest
from django.test import Client
from django.utils import translation
from django.utils.translation import _trans

from tests.rules.markup import SPOKEN_ATTRIBUTES
from vmware_panel.wording import values

TOLD, TOLD_END, NAME, NAME_END = "\ue000", "\ue001", "\ue002", "\ue003"
MARKS = re.compile("[\ue000-\ue003]|\\\\ue00[0-3]")

WORD = re.compile(r"[^\W\d]\w+")
REMARK = re.compile(r"\b[a-z]{2,} [a-z]{2,} [a-z]{2,}\b")
UNSPOKEN = frozenset({"code", "pre", "script", "style", "time", "template"})
VOID = frozenset(
    {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr"}
)


def unmarked(text: str) -> str:
    return MARKS.sub("", text)


@contextmanager
def marked_language() -> Iterator[None]:
    """Within it, all gettext functions and `foreign` mark what they give."""

    def marking(told: Callable[..., str]) -> Callable[..., str]:
        return lambda *args: f"{TOLD}{told(*args)}{TOLD_END}"

    functions = ("gettext", "ngettext", "pgettext", "npgettext")
    for name in functions:
        getattr(translation._trans, name)  # binds it to Django's real one
    told = {name: marking(getattr(_trans, name)) for name in functions}
    steering = values._STEERING

    class Steering:
        @staticmethod
        def sub(with_: str, text: str) -> str:
            return f"{NAME}{steering.sub(with_, text)}{NAME_END}" if text else text

    with (
        mock.patch.multiple(_trans, **told),
        mock.patch.object(values, "_STEERING", Steering),
    ):
        yield


def untranslated(page: str) -> list[str]:
    """English that is outside of any translation, in what the plugin draws of the page."""
    reader = _Reader()
    reader.feed(page)
    reader.close()
    return reader.found


class _Reader(HTMLParser):
    """Text and spoken attributes of whatever lies in an element of `OURS`."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []
        self._within: list[tuple[str, bool, bool]] = []  # tag, ours, unspoken
        self._told = self._named = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        _, ours, unspoken = self._within[-1] if self._within else ("", False, False)
        ours = ours or "ng-non-bindable" in named
        unspoken = unspoken or tag in UNSPOKEN or named.get("lang") == "en"
        if ours and not unspoken and not self._told:
            for name in SPOKEN_ATTRIBUTES & named.keys():
                self._read(named[name] or "", f" in {name}")
        if tag not in VOID:
            self._within.append((tag, ours, unspoken))

    def handle_endtag(self, tag: str) -> None:
        if any(tag == open_ for open_, _, _ in self._within):
            while self._within.pop()[0] != tag:
                pass

    def handle_data(self, data: str) -> None:
        if not self._within:
            return
        _, ours, unspoken = self._within[-1]
        told, named = self._told, self._named
        if ours and not unspoken:
            told, named = self._read(data, "", told, named)
        else:
            told += data.count(TOLD) - data.count(TOLD_END)
            named += data.count(NAME) - data.count(NAME_END)
        self._told, self._named = max(0, told), max(0, named)

    def _read(self, text: str, where: str, told: int = 0, named: int = 0) -> tuple[int, int]:
        for part in re.split("([\ue000-\ue003])", text):
            if part in (TOLD, TOLD_END):
                told = max(0, told + (1 if part == TOLD else -1))
            elif part in (NAME, NAME_END):
                named = max(0, named + (1 if part == NAME else -1))
            elif not told and not named and _has_words(part):
                self.found.append(f"{' '.join(part.split())!r}{where}")
            elif named and not told and REMARK.search(_words_of(part)):
                self.found.append(f"{' '.join(part.split())!r} as a name{where}")
        return told, named


# Names of services, resource classes and units, which are the same in every language.
_NO_WORDS = frozenset(
    "Cinder Glance Keystone Nova Placement vCenter CSV JSON MEMORY_MB VCPU VCPUS DISK_GB "
    "GHz GiB KiB MHz MiB TiB UTC".split()
)
# Names that the tests give to what is in their books, besides those that look like none.
_OF_THE_TESTS = frozenset(
    "VMFS ada alpha beta blue bogus debian green lab large old_base small west".split()
)
# The same, of several words; and what Glance and Cinder call a state or a kind.
_PHRASES = re.compile(
    r"Hard disk \d|Resources|\bnova\b|org\.openstack\.compute|db-data|esx-empty|4 images of west"
    r"|\b(?:ACTIVE|ERROR|active|available|in-use|vmdk|preallocated|streamOptimized)\b"
    r"|{%.*?%}"
)
_LIKE_A_NAME = re.compile(r"\S*[\d/\[\]{}<>=]\S*")


def _has_words(text: str) -> bool:
    known = _NO_WORDS | _OF_THE_TESTS
    return any(word not in known for word in WORD.findall(_words_of(text)))


def _words_of(text: str) -> str:
    return _LIKE_A_NAME.sub(" ", _PHRASES.sub(" ", text))


@pytest.fixture(autouse=True)
def every_page_is_translated() -> Iterator[None]:
    """Whatever page a test of a panel asks for, all that it says can be said in another language."""
    found: dict[str, None] = {}
    request = Client.request

    def asked(client: Client, **told: Any) -> Any:
        with marked_language():
            response = request(client, **told)
            if response.streaming:
                chunks = response.streaming_content
                response.streaming_content = (unmarked(c.decode()).encode() for c in chunks)
                return response
            page = response.content.decode()
        if "html" in response.get("Content-Type", ""):
            where = told.get("PATH_INFO", "")
            found.update({f"{where}: {fault}": None for fault in untranslated(page)})
        response.content = unmarked(page).encode()
        return response

    with mock.patch.object(Client, "request", asked):
        yield
    assert not found, "not translated:\n" + "\n".join(found)
