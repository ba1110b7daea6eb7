"""What the lists of the image cache draw the same way."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from vmware_panel.domain.image_cache import NOVAS_MINIMUM_AGE_S, CachedImage, Ownership
from vmware_panel.panels import links
from vmware_panel.panels.listing.columns import moment, nothing
from vmware_panel.wording import foreign
from vmware_panel.wording.image_cache import seconds_of

MOST_NAMED = 2
"""As many users of one image does the list name; the exports name all."""

SELECTION = "vmware_selection"
"""The id of the form that the list's check boxes belong to."""


def datastore_url(record: Any) -> str | None:
    return url_of_datastore(record.vcenter, record.datastore_moref)


def url_of_datastore(vcenter: str, moref: str) -> str | None:
    """The datastore's own page; None where that panel is switched off."""
    return links.datastore_url(vcenter, moref) or None


def select_box(key: str, name: str) -> SafeString:
    label = _("Select %(name)s") % {"name": foreign(name)}
    return format_html(
        '<input type="checkbox" name="key" value="{}" form="{}" aria-label="{}">',
        key,
        SELECTION,
        label,
    )


def path_of(path: str) -> SafeString:
    """Whole: what it ends with matters most."""
    return format_html('<bdi class="vmware-path">{}</bdi>', foreign(path))


def users(named: Iterable[tuple[str, str]], total: int) -> SafeString:
    """`named` are ids of instances, or nothing, with names; the first few are links."""
    shown = list(named)[:MOST_NAMED]
    lines = format_html_join("", "<div>{}</div>", ((_user(*one),) for one in shown))
    left = total - len(shown)
    if left <= 0:
        return lines
    more = ngettext("and %(n)d more", "and %(n)d more", left) % {"n": left}
    return format_html("{} <small>{}</small>", lines, more)


def _user(server_id: str, name: str) -> SafeString:
    its = foreign(name) or server_id
    if not server_id:
        return format_html('<bdi class="vmware-name" title="{}">{}</bdi>', its, its)
    return format_html(
        '<a class="vmware-name" title="{}" href="{}"><bdi>{}</bdi></a>',
        its,
        links.instance_url(server_id),
        its,
    )


def deletion(cached: CachedImage) -> SafeString:
    """When Nova may delete it, in the list's words."""
    root = cached.root
    if not cached.marker:
        return nothing()
    if root.ownership is Ownership.OWNERLESS:
        return format_html("{}", _("never: no compute looks after it"))
    if root.ageing.removes is False:
        return format_html("{}", _("never: its compute removes nothing"))
    if cached.deleted_after is not None:
        at = format_html(_("after {}"), moment(cached.deleted_after))
        interval_s = root.ageing.interval_s
        if interval_s is None:
            return at
        late = _("at a pass within %(interval)s") % {"interval": seconds_of(interval_s or 60)}
        return format_html("{} <small>{}</small>", at, late)
    if cached.marked_at is None:
        return format_html("{}", _("unknown: its mark bears no date"))
    default = cached.marked_at + timedelta(seconds=NOVAS_MINIMUM_AGE_S)
    said = format_html(_("by Nova's default after {}"), moment(default))
    return format_html("{} <small>{}</small>", _("unknown"), said)
