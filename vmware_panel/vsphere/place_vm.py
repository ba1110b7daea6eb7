# mypy: allow-untyped-calls
"""vCenter's own answer to where a VM would go: `ClusterComputeResource.PlaceVm`, which moves nothing."""

from pyVmomi import vim

from vmware_panel.domain.inventory import MoRef
from vmware_panel.domain.landing import NewVm, VCenterPlace
from vmware_panel.vsphere.login import Connected

CREATE = "create"


def place_vm(connected: Connected, cluster: MoRef, wanted: NewVm) -> tuple[VCenterPlace, ...]:
    """vCenter's recommendations, best first; none if it finds no place. One call.

    Raises `VSphereError`: also where the cluster has no DRS, or the account lacks the right.
    """
    spec = vim.cluster.PlacementSpec(
        placementType=CREATE,
        configSpec=vim.vm.ConfigSpec(
            name=wanted.name,
            numCPUs=wanted.vcpus,
            numCoresPerSocket=wanted.cores_per_socket,
            memoryMB=wanted.memory_mb,
            files=vim.vm.FileInfo(),
        ),
    )
    found = connected.managed(vim.ClusterComputeResource, cluster).PlaceVm(spec)
    recommended = sorted(found.recommendations or (), key=lambda one: -one.rating)
    return tuple(
        place
        for one in recommended
        for action in one.action or ()
        if isinstance(action, vim.cluster.PlacementAction)
        and (place := _place(action)) is not None
    )


def _place(action: vim.cluster.PlacementAction) -> VCenterPlace | None:
    host = action.targetHost or (action.relocateSpec.host if action.relocateSpec else None)
    datastore = action.relocateSpec.datastore if action.relocateSpec else None
    if host is None:
        return None
    return VCenterPlace(
        MoRef(host._moId), MoRef(datastore._moId) if datastore is not None else None
    )
