"""The tab "VMware" of Horizon's own instance detail, in Admin and in Project.

Read straight from vCenter at that moment. A member sees it in Project only if the policy lets
them, and then at most the cluster, never an ESX host or a datastore.
"""

from enum import Enum
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from horizon import tabs

from vmware_panel.api import placement as placement_api
from vmware_panel.config import ConfigError
from vmware_panel.domain.cloud import Server
from vmware_panel.domain.placement import Placement, Severity, Whereabouts
from vmware_panel.instance_views import figures, storage
from vmware_panel.policy import Rule, allowed
from vmware_panel.wording import (
    TroubleWords,
    disagreement_count,
    mb_of,
    member_trouble,
    nova_power,
    remark_words,
    settings_trouble,
    trouble_words,
    vm_power,
    whereabouts_sentence,
)


class Access(Enum):
    """How much of an instance the one who asks may see."""

    NONE = None
    CLUSTER = "vmware_panel/instance/_cluster_facts.html"
    FULL = "vmware_panel/instance/_report.html"


class VMwareTab(tabs.Tab):
    """What both tabs share. The policy is asked for the menu and again for the content."""

    name = _("VMware")
    slug = "vmware"
    preload = False
    pages: storage.Pages

    def access(self, request: HttpRequest) -> Access:
        raise NotImplementedError

    def allowed(self, request: HttpRequest) -> bool:
        return self.access(request) is not Access.NONE

    @property
    def server(self) -> Server:
        return placement_api.server_of(self.tab_group.kwargs["instance"])

    def get_template_name(self, request: HttpRequest) -> str:
        access = self.access(request)
        if access is Access.NONE:
            raise PermissionDenied
        return str(access.value)

    def get_context_data(self, request: HttpRequest, **kwargs: Any) -> dict[str, Any]:
        access = self.access(request)
        if access is Access.NONE:
            raise PermissionDenied
        if access is Access.CLUSTER:
            return cluster_context(request, self.server)
        return full_context(request, self.server, self.pages)


class AdminVMwareTab(VMwareTab):
    pages = storage.ADMIN_PAGES

    def access(self, request: HttpRequest) -> Access:
        target = {"project_id": self.server.project_id}
        return Access.FULL if allowed(request, Rule.GET_INSTANCE, target) else Access.NONE

    def get_context_data(self, request: HttpRequest, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(request, **kwargs)
        if context["on_vcenter"] and allowed(request, Rule.MIGRATE_INSTANCE):
            context["migrate_url"] = reverse(
                "horizon:admin:vmware_instances:migrate", args=[self.server.id]
            )
        if allowed(request, Rule.LIST_VOLUMES):
            context["volumes_url"] = storage.volumes_url(self.server)
        return context


class ProjectVMwareTab(VMwareTab):
    pages = storage.PROJECT_PAGES

    def access(self, request: HttpRequest) -> Access:
        target = {"project_id": self.server.project_id}
        if allowed(request, Rule.GET_INSTANCE, target):
            return Access.FULL
        if allowed(request, Rule.GET_INSTANCE_CLUSTER, target):
            return Access.CLUSTER
        return Access.NONE


def full_context(request: HttpRequest, server: Server, pages: storage.Pages) -> dict[str, Any]:
    """All that both books say. A source that fails is named on top, and what it knows unknown."""
    report, faults = _report(request, server)
    placement = report.placement
    remarks = [remark_words(remark) for remark in placement.remarks]
    disagreeing = sum(r.severity is Severity.DISAGREEMENT for r in placement.remarks)
    return {
        "troubles": (*faults, *(trouble_words(trouble) for trouble in report.troubles)),
        "disagreements": [words for words in remarks if words.disagrees],
        "disagreement_count": disagreement_count(disagreeing) if disagreeing else "",
        "notices": [words for words in remarks if not words.disagrees],
        "whereabouts": _whereabouts(placement),
        "last_seen": report.last_seen,
        "configured": report.configured,
        "on_vcenter": placement.vm is not None,
        "where": figures.where(placement),
        "what": figures.what(placement),
        "disks": storage.disks(report, pages),
        "datastores": storage.datastores(report, pages),
        "unnamed_datastores": placement.unnamed_datastores,
        "client_url": report.client_url,
        "vcenter": placement.inventory.vcenter if placement.inventory else None,
        "read_at": report.read_at,
    }


def _report(
    request: HttpRequest, server: Server
) -> tuple[placement_api.InstanceReport, tuple[TroubleWords, ...]]:
    try:
        return placement_api.instance_report(request, server), ()
    except ConfigError:
        nothing = Placement(server, Whereabouts.UNKNOWN)
        report = placement_api.InstanceReport(nothing, timezone.now())
        return report, (settings_trouble(),)


def _whereabouts(placement: Placement) -> str:
    """Why there is no VM to show; a missing one is a disagreement and said as such."""
    if placement.whereabouts in (Whereabouts.ON_VCENTER, Whereabouts.MISSING):
        return ""
    return whereabouts_sentence(placement.whereabouts)


def cluster_context(request: HttpRequest, server: Server) -> dict[str, Any]:
    """What a member may see: nothing of this context names an ESX host or a datastore."""
    try:
        facts = placement_api.cluster_facts(request, server)
    except ConfigError:
        facts = placement_api.ClusterFacts(vcenter_known=False)
        troubles = [str(_("vCenter cannot be asked just now."))]
    else:
        troubles = [member_trouble(trouble) for trouble in facts.troubles]
    known = facts.vcenter_known
    return {
        "troubles": list(dict.fromkeys(troubles)),
        "vcenter_known": known,
        "figures": (
            figures.Figure(str(_("Cluster")), None, figures.Said(facts.cluster)),
            figures.Figure(
                str(_("Power state")),
                figures.known(server.power, nova_power(server.power)),
                figures.known(facts.vm_power, vm_power(facts.vm_power)),
            ),
            figures.Figure(
                str(_("vCPUs")),
                figures.known(server.flavor_vcpus, str(server.flavor_vcpus)),
                figures.known(facts.vcpus, str(facts.vcpus)),
            ),
            figures.Figure(
                str(_("Memory")),
                figures.known(server.flavor_ram_mb, mb_of(server.flavor_ram_mb)),
                figures.known(facts.memory_mb, mb_of(facts.memory_mb)),
            ),
        ),
    }
