# mypy: allow-untyped-calls
"""The moves of VMs that vCenter's events tell of."""

from contextlib import suppress
from datetime import datetime
from typing import Any

from pyVmomi import vim

from vmware_panel.domain.inventory import MoRef
from vmware_panel.domain.tasks import Move, MoveKind
from vmware_panel.vsphere.deadlines import current_deadline, within
from vmware_panel.vsphere.errors import VSphereError, bad_answer
from vmware_panel.vsphere.live_reads import managed_entity, read_found
from vmware_panel.vsphere.login import Connected
from vmware_panel.vsphere.property_reader import ObjectSpec

MOST_MOVES = 1000  # the largest page of a vCenter's history collector
CLEAN_UP_S = 2.0

# The nearest type first: by descent a DrsVmMigratedEvent is a VmMigratedEvent too.
_KINDS = (
    (vim.event.DrsVmMigratedEvent, MoveKind.DRS),
    (vim.event.DrsVmPoweredOnEvent, MoveKind.POWERED_ON),
    (vim.event.VmMigratedEvent, MoveKind.MIGRATED),
    (vim.event.VmRelocatedEvent, MoveKind.RELOCATED),
    (vim.event.VmResourcePoolMovedEvent, MoveKind.POOL),
)
EVENT_TYPES = tuple(kind.__name__.rsplit(".", 1)[-1] for kind, _ in _KINDS)
_LATEST = "latestPage"


def read_moves(
    connected: Connected, entity: MoRef, since: datetime, most: int = MOST_MOVES
) -> tuple[Move, ...]:
    """Of a VM, or of all in a host or a cluster: the newest `most` since then, newest first.

    `since` is by vCenter's clock. A vCenter forgets events after some time (30 days by default).
    Four calls. Raises `VSphereError`.
    """
    most = min(most, MOST_MOVES)
    spec = vim.event.EventFilterSpec(
        entity=vim.event.EventFilterSpec.ByEntity(
            entity=managed_entity(entity),
            recursion=vim.event.EventFilterSpec.RecursionOption.all,
        ),
        time=vim.event.EventFilterSpec.ByTime(beginTime=since),
        eventTypeId=list(EVENT_TYPES),
        disableFullMessage=True,
    )
    with within(current_deadline().reserving(CLEAN_UP_S)):
        history = _manager(connected).CreateCollectorForEvents(spec)
    try:
        with within(current_deadline().reserving(CLEAN_UP_S)):
            history.SetCollectorPageSize(most)
            found = read_found(
                connected,
                [ObjectSpec(obj=history, skip=False)],
                {vim.event.EventHistoryCollector: (_LATEST,)},
            )
    finally:
        # A vCenter keeps few of them for a session; it ends with the session at the latest.
        with within(current_deadline().at_most(CLEAN_UP_S)), suppress(VSphereError):
            history.DestroyCollector()
    moves = [
        move
        for one in found
        for event in one.get(_LATEST) or ()
        if (move := _move(event)) is not None and move.at >= since
    ]
    return tuple(sorted(moves, key=lambda move: move.at, reverse=True)[:most])


def _move(event: vim.event.Event) -> Move | None:
    kind = next((kind for of, kind in _KINDS if isinstance(event, of)), None)
    if kind is None:
        return None
    source: Any = getattr(event, "sourceHost", None)
    destination: Any = event.host
    old, new = getattr(event, "sourceDatastore", None), event.ds
    if isinstance(event, vim.event.VmResourcePoolMovedEvent):
        source, destination = event.oldParent, event.newParent
        old = new = None
    return Move(
        at=event.createdTime,
        kind=kind,
        vm=MoRef(event.vm.vm._moId) if event.vm is not None else None,
        vm_name=_name(event.vm),
        source=_name(source),
        destination=_name(destination),
        source_datastore=_name(old),
        destination_datastore=_name(new),
        user=event.userName or "",
    )


def _name(argument: Any) -> str:
    return (argument.name or "") if argument is not None else ""


def _manager(connected: Connected) -> vim.event.EventManager:
    manager = connected.content.eventManager
    if manager is None:
        raise bad_answer(
            "RetrieveServiceContent: there is no EventManager", source=connected.vcenter.name
        )
    return manager
