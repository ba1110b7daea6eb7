from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from vmware_panel.panels.listing.filters import ChoiceFilter, FilterForm, TextFilter

STATE_LABELS = {
    "connected": pgettext_lazy("ESX host", "connected"),
    "maintenance": pgettext_lazy("ESX host", "in maintenance mode"),
    "disconnected": pgettext_lazy("ESX host", "disconnected"),
    "notResponding": pgettext_lazy("ESX host", "not responding"),
}


class HostFilters(FilterForm):
    """The fields' names are the parameters of the page's address."""

    q = TextFilter(_("Search in all columns"), lambda row: row.texts)
    name = TextFilter(_("Name or ID"), lambda row: (row.name, row.moref))
    vcenter = ChoiceFilter(_("vCenter"), lambda row: row.vcenter)
    cluster = ChoiceFilter(_("Cluster"), lambda row: row.cluster)
    state = ChoiceFilter(_("State"), lambda row: row.state, fixed=STATE_LABELS)
    version = ChoiceFilter(_("Version"), lambda row: row.version)
