"""What stands above the tabs of a cluster."""

from dataclasses import dataclass

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from vmware_panel import policy
from vmware_panel.api.clusters import ClusterReport
from vmware_panel.domain.clusters import Driven
from vmware_panel.wording import (
    Tone,
    driven_label,
    driven_sentence,
    foreign,
    service_state,
    service_tone,
)


@dataclass(frozen=True, slots=True)
class Head:
    """`compute` is empty where no node of Nova's names the cluster, or nobody knows."""

    vcenter: str
    compute: str = ""
    service_state: str = ""
    service_tone: Tone = Tone.PLAIN
    reason: str = ""
    driven_label: str = ""
    driven_sentence: str = ""
    more_nodes: int = 0


@dataclass(frozen=True, slots=True)
class HeadAction:
    """A link to the plan of a change."""

    label: str
    url: str


def service_action(request: HttpRequest, report: ClusterReport) -> HeadAction | None:
    """Disabling or enabling the compute service; None where there is none, or the policy says no."""
    books = report.entry.books if report.entry else None
    service = books.service if books else None
    if (
        service is None
        or not service.id
        or not policy.allowed(request, policy.Rule.UPDATE_SERVICE)
    ):
        return None
    name, label = "disable_service", _("Disable it")
    if service.enabled is False:
        name, label = "enable_service", _("Enable it")
    kwargs = {"vcenter": report.vcenter, "moref": report.moref, "host": service.host}
    return HeadAction(label, reverse(f"horizon:admin:vmware_clusters:{name}", kwargs=kwargs))


def head_of(report: ClusterReport) -> Head:
    books = report.entry.books if report.entry else None
    driven = books.driven if books else Driven.UNKNOWN
    service = books.service if books else None
    node = books.hypervisor if books else None
    return Head(
        vcenter=report.vcenter,
        compute=foreign(node.service_host) if node else "",
        service_state=service_state(service) if service else "",
        service_tone=service_tone(service) if service else Tone.PLAIN,
        reason=foreign(service.disabled_reason) if service else "",
        driven_label=driven_label(driven),
        driven_sentence=driven_sentence(driven),
        more_nodes=len(books.more_nodes) if books else 0,
    )
