"""Having vCenter count a datastore's space anew."""

from datetime import UTC, datetime

from vmware_panel.api.changing import Made
from vmware_panel.config import VCenterConfig
from vmware_panel.domain.datastore_refresh import PRIVILEGE, RefreshDatastorePlan, refresh_plan
from vmware_panel.domain.inventory import MoRef
from vmware_panel.domain.plans import ChangeKind, Plan
from vmware_panel.endpoints import client
from vmware_panel.vsphere.errors import ObjectGone


class RefreshDatastore:
    """vCenter counts within the call and names no task."""

    kind = ChangeKind.DATASTORE_REFRESH

    def __init__(self, vcenter: VCenterConfig, datastore: MoRef) -> None:
        self.vcenter = vcenter.name
        self.subject: str = datastore
        self._datastore = datastore
        self._client = client(vcenter)

    def plan(self) -> RefreshDatastorePlan:
        """3 calls to vCenter. Raises `VSphereError`."""
        try:
            before = self._client.datastore_detail(self._datastore, datetime.now(UTC))
        except ObjectGone:
            return refresh_plan(self.vcenter, self._datastore, None)
        missing = self._client.missing_privileges([self._datastore], [PRIVILEGE])
        return refresh_plan(self.vcenter, self._datastore, before, missing)

    def make(self, plan: Plan) -> Made:
        self._client.refresh_datastore(self._datastore)
        return Made()

    def follow(self, plan: Plan) -> tuple[MoRef, ...]:
        return ()
