"""Which rights an import needs besides those on the datastores, and whether vCenter's account has them."""

from dataclasses import replace

from vmware_panel.domain.imports import ImportPlace
from vmware_panel.domain.inventory import MoRef
from vmware_panel.domain.plans import Refusal, RefusalKind
from vmware_panel.domain.seeding import SeedItem
from vmware_panel.vsphere import VCenterClient

POOL_PRIVILEGES = ("VApp.Import", "Resource.AssignVMToPool")
FOLDER_PRIVILEGES = (
    "VirtualMachine.Inventory.Create",
    "VirtualMachine.Inventory.Delete",
    "VirtualMachine.Inventory.Unregister",
    "VirtualMachine.Config.AddNewDisk",
)
"""As vCenter's documentation names them for deploying an OVF template, with what takes the VM away."""


class ImportRights:
    """Asks once for each cluster's pool and datacenter's folder."""

    def __init__(self, vsphere: VCenterClient, vcenter: str) -> None:
        self._client = vsphere
        self._vcenter = vcenter
        self._missing: dict[tuple[MoRef, MoRef], tuple[str, ...]] = {}

    def checked(self, item: SeedItem) -> SeedItem:
        """An item that would be imported, refused where a right is missing. Raises `VSphereError`."""
        if not item.imported or item.refusals or item.datacenter is None:
            return item
        missing = self._missing_at(item.target.cluster_moref, item.datacenter)
        refusals = tuple(
            Refusal(RefusalKind.NO_PRIVILEGE, self._vcenter, right) for right in missing
        )
        return replace(item, refusals=refusals) if refusals else item

    def _missing_at(self, cluster: MoRef, datacenter: MoRef) -> tuple[str, ...]:
        at = (cluster, datacenter)
        if at not in self._missing:
            where: ImportPlace = self._client.import_place(cluster, datacenter)
            ask = self._client.missing_privileges
            self._missing[at] = (
                *ask([where.pool], POOL_PRIVILEGES),
                *ask([where.folder], FOLDER_PRIVILEGES),
            )
        return self._missing[at]
