from django.utils.translation import gettext_lazy as _

from vmware_panel.panels.datastores.rows import (
    FULL,
    OVERCOMMITTED,
    PARTLY,
    UNSEARCHED,
    UNTAKEN,
)
from vmware_panel.panels.listing.filters import ChoiceFilter, FilterForm, TextFilter
from vmware_panel.wording.datastores import STATE_LABELS

FLAG_LABELS = {
    FULL: _("90 % used or more"),
    OVERCOMMITTED: _("provisioned beyond its capacity"),
    PARTLY: _("not mounted by all hosts of a cluster"),
    UNTAKEN: _("taken by no compute"),
    UNSEARCHED: _("never searched"),
}


class DatastoreFilters(FilterForm):
    """The fields' names are the parameters of the page's address."""

    q = TextFilter(_("Search in all columns"), lambda row: row.texts)
    name = TextFilter(_("Name or ID"), lambda row: (row.name, row.moref))
    vcenter = ChoiceFilter(_("vCenter"), lambda row: row.vcenter)
    type = ChoiceFilter(_("Type"), lambda row: row.type)
    state = ChoiceFilter(_("State"), lambda row: row.state, fixed=STATE_LABELS)
    cluster = ChoiceFilter(_("Cluster"), lambda row: row.clusters)
    compute = ChoiceFilter(_("Taken by"), lambda row: row.taken_by)
    flag = ChoiceFilter(_("Worth a look"), lambda row: row.flags, fixed=FLAG_LABELS)
