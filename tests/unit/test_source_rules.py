"""No blanket except, no large room, no inline script, no untranslated text; and it can be seen."""

from pathlib import Path

import pytest

from tests.rules import markup, python

ROOT = Path(python.__file__).parents[2]
MODULES = sorted((ROOT / "vmware_panel").rglob("*.py"))
TEMPLATES = sorted(
    path for path in (ROOT / "templates").rglob("*") if path.suffix in (".html", ".svg")
)


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", MODULES, ids=relative)
def test_module(path: Path) -> None:
    assert not python.faults(relative(path), path.read_text())


@pytest.mark.parametrize("path", TEMPLATES, ids=relative)
def test_template(path: Path) -> None:
    template = path.read_text()
    assert not markup.script_faults(template)
    assert not markup.text_faults(template)


@pytest.mark.parametrize(
    "handler",
    ["except:", "except Exception:", "except BaseException as e:", "except (OSError, Exception):"],
)
def test_a_blanket_except_is_seen(handler: str) -> None:
    (fault,) = python.faults("x.py", f"try:\n    f()\n{handler}\n    pass\n")
    assert fault.startswith("x.py:3 ")


def test_a_blanket_suppress_is_seen() -> None:
    assert python.faults("x.py", "with contextlib.suppress(Exception):\n    f()\n")


def test_a_named_error_passes() -> None:
    assert not python.faults("x.py", "try:\n    f()\nexcept (OSError, ValueError):\n    pass\n")


def test_a_large_module_is_seen() -> None:
    assert not python.faults("x.py", "x = 1\n" * 400)
    assert python.faults("x.py", "x = 1\n" * 401)


@pytest.mark.parametrize(
    "template",
    [
        "<script>alert(1)</script>",
        "<script src='x.js'>alert(1)</script>",
        "<SCRIPT type='module'></SCRIPT>",
        "<a href='#' onclick='f()'>{{ x }}</a>",
        "<a {% if x %}onclick='f()'{% endif %}>{{ x }}</a>",
        "<svg onload=f()></svg>",
        "<a href='javascript:f()'>{{ x }}</a>",
        "<a href=' Java\nScript:f()'>{{ x }}</a>",
        "<form action=\"javascript:f('{{ x }}')\"></form>",
    ],
)
def test_script_in_markup_is_seen(template: str) -> None:
    assert markup.script_faults(template)
    assert python.faults("x.py", f"x = {template!r}\n")


def test_an_event_attribute_in_python_is_seen() -> None:
    assert python.faults("x.py", "attrs = {'onclick': 'f()'}\n")


@pytest.mark.parametrize(
    "template",
    [
        "<script src=\"{% static 'vmware_panel/x.js' %}\"></script>",
        "<script type='module' src='{{ url }}'></script>",
        "<a href='{{ url }}' class='icon' data-on='x'>{{ x }}</a>",
        "<a href='{% url 'x' %}'>{% if a > b %}{{ x }}{% endif %}</a>",
    ],
)
def test_markup_without_script_passes(template: str) -> None:
    assert not markup.script_faults(template)


@pytest.mark.parametrize(
    "template",
    [
        "<p>Hello</p>",
        "<p>{{ n }} hosts</p>",
        "<img src='{{ x }}' alt='A picture'>",
        "<input placeholder='Filter {{ x }}'>",
        "<svg><title>Disk</title></svg>",
        "{% trans 'One' %} Two",
    ],
)
def test_untranslated_text_is_seen(template: str) -> None:
    assert markup.text_faults(template)


@pytest.mark.parametrize(
    "template",
    [
        "<p>{% trans 'Hello' %}</p>",
        "{% blocktranslate count n=n %}{{ n }} host{% plural %}{{ n }} hosts{% endblocktranslate %}",
        "<p title=\"{% translate 'Hello' %}\">{{ name }}: {{ value }} &times; 2</p>",
        "{# a remark #}{% comment %}another{% endcomment %}<code>nova.conf</code>",
        "<!-- a remark --><td class='name'>&mdash;</td>",
    ],
)
def test_translated_text_passes(template: str) -> None:
    assert not markup.text_faults(template)
