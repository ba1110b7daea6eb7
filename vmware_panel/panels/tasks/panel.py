from django.utils.translation import gettext_lazy as _

from vmware_panel import policy
from vmware_panel.panels.guarded import GuardedPanel


class Tasks(GuardedPanel):
    name = _("Recent Tasks")
    slug = "vmware_tasks"
    rule = policy.Rule.LIST_TASKS
