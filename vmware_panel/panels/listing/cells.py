"""Cells that several lists draw the same way."""

from django.template.loader import render_to_string
from django.utils.html import format_html
from django.utils.safestring import SafeString

from vmware_panel.panels.drawing.bars import Bar
from vmware_panel.wording import Tone, foreign


def label(tone: Tone, text: str) -> SafeString:
    return format_html('<span class="label label-{}">{}</span>', tone, text)


def drawn(bar: Bar) -> SafeString:
    """The bar with its line of text; without parts the text alone."""
    picture = render_to_string("vmware_panel/drawing/_bar.html", {"bar": bar}) if bar.parts else ""
    return format_html(
        '<div class="vmware-gauge-cell">{}<small>{}</small></div>', picture, bar.text
    )


def named(name: str) -> SafeString:
    """A long name is cut by the page, and whole in its title."""
    its = foreign(name)
    return format_html('<span class="vmware-name" title="{}">{}</span>', its, its)
