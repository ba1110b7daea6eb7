from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from vmware_panel.domain.clusters import Driven
from vmware_panel.panels.clusters.rows import ClusterRow
from vmware_panel.panels.listing.filters import ChoiceFilter, FilterForm, TextFilter, labels_of
from vmware_panel.wording import driven_label, drs_words, ha_words

ANY, NONE = "any", "none"

HOST_STATE_LABELS = {
    "usable": pgettext_lazy("ESX hosts", "some usable"),
    "in_maintenance": pgettext_lazy("ESX hosts", "some in maintenance"),
    "disconnected": pgettext_lazy("ESX hosts", "some disconnected"),
    "unknown": pgettext_lazy("ESX hosts", "some in unknown state"),
}


def _disagrees(row: ClusterRow) -> bool | None:
    return None if row.disagreeing is None else bool(row.disagreeing)


def _agrees(row: ClusterRow) -> bool | None:
    return None if row.disagreeing is None else not row.disagreeing


def _nothing(_row: Any) -> str:
    return ""


class ClusterFilters(FilterForm):
    """The fields' names are the parameters of the page's address."""

    q = TextFilter(_("Search in all columns"), lambda row: row.texts)
    name = TextFilter(_("Name or ID"), lambda row: (row.name, row.moref))
    vcenter = ChoiceFilter(_("vCenter"), lambda row: row.vcenter)
    compute = ChoiceFilter(_("Compute service"), lambda row: row.compute)
    driven = ChoiceFilter(
        _("Driven by Nova"),
        lambda row: row.driven.value,
        fixed=labels_of(Driven, driven_label),
    )
    hosts = ChoiceFilter(_("ESX hosts"), lambda row: row.host_states, fixed=HOST_STATE_LABELS)
    drs = ChoiceFilter(
        _("DRS"),
        lambda row: row.drs,
        fixed=labels_of(("fullyAutomated", "partiallyAutomated", "manual", "off"), drs_words),
    )
    ha = ChoiceFilter(
        _("HA"),
        lambda row: row.ha,
        fixed=labels_of(("on", "no_reserve", "off"), ha_words),
    )
    disagreement = ChoiceFilter(
        _("Disagreement"),
        _nothing,
        extra={
            ANY: (_("(any disagreement)"), _disagrees),
            NONE: (_("(no disagreement)"), _agrees),
        },
    )
