# mypy: allow-untyped-calls
"""The bulk read: everything that one vCenter holds, in a number of calls that is its pages."""

from contextlib import suppress
from datetime import datetime

from pyVmomi import vim

from vmware_panel.domain.inventory import Inventory
from vmware_panel.domain.outcome import TroubleKind
from vmware_panel.vsphere.deadlines import current_deadline, within
from vmware_panel.vsphere.errors import ObjectGone, SessionLost, VSphereError
from vmware_panel.vsphere.inventory_rows import InventoryBuilder
from vmware_panel.vsphere.login import Connected
from vmware_panel.vsphere.property_reader import ObjectSpec, read_rows, traversal
from vmware_panel.vsphere.property_sets import BULK, PropertySets

PAGE_SIZE = 2500
CLEAN_UP_S = 2.0


def read_inventory(
    connected: Connected,
    now: datetime,
    page_size: int = PAGE_SIZE,
    properties: PropertySets = BULK,
) -> Inventory:
    """All of it or `VSphereError`: 3 calls, and 1 for each page of objects after the first.

    `now` is the time that the inventory will carry. Fewer types in `properties` make one that is
    not `whole`.
    """
    builder = InventoryBuilder()
    with within(current_deadline().reserving(CLEAN_UP_S)):
        view = connected.views.CreateContainerView(connected.root_folder, list(properties), True)
    done = False
    try:
        with within(current_deadline().reserving(CLEAN_UP_S)):
            read_rows(connected, _start(connected, view), properties, builder.keep, page_size)
        done = True
    finally:
        if not done:
            with within(current_deadline().at_most(CLEAN_UP_S)), suppress(VSphereError):
                view.DestroyView()
    _end(connected, view)
    return builder.inventory(connected.vcenter, now, whole=properties is BULK)


def _start(connected: Connected, view: vim.view.ContainerView) -> list[ObjectSpec]:
    members = traversal("members", vim.view.ContainerView, "view")
    return [
        ObjectSpec(obj=view, skip=True, selectSet=[members]),
        # A view leaves out what it starts from, which the folders' paths end in.
        ObjectSpec(obj=connected.root_folder, skip=False),
    ]


def _end(connected: Connected, view: vim.view.ContainerView) -> None:
    """A view dies with its session: if it is still there, no page came from without one."""
    try:
        view.DestroyView()
    except ObjectGone:
        pass
    else:
        return
    raise SessionLost(
        TroubleKind.SESSION, "the session ended during the read", source=connected.vcenter.name
    )
