"""What the two books do not agree on, each in a sentence that names both, and what to do."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from vmware_panel.domain.cloud import NovaPower
from vmware_panel.domain.inventory import HostConnection, VmPower
from vmware_panel.domain.remarks import NEARLY_FULL, Remark, RemarkKind, Severity
from vmware_panel.wording.values import (
    Text,
    filled,
    foreign,
    host_connection,
    nova_power,
    vm_power,
)

SEVERITIES: Mapping[Severity, Text] = {
    Severity.DISAGREEMENT: gettext_lazy("Disagreement"),
    Severity.NOTICE: gettext_lazy("Notice"),
}


@dataclass(frozen=True, slots=True)
class RemarkWords:
    """One remark for a page: `severity` is a word, `disagrees` tells which of the two it is."""

    severity: str
    disagrees: bool
    heading: str
    sentence: str
    remedy: str


@dataclass(frozen=True, slots=True)
class _Phrases:
    heading: Text
    sentence: Text
    remedy: Text


_PHRASES: Mapping[RemarkKind, _Phrases] = {
    RemarkKind.NO_VM: _Phrases(
        gettext_lazy("No VM in vCenter"),
        gettext_lazy(
            "Nova says that the instance is on node %(nova)s; vCenter %(vcenter)s says that it "
            "holds no VM with the instance's id."
        ),
        gettext_lazy(
            "Look in vCenter's events for who deleted or unregistered the VM. If its files are "
            "still on the datastore, register the VM again and check that its instance UUID is "
            "the instance's id; else rebuild or delete the instance in OpenStack."
        ),
    ),
    RemarkKind.UNEXPECTED_VM: _Phrases(
        gettext_lazy("A VM that Nova does not place in vCenter"),
        gettext_lazy(
            "Nova says that the instance is on %(nova)s, which is no vCenter cluster; vCenter "
            "%(vcenter)s says that it holds a VM with the instance's id."
        ),
        gettext_lazy(
            "A move or a shelving that did not finish can leave such a VM. Find out which of the "
            "two is in use before you remove either."
        ),
    ),
    RemarkKind.OTHER_CLUSTER: _Phrases(
        gettext_lazy("In another cluster than Nova's"),
        gettext_lazy(
            "Nova says cluster %(nova)s, vCenter says cluster %(vcenter)s: the VM was moved from "
            "within vCenter. Nova and Placement still count the instance on %(nova)s."
        ),
        gettext_lazy(
            "Move the VM back to cluster %(nova)s in vCenter. A move that Nova shall know of must "
            "be asked of Nova (migrate or live-migrate)."
        ),
    ),
    RemarkKind.OTHER_VCENTER: _Phrases(
        gettext_lazy("In another vCenter than Nova's"),
        gettext_lazy("Nova says vCenter %(nova)s, vCenter %(vcenter)s says that it holds the VM."),
        gettext_lazy(
            "The compute service of the instance talks to vCenter %(nova)s and cannot act on the "
            "VM where it is now. Move the VM back."
        ),
    ),
    RemarkKind.CHILD_POOL: _Phrases(
        gettext_lazy("In a resource pool where Nova does not look"),
        gettext_lazy(
            "Nova says cluster %(nova)s and lists the VMs of its root resource pool only; vCenter "
            "says that the VM is in the pool %(vcenter)s below it."
        ),
        gettext_lazy(
            "Move the VM to the root resource pool of the cluster, or accept that Nova's list of "
            "this cluster's VMs is without it."
        ),
    ),
    RemarkKind.NOT_MANAGED: _Phrases(
        gettext_lazy("Not marked as Nova's VM"),
        gettext_lazy(
            "Nova says that the instance is its own; vCenter says that the VM with the instance's "
            "id is managed by %(vcenter)s."
        ),
        gettext_lazy(
            "A restored backup or a copy looks like this. Make sure that it is the right VM before "
            "you act on the instance: Nova goes by the id and would act on this one."
        ),
    ),
    RemarkKind.DUPLICATE_ID: _Phrases(
        gettext_lazy("Two VMs with one id"),
        gettext_lazy(
            "Nova says that there is one instance with this id; vCenter says that a second VM "
            "carries it: %(subject)s (%(vcenter)s)."
        ),
        gettext_lazy(
            "Find out which of the two is in use, and give the other a new instance UUID or remove "
            "it. Until then Nova may act on either, a deletion included."
        ),
    ),
    RemarkKind.CLONE_CLAIMS_ID: _Phrases(
        gettext_lazy("A clone claims the id"),
        gettext_lazy(
            "Nova says that there is one instance with this id; vCenter says that the VM "
            "%(subject)s (%(vcenter)s), which has an id of its own, still bears this instance's in "
            "nvp.vm-uuid, as a clone does."
        ),
        gettext_lazy(
            "Remove nvp.vm-uuid from the clone's advanced parameters: when Nova does not find a VM "
            "by its id it looks by this note, and could then act on the clone."
        ),
    ),
    RemarkKind.POWER_STATE: _Phrases(
        gettext_lazy("Power states differ"),
        gettext_lazy("Nova says %(nova)s, vCenter says %(vcenter)s."),
        gettext_lazy(
            "Nova compares the two every ten minutes by default: an instance whose VM it finds "
            "off it stops, and a VM that runs although Nova stopped the instance it powers off. "
            "If they still differ after that, see whether the compute service is up. Start and "
            "stop the instance through OpenStack."
        ),
    ),
    RemarkKind.NODE_WITHOUT_CLUSTER: _Phrases(
        gettext_lazy("Nova's node has no cluster"),
        gettext_lazy(
            "Nova says that the instance is on node %(nova)s; vCenter %(vcenter)s says that it "
            "has no cluster of that id."
        ),
        gettext_lazy(
            "A cluster that is removed and added again gets a new id, and Nova a new node. Check "
            "cluster_name of the compute service, and whether the account that Horizon uses may "
            "see the cluster."
        ),
    ),
    RemarkKind.DISK_APART: _Phrases(
        gettext_lazy("A disk apart from its VM"),
        gettext_lazy(
            "Nova puts the disks of a VM into the VM's own folder; vCenter says that %(subject)s "
            "is on another datastore, %(vcenter)s."
        ),
        gettext_lazy(
            "Storage DRS or an admin may have moved it. Move it back if that was not meant."
        ),
    ),
    RemarkKind.RENAMED: _Phrases(
        gettext_lazy("The VM was renamed"),
        gettext_lazy(
            "Nova gives a VM a name that holds the instance's id; vCenter says that this one is "
            "called %(vcenter)s."
        ),
        gettext_lazy("Nova goes by the id and does not mind; who searches vCenter by id does."),
    ),
    RemarkKind.HOST_MAINTENANCE: _Phrases(
        gettext_lazy("ESX host in maintenance mode"),
        gettext_lazy("vCenter says that the VM's ESX host %(subject)s is in maintenance mode."),
        gettext_lazy(
            "No VM can be started there. Move the VM to another host of the cluster, or end the "
            "maintenance mode, before you start the instance."
        ),
    ),
    RemarkKind.HOST_NOT_CONNECTED: _Phrases(
        gettext_lazy("ESX host not connected"),
        gettext_lazy("vCenter says that the VM's ESX host %(subject)s is %(vcenter)s."),
        gettext_lazy(
            "What vCenter shows of the VM is from before, and the VM may well be running. Check "
            "the host's power and management network, then connect it again."
        ),
    ),
    RemarkKind.VM_NOT_CONNECTED: _Phrases(
        gettext_lazy("VM not connected"),
        gettext_lazy("vCenter says that the VM's connection state is %(vcenter)s."),
        gettext_lazy(
            "vCenter cannot act on the VM in this state. Check its ESX host and whether its files "
            "are still on the datastore."
        ),
    ),
    RemarkKind.DATASTORE_NOT_ACCESSIBLE: _Phrases(
        gettext_lazy("Datastore not accessible"),
        gettext_lazy("vCenter says that no ESX host can reach the datastore %(subject)s."),
        gettext_lazy("Check the storage behind it, and its paths from the hosts that mount it."),
    ),
    RemarkKind.DATASTORE_NEARLY_FULL: _Phrases(
        gettext_lazy("Datastore nearly full"),
        gettext_lazy(
            "vCenter says that the datastore %(subject)s is %(percent)d %% full or more."
        ),
        gettext_lazy(
            "When it is full, VMs with thin disks, linked clones or snapshots on it stop. Free "
            "space, or move disks to another datastore."
        ),
    ),
}


def remark_heading(kind: RemarkKind) -> str:
    """A few words: for a mark's tooltip, a filter's choice, an export."""
    return str(_PHRASES[kind].heading)


def remark_words(remark: Remark) -> RemarkWords:
    phrases = _PHRASES[remark.kind]
    names: dict[str, object] = {
        "subject": foreign(remark.subject),
        "nova": _said(remark.nova, _NOVA_SAID.get(remark.kind, foreign)),
        "vcenter": _said(remark.vcenter, _VCENTER_SAID.get(remark.kind, foreign)),
        "percent": round(NEARLY_FULL * 100),
    }
    if remark.kind is RemarkKind.NOT_MANAGED and not remark.vcenter:
        names["vcenter"] = _("nobody")
    if remark.kind is RemarkKind.UNEXPECTED_VM:
        names["nova"] = (
            filled(_("node %(node)s"), node=foreign(remark.nova)) if remark.nova else _("no node")
        )
    return RemarkWords(
        severity=str(SEVERITIES[remark.severity]),
        disagrees=remark.severity is Severity.DISAGREEMENT,
        heading=str(phrases.heading),
        sentence=filled(phrases.sentence, **names),
        remedy=filled(phrases.remedy, **names),
    )


def disagreement_count(count: int) -> str:
    text = ngettext(
        "%(count)d point on which Nova and vCenter disagree",
        "%(count)d points on which Nova and vCenter disagree",
        count,
    )
    return filled(text, count=count)


def _said(raw: str, in_words: Callable[[str], str]) -> str:
    return in_words(raw) if raw else str(_("nothing"))


def _nova_power(raw: str) -> str:
    return nova_power(NovaPower[raw]) if raw in NovaPower.__members__ else foreign(raw)


def _vm_power(raw: str) -> str:
    return vm_power(VmPower(raw)) if raw in set(VmPower) else foreign(raw)


def _host_connection(raw: str) -> str:
    return host_connection(HostConnection(raw)) if raw in set(HostConnection) else foreign(raw)


_NOVA_SAID: Mapping[RemarkKind, Callable[[str], str]] = {RemarkKind.POWER_STATE: _nova_power}

_VCENTER_SAID: Mapping[RemarkKind, Callable[[str], str]] = {
    RemarkKind.POWER_STATE: _vm_power,
    RemarkKind.HOST_NOT_CONNECTED: _host_connection,
}
