"""vCenter's tasks and the moves of VMs, as it remembers them."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from vmware_panel.domain.inventory import MoRef


class TaskState(StrEnum):
    """`TaskInfo.State`."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCESS = "success"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class TaskRecord:
    """One task. `action` is vCenter's `descriptionId`, e.g. `HostSystem.enterMaintenanceMode`.

    `progress_percent` only while it runs, and only where vCenter says. `user` is who started it;
    empty where vCenter itself did, then `cause` says why (`TaskReason`, e.g. `schedule`, `alarm`).
    `error` is the fault's type and vCenter's message.
    """

    moref: MoRef
    action: str
    state: TaskState
    entity: MoRef | None = None
    entity_type: str = ""
    entity_name: str = ""
    progress_percent: int | None = None
    queued_at: datetime | None = None
    started_at: datetime | None = None
    completed_at: datetime | None = None
    user: str = ""
    cause: str = ""
    cancelable: bool = False
    cancelled: bool = False
    error: str = ""

    @property
    def done(self) -> bool:
        return self.state in (TaskState.SUCCESS, TaskState.ERROR)


class MoveKind(StrEnum):
    """Which event told of it."""

    DRS = "drs"  # DrsVmMigratedEvent
    MIGRATED = "migrated"  # VmMigratedEvent
    RELOCATED = "relocated"  # VmRelocatedEvent
    POOL = "pool"  # VmResourcePoolMovedEvent
    POWERED_ON = "powered_on"  # DrsVmPoweredOnEvent


@dataclass(frozen=True, slots=True)
class Move:
    """One move of one VM. Names are those of that time; an empty one is unknown.

    For `POOL` the places are resource pools, else ESX hosts.
    """

    at: datetime
    kind: MoveKind
    vm: MoRef | None
    vm_name: str
    source: str = ""
    destination: str = ""
    source_datastore: str = ""
    destination_datastore: str = ""
    user: str = ""


@dataclass(frozen=True, slots=True)
class Series:
    """One performance counter of one object. A sample that vCenter does not have is None.

    `unit` is vCenter's (`percent`, `megaHertz`, `kiloBytes`); percentages are 0 to 100.
    """

    counter: str  # e.g. "cpu.usage.average"
    unit: str
    samples: tuple[tuple[datetime, float | None], ...] = ()
