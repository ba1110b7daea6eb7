# mypy: allow-untyped-calls
"""Which rights vCenter's account lacks on the things that a change concerns."""

from collections.abc import Collection, Sequence

from pyVmomi import vim

from vmware_panel.domain.inventory import MoRef
from vmware_panel.vsphere.login import Connected

_KINDS: tuple[tuple[str, type], ...] = (
    ("host-", vim.HostSystem),
    ("domain-", vim.ClusterComputeResource),
    ("datastore-", vim.Datastore),
    ("vm-", vim.VirtualMachine),
    ("resgroup-", vim.ResourcePool),
    ("group-v", vim.Folder),
)


def missing_privileges(
    connected: Connected, entities: Sequence[MoRef], wanted: Collection[str]
) -> tuple[str, ...]:
    """Those of `wanted` that are missing on any of the entities, in their order; two calls.

    An entity is a host, a cluster, a datastore, a VM, a resource pool or a folder of VMs. Raises `VSphereError`.
    """
    session = connected.sessions.currentSession
    answers = connected.authorization.HasPrivilegeOnEntities(
        [_managed(moref) for moref in entities], session.key if session else "", list(wanted)
    )
    granted = [
        {item.privId for item in answer.privAvailability if item.isGranted}
        for answer in answers or ()
    ]
    return tuple(
        name
        for name in wanted
        if len(granted) < len(entities) or not all(name in its for its in granted)
    )


def _managed(moref: MoRef) -> vim.ManagedEntity:
    """vCenter makes its ids of the kind and a number."""
    kind = next((kind for prefix, kind in _KINDS if moref.startswith(prefix)), None)
    if kind is None:
        raise ValueError(f"no entity whose rights are asked for: {moref!r}")
    found: vim.ManagedEntity = kind(moref)
    return found
