from typing import Any

import horizon
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from vmware_panel import policy


class Tasks(horizon.Panel):
    name = _("Recent Tasks")
    slug = "vmware_tasks"
    permissions = ("openstack.services.compute",)

    def allowed(self, context: dict[str, Any]) -> bool:
        request = context["request"]
        nova_is_system_scoped = "compute" in settings.SYSTEM_SCOPE_SERVICES
        if nova_is_system_scoped != bool(request.user.system_scoped):
            return False
        return policy.allowed(request, policy.Rule.LIST_TASKS) and super().allowed(context)
