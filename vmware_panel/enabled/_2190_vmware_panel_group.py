from django.utils.translation import gettext_lazy as _

# The number puts the group after Compute (2110) and before Volume (2210).
PANEL_GROUP = "vmware"
PANEL_GROUP_NAME = _("VMware")
PANEL_GROUP_DASHBOARD = "admin"
