"""vCenter's tasks: those of a change, and the recent ones on what OpenStack owns."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from django.http import HttpRequest

from vmware_panel.api import cloud
from vmware_panel.api.changing import Made
from vmware_panel.api.context import access_of, scope_of, vcenters_of
from vmware_panel.api.inventories import inventory_source
from vmware_panel.config import VCenterConfig
from vmware_panel.domain.cloud import Hypervisor, parse_node_name
from vmware_panel.domain.inventory import Inventory, MoRef
from vmware_panel.domain.outcome import Trouble
from vmware_panel.domain.ownership import owned
from vmware_panel.domain.plans import ChangeKind, Plan, Refusal, RefusalKind
from vmware_panel.domain.tasks import TaskRecord
from vmware_panel.endpoints import client
from vmware_panel.openstack import gather
from vmware_panel.openstack.access import DEFAULT_TIMEOUT_S

LOOK_BACK = timedelta(hours=24)
MOST_TASKS = 500
CLOCK_READ = timedelta(seconds=1)
"""To read a clock takes time."""

_INVENTORIES = "inventories"


@dataclass(frozen=True, slots=True)
class OwnedTask:
    """`instance_id` is the server's id where the task is on an instance's VM."""

    vcenter: str
    task: TaskRecord
    instance_id: str = ""


@dataclass(frozen=True)
class TasksReport:
    """`tasks` None: no vCenter told any. `read` names the vCenters that answered.

    `missing` says why the tasks of the others are not among them, once for each. `doubts` are those
    that say whose a task is (a collector's book, Nova) and did not tell, or not lately.
    """

    tasks: tuple[OwnedTask, ...] | None
    read: tuple[str, ...] = ()
    missing: tuple[Trouble, ...] = ()
    doubts: tuple[Trouble, ...] = ()
    configured: bool = True

    @property
    def troubles(self) -> tuple[Trouble, ...]:
        return (*self.missing, *self.doubts)


def recent_report(request: HttpRequest) -> TasksReport:
    """The tasks of the last day on what OpenStack owns, newest first; a constant few calls to each
    vCenter. Raises `ConfigError`.
    """
    vcenters = vcenters_of(request)
    access, scope = access_of(request), scope_of(request)
    since = datetime.now(UTC) - LOOK_BACK
    parts: dict[str, Callable[[], Any]] = {
        _INVENTORIES: partial(inventory_source().read, vcenters),
        "hypervisors": partial(cloud.hypervisors, access, scope),
        **{
            f"tasks {v.name}": partial(client(v).recent_tasks, since, MOST_TASKS) for v in vcenters
        },
    }
    waits = (DEFAULT_TIMEOUT_S, *(v.longest_list_s for v in vcenters))
    answers = gather(parts, timeout_s=max(waits) + 1.0)
    missing: list[Trouble] = []
    reading = answers[_INVENTORIES].value
    inventories = {i.vcenter.name: i for i in reading.inventories} if reading else {}
    hypervisors = answers["hypervisors"].value or ()
    found: list[OwnedTask] = []
    read: list[str] = []
    for vcenter in vcenters:
        tasks = answers[f"tasks {vcenter.name}"].value
        if tasks is not None:
            read.append(vcenter.name)
            found += _of_openstack(vcenter, tasks, inventories.get(vcenter.name), hypervisors)
        elif trouble := answers[f"tasks {vcenter.name}"].trouble:
            missing.append(replace(trouble, source=vcenter.name))
    silent = {trouble.source for trouble in missing}
    doubts = (
        *(reading.troubles if reading else ()),
        *(answers[part].trouble for part in (_INVENTORIES, "hypervisors")),
    )
    found.sort(key=lambda row: row.task.queued_at or since, reverse=True)
    return TasksReport(
        tasks=tuple(found) if read or not vcenters else None,
        read=tuple(read),
        missing=tuple(missing),
        doubts=tuple(dict.fromkeys(t for t in doubts if t and t.source not in silent)),
        configured=bool(vcenters),
    )


def _of_openstack(
    vcenter: VCenterConfig,
    tasks: tuple[TaskRecord, ...],
    inventory: Inventory | None,
    hypervisors: tuple[Hypervisor, ...],
) -> list[OwnedTask]:
    """All of them where the inventory is not there to tell: better too many than one too few."""
    if inventory is None:
        return [OwnedTask(vcenter.name, task) for task in tasks]
    uuid = inventory.vcenter.instance_uuid.lower()
    nodes = (parse_node_name(hypervisor.node) for hypervisor in hypervisors)
    ours = owned(inventory, {n.cluster for n in nodes if n and n.vcenter_uuid == uuid})
    instances = {vm.moref: vm.instance_uuid for vm in inventory.vms if vm.managed_by_nova}
    return [
        OwnedTask(vcenter.name, task, instances.get(task.entity, "") if task.entity else "")
        for task in tasks
        if task.entity in ours
    ]


def followed_tasks(
    vcenter: VCenterConfig, task: MoRef | None, entities: tuple[MoRef, ...], since: datetime
) -> tuple[TaskRecord, ...]:
    """One task, or those of some objects since then by this machine's clock. Raises `VSphereError`.

    What ran before does not pass for it: `since` is told by vCenter's clock, which its tasks bear.
    """
    its = client(vcenter)
    if task is not None:
        return its.tasks([task])
    ahead = its.current_time() - datetime.now(UTC)
    return its.tasks_of(entities, since + ahead - CLOCK_READ)


@dataclass(frozen=True, kw_only=True)
class CancelPlan(Plan):
    task: TaskRecord | None = None


def cancel_plan(vcenter: str, task: TaskRecord) -> CancelPlan:
    target = task.entity_name or task.moref
    refusals: tuple[Refusal, ...] = ()
    if task.done or task.cancelled:
        refusals = (Refusal(RefusalKind.ALREADY_SO, target),)
    elif not task.cancelable:
        refusals = (Refusal(RefusalKind.NOT_CANCELABLE, target),)
    return CancelPlan(
        change=ChangeKind.TASK_CANCEL,
        target=target,
        vcenter=vcenter,
        moref=task.moref,
        refusals=refusals,
        basis=(task.action, task.moref),
        task=task,
    )


class CancelTask:
    """Cancels one task of vCenter that is under way."""

    kind = ChangeKind.TASK_CANCEL

    def __init__(self, vcenter: VCenterConfig, task: MoRef) -> None:
        self.vcenter = vcenter.name
        self.subject: str = task
        self._task = task
        self._client = client(vcenter)

    def plan(self) -> CancelPlan:
        found = self._client.tasks([self._task])
        if found:
            return cancel_plan(self.vcenter, found[0])
        return CancelPlan(
            change=self.kind,
            target=self._task,
            vcenter=self.vcenter,
            moref=self._task,
            refusals=(Refusal(RefusalKind.NOT_THERE, self._task),),
        )

    def make(self, plan: Plan) -> Made:
        self._client.cancel_task(self._task)
        return Made(task=self._task)

    def follow(self, plan: Plan) -> tuple[MoRef, ...]:
        task = plan.task if isinstance(plan, CancelPlan) else None
        return (task.entity,) if task and task.entity else ()
