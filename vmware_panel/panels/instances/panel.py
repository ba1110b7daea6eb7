from django.utils.translation import gettext_lazy as _

from vmware_panel import policy
from vmware_panel.panels.guarded import GuardedPanel


class Instances(GuardedPanel):
    name = _("Instances")
    slug = "vmware_instances"
    rule = policy.Rule.LIST_INSTANCES
