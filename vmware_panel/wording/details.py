"""What a reason says besides, in words: each is a part of another sentence, without a full stop."""

from collections.abc import Mapping

from django.utils.translation import gettext_lazy

from vmware_panel.domain.cluster_detail import DrsLevel
from vmware_panel.domain.details import Detail, DetailKind
from vmware_panel.domain.driver_sums import DatastoreRejection
from vmware_panel.wording.capacity import datastore_reason
from vmware_panel.wording.drs import drs_level
from vmware_panel.wording.sources import source_name
from vmware_panel.wording.values import Text, filled, foreign

# `one`, `two`, `three` are the detail's values.
_WORDS: Mapping[DetailKind, Text] = {
    DetailKind.STATUS_IS: gettext_lazy("its status is %(one)s"),
    DetailKind.STATUS_UNKNOWN: gettext_lazy("its status is unknown"),
    DetailKind.PROPERTY_IS: gettext_lazy("%(one)s is %(two)s"),
    DetailKind.PROPERTY_NOT_SET: gettext_lazy("%(one)s is not set"),
    DetailKind.SIZE_ZERO: gettext_lazy("its size is 0"),
    DetailKind.ISO_NOT_SIZED: gettext_lazy("an ISO image has no sized copy"),
    DetailKind.FULL_CLONE_NOT_SIZED: gettext_lazy(
        "img_linked_clone is false: full clones need no sized copy"
    ),
    DetailKind.SIZE_CHANGED: gettext_lazy("it has %(one)s B now, not %(two)s B"),
    DetailKind.NOT_STREAMED: gettext_lazy(
        "no datastore has it whole, and it cannot be imported onto a datastore of type %(one)s"
    ),
    DetailKind.NO_STREAMED_DISK: gettext_lazy(
        "its bytes are those of no streamOptimized VMDK (%(one)s)"
    ),
    DetailKind.NO_OVA: gettext_lazy(
        "it is no OVA with one whole disk that can be taken (%(one)s)"
    ),
    DetailKind.EMPTY_FOLDER: gettext_lazy("an empty folder"),
    DetailKind.FOLDER_GONE: gettext_lazy("the folder is gone"),
    DetailKind.DISK_BROKEN: gettext_lazy("its disk is broken, or smaller than the image"),
    DetailKind.FILE_CHANGED: gettext_lazy("%(one)s is not what it was"),
    DetailKind.NO_DATE: gettext_lazy("no date is known"),
    DetailKind.RENAMED: gettext_lazy("it is called %(one)s now"),
    DetailKind.OUT_OF_SERVICE: gettext_lazy("it is not accessible, or in maintenance"),
    DetailKind.NONE_ALLOWED: gettext_lazy("no datastore is allowed"),
    DetailKind.REGEX_UNTOLD: gettext_lazy("the settings do not tell datastore_regex"),
    DetailKind.NOT_TAKEN: "%(one)s",
    DetailKind.NOT_MOUNTED: gettext_lazy("no host of the cluster mounts it"),
    DetailKind.FOLDERS_BEAR_IDS: gettext_lazy("%(one)s gives folders names of its own"),
    DetailKind.NO_ANSWER: gettext_lazy("%(one)s does not answer"),
    DetailKind.DISKS_UNTOLD: gettext_lazy("vCenter does not tell the disks of %(one)s"),
    DetailKind.CELL_DOWN: gettext_lazy("Nova's cell of %(one)s is down"),
    DetailKind.SERVERS_READ: gettext_lazy("servers read so far: %(one)s"),
    DetailKind.TOKEN_EXPIRED: gettext_lazy("the token of whoever began it has expired"),
    DetailKind.DRS_LEVEL: "%(one)s",
    DetailKind.DRS_OFF: gettext_lazy("off"),
    DetailKind.MOVED_OR_NOT: gettext_lazy("nobody knows whether %(one)s was moved to %(two)s"),
    DetailKind.MADE_ANEW: gettext_lazy(
        "%(one)s was made anew meanwhile; what was there lies in %(two)s"
    ),
    DetailKind.MOVE_BACK: gettext_lazy(
        "MOVE IT BACK BY HAND: %(one)s stands on the former %(two)s, which was made anew meanwhile; "
        "what was there lies in %(three)s"
    ),
    DetailKind.NOT_ASIDE: gettext_lazy("%(one)s is not there, where %(two)s was set aside"),
    DetailKind.WORKERS_DIED: gettext_lazy("workers that died with it: %(one)s"),
    DetailKind.LEFT: gettext_lazy("%(one)s is left"),
}


def detail_words(detail: str | Detail) -> str:
    """Text is a name or a figure of a book, and stays as it is."""
    if isinstance(detail, str):
        return foreign(detail)
    values = [_value(detail.kind, value) for value in detail.values]
    return filled(_WORDS[detail.kind], **dict(zip(("one", "two", "three"), values, strict=False)))


def _value(kind: DetailKind, value: str) -> str:
    if kind is DetailKind.NOT_TAKEN:
        return datastore_reason(DatastoreRejection(value))
    if kind is DetailKind.DRS_LEVEL:
        return drs_level(DrsLevel(value))
    return source_name(value) if kind is DetailKind.NO_ANSWER else foreign(value)
