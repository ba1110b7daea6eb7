"""Cells that several lists draw the same way."""

from django.template.loader import render_to_string
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from vmware_panel.domain.cloud import ComputeService
from vmware_panel.panels.drawing.bars import Bar
from vmware_panel.wording import Tone, foreign, service_state, service_tone


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


def serviced(name: str, service: ComputeService | None) -> SafeString:
    """The name of a compute service with its state, and why it is disabled."""
    if service is None:
        return format_html("{} <small>{}</small>", name, _("state unknown"))
    tone = service_tone(service)
    if tone is Tone.GOOD:
        up = _("up, enabled")
        return format_html(
            '{} <span class="fa fa-check text-success" title="{}" aria-hidden="true"></span>'
            '<span class="sr-only">{}</span>',
            name,
            up,
            up,
        )
    state = label(tone, service_state(service))
    reason = foreign(service.disabled_reason)
    return format_html("{} {} <small>{}</small>", name, state, reason)
