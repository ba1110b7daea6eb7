"""A change before it is made: what would happen, what speaks against it, and what it stands on.

A plan is made from a fresh read, shown, and made again from another fresh read right before the
change. If what the admin decided by is not the same then (`fingerprint`), the new plan is shown.
"""

import hashlib
import json
from dataclasses import dataclass, field
from enum import StrEnum

from vmware_panel.domain.details import Detail
from vmware_panel.domain.inventory import MoRef


class ChangeKind(StrEnum):
    """Every change that the project makes, as its audit line names it."""

    SERVICE_DISABLE = "service_disable"
    SERVICE_ENABLE = "service_enable"
    ALLOCATION_RATIO = "allocation_ratio"
    MAINTENANCE_ENTER = "maintenance_enter"
    MAINTENANCE_EXIT = "maintenance_exit"
    DRS_REFRESH = "drs_refresh"
    DRS_APPLY = "drs_apply"
    DRS_LEVEL = "drs_level"
    MIGRATE = "migrate"
    TASK_CANCEL = "task_cancel"
    DATASTORE_REFRESH = "datastore_refresh"
    DATASTORE_SCAN = "datastore_scan"
    CACHE_PURGE = "cache_purge"
    CACHE_MARK = "cache_mark"
    CACHE_SEED = "cache_seed"
    JOB_CANCEL = "job_cancel"


class RefusalKind(StrEnum):
    """Why a change is not made. `subject` names whom it is about, `detail` what it is there."""

    NOT_THERE = "not_there"  # the thing to change is gone
    ALREADY_SO = "already_so"  # it is as asked for
    UNDER_WAY = "under_way"  # a task of the same kind runs on it
    SENT_BEFORE = "sent_before"  # the same form, a second time
    SOURCE_DOWN = "source_down"  # who would have to be asked does not answer
    NO_PRIVILEGE = "no_privilege"  # vCenter's account lacks the right; `detail` is its id
    NOT_CONNECTED = "not_connected"  # ESX host or VM
    NOT_AUTOMATED = "not_automated"  # DRS is off or not fully automated: running VMs stay
    LOCAL_DATASTORE = "local_datastore"  # a VM's disk is where no other host reaches it
    MOUNTED_DEVICE = "mounted_device"  # an ISO or device of the host alone
    MUST_RULE = "must_rule"  # a mandatory DRS rule leaves no other host
    NO_OTHER_HOST = "no_other_host"  # the cluster has no other usable host
    NO_ROOM = "no_room"  # the other hosts together do not hold it
    PINNED = "pinned"  # the VM's own DRS override is off or manual
    INCOMPATIBLE = "incompatible"  # vCenter's own check says no; `detail` is what it says
    OTHER_CLUSTER = "other_cluster"  # Nova's book would not be true any more
    NOT_USABLE = "not_usable"  # the destination is not connected or in maintenance
    SAME_PLACE = "same_place"  # it is there already
    AT_WORK = "at_work"  # Nova is at work on the instance
    NOT_OURS = "not_ours"  # not an instance of OpenStack, or two VMs carry its id
    GONE_STALE = "gone_stale"  # the recommendation is not among the present ones
    OUT_OF_BOUNDS = "out_of_bounds"  # the value is not one that can be set
    NOT_CANCELABLE = "not_cancelable"  # vCenter cannot cancel this task (now)
    DRS_OFF = "drs_off"  # the cluster's DRS is switched off
    LEFT_OUT = "left_out"  # another part of the same change failed before its turn
    CHANGED_MEANWHILE = "changed_meanwhile"  # Placement's generation moved again and again
    IN_USE = "in_use"  # a VM stands on it; `detail` is the VM
    USED_BY_SERVER = "used_by_server"  # Nova counts an instance as its user; `detail` names it
    BEING_BUILT = "being_built"  # an instance of that image is being made; `detail` names it
    USE_UNKNOWN = (
        "use_unknown"  # a book that could name a user did not answer; `detail` says which
    )
    OTHER_VCENTER_SILENT = "other_vcenter_silent"  # whether it mounts the datastore is not known
    OTHER_CLOUD = "other_cloud"  # a VM that this Nova does not have stands on the root
    OWNER_UNKNOWN = "owner_unknown"  # the settings do not tell which computes have this root
    OWNED_BY_NOVA = "owned_by_nova"  # a compute looks after the root: mark it, and Nova deletes
    NO_OWNER = "no_owner"  # nobody would act on the mark
    MARKED_ALREADY = "marked_already"  # `detail` is since when
    TOO_YOUNG = "too_young"  # younger than was asked for, or work on it may be under way
    OUTSIDE_ROOTS = "outside_roots"  # not a path that may be deleted
    NOT_READ = "not_read"  # vCenter did not name it in this pass
    CHANGED_FILES = "changed_files"  # other files lie there than were shown
    FOREIGN_FILES = "foreign_files"  # Nova makes none of that name: somebody else works there
    NO_SOURCE = "no_source"  # no copy of the image is on any datastore that can be read
    IMAGE_UNFIT = "image_unfit"  # the driver would not take the image; `detail` says why
    TOO_LARGE = "too_large"  # larger than the flavor's root disk
    INACCESSIBLE = "inaccessible"  # the datastore cannot be reached just now
    NOTHING_TO_DO = "nothing_to_do"  # of all that was chosen, nothing can be done
    NOTHING_FOUND = "nothing_found"  # nothing is there that was asked for
    NOT_WHOLE = "not_whole"  # what lies there is in the way, and no whole image
    NO_SPACE = "no_space"  # the datastore has less free than it takes; `detail` has both
    NOT_ALLOWED = "not_allowed"  # a datastore that the compute does not take; `detail` says why
    TOKEN_EXPIRED = "token_expired"  # noqa: S105  OpenStack cannot be asked in the asker's name


