"""Setting the allocation ratios of a cluster's resource provider."""

from decimal import Decimal

from django.http import HttpRequest

from vmware_panel.api import cloud
from vmware_panel.api.changing import Made
from vmware_panel.api.context import access_of, scope_of
from vmware_panel.api.inventories import inventory_source
from vmware_panel.config import VCenterConfig
from vmware_panel.domain.allocation_ratios import RatioPlan, ratio_plan
from vmware_panel.domain.cloud import parse_node_name
from vmware_panel.domain.inventory import MoRef
from vmware_panel.domain.outcome import Trouble, TroubleKind
from vmware_panel.domain.plans import ChangeKind, Plan, Refusal, RefusalKind, Refused
from vmware_panel.openstack import CloudError, Conflict, nova, placement


class RatioChange:
    """Of one resource class of the provider that stands for a cluster."""

    kind = ChangeKind.ALLOCATION_RATIO

    def __init__(
        self,
        request: HttpRequest,
        vcenter: VCenterConfig,
        cluster: MoRef,
        resource_class: str,
        ratio: Decimal,
    ) -> None:
        self.vcenter = vcenter.name
        self.subject = f"{cluster} {resource_class}"
        self._config, self._cluster = vcenter, cluster
        self._access, self._scope = access_of(request), scope_of(request)
        self._resource_class, self._ratio = resource_class, ratio

    def plan(self) -> RatioPlan:
        """One call to Nova, three to Placement; vCenter's book only says the cluster's name."""
        name, vcenter_uuid = self._named()
        provider = None
        for hypervisor in nova.list_hypervisors(self._access):
            node = parse_node_name(hypervisor.node)
            if node and (node.cluster, node.vcenter_uuid) == (self._cluster, vcenter_uuid):
                provider = placement.get_resource_provider(self._access, hypervisor.id)
                break
        return ratio_plan(name, provider, self._resource_class, self._ratio)

    def make(self, plan: Plan) -> Made:
        if not isinstance(plan, RatioPlan) or plan.provider is None:
            raise TypeError("a plan of another change, or one with refusals")
        provider = plan.provider
        try:
            placement.set_allocation_ratio(
                self._access,
                provider.uuid,
                self._resource_class,
                float(self._ratio),
                provider.generation,
            )
        except Conflict as error:
            refusal = Refusal(RefusalKind.CHANGED_MEANWHILE, plan.target)
            raise Refused(refusal) from error
        finally:
            cloud.forget_nodes(self._scope)
        return Made()

    def follow(self, plan: Plan) -> tuple[MoRef, ...]:
        return ()

    def _named(self) -> tuple[str, str]:
        """The cluster's name, and its vCenter's instance uuid. Raises `CloudError`."""
        reading = inventory_source().read((self._config,))
        if not reading.inventories:
            found = reading.troubles[0] if reading.troubles else None
            kind = found.kind if found else TroubleKind.NOT_YET
            raise CloudError(found or Trouble(self.vcenter, kind))
        (inventory,) = reading.inventories
        cluster = inventory.cluster_by_ref.get(self._cluster)
        uuid = inventory.vcenter.instance_uuid.lower()
        return (cluster.name if cluster else self._cluster), uuid
