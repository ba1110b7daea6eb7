# mypy: allow-untyped-calls
"""Small reads by the SDK's own decoder, for structures that no list needs.

A list of thousands goes through `property_reader`, which is some five times faster.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pyVmomi import vim, vmodl

from vmware_panel.domain.inventory import MoRef
from vmware_panel.domain.outcome import TroubleKind
from vmware_panel.vsphere.errors import SessionLost, fault_answered
from vmware_panel.vsphere.login import Connected
from vmware_panel.vsphere.property_reader import (
    CURRENT_SESSION,
    FilterSpec,
    ObjectSpec,
    PropertySpec,
    RetrieveOptions,
)

# How every vCenter names its objects.
_KIND_BY_PREFIX = {
    "vm": vim.VirtualMachine,
    "host": vim.HostSystem,
    "domain-c": vim.ClusterComputeResource,
    "domain-s": vim.ComputeResource,
    "resgroup": vim.ResourcePool,
    "resgroup-v": vim.VirtualApp,
    "datastore": vim.Datastore,
    "group-p": vim.StoragePod,
    "group-d": vim.Folder,
    "group-h": vim.Folder,
    "group-n": vim.Folder,
    "group-s": vim.Folder,
    "group-v": vim.Folder,
    "datacenter": vim.Datacenter,
    "network": vim.Network,
}
_NUMBER = re.compile(r"-?\d+$")


def managed_entity(moref: MoRef) -> Any:
    """To be named in a call: an object of the inventory, its type told from its id."""
    return _KIND_BY_PREFIX.get(_NUMBER.sub("", moref), vim.ManagedEntity)(moref)


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """One object. `values` by property path, as the SDK decoded them: not to leave this package.

    A property that is unset is not in it. `refused` has those that could not be read, by the fault.
    """

    kind: type
    moref: MoRef
    values: Mapping[str, Any]
    refused: Mapping[str, Any]

    def get(self, path: str) -> Any:
        return self.values.get(path)


def read_found(
    connected: Connected, start: Sequence[ObjectSpec], properties: Mapping[type, Sequence[str]]
) -> list[Found]:
    """Whatever the start objects lead to: one call, and one for each page after the first.

    Objects that are gone are left out. Raises `VSphereError`, `SessionLost` for an answer that
    does not show that we are logged in.
    """
    wanted = {**properties, vim.SessionManager: (CURRENT_SESSION,)}
    spec = FilterSpec(
        objectSet=[*start, ObjectSpec(obj=connected.sessions, skip=False)],
        propSet=[
            PropertySpec(type=kind, all=False, pathSet=list(paths))
            for kind, paths in wanted.items()
        ],
        reportMissingObjectsInResults=True,
    )
    page = connected.collector.RetrievePropertiesEx([spec], RetrieveOptions())
    contents: list[Any] = []
    while page is not None:
        contents += page.objects or []
        if not page.token:
            break
        page = connected.collector.ContinueRetrievePropertiesEx(page.token)
    found = []
    logged_in = False
    for content in contents:
        if isinstance(content.obj, vim.SessionManager):
            logged_in = bool(content.propSet)
        elif (one := _found(connected, content)) is not None:
            found.append(one)
    if not logged_in:
        raise SessionLost(
            TroubleKind.SESSION, "an empty answer: not logged in", source=connected.vcenter.name
        )
    return found


def _found(connected: Connected, content: Any) -> Found | None:
    """None for an object that is gone; raises `SessionLost`."""
    refused: dict[str, Any] = {}
    for missing in content.missingSet or ():
        fault = missing.fault
        if isinstance(fault, vmodl.fault.ManagedObjectNotFound) and fault.obj == content.obj:
            return None
        if isinstance(fault, vim.fault.NotAuthenticated):
            raise fault_answered(
                fault, source=connected.vcenter.name, method="RetrievePropertiesEx"
            )
        refused[missing.path] = fault
    return Found(
        kind=type(content.obj),
        moref=MoRef(content.obj._moId),
        values={prop.name: prop.val for prop in content.propSet or ()},
        refused=refused,
    )
