"""The bar of a datastore: what is used, what is promised to thin disks, what is free."""

from django.utils.translation import gettext as _

from vmware_panel.domain.datastores import provisioned_bytes, used_bytes
from vmware_panel.domain.inventory import Datastore
from vmware_panel.panels.drawing.bars import FULL_PERCENT, Bar, Share, lay_out
from vmware_panel.wording import bytes_of, free_of

LEGEND = (Share.USED, Share.PROMISED, Share.FREE, Share.OVER)


def room_bar(datastore: Datastore) -> Bar:
    """Its whole length is the capacity, or what is provisioned if that is more."""
    text = free_of(datastore.free_bytes, datastore.capacity_bytes)
    capacity, used = datastore.capacity_bytes, used_bytes(datastore)
    if not capacity or used is None:
        return Bar(_("Space"), text)
    used = min(max(0, used), capacity)
    free = capacity - used
    provisioned = provisioned_bytes(datastore)
    promised = 0 if provisioned is None else max(0, provisioned - used)
    within = min(promised, free)
    percent = 100 * used / capacity
    amounts = [
        (Share.USED, used),
        (Share.PROMISED, within),
        (Share.FREE, free - within),
        (Share.OVER, promised - within),
    ]
    whole = capacity + promised - within
    parts = lay_out(amounts, whole, bytes_of, full=percent >= FULL_PERCENT)
    return Bar(_("Space"), text, parts, (), percent)
