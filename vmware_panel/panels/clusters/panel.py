from django.utils.translation import gettext_lazy as _

from vmware_panel import policy
from vmware_panel.panels.guarded import GuardedPanel


class Clusters(GuardedPanel):
    name = _("Clusters")
    slug = "vmware_clusters"
    rule = policy.Rule.LIST_CLUSTERS
