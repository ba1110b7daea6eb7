from django.utils.translation import gettext_lazy as _

from vmware_panel import policy
from vmware_panel.panels.guarded import GuardedPanel


class ImageCache(GuardedPanel):
    name = _("Image Cache")
    slug = "vmware_image_cache"
    rule = policy.Rule.LIST_IMAGE_CACHE
