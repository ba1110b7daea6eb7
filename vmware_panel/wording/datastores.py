"""Datastores in words: their state, what fills them, and why one is picked or not."""

from collections.abc import Mapping

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy

from vmware_panel.domain.datastore_bytes import FillKind
from vmware_panel.domain.datastore_files import ScanProgress
from vmware_panel.domain.datastores import DatastoreState, HostMount
from vmware_panel.wording.values import UNKNOWN, Text, Tone, filled, foreign

STATE_LABELS: Mapping[str, Text] = {
    DatastoreState.ACCESSIBLE.value: pgettext_lazy("datastore", "accessible"),
    DatastoreState.INACCESSIBLE.value: pgettext_lazy("datastore", "not accessible"),
    DatastoreState.ENTERING_MAINTENANCE.value: pgettext_lazy(
        "datastore", "entering maintenance mode"
    ),
    DatastoreState.MAINTENANCE.value: pgettext_lazy("datastore", "in maintenance mode"),
}

_TONES: Mapping[DatastoreState | None, Tone] = {
    None: Tone.PLAIN,
    DatastoreState.ACCESSIBLE: Tone.GOOD,
    DatastoreState.INACCESSIBLE: Tone.BAD,
    DatastoreState.ENTERING_MAINTENANCE: Tone.CARE,
    DatastoreState.MAINTENANCE: Tone.CARE,
}

_KINDS: Mapping[FillKind, tuple[Text, Text]] = {
    FillKind.INSTANCES: (
        gettext_lazy("Instance disks"),
        gettext_lazy("Folders that hold an instance's VM."),
    ),
    FillKind.VOLUMES: (
        gettext_lazy("Volumes"),
        gettext_lazy("Folders of Cinder's shadow VMs, with what instances have attached."),
    ),
    FillKind.CACHE: (
        gettext_lazy("Image cache"),
        gettext_lazy("Nova's cache folders, on which linked clones stand."),
    ),
    FillKind.LEFTOVERS: (
        gettext_lazy("Temporary and left over"),
        gettext_lazy(
            "vmware_temp, OSTACK_IMG and OSTACK_SNAP, and folders of instances that no book has. "
            "Work that is under way looks the same."
        ),
    ),
    FillKind.FOREIGN: (
        gettext_lazy("Not OpenStack's"),
        gettext_lazy("VMs and files that neither Nova nor Cinder made."),
    ),
    FillKind.UNDECIDED: (
        gettext_lazy("Cannot be told"),
        gettext_lazy(
            "Folders named by an instance's id that no VM has, while Nova did not answer, a book is "
            "older than the search, or the datastore names its folders in another way."
        ),
    ),
}

NOVA_RULE = gettext_lazy(
    "Nova's driver takes, of the datastores that its cluster mounts and that it may use, the one "
    "with the most free bytes. It does not look whether the disk fits. Where storage policies are "
    "switched on in nova.conf, the policy chooses instead: no API tells of that."
)
CINDER_RULE = gettext_lazy(
    "Cinder makes a volume's disk when it is first attached, among the datastores of the "
    "instance's ESX host on which it fits: the one that most hosts mount, and of those the one with "
    "the lowest utilization. A vmware_datastore_regex or a storage profile in cinder.conf, which no "
    "API tells, may rule some out."
)
APART = gettext_lazy(
    "The rules differ, so an instance and its volume can land apart. Nova takes no notice of where "
    "a volume lies."
)


def datastore_state(state: DatastoreState | None) -> str:
    return str(UNKNOWN if state is None else STATE_LABELS[state.value])


def datastore_tone(state: DatastoreState | None) -> Tone:
    return _TONES[state]


def fill_label(kind: FillKind) -> str:
    return str(_KINDS[kind][0])


def fill_sentence(kind: FillKind) -> str:
    return str(_KINDS[kind][1])


def mount_words(mount: HostMount) -> str:
    """How a host has it, where that is not as it should be; else empty."""
    if mount.usable:
        return ""
    if mount.mounted is False:
        return str(_("not mounted"))
    if mount.accessible is False:
        return filled(
            _("not accessible: %(reason)s"), reason=foreign(mount.reason or _("unknown"))
        )
    if mount.access_mode == "readOnly":
        return str(_("read-only"))
    return str(UNKNOWN)


def searches_words(progress: ScanProgress | None, name: str) -> str:
    """What the searches of the vCenter are at, for the page of the datastore of that name; empty
    where none is under way.
    """
    if progress is None or not progress.under_way:
        return ""
    if progress.running == name:
        if progress.running_percent is None:
            return str(_("It is being searched just now."))
        return filled(
            _("It is being searched just now: %(percent)d %%."), percent=progress.running_percent
        )
    waiting = ngettext(
        "Datastores of this vCenter are being searched: %(count)d still waits.",
        "Datastores of this vCenter are being searched: %(count)d still wait.",
        progress.wanted,
    )
    return filled(waiting, count=progress.wanted)