class CautionKind(StrEnum):
    """What one should know before, and which does not keep the change from being made."""

    STAYS_RUNNING = "stays_running"  # disabling stops nothing
    CONFIG_MAY_WIN = "config_may_win"  # nova-compute writes its own ratio at the next update
    BELOW_USED = "below_used"  # more is used than there would be
    POWERED_OFF_STAY = "powered_off_stay"  # they cannot be started while the host is out
    FOREIGN_VMS = "foreign_vms"  # VMs that are not OpenStack's move as well
    FLAVOR_STOPS_FITTING = "flavor_stops_fitting"
    NO_PLAN = "no_plan"  # vCenter gives no plan of the moves
    HA_RESERVE_BROKEN = "ha_reserve_broken"  # less is left than HA holds back
    LAST_HOST = "last_host"  # no usable host remains in the cluster
    BOOKS_INCOMPLETE = "books_incomplete"  # `subject` did not answer: what it knows is missing
    NOVA_AT_WORK = "nova_at_work"  # on an instance that would move
    CHECK_WARNS = "check_warns"  # vCenter's own check has a warning; `detail` is what it says
    SHOULD_RULE = "should_rule"  # a rule that is not mandatory would be broken
    MOVES_BY_ITSELF = "moves_by_itself"  # fully automated DRS carries out what it finds
    NOTHING_MOVES = "nothing_moves"  # DRS would move no running VM any more without being asked
    OVERRIDES_STAY = "overrides_stay"  # VMs with a DRS level of their own keep it
    NOVA_AGES = "nova_ages"  # unused, it is marked and deleted again; `detail` is after how long
    NOVA_AGES_BY_DEFAULT = "nova_ages_by_default"  # the same, and the settings tell nothing of it
    AGEING_OFF = "ageing_off"  # the compute's settings keep it from deleting
    NO_LOCK = "no_lock"  # Nova's lock is on its own host: what it begins meanwhile is not held up
    OTHERS_UNSEEN = "others_unseen"  # VMs of a vCenter that is not in the settings
    DOWNLOADED_AGAIN = "downloaded_again"  # the next boot of this image uploads it anew
    STREAMED = "streamed"  # from Glance, through this machine; `detail` is the datastore
    IMPORTED = "imported"  # by a lease, as a VM that is there meanwhile; `detail` begins its name
    OTHER_PICKED = "other_picked"  # Nova would take another datastore then; `detail` names it
    STALE_SCAN = "stale_scan"  # the datastore was searched long ago; `detail` is when
    SET_BY_DRIVER = "set_by_driver"  # disabled by the driver itself, which enables it again


@dataclass(frozen=True, slots=True)
class Refusal:
    """`detail` as text is a name or a figure of a book; what has words is a `Detail`."""

    kind: RefusalKind
    subject: str = ""
    detail: str | Detail = ""


class Refused(Exception):
    """It is not made, for a reason that has a name of its own."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.kind.value)
        self.refusal = refusal


@dataclass(frozen=True, slots=True)
class Caution:
    kind: CautionKind
    subject: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class PlannedMove:
    """One VM that would leave its host. `server_id` and `project` are empty for one that is not
    OpenStack's. `destination` is a host's name; None: nobody says where to.
    """

    vm: MoRef
    vm_name: str
    source: str
    destination: str | None = None
    server_id: str = ""
    project: str = ""
    powered_on: bool | None = None


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What every plan has. `target` is the thing's name for people, `moref` its id in `vcenter`
    (the name in the settings); both empty for what is OpenStack's alone.

    `basis` is what the admin decides by, as texts: it goes into the fingerprint, besides refusals.
    """

    change: ChangeKind
    target: str
    vcenter: str = ""
    moref: MoRef | None = None
    refusals: tuple[Refusal, ...] = ()
    cautions: tuple[Caution, ...] = ()
    basis: tuple[str, ...] = field(default=(), repr=False)

    @property
    def refused(self) -> bool:
        return bool(self.refusals)

    @property
    def fingerprint(self) -> str:
        """The same for two plans that mean the same to the one who confirms them."""
        refusals = sorted(f"{r.kind} {r.subject}" for r in self.refusals)
        cautions = sorted(f"{c.kind} {c.subject}" for c in self.cautions)
        told = [self.change, self.vcenter, self.moref or self.target]
        said = json.dumps([told, sorted(self.basis), refusals, cautions])
        return hashlib.sha256(said.encode()).hexdigest()[:32]
