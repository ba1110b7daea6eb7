# mypy: allow-untyped-calls
"""vCenter's tasks: some by their ids, those on some objects, the recent ones; and cancelling one.

A vCenter shows a task as an object while it runs and some ten minutes longer (`recentTask`), and
remembers it in its history for weeks. Both are read, so that one that ended long ago is found, and
one that was queued before `since` and still runs is too.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from pyVmomi import vim, vmodl

from vmware_panel.domain.inventory import MoRef
from vmware_panel.domain.tasks import TaskRecord, TaskState
from vmware_panel.vsphere.deadlines import current_deadline, within
from vmware_panel.vsphere.errors import VSphereError, bad_answer, fault_name, quoted
from vmware_panel.vsphere.live_reads import Found, managed_entity, read_found
from vmware_panel.vsphere.login import Connected
from vmware_panel.vsphere.property_reader import ObjectSpec, TraversalSpec, traversal

MOST_IN_HISTORY = 1000  # the largest page of a vCenter's history collector
CLEAN_UP_S = 2.0

# Not `info` as a whole: its `result` can be of any size.
_INFO = (
    "descriptionId",
    "name",
    "state",
    "entity",
    "entityName",
    "progress",
    "queueTime",
    "startTime",
    "completeTime",
    "reason",
    "cancelable",
    "cancelled",
    "error",
)
RECENT_TASK: Mapping[type, Sequence[str]] = {vim.Task: tuple(f"info.{name}" for name in _INFO)}
_LATEST = "latestPage"
_NEVER = datetime.min.replace(tzinfo=UTC)

_CAUSES = (
    (vim.TaskReasonAlarm, "alarm"),
    (vim.TaskReasonSchedule, "schedule"),
    (vim.TaskReasonSystem, "system"),
)


def tasks(connected: Connected, morefs: Sequence[MoRef]) -> tuple[TaskRecord, ...]:
    """These tasks, in no order; those that are gone are left out. One call, none for no task."""
    if not morefs:
        return ()
    start = [ObjectSpec(obj=vim.Task(moref), skip=False) for moref in dict.fromkeys(morefs)]
    return tuple(record_of(found) for found in read_found(connected, start, RECENT_TASK))


def tasks_of(
    connected: Connected, entities: Sequence[MoRef], since: datetime
) -> tuple[TaskRecord, ...]:
    """The tasks on these objects that run, or were queued since then: newest first.

    `since` is by vCenter's clock. Four calls, none for no entity; of the history, the newest 1,000
    tasks since then are looked at.
    """
    if not entities:
        return ()
    objects = [managed_entity(moref) for moref in dict.fromkeys(entities)]
    start = [
        ObjectSpec(obj=obj, skip=True, selectSet=[_recent(vim.ManagedEntity)]) for obj in objects
    ]
    only = objects[0] if len(objects) == 1 else None
    wanted = frozenset(entities)
    return _since(connected, start, since, MOST_IN_HISTORY, only, lambda t: t.entity in wanted)


def recent_tasks(connected: Connected, since: datetime, most: int) -> tuple[TaskRecord, ...]:
    """Everybody's tasks that run, or were queued since then: the newest `most`, newest first.

    `since` is by vCenter's clock. Four calls.
    """
    most = min(most, MOST_IN_HISTORY)
    start = [ObjectSpec(obj=_manager(connected), skip=True, selectSet=[_recent(vim.TaskManager)])]
    return _since(connected, start, since, most, None, lambda task: True)[:most]


def cancel_task(connected: Connected, task: MoRef) -> None:
    """Asks vCenter to end the task; that it did, the task shows. One call."""
    connected.managed(vim.Task, task).CancelTask()


def _since(
    connected: Connected,
    start: Sequence[ObjectSpec],
    since: datetime,
    most: int,
    only: Any,
    wanted: Callable[[TaskRecord], bool],
) -> tuple[TaskRecord, ...]:
    by_time = vim.TaskFilterSpec.ByTime(
        beginTime=since, timeType=vim.TaskFilterSpec.TimeOption.queuedTime
    )
    spec = vim.TaskFilterSpec(time=by_time)
    if only is not None:
        itself = vim.TaskFilterSpec.RecursionOption.self
        spec.entity = vim.TaskFilterSpec.ByEntity(entity=only, recursion=itself)
    with within(current_deadline().reserving(CLEAN_UP_S)):
        history = _manager(connected).CreateCollectorForTasks(spec)
    try:
        with within(current_deadline().reserving(CLEAN_UP_S)):
            history.SetCollectorPageSize(most)
            found = read_found(
                connected,
                [*start, ObjectSpec(obj=history, skip=False)],
                {**RECENT_TASK, vim.TaskHistoryCollector: (_LATEST,)},
            )
    finally:
        # A vCenter keeps few of them for a session; it ends with the session at the latest.
        with within(current_deadline().at_most(CLEAN_UP_S)), suppress(VSphereError):
            history.DestroyCollector()
    return _newest_first(_together(found), since, wanted)


def _together(found: Collection[Found]) -> dict[MoRef, TaskRecord]:
    """By id; what the task itself says comes before what the history says of it."""
    records: dict[MoRef, TaskRecord] = {}
    for one in found:
        if issubclass(one.kind, vim.TaskHistoryCollector):
            for info in one.get(_LATEST) or ():
                record = _of_info(info)
                records.setdefault(record.moref, record)
        elif issubclass(one.kind, vim.Task):
            records[one.moref] = record_of(one)
    return records


def _newest_first(
    records: dict[MoRef, TaskRecord], since: datetime, wanted: Callable[[TaskRecord], bool]
) -> tuple[TaskRecord, ...]:
    kept = [
        task
        for task in records.values()
        if wanted(task) and (not task.done or (task.queued_at or _NEVER) >= since)
    ]
    return tuple(sorted(kept, key=lambda t: (t.queued_at or _NEVER, t.moref), reverse=True))


def record_of(found: Found) -> TaskRecord:
    """Of a task whose `RECENT_TASK` properties were read."""
    return _record(found.moref, lambda name: found.get(f"info.{name}"))


def _of_info(info: vim.TaskInfo) -> TaskRecord:
    return _record(MoRef(info.task._moId), lambda name: getattr(info, name))


def _record(moref: MoRef, of: Callable[[str], Any]) -> TaskRecord:
    state = TaskState(of("state"))
    entity, error, reason = of("entity"), of("error"), of("reason")
    progress = of("progress") if state is TaskState.RUNNING else None
    return TaskRecord(
        moref=moref,
        action=of("descriptionId") or "",
        state=state,
        entity=MoRef(entity._moId) if entity is not None else None,
        entity_type=type(entity).__name__.rsplit(".", 1)[-1] if entity is not None else "",
        entity_name=of("entityName") or "",
        progress_percent=progress,
        queued_at=of("queueTime"),
        started_at=of("startTime"),
        completed_at=of("completeTime"),
        user=reason.userName if isinstance(reason, vim.TaskReasonUser) else "",
        cause=next((word for kind, word in _CAUSES if isinstance(reason, kind)), ""),
        cancelable=bool(of("cancelable")),
        cancelled=bool(of("cancelled")),
        error=_said(error) if error is not None else "",
    )


def _said(error: vmodl.MethodFault) -> str:
    message = quoted(getattr(error, "msg", None))
    return f"{fault_name(error)}: {message}" if message else fault_name(error)


def _manager(connected: Connected) -> vim.TaskManager:
    manager = connected.content.taskManager
    if manager is None:
        raise bad_answer(
            "RetrieveServiceContent: there is no TaskManager", source=connected.vcenter.name
        )
    return manager


def _recent(of: type) -> TraversalSpec:
    return traversal("recent", of, "recentTask")
