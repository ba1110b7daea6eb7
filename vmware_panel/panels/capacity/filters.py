from django.utils.translation import gettext_lazy as _

from vmware_panel.domain.fits import Bound
from vmware_panel.panels.capacity.rows import NO, UNSURE, YES
from vmware_panel.panels.listing.filters import ChoiceFilter, FilterForm, TextFilter, labels_of
from vmware_panel.wording import bound_label

ANSWERS = {
    YES: _("one more fits"),
    NO: _("none fits"),
    UNSURE: _("may fit, something is unknown"),
}


class FitFilters(FilterForm):
    """The fields' names are the parameters of the page's address."""

    q = TextFilter(_("Search in all columns"), lambda row: row.texts)
    flavor = ChoiceFilter(_("Flavor"), lambda row: row.flavor)
    vcenter = ChoiceFilter(_("vCenter"), lambda row: row.vcenter)
    cluster = ChoiceFilter(_("Cluster"), lambda row: row.cluster)
    answer = ChoiceFilter(_("Fits"), lambda row: row.answer, fixed=ANSWERS)
    bites = ChoiceFilter(_("Bound"), lambda row: row.bites, fixed=labels_of(Bound, bound_label))
