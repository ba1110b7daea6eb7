"""What finds untranslated text can fail."""

import pytest
from django.utils.html import format_html
from django.utils.translation import gettext, ngettext

from tests.unit import pseudo
from vmware_panel.wording.values import filled, foreign

OURS = "<div ng-non-bindable>{}</div>"


def shown(page: str) -> list[str]:
    return pseudo.untranslated(OURS.format(page))


@pytest.mark.parametrize(
    "page",
    [
        "<p>Nothing to do</p>",
        "<p>3 hosts</p>",
        '<a title="Open it">3</a>',
        '<input placeholder="Any name">',
        "<td>not_mounted</td>",
        "<span class='sr-only'>unknown</span>",
    ],
)
def test_text_outside_of_a_translation_is_found(page: str) -> None:
    assert shown(page)


def test_text_in_a_translation_passes() -> None:
    with pseudo.marked_language():
        several = filled(ngettext("%(n)d <b>host</b>", "%(n)d <b>hosts</b>", 2), n=2)
        named = format_html('<a title="{0}">{0}</a>', gettext("Open it"))
        about = filled(gettext("%(name)s is gone"), name=foreign("shop"))
    for page in (several, named, about):
        assert not shown(page)
        assert "\ue000" in page and "\ue000" not in pseudo.unmarked(page)


def test_a_name_passes_and_a_remark_that_is_passed_off_as_one_does_not() -> None:
    with pseudo.marked_language():
        assert not shown(foreign("shop floor"))
        assert shown(foreign("the folder is gone"))


@pytest.mark.parametrize(
    "page", ["<p>Nova: 12 GiB</p>", "<code>not ours</code>", '<bdi lang="en">Login: late</bdi>']
)
def test_what_is_no_text_for_a_translator_passes(page: str) -> None:
    assert not shown(page)


def test_only_what_the_plugin_draws_is_read() -> None:
    assert not pseudo.untranslated("<p>Horizon's own</p>" + OURS.format("12"))
