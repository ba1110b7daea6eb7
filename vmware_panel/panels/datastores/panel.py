from django.utils.translation import gettext_lazy as _

from vmware_panel import policy
from vmware_panel.panels.guarded import GuardedPanel


class Datastores(GuardedPanel):
    name = _("Datastores")
    slug = "vmware_datastores"
    rule = policy.Rule.LIST_DATASTORES
