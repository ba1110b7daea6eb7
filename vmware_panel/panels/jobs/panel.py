from django.utils.translation import gettext_lazy as _

from vmware_panel import policy
from vmware_panel.panels.guarded import GuardedPanel


class Jobs(GuardedPanel):
    name = _("Jobs")
    slug = "vmware_jobs"
    rule = policy.Rule.LIST_JOBS
