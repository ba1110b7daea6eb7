"""What can be done with an ESX host, for its page: by whom, and what is in the way."""

from dataclasses import dataclass

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from vmware_panel import policy
from vmware_panel.api import maintenance
from vmware_panel.domain.inventory import EsxHost
from vmware_panel.domain.maintenance import PRIVILEGE
from vmware_panel.domain.plans import Refusal, RefusalKind
from vmware_panel.wording import refusal_words


@dataclass(frozen=True, slots=True)
class HostAction:
    """`hindrance` is why the button is greyed; empty where it is not."""

    label: str
    url: str
    hindrance: str = ""


def host_actions(
    request: HttpRequest, vcenter: str, host: EsxHost | None, *, answers: bool = True
) -> tuple[HostAction, ...]:
    """None for whom the policy does not let do it. Two calls to vCenter, for what its account may;
    no call, and nothing that can be done, where it is known not to answer.

    Raises `ConfigError`.
    """
    if host is None or not policy.allowed(request, policy.Rule.HOST_MAINTENANCE):
        return ()
    missing = maintenance.missing_privileges(request, vcenter, host.moref) if answers else ()
    hindrance = "" if answers else _("vCenter does not answer just now.")
    if PRIVILEGE in missing:
        words = refusal_words(Refusal(RefusalKind.NO_PRIVILEGE, host.name, PRIVILEGE))
        hindrance = f"{words.sentence} {words.remedy}"
    into = ("enter_maintenance", _("Enter maintenance mode"))
    out = ("exit_maintenance", _("Exit maintenance mode"))
    wanted = (
        (out,) if host.in_maintenance else (into,) if host.in_maintenance is False else (into, out)
    )
    kwargs = {"vcenter": vcenter, "moref": host.moref}
    return tuple(
        HostAction(label, reverse(f"horizon:admin:vmware_hosts:{name}", kwargs=kwargs), hindrance)
        for name, label in wanted
    )
