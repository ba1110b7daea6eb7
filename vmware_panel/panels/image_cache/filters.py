from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from vmware_panel.domain.cache_sums import Use
from vmware_panel.domain.image_cache import GlanceState
from vmware_panel.panels.image_cache.rows import MARKED, NOT_MARKED
from vmware_panel.panels.listing.filters import ChoiceFilter, FilterForm, TextFilter
from vmware_panel.wording.image_cache import (
    DOUBTS,
    GLANCE_STATES,
    LEFTOVERS,
    OWNERSHIPS,
    USES,
)

__all__ = ["DOUBTS", "ImageFilters", "LeftoverFilters", "RiskFilters"]

_USES = {use.value: text for use, text in USES.items() if use is not Use.UNKNOWN}
_STATES = {s.value: text for s, text in GLANCE_STATES.items() if s is not GlanceState.UNKNOWN}
_MARKS = {
    MARKED: pgettext_lazy("cached image", "marked"),
    NOT_MARKED: pgettext_lazy("cached image", "not marked"),
}
POWERS = {
    "on": pgettext_lazy("power state", "on"),
    "off": pgettext_lazy("power state", "not on"),
}


class ImageFilters(FilterForm):
    """The fields' names are the parameters of the page's address."""

    q = TextFilter(_("Search in all columns"), lambda row: row.texts)
    image = TextFilter(_("Image or ID"), lambda row: (row.image, row.image_id))
    glance = ChoiceFilter(_("In Glance"), lambda row: row.glance, fixed=_STATES)
    use = ChoiceFilter(_("Use"), lambda row: row.use, fixed=_USES)
    datastore = ChoiceFilter(_("Datastore"), lambda row: row.datastore)
    root = ChoiceFilter(_("Cache root"), lambda row: row.root)
    ownership = ChoiceFilter(
        _("Whose root"),
        lambda row: row.ownership,
        fixed={ownership.value: text for ownership, text in OWNERSHIPS.items()},
    )
    compute = ChoiceFilter(_("Compute"), lambda row: row.owners)
    marked = ChoiceFilter(_("Nova's mark"), lambda row: row.marked, fixed=_MARKS)
    vcenter = ChoiceFilter(_("vCenter"), lambda row: row.vcenter)


class LeftoverFilters(FilterForm):
    q = TextFilter(_("Search in all columns"), lambda row: row.texts)
    kind = ChoiceFilter(
        _("What it is"),
        lambda row: row.kind,
        fixed={kind.value: text for kind, text in LEFTOVERS.items()},
    )
    datastore = ChoiceFilter(_("Datastore"), lambda row: row.datastore)
    vcenter = ChoiceFilter(_("vCenter"), lambda row: row.vcenter)


class RiskFilters(FilterForm):
    q = TextFilter(_("Search in all columns"), lambda row: row.texts)
    power = ChoiceFilter(_("Power"), lambda row: row.power, fixed=POWERS)
    compute = ChoiceFilter(_("Instance's compute"), lambda row: row.compute)
    owner = ChoiceFilter(_("Root's compute"), lambda row: row.owners)
    marked = ChoiceFilter(_("Nova's mark"), lambda row: row.marked, fixed=_MARKS)
    datastore = ChoiceFilter(_("Datastore"), lambda row: row.datastore)
    project = ChoiceFilter(_("Project"), lambda row: row.project)
    vcenter = ChoiceFilter(_("vCenter"), lambda row: row.vcenter)
