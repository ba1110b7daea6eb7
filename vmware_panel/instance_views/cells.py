"""What a cell of the columns says: names, or why there are none, and a mark of what is amiss.

The text comes first, since Horizon sorts by it. The mark leads to the instance's tab.
"""

from collections.abc import Sequence

from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from vmware_panel.domain.placement import Placement, RemarkKind, Severity, Whereabouts
from vmware_panel.wording import (
    SEVERITIES,
    UNKNOWN,
    foreign,
    remark_heading,
    whereabouts_label,
    whereabouts_sentence,
)

TAB = "instance_details__vmware"

_OF_HOST = frozenset(
    {RemarkKind.HOST_MAINTENANCE, RemarkKind.HOST_NOT_CONNECTED, RemarkKind.VM_NOT_CONNECTED}
)
_OF_DATASTORES = frozenset(
    {
        RemarkKind.DISK_APART,
        RemarkKind.DATASTORE_NOT_ACCESSIBLE,
        RemarkKind.DATASTORE_NEARLY_FULL,
    }
)
_OF_CLUSTER = frozenset(RemarkKind) - _OF_HOST - _OF_DATASTORES - {RemarkKind.RENAMED}


def cluster(placement: Placement | None, instance_id: str) -> SafeString:
    if placement and placement.whereabouts is not Whereabouts.ON_VCENTER:
        text = format_html(
            '<span class="vmware-untold" title="{}">{}</span>',
            whereabouts_sentence(placement.whereabouts),
            whereabouts_label(placement.whereabouts),
        )
    elif placement and placement.cluster:
        text = _name(placement.cluster.name)
    else:
        text = _unknown()
    return _marked(text, placement, instance_id, _OF_CLUSTER)


def host(placement: Placement | None, instance_id: str) -> SafeString:
    if _has_no_vm(placement):
        return _nothing()
    text = _name(placement.host.name) if placement and placement.host else _unknown()
    return _marked(text, placement, instance_id, _OF_HOST)


def datastores(placement: Placement | None, instance_id: str) -> SafeString:
    if _has_no_vm(placement):
        return _nothing()
    names = [datastore.name for datastore in placement.datastores] if placement else []
    hidden = placement.unnamed_datastores if placement else 0
    text = _name(", ".join(names)) if names else _unknown()
    if names and hidden:
        more = ngettext("and %(count)d unknown", "and %(count)d unknown", hidden)
        text = format_html("{} {}", text, more % {"count": hidden})
    return _marked(text, placement, instance_id, _OF_DATASTORES)


def _has_no_vm(placement: Placement | None) -> bool:
    return placement is not None and placement.whereabouts not in (
        Whereabouts.ON_VCENTER,
        Whereabouts.UNCONFIGURED,
        Whereabouts.UNKNOWN,
    )


def _name(text: str) -> SafeString:
    """A full host name may be broken after its dots, and nowhere else."""
    parts = [(part,) for part in foreign(text).split(".")]
    return format_html("<bdi>{}</bdi>", format_html_join(SafeString(".<wbr>"), "{}", parts))


def _unknown() -> SafeString:
    return format_html(
        '<span class="vmware-untold" title="{}">{}</span>', _("vCenter did not tell."), UNKNOWN
    )


def _nothing() -> SafeString:
    return format_html(
        '<span class="vmware-untold" aria-hidden="true">–</span><span class="sr-only">{}</span>',
        _("none"),
    )


def _marked(
    text: SafeString,
    placement: Placement | None,
    instance_id: str,
    kinds: frozenset[RemarkKind],
) -> SafeString:
    remarks = [r for r in placement.remarks if r.kind in kinds] if placement else []
    if not remarks:
        return text
    severity = (
        Severity.DISAGREEMENT
        if any(r.severity is Severity.DISAGREEMENT for r in remarks)
        else Severity.NOTICE
    )
    return format_html("{} {}", text, _mark(severity, [r.kind for r in remarks], instance_id))


def _mark(severity: Severity, kinds: Sequence[RemarkKind], instance_id: str) -> SafeString:
    disagrees = severity is Severity.DISAGREEMENT
    headings = "; ".join(dict.fromkeys(remark_heading(kind) for kind in kinds))
    return format_html(
        '<a class="vmware-mark {}" href="{}?tab={}" data-toggle="tooltip" title="{}">'
        '<span class="fa {}" aria-hidden="true"></span><span class="sr-only"> {}: {}</span></a>',
        "vmware-mark-disagreement" if disagrees else "vmware-mark-notice",
        reverse("horizon:admin:instances:detail", args=[instance_id]),
        TAB,
        headings,
        "fa-exclamation-triangle" if disagrees else "fa-info-circle",
        SEVERITIES[severity],
        headings,
    )
