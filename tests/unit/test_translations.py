"""The message catalogues: true to the sources, whole, and in force on a page."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import horizon
import openstack_auth
import openstack_dashboard
import pytest
from babel.messages import Catalog, Message
from django.conf import settings
from django.utils import translation
from openstack_dashboard.test import helpers

from tests.unit import pseudo
from tools import messages
from vmware_panel.domain.cluster_detail import DrsLevel
from vmware_panel.domain.details import DetailKind, detail
from vmware_panel.domain.driver_sums import DatastoreRejection
from vmware_panel.domain.jobs import ItemState
from vmware_panel.domain.outcome import Trouble, TroubleKind, told
from vmware_panel.domain.plans import Refusal, RefusalKind
from vmware_panel.panels.jobs.job_views import ItemFilters
from vmware_panel.wording import refusal_words, trouble_words
from vmware_panel.wording.details import detail_words

PLACE = re.compile(
    r"%(?:\(\w+\))?[-#0+]*\d*(?:\.\d+)?[a-zA-Z%](?![^\W\d_])|%\(\w+\)[a-z]|%%|\{\w*\}"
)
CATALOGUES = {path.parts[-3]: path for path in messages.languages()}


@pytest.fixture(autouse=True)
def in_english() -> Iterator[None]:
    """Before and after: a request leaves its language in its thread."""
    messages.compile_all()
    with translation.override("en"):
        yield


def texts_of(message: Message) -> list[tuple[str, str]]:
    """Each text of the message with its translation; the plural goes with all further forms."""
    if isinstance(message.id, str):
        return [(message.id, message.string)]
    singular, plural = message.id
    return [(singular, message.string[0]), *((plural, form) for form in message.string[1:])]


def keys(catalog: Catalog) -> set[tuple[object, object]]:
    return {(m.context, tuple(m.id) if m.pluralizable else m.id) for m in catalog if m.id}


def test_the_template_and_every_catalogue_have_the_messages_of_the_sources() -> None:
    now = keys(messages.extracted())
    assert len(now) > 1500
    for path in (messages.TEMPLATE, *CATALOGUES.values()):
        kept = keys(messages.read(path))
        assert not now ^ kept, f"{path}: run `make messages`"


def test_a_text_of_a_template_is_read_as_django_asks_for_it() -> None:
    """With `%%` for a percent sign, and without the line breaks of a trimmed block."""
    ids = {m.id for m in messages.extracted() if isinstance(m.id, str)}
    assert "%(percent)s %% of the capacity: overcommitted" in ids
    assert not [text for text in ids if "\n" in text]


@pytest.mark.parametrize("language", CATALOGUES)
def test_a_language_is_whole(language: str) -> None:
    empty = [
        text
        for message in messages.read(CATALOGUES[language])
        if message.id
        for text, its in texts_of(message)
        if not its or message.fuzzy
    ]
    assert not empty


@pytest.mark.parametrize("language", CATALOGUES)
def test_a_translation_has_the_places_of_its_text(language: str) -> None:
    wrong = [
        (text, its)
        for message in messages.read(CATALOGUES[language])
        if message.id
        for text, its in texts_of(message)
        if sorted(PLACE.findall(text)) != sorted(PLACE.findall(its))
        or text[:1].isspace() != its[:1].isspace()
    ]
    assert not wrong


@pytest.mark.parametrize("language", CATALOGUES)
def test_a_text_that_horizon_has_too_is_translated_as_there(language: str) -> None:
    """Django has one catalogue for all applications, in which a plugin's comes first."""
    horizons = {
        (m.context, m.id): m.string
        for package in (horizon, openstack_auth, openstack_dashboard)
        for path in Path(*package.__path__).glob(f"locale/{language}/LC_MESSAGES/django.po")
        for m in messages.read(path)
        if m.id and isinstance(m.id, str) and m.string and not m.fuzzy
    }
    shared = [m for m in messages.read(CATALOGUES[language]) if (m.context, m.id) in horizons]
    assert len(shared) > 20
    assert not {m.id: m.string for m in shared if m.id and m.string != horizons[m.context, m.id]}


