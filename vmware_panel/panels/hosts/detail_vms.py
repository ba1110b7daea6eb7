"""The VMs on one ESX host: instances by project, and what else stands there."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from vmware_panel.api.hosts import HostReport
from vmware_panel.domain.inventory import VmPower
from vmware_panel.domain.occupants import Occupant, Owner, occupants
from vmware_panel.wording import UNKNOWN, Tone, foreign, mb_of, vcpus, vm_power

_OWNERS = {
    Owner.INSTANCE: gettext_lazy("instance"),
    Owner.NOVA: gettext_lazy("made by Nova, no such instance is known"),
    Owner.CINDER: gettext_lazy("holds a volume of Cinder's"),
    Owner.OTHER: gettext_lazy("not OpenStack's"),
}


@dataclass(frozen=True, slots=True)
class VmRow:
    """One VM. `name` is Nova's for an instance, else vCenter's; all figures are vCenter's."""

    key: str
    name: str
    url: str
    owner: str
    power: str
    tone: Tone
    vcpus: str
    memory: str


@dataclass(frozen=True, slots=True)
class ProjectRows:
    """The instances of one project, and what those that are powered on come to."""

    name: str
    rows: tuple[VmRow, ...]
    running: int
    vcpus: int
    memory: str


@dataclass(frozen=True, slots=True)
class VmsOn:
    """`others` are the VMs that are no instances. `known` False: vCenter's book could not be had."""

    projects: tuple[ProjectRows, ...] = ()
    others: tuple[VmRow, ...] = ()
    known: bool = True
    nova_known: bool = True

    @property
    def instances(self) -> int:
        return sum(len(project.rows) for project in self.projects)


def vms_on(report: HostReport) -> VmsOn:
    if report.inventory is None:
        return VmsOn(known=False, nova_known=report.servers is not None)
    found = occupants(report.inventory.vms, report.moref, report.servers)
    by_project: dict[str, list[Occupant]] = {}
    for one in found:
        if one.server is not None:
            name = report.project_names.get(one.server.project_id) or one.server.project_id
            by_project.setdefault(name, []).append(one)
    return VmsOn(
        projects=tuple(_project(name, its) for name, its in sorted(by_project.items())),
        others=tuple(
            _row(one, nova_known=report.servers is not None) for one in found if one.server is None
        ),
        nova_known=report.servers is not None,
    )


def _project(name: str, its: Iterable[Occupant]) -> ProjectRows:
    its = sorted(its, key=_name)
    on = [one.vm for one in its if one.vm.power is VmPower.ON]
    return ProjectRows(
        name=foreign(name),
        rows=tuple(_row(one) for one in its),
        running=len(on),
        vcpus=sum(vm.vcpus or 0 for vm in on),
        memory=mb_of(sum(vm.memory_mb or 0 for vm in on)),
    )


def _name(one: Occupant) -> str:
    return (one.server.name if one.server else "") or one.vm.name


def _row(one: Occupant, *, nova_known: bool = True) -> VmRow:
    owner = _OWNERS[one.owner]
    if one.owner is Owner.NOVA and not nova_known:
        owner = _("made by Nova")
    return VmRow(
        key=one.vm.moref,
        name=foreign(_name(one)),
        url=_url(one),
        owner=str(owner),
        power=vm_power(one.vm.power),
        tone=Tone.GOOD if one.vm.power is VmPower.ON else Tone.PLAIN,
        vcpus=vcpus(one.vm),
        memory=str(UNKNOWN) if one.vm.memory_mb is None else mb_of(one.vm.memory_mb),
    )


def _url(one: Occupant) -> str:
    if one.server is None:
        return ""
    try:
        return str(reverse("horizon:admin:instances:detail", args=[one.server.id]))
    except NoReverseMatch:  # the deployer has taken the panel out
        return ""
