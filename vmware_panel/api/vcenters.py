"""One instance, straight from vCenter."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import partial

from vmware_panel.api.reading import Reading, gathered
from vmware_panel.config import VCenterConfig
from vmware_panel.domain.cloud import Server, parse_node_name
from vmware_panel.domain.inventory import Inventory
from vmware_panel.endpoints import client

MOST_AT_ONCE = 8
"""vCenters that one page reads side by side."""


def read_instance(vcenters: Sequence[VCenterConfig], server: Server) -> Reading:
    """The part of vCenter's book that one server concerns, straight from vCenter.

    Asks only the vCenter that Nova's node names, and every one where Nova names none or hides it.
    A server on a node of another driver concerns no vCenter.
    """
    node = parse_node_name(server.node) if server.node else None
    if server.node and not node:
        return Reading()

    def read(vcenter: VCenterConfig) -> Inventory | None:
        its = client(vcenter)
        if node and its.about().instance_uuid.lower() != node.vcenter_uuid:
            return None
        return its.read_vm(server.id, node.cluster if node else None)

    return _side_by_side(vcenters, read)


def _side_by_side(
    vcenters: Sequence[VCenterConfig], read: Callable[[VCenterConfig], Inventory | None]
) -> Reading:
    if len(vcenters) <= 1:
        return gathered([(v, partial(read, v)) for v in vcenters])
    with ThreadPoolExecutor(min(len(vcenters), MOST_AT_ONCE), "vcenter") as pool:
        futures = [(v, pool.submit(copy_context().run, read, v)) for v in vcenters]
        return gathered([(v, future.result) for v, future in futures])