def test_german_has_its_words_and_its_plurals() -> None:
    with translation.override("de"):
        assert translation.gettext("Datastores") == "Datenspeicher"
        for count, words in ((1, "ganzer Host"), (0, "ganze Hosts"), (2, "ganze Hosts")):
            text = translation.ngettext("%(count)d whole host", "%(count)d whole hosts", count)
            assert text == f"%(count)d {words}"
        refused = Refusal(RefusalKind.NOT_WHOLE, "[ds] a", detail(DetailKind.EMPTY_FOLDER))
        assert refusal_words(refused).sentence == (
            "[ds] a ist da, aber nicht als ganzes Abbild: ein leerer Ordner."  # codespell:ignore
        )


def test_a_choice_of_a_filter_is_named_in_the_language_of_the_page() -> None:
    """Not in that of the moment when the module was read."""
    field = ItemFilters.base_fields["state"]
    assert field._label(ItemState.DONE.value) == "done"
    with translation.override("de"):
        assert field._label(ItemState.DONE.value) == "erledigt"


class TestAPage(helpers.BaseAdminViewTests):
    URL = "/admin/vmware_jobs/"  # from the journal: it asks no cloud

    def test_it_is_german_for_who_chose_german(self) -> None:
        self.client.cookies[settings.LANGUAGE_COOKIE_NAME] = "de"
        page = self.client.get(self.URL).content.decode()
        assert "Ein Auftrag geht weiter, wenn seine Seite geschlossen wird" in page

    def test_it_is_english_for_everybody_else(self) -> None:
        page = self.client.get(self.URL).content.decode()
        assert "A job goes on when its page is closed" in page


VALUES = {
    DetailKind.NOT_TAKEN: (DatastoreRejection.TYPE.value,),
    DetailKind.DRS_LEVEL: (DrsLevel.MANUAL.value,),
}


@pytest.mark.parametrize("kind", DetailKind)
def test_every_detail_has_words(kind: DetailKind) -> None:
    its = detail(kind, *VALUES.get(kind, ("name-1", "name-2", "name-3")))
    with pseudo.marked_language():
        words = detail_words(its)
    assert words and not pseudo.untranslated(f"<p ng-non-bindable>{words}</p>")


def test_a_trouble_with_words_says_them_instead_of_the_log() -> None:
    words = trouble_words(told("west", TroubleKind.NOT_FOUND, detail(DetailKind.LEFT, "[ds] a")))
    assert (words.detail, words.logged) == ("[ds] a is left", False)
    assert trouble_words(Trouble("west", TroubleKind.TIMEOUT, "Login: late")).logged


# -- no words in codes ------------------------------------------------------------------------

REASONS = frozenset({"Refusal", "Caution"})
PROSE = re.compile(r"[a-z]{2,} [a-z]{2,}")


def prose_in_reasons(source: str) -> list[str]:
    """Texts of several words that are written into a reason, or into what is given to one."""
    found = []
    for function in ast.walk(ast.parse(source)):
        if not isinstance(function, ast.FunctionDef):
            continue
        told_by: dict[str, list[ast.expr]] = {}
        for node in ast.walk(function):
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                told_by.setdefault(node.targets[0].id, []).append(node.value)
        for call in ast.walk(function):
            if isinstance(call, ast.Call) and getattr(call.func, "id", "") in REASONS:
                given = [*call.args, *(keyword.value for keyword in call.keywords)]
                names = [a.id for arg in given for a in ast.walk(arg) if isinstance(a, ast.Name)]
                given += [value for name in names for value in told_by.get(name, ())]
                found += [
                    text.value
                    for arg in given
                    for text in ast.walk(arg)
                    if isinstance(text, ast.Constant)
                    and isinstance(text.value, str)
                    and PROSE.search(text.value)
                ]
    return found


@pytest.mark.parametrize("room", ["api", "domain", "jobs", "panels", "vsphere"])
def test_reasons_are_codes_and_names(room: str) -> None:
    folder = messages.ROOT / "vmware_panel" / room
    prose = {
        str(Path(path).relative_to(folder)): said
        for path in folder.rglob("*.py")
        if (said := prose_in_reasons(path.read_text()))
    }
    assert not prose


def test_prose_in_a_reason_is_seen() -> None:
    direct = 'def f():\n    return Refusal(KIND, name, f"{name} is too old")\n'
    given = 'def f():\n    d = "no such thing" if x else ""\n    raise Refused(Refusal(K, n, d))\n'
    assert prose_in_reasons(direct) == [" is too old"]
    assert prose_in_reasons(given) == ["no such thing"]
    assert not prose_in_reasons('def f():\n    return Refusal(KIND, name, f"{a} > {b}")\n')
