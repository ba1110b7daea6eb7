"""Volumes, the VMs that hold their disks, and what is not as Cinder would have it, in words."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from vmware_panel.domain.remarks import Severity
from vmware_panel.domain.volumes import DiskState, Finding, FindingKind, VolumeState
from vmware_panel.wording.remarks import SEVERITIES
from vmware_panel.wording.sizes import gb_of
from vmware_panel.wording.values import UNKNOWN, Text, Tone, filled, foreign

_STATES: Mapping[VolumeState, tuple[Text, Text]] = {
    VolumeState.STORED: (
        gettext_lazy("with a shadow VM"),
        gettext_lazy("The disk of a VM that never runs holds the volume."),
    ),
    VolumeState.NOT_YET: (
        gettext_lazy("not yet created"),
        gettext_lazy(
            "No vCenter of the settings has a shadow VM of it, and none is due: Cinder makes it at "
            "the first attach. Cinder does not tell whether it was attached before."
        ),
    ),
    VolumeState.MISSING: (
        gettext_lazy("shadow VM missing"),
        gettext_lazy("Cinder has made it, and vCenter does not have it."),
    ),
    VolumeState.CHANGING: (
        pgettext_lazy("volume", "changing"),
        gettext_lazy("No shadow VM; Cinder is at work on the volume, or was a moment ago."),
    ),
    VolumeState.FCD: (
        gettext_lazy("first class disk"),
        gettext_lazy(
            "The backend keeps its volumes as first class disks, without shadow VMs. Which disk it "
            "is, Cinder's API does not tell."
        ),
    ),
    VolumeState.ELSEWHERE: (
        gettext_lazy("not on VMware"),
        gettext_lazy("The backend of the volume has another driver than VMware's."),
    ),
    VolumeState.GHOST: (
        gettext_lazy("without a volume"),
        gettext_lazy("A shadow VM whose volume Cinder does not have."),
    ),
    VolumeState.SNAPSHOT: (
        gettext_lazy("snapshot"),
        gettext_lazy("A template of Cinder's that holds a snapshot of a volume."),
    ),
    VolumeState.TEMPORARY: (
        gettext_lazy("temporary VM"),
        gettext_lazy("A VM that Cinder makes for the time of a copy, and deletes after it."),
    ),
    VolumeState.TWIN: (
        gettext_lazy("second VM of a volume"),
        gettext_lazy("A further VM that carries the id of a volume."),
    ),
    VolumeState.UNKNOWN: (UNKNOWN, gettext_lazy("One of the books could not be had, or not yet.")),
}

_TONES: Mapping[VolumeState, Tone] = {
    VolumeState.STORED: Tone.GOOD,
    VolumeState.MISSING: Tone.BAD,
    VolumeState.GHOST: Tone.BAD,
    VolumeState.TWIN: Tone.BAD,
    VolumeState.TEMPORARY: Tone.CARE,
}

_DISKS: Mapping[DiskState, Text] = {
    DiskState.AGREES: gettext_lazy("same disk"),
    DiskState.MOVED: gettext_lazy("another file"),
    DiskState.NO_DISK: gettext_lazy("no such disk"),
    DiskState.NO_VM: gettext_lazy("no VM in vCenter"),
    DiskState.NO_SERVER: gettext_lazy("no such instance"),
    DiskState.NOT_ON_VCENTER: gettext_lazy("not on vCenter"),
    DiskState.UNKNOWN: gettext_lazy("unknown"),
}

_DISK_TONES: Mapping[DiskState, Tone] = {
    DiskState.AGREES: Tone.GOOD,
    DiskState.MOVED: Tone.BAD,
    DiskState.NO_DISK: Tone.BAD,
    DiskState.NO_SERVER: Tone.BAD,
    DiskState.NO_VM: Tone.CARE,
}


@dataclass(frozen=True, slots=True)
class FindingWords:
    severity: str
    disagrees: bool
    heading: str
    sentence: str
    remedy: str


_FINDINGS: Mapping[FindingKind, tuple[Text, Text, Text]] = {
    FindingKind.MISSING: (
        gettext_lazy("Shadow VM missing"),
        gettext_lazy(
            "Cinder says that the volume is %(cinder)s and has written its disk; vCenter says that "
            "no VM carries the volume's id."
        ),
        gettext_lazy(
            "Look in vCenter's events for who deleted or unregistered the VM volume-<id>. If its "
            "files are still there, register it again with the volume's id as its instance UUID. "
            "Do not attach the volume before: Cinder would make a new, empty disk."
        ),
    ),
    FindingKind.GHOST: (
        gettext_lazy("Cinder has no such volume"),
        gettext_lazy(
            "vCenter says that the VM %(vcenter)s is a shadow VM of Cinder's; Cinder says that it "
            "has no volume with its id (%(cinder)s) in any project."
        ),
        gettext_lazy(
            "Make sure first that no other cloud or region keeps its volumes in this vCenter, and "
            "that no instance has the disk. Then the VM can be deleted in vCenter with its files."
        ),
    ),
    FindingKind.GHOST_SNAPSHOT: (
        gettext_lazy("Cinder has no such snapshot"),
        gettext_lazy(
            "vCenter says that the template %(vcenter)s is a snapshot of Cinder's; Cinder says that "
            "it has no such snapshot in any project."
        ),
        gettext_lazy(
            "Make sure first that no other cloud or region keeps its volumes in this vCenter. Then "
            "the template can be deleted in vCenter with its files."
        ),
    ),
    FindingKind.MOVED: (
        gettext_lazy("Moved away from its shadow VM"),
        gettext_lazy(
            "The shadow VM says that the disk is %(cinder)s; the VM of the instance %(subject)s has "
            "it at %(vcenter)s. Storage DRS, or a move of the instance's storage, does that."
        ),
        gettext_lazy(
            "What was written since the move is in the instance's file. A detach in OpenStack has "
            "Nova bring the shadow VM to it; until then do not extend, copy or back up the volume, "
            "and do not delete the instance's file. Exclude the instance from Storage DRS."
        ),
    ),
    FindingKind.IN_FOLDER: (
        gettext_lazy("In the folder of an instance"),
        gettext_lazy(
            "The file %(vcenter)s of the volume lies in the folder of the VM %(subject)s. Nova "
            "deletes that folder whole when it deletes the instance, and the volume with it."
        ),
        gettext_lazy(
            "Do not delete the instance. Detach the volume, then move its shadow VM with the disk to "
            "another datastore in vCenter: that gives it a folder of its own."
        ),
    ),
    FindingKind.APART: (
        gettext_lazy("The disk is apart from its shadow VM"),
        gettext_lazy(
            "The files of the shadow VM %(subject)s are on datastore %(cinder)s, its disk is on "
            "%(vcenter)s. Cinder keeps the two together."
        ),
        gettext_lazy(
            "Cinder takes the first datastore of the VM for the volume's own. While the volume is "
            "not attached, move the VM with its disk to one datastore in vCenter."
        ),
    ),
    FindingKind.NOT_ATTACHED: (
        gettext_lazy("Not at its instance"),
        gettext_lazy(
            "Cinder says that the volume is attached to the instance %(subject)s; vCenter says that "
            "its VM %(vcenter)s has no such disk."
        ),
        gettext_lazy(
            "Find out in vCenter's events who removed the disk. Detach the volume in OpenStack, or "
            "reset its state if the detach fails, and attach it again."
        ),
    ),
    FindingKind.HELD: (
        gettext_lazy("At a VM without Cinder's knowledge"),
        gettext_lazy(
            "Cinder says that the volume is %(cinder)s and attached to nothing; vCenter says that "
            "the VM %(vcenter)s has its disk."
        ),
        gettext_lazy(
            "A detach that did not finish leaves this. Remove the disk from the VM in vCenter, "
            "without deleting its files, before the volume is attached or deleted."
        ),
    ),
    FindingKind.NO_SERVER: (
        gettext_lazy("Attached to an instance that is gone"),
        gettext_lazy(
            "Cinder says that the volume is attached to the instance %(subject)s; Nova says that "
            "there is no such instance."
        ),
        gettext_lazy(
            "Make sure that no VM has the disk, then delete the attachment in Cinder (cinder "
            "attachment-delete) or reset the volume's state."
        ),
    ),
    FindingKind.SIZE: (
        gettext_lazy("Sizes differ"),
        gettext_lazy("Cinder says %(cinder)s, vCenter says %(vcenter)s, in whole GiB rounded up."),
        gettext_lazy(
            "An extend that did not finish, or a disk that was changed in vCenter. Extend the "
            "smaller of the two to the larger one's size."
        ),
    ),
    FindingKind.NO_DISK: (
        gettext_lazy("A shadow VM without a disk"),
        gettext_lazy("vCenter says that the shadow VM %(vcenter)s has no disk."),
        gettext_lazy(
            "A detach that was broken off in the midst leaves this. The disk is where the instance "
            "last had it: attach that file to the shadow VM before the volume is used."
        ),
    ),
    FindingKind.TWIN: (
        gettext_lazy("Two VMs for one volume"),
        gettext_lazy(
            "Cinder has one volume %(cinder)s; vCenter says that besides %(subject)s this VM carries "
            "its id."
        ),
        gettext_lazy(
            "Cinder takes whichever vCenter names first. Find out which of the two holds the data, "
            "and give the other a new instance UUID or remove it."
        ),
    ),
    FindingKind.TEMPORARY: (
        gettext_lazy("A temporary VM of Cinder's"),
        gettext_lazy(
            "vCenter says that there is a VM %(vcenter)s, as Cinder makes it for a copy."
        ),
        gettext_lazy(
            "It goes when the copy is through. If nothing is being copied, a copy broke off: then "
            "it can be deleted in vCenter."
        ),
    ),
}


def volume_state(state: VolumeState) -> str:
    return str(_STATES[state][0])


def volume_state_sentence(state: VolumeState) -> str:
    return str(_STATES[state][1])


def volume_state_tone(state: VolumeState) -> Tone:
    return _TONES.get(state, Tone.PLAIN)


def disk_state(state: DiskState) -> str:
    return str(_DISKS[state])


def disk_state_tone(state: DiskState) -> Tone:
    return _DISK_TONES.get(state, Tone.PLAIN)


def shadow_words(state: DiskState, shadow_path: str) -> str:
    """Of one disk of an instance: whether the volume's shadow VM names the same file."""
    if state is DiskState.AGREES:
        return str(_("names the same file"))
    return filled(
        _("names another file, %(path)s: the disk was moved. See Admin > VMware > Volumes."),
        path=foreign(shadow_path),
    )


def finding_heading(kind: FindingKind) -> str:
    return str(_FINDINGS[kind][0])


def finding_words(finding: Finding) -> FindingWords:
    heading, sentence, remedy = _FINDINGS[finding.kind]
    in_words = _size if finding.kind is FindingKind.SIZE else foreign
    names = {
        "cinder": in_words(finding.cinder) or str(UNKNOWN),
        "vcenter": in_words(finding.vcenter) or str(UNKNOWN),
        "subject": foreign(finding.subject),
    }
    return FindingWords(
        severity=str(SEVERITIES[finding.severity]),
        disagrees=finding.severity is Severity.DISAGREEMENT,
        heading=str(heading),
        sentence=filled(sentence, **names),
        remedy=filled(remedy, **names),
    )


def _size(number: str) -> str:
    return gb_of(int(number)) if number.isdecimal() else str(UNKNOWN)
