from django.utils.translation import gettext_lazy as _

from vmware_panel import policy
from vmware_panel.panels.guarded import GuardedPanel


class Capacity(GuardedPanel):
    name = _("Capacity")
    slug = "vmware_capacity"
    rule = policy.Rule.GET_CAPACITY
