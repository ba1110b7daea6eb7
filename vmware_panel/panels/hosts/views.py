from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.utils.translation import gettext_lazy as _
from horizon.views import HorizonTemplateView

from vmware_panel import policy


class IndexView(HorizonTemplateView):
    template_name = "vmware_panel/hosts/index.html"
    page_title = _("VMware Hosts")

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        policy.require(request, policy.Rule.LIST_HOSTS)
        return super().dispatch(request, *args, **kwargs)
