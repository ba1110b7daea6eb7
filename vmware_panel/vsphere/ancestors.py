# mypy: allow-untyped-calls
"""The way from an object up to its datacenter, and to the root folder."""

from collections.abc import Iterable
from typing import Any

from pyVmomi import vim

from vmware_panel.domain.inventory import MoRef
from vmware_panel.vsphere.live_reads import Found
from vmware_panel.vsphere.property_reader import ObjectSpec, SelectionSpec, traversal

_UP = "up"


def with_ancestors(entity: Any) -> ObjectSpec:
    """The object with all that is above it, as a start for `read_found`."""
    up = traversal(_UP, vim.ManagedEntity, "parent", [SelectionSpec(name=_UP)])
    return ObjectSpec(obj=entity, skip=False, selectSet=[up])


def datacenter_among(found: Iterable[Found]) -> MoRef | None:
    """None: it is not told. Properties of datacenters have to be asked for."""
    return next((one.moref for one in found if issubclass(one.kind, vim.Datacenter)), None)
