from django.utils.translation import gettext_lazy as _

from vmware_panel import policy
from vmware_panel.panels.guarded import GuardedPanel


class Volumes(GuardedPanel):
    name = _("Volumes")
    slug = "vmware_volumes"
    rule = policy.Rule.LIST_VOLUMES
