"""What a reason says besides, as a code with the names that belong to it; `wording.details` has its words."""

from dataclasses import dataclass
from enum import StrEnum


class DetailKind(StrEnum):
    """What stands in `values` is told behind each; nothing: there are none."""

    # of an image
    STATUS_IS = "status_is"  # Glance's status
    STATUS_UNKNOWN = "status_unknown"
    PROPERTY_IS = "property_is"  # the property, its value
    PROPERTY_NOT_SET = "property_not_set"  # the property
    SIZE_ZERO = "size_zero"
    ISO_NOT_SIZED = "iso_not_sized"
    FULL_CLONE_NOT_SIZED = "full_clone_not_sized"
    SIZE_CHANGED = "size_changed"  # bytes now, bytes of the plan
    NOT_STREAMED = "not_streamed"  # the datastore's type
    NO_STREAMED_DISK = "no_streamed_disk"  # what was found, for the log
    NO_OVA = "no_ova"  # what was found, for the log
    # of what lies on a datastore
    EMPTY_FOLDER = "empty_folder"
    FOLDER_GONE = "folder_gone"
    DISK_BROKEN = "disk_broken"
    FILE_CHANGED = "file_changed"  # its path
    NO_DATE = "no_date"
    # of a datastore
    RENAMED = "renamed"  # its name now
    OUT_OF_SERVICE = "out_of_service"
    NONE_ALLOWED = "none_allowed"
    REGEX_UNTOLD = "regex_untold"
    NOT_TAKEN = "not_taken"  # a `DatastoreRejection`
    NOT_MOUNTED = "not_mounted"
    FOLDERS_BEAR_IDS = "folders_bear_ids"  # the datastore's type
    # of books that do not tell
    NO_ANSWER = "no_answer"  # the source, and what was said, for the log
    DISKS_UNTOLD = "disks_untold"  # the VM
    CELL_DOWN = "cell_down"  # the compute
    SERVERS_READ = "servers_read"  # how many
    TOKEN_EXPIRED = "token_expired"  # noqa: S105
    # of DRS
    DRS_LEVEL = "drs_level"  # a `DrsLevel`
    DRS_OFF = "drs_off"
    # of a job's item
    MOVED_OR_NOT = "moved_or_not"  # from, to
    MADE_ANEW = "made_anew"  # the path, where the former lies
    MOVE_BACK = "move_back"  # who stands on it, the path, where the former lies
    NOT_ASIDE = "not_aside"  # where it was set aside, the path
    WORKERS_DIED = "workers_died"  # how many
    LEFT = "left"  # a folder


@dataclass(frozen=True, slots=True)
class Detail:
    """`values` are names of the books and figures, never words."""

    kind: DetailKind
    values: tuple[str, ...] = ()

    def __str__(self) -> str:
        """For logs."""
        return f"{self.kind.value} {', '.join(self.values)}".strip()


def detail(kind: DetailKind, *values: object) -> Detail:
    return Detail(kind, tuple(map(str, values)))
