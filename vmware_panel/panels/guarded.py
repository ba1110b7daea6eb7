"""What the panels of this project have in common: when Horizon's navigation shows them."""

from typing import Any, ClassVar

import horizon
from django.conf import settings

from vmware_panel import policy


class GuardedPanel(horizon.Panel):
    """Shown to those whom `rule` lets in.

    Like Horizon's own Admin > Instances it wants a system-scoped token where Nova wants one.
    """

    rule: ClassVar[policy.Rule]
    permissions = ("openstack.services.compute",)

    def allowed(self, context: dict[str, Any]) -> bool:
        request = context["request"]
        nova_is_system_scoped = "compute" in settings.SYSTEM_SCOPE_SERVICES
        if nova_is_system_scoped != bool(request.user.system_scoped):
            return False
        return policy.allowed(request, self.rule) and super().allowed(context)
