"""Disabling and enabling the nova-compute that drives a cluster."""

from django.http import HttpRequest

from vmware_panel.api import cloud
from vmware_panel.api.changing import Made
from vmware_panel.api.context import access_of, scope_of
from vmware_panel.domain.inventory import MoRef
from vmware_panel.domain.plans import ChangeKind, Plan
from vmware_panel.domain.services import ServicePlan, service_plan
from vmware_panel.openstack import CloudError, nova


class ServiceChange:
    """`reason` is for disabling, and may be given after the plan was shown."""

    vcenter = ""

    def __init__(self, request: HttpRequest, host: str, enable: bool, reason: str = "") -> None:
        self.kind = ChangeKind.SERVICE_ENABLE if enable else ChangeKind.SERVICE_DISABLE
        self.subject = host
        self._access, self._scope = access_of(request), scope_of(request)
        self._enable, self._reason = enable, reason

    def plan(self) -> ServicePlan:
        """Two calls to Nova: the services, and what changed of the servers."""
        services = nova.list_compute_services(self._access)
        try:
            servers = cloud.all_servers(self._access, self._scope).servers
        except CloudError:  # how many run there is good to know, and nothing to wait for
            servers = None
        return service_plan(self.subject, self._enable, services, servers)

    def make(self, plan: Plan) -> Made:
        if not isinstance(plan, ServicePlan) or plan.service is None:
            raise TypeError("a plan of another change, or one with refusals")
        try:
            nova.set_service_enabled(self._access, plan.service.id, self._enable, self._reason)
        finally:
            cloud.forget_nodes(self._scope)
        return Made()

    def follow(self, plan: Plan) -> tuple[MoRef, ...]:
        return ()
