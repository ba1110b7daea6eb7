"""Who says something, by name."""

from collections.abc import Mapping

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from vmware_panel.wording.values import Text, filled, foreign

SERVICES: Mapping[str, Text] = {
    "nova": gettext_lazy("Nova"),
    "glance": gettext_lazy("Glance"),
    "cinder": gettext_lazy("Cinder"),
    "placement": gettext_lazy("Placement"),
    "keystone": gettext_lazy("Keystone"),
    "store": gettext_lazy("Inventory store"),
    "jobs": gettext_lazy("Journal of jobs"),
}


def source_name(source: str) -> str:
    """ "Nova", or "vCenter prod" for a vCenter of the settings."""
    if source in SERVICES:
        return str(SERVICES[source])
    return filled(_("vCenter %(name)s"), name=foreign(source))


def is_vcenter(source: str) -> bool:
    return source not in SERVICES
