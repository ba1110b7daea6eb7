"""vMotion of one instance to another ESX host of its cluster."""

from collections.abc import Mapping

from django.http import HttpRequest

from vmware_panel.api.changing import Made
from vmware_panel.api.context import access_of, vcenters_of
from vmware_panel.domain.cloud import Server, parse_node_name
from vmware_panel.domain.inventory import MoRef, VirtualMachine
from vmware_panel.domain.migration import (
    QUERY,
    MigrationPlan,
    Verdict,
    needed_privileges,
    plan_migration,
)
from vmware_panel.domain.plans import ChangeKind, Plan
from vmware_panel.domain.standing import Standing
from vmware_panel.endpoints import client
from vmware_panel.openstack import Access, nova
from vmware_panel.vsphere import VCenterClient, VSphereError


class MigrateInstance:
    """`destination` None: only to see where it could go.

    To be made by `of`, which finds the vCenter; `its` None: Nova's node names none of the region's.
    """

    kind = ChangeKind.MIGRATE

    def __init__(
        self,
        access: Access,
        server: Server,
        its: VCenterClient | None,
        destination: MoRef | None = None,
    ) -> None:
        self.vcenter = its.endpoint.name if its else ""
        self.subject = server.id
        self._access = access
        self._server: Server | None = server  # as just read; the next plan reads it anew
        self._its = its
        self._destination = destination

    @classmethod
    def of(
        cls, request: HttpRequest, server_id: str, destination: MoRef | None = None
    ) -> "MigrateInstance":
        """One call to Nova, and none to a vCenter that we are logged in to.

        Raises `CloudError`, `VSphereError`, `ConfigError`.
        """
        access = access_of(request)
        server = nova.get_server(access, server_id)
        return cls(access, server, _vcenter_of(request, server), destination)

    def plan(self) -> MigrationPlan:
        """Some ten calls to vCenter, whatever the number of hosts and VMs."""
        server, self._server = self._server, None
        if server is None:
            server = nova.get_server(self._access, self.subject)
        node = parse_node_name(server.node or "")
        if self._its is None or node is None:
            return plan_migration(server, (), None, {}, self._destination, vcenter=self.vcenter)
        found = self._its.read_vm(server.id, node.cluster)
        vms = found.vms_by_instance_uuid.get(server.id.lower(), ())
        standing: Standing | None = None
        verdicts: Mapping[MoRef, Verdict] = {}
        missing: tuple[str, ...] = ()
        if len(vms) == 1 and vms[0].host is not None:
            standing = self._its.standing(vms[0].host, vm=vms[0].moref)
            missing = self._its.missing_privileges([vms[0].moref], needed_privileges(vms[0]))
            if QUERY not in missing:
                verdicts = self._verdicts(self._its, vms[0], standing)
        return plan_migration(
            server,
            vms,
            standing,
            verdicts,
            self._destination,
            vcenter=self.vcenter,
            missing_privileges=missing,
        )

    def _verdicts(
        self, its: VCenterClient, vm: VirtualMachine, standing: Standing
    ) -> Mapping[MoRef, Verdict]:
        """Of the destination, or of all hosts that one could choose."""
        hosts = [host.moref for host in standing.others]
        if self._destination is not None:
            hosts = [host for host in hosts if host == self._destination]
        return {v.host: v for v in its.vmotion_compatibility(vm.moref, hosts)}

    def make(self, plan: Plan) -> Made:
        if self._its is None or plan.moref is None or self._destination is None:
            raise TypeError("a plan with refusals, or without a destination")
        return Made(task=self._its.migrate(plan.moref, self._destination))

    def follow(self, plan: Plan) -> tuple[MoRef, ...]:
        return (plan.moref,) if plan.moref else ()


def _vcenter_of(request: HttpRequest, server: Server) -> VCenterClient | None:
    """The region's vCenter that Nova's node names. Raises `VSphereError` where it may be one that
    does not answer.
    """
    node = parse_node_name(server.node or "")
    if node is None:
        return None
    failed: VSphereError | None = None
    for vcenter in vcenters_of(request):
        its = client(vcenter)
        try:
            if its.about().instance_uuid.lower() == node.vcenter_uuid:
                return its
        except VSphereError as error:
            failed = error
    if failed is not None:
        raise failed
    return None
