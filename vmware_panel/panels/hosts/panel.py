from django.utils.translation import gettext_lazy as _

from vmware_panel import policy
from vmware_panel.panels.guarded import GuardedPanel


class Hosts(GuardedPanel):
    name = _("Hosts")
    slug = "vmware_hosts"
    rule = policy.Rule.LIST_HOSTS
