"""VMs and hosts as the tabs of DRS show them: a name, and a link to what it is."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.urls import reverse
from django.utils.http import urlencode

from vmware_panel.domain.drs import DrsState, Owner, VmPlace
from vmware_panel.domain.inventory import MoRef
from vmware_panel.panels.links import instance_url
from vmware_panel.wording import foreign


@dataclass(frozen=True, slots=True)
class Linked:
    """`note` stands beside the name: a project, or what is wrong. Either may be empty."""

    name: str
    url: str = ""
    note: str = ""


@dataclass(frozen=True)
class Names:
    """Both books' names of the VMs and hosts of one cluster."""

    vcenter: str
    places: Mapping[MoRef, VmPlace]
    owners: Mapping[MoRef, Owner]

    def vm(self, moref: MoRef, note: str = "") -> Linked:
        """The instance by Nova's book, else the VM by vCenter's, else its id."""
        owner, place = self.owners.get(moref), self.places.get(moref)
        if owner is not None:
            return Linked(
                foreign(owner.name), instance_url(owner.server_id), note or owner.project
            )
        return Linked(foreign(place.name) if place else moref, "", note)

    def vms(self, morefs: Iterable[MoRef]) -> list[Linked]:
        return [self.vm(moref) for moref in morefs]

    def host(self, state: DrsState, moref: MoRef | None) -> Linked | None:
        if moref is None:
            return None
        return Linked(foreign(state.host_name(moref)), host_url(self.vcenter, moref))


def host_url(vcenter: str, moref: MoRef) -> str:
    kwargs = {"vcenter": vcenter, "moref": moref}
    return reverse("horizon:admin:vmware_hosts:detail", kwargs=kwargs)


def drs_url(name: str, vcenter: str, cluster: MoRef, **more: str) -> str:
    """Of one of the actions in `drs_views`."""
    kwargs = {"vcenter": vcenter, "moref": cluster, **more}
    return reverse(f"horizon:admin:vmware_clusters:{name}", kwargs=kwargs)


def tab_url(vcenter: str, cluster: MoRef, tab: str) -> str:
    """The cluster's page, opened at a tab."""
    return f"{drs_url('detail', vcenter, cluster)}?{urlencode({'tab': f'cluster__{tab}'})}"
