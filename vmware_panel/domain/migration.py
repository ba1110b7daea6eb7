"""vMotion of one instance to another host of its cluster: where it could go, and what speaks
against it.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from vmware_panel.domain.cloud import Server, parse_node_name
from vmware_panel.domain.inventory import EsxHost, MoRef, VirtualMachine, VmPower
from vmware_panel.domain.plans import (
    Caution,
    CautionKind,
    ChangeKind,
    Plan,
    Refusal,
    RefusalKind,
)
from vmware_panel.domain.standing import Standing

HOT, COLD, QUERY = "Resource.HotMigrate", "Resource.ColdMigrate", "Resource.QueryVMotion"
_MOVING = ("migrate", "relocate", "Drm.ExecuteVMotionLRO")


@dataclass(frozen=True, slots=True)
class Verdict:
    """vCenter's own check of one VM with one host, in vCenter's words; errors forbid the move."""

    host: MoRef
    errors: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Candidate:
    """One other host of the cluster. `verdict` None: vCenter was not asked, or did not say."""

    host: EsxHost
    verdict: Verdict | None = None

    @property
    def possible(self) -> bool:
        return bool(self.host.usable) and self.verdict is not None and not self.verdict.errors


@dataclass(frozen=True, kw_only=True)
class MigrationPlan(Plan):
    """`destination` None: none was chosen yet, and `candidates` are there to choose from."""

    server: Server | None = None
    vm_name: str = ""
    cluster: str = ""
    source: str = ""
    destination: str | None = None
    destination_ref: MoRef | None = None
    candidates: tuple[Candidate, ...] = ()
    powered_on: bool | None = None


def needed_privileges(vm: VirtualMachine) -> tuple[str, ...]:
    """Of the one who moves it: `MigrateVM_Task` and the check before it."""
    return (COLD if vm.power is VmPower.OFF else HOT, QUERY)


def plan_migration(
    server: Server,
    vms: Iterable[VirtualMachine],
    standing: Standing | None,
    verdicts: Mapping[MoRef, Verdict],
    destination: MoRef | None,
    *,
    vcenter: str,
    missing_privileges: Collection[str] = (),
) -> MigrationPlan:
    """`vms` are all that carry the server's id. `standing` is of the host that the VM is on; None
    where there is no such one VM, or it is on no host.
    """
    vms = tuple(vms)
    vm = vms[0] if len(vms) == 1 else None
    refusals = [*_of_the_instance(server, vms)]
    if vm is None or standing is None or standing.host is None:
        if not refusals:
            refusals.append(Refusal(RefusalKind.NOT_THERE, server.name))
        return MigrationPlan(
            change=ChangeKind.MIGRATE,
            target=server.name or server.id,
            vcenter=vcenter,
            moref=vm.moref if vm else None,
            refusals=tuple(refusals),
            server=server,
        )
    hosts = standing.inventory.host_by_ref
    to = hosts.get(destination) if destination else None
    refusals += [Refusal(RefusalKind.NO_PRIVILEGE, vm.name, name) for name in missing_privileges]
    refusals += _of_the_vm(standing, vm)
    if destination:
        refusals += _of_the_host(server, standing, destination, to, verdicts)
    verdict = verdicts.get(destination) if destination else None
    cautions = (
        [Caution(CautionKind.CHECK_WARNS, vm.name, said) for said in verdict.warnings]
        if (verdict)
        else []
    )
    if to is not None:
        cautions += [
            Caution(CautionKind.SHOULD_RULE, rule.name)
            for rule in standing.host_rules(vm.moref)
            if not rule.mandatory and not standing.allows(rule, to.moref)
        ]
    cluster = standing.cluster
    return MigrationPlan(
        change=ChangeKind.MIGRATE,
        target=server.name or server.id,
        vcenter=vcenter,
        moref=vm.moref,
        refusals=tuple(dict.fromkeys(refusals)),
        cautions=tuple(dict.fromkeys(cautions)),
        basis=(f"from {standing.host_ref}", f"to {destination}"),
        server=server,
        vm_name=vm.name,
        cluster=cluster.name if cluster else "",
        source=standing.host.name,
        destination=to.name if to else None,
        destination_ref=destination,
        candidates=_candidates(standing, verdicts),
        powered_on=None if vm.power is None else vm.power is VmPower.ON,
    )


def _candidates(standing: Standing, verdicts: Mapping[MoRef, Verdict]) -> tuple[Candidate, ...]:
    """Those that could take it first, then by name."""
    cluster = standing.cluster.moref if standing.cluster else None
    found = [
        Candidate(host, verdicts.get(host.moref))
        for host in standing.inventory.hosts
        if host.moref != standing.host_ref and host.cluster == cluster and cluster
    ]
    return tuple(sorted(found, key=lambda c: (not c.possible, c.host.name)))


def _of_the_instance(server: Server, vms: tuple[VirtualMachine, ...]) -> Iterator[Refusal]:
    name = server.name or server.id
    if len(vms) > 1:
        yield Refusal(RefusalKind.NOT_OURS, name, ", ".join(vm.name for vm in vms))
    elif vms and not vms[0].managed_by_nova:
        yield Refusal(RefusalKind.NOT_OURS, name, vms[0].manager_key or vms[0].name)
    if server.task_state:
        yield Refusal(RefusalKind.AT_WORK, name, server.task_state)


def _of_the_vm(standing: Standing, vm: VirtualMachine) -> Iterator[Refusal]:
    if vm.connection not in (None, "connected"):
        yield Refusal(RefusalKind.NOT_CONNECTED, vm.name)
    if any(not task.done and task.action.endswith(_MOVING) for task in standing.tasks):
        yield Refusal(RefusalKind.UNDER_WAY, vm.name)


def _of_the_host(
    server: Server,
    standing: Standing,
    destination: MoRef,
    to: EsxHost | None,
    verdicts: Mapping[MoRef, Verdict],
) -> Iterator[Refusal]:
    if destination == standing.host_ref:
        yield Refusal(RefusalKind.SAME_PLACE, standing.host.name if standing.host else destination)
        return
    node = parse_node_name(server.node) if server.node else None
    cluster = standing.cluster
    # Only hosts of the VM's own cluster were read: any other id is of another cluster, or of none.
    if to is None or cluster is None or to.cluster != cluster.moref:
        yield Refusal(RefusalKind.OTHER_CLUSTER, to.name if to else destination)
        return
    if node is None or node.cluster != cluster.moref:
        yield Refusal(RefusalKind.OTHER_CLUSTER, to.name, cluster.name)
        return
    if not to.usable:
        yield Refusal(RefusalKind.NOT_USABLE, to.name)
        return
    verdict = verdicts.get(destination)
    if verdict is None:
        yield Refusal(RefusalKind.SOURCE_DOWN, standing.inventory.vcenter.name)
    else:
        for said in verdict.errors:
            yield Refusal(RefusalKind.INCOMPATIBLE, to.name, said)
