"""What can be done with a datastore, for its page: by whom, and what is in the way."""

from dataclasses import dataclass

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from vmware_panel import policy
from vmware_panel.api.datastores import DatastoreReport
from vmware_panel.domain.datastore_refresh import PRIVILEGE
from vmware_panel.domain.plans import Refusal, RefusalKind
from vmware_panel.wording import refusal_words


@dataclass(frozen=True, slots=True)
class RefreshAction:
    """`hindrance` is why the button is greyed; empty where it is not."""

    url: str
    hindrance: str = ""


def refresh_action(request: HttpRequest, report: DatastoreReport) -> RefreshAction | None:
    """None for whom the policy does not let do it."""
    if not policy.allowed(request, policy.Rule.REFRESH_DATASTORE):
        return None
    hindrance = "" if report.answers else _("vCenter does not answer just now.")
    if PRIVILEGE in (report.missing_privileges or ()):
        name = report.entry.datastore.name if report.entry else report.moref
        words = refusal_words(Refusal(RefusalKind.NO_PRIVILEGE, name, PRIVILEGE))
        hindrance = f"{words.sentence} {words.remedy}"
    return RefreshAction(_url("refresh_space", report), hindrance)


def search_url(request: HttpRequest, report: DatastoreReport) -> str:
    """Empty for whom the policy does not let do it."""
    if not policy.allowed(request, policy.Rule.SCAN_DATASTORES):
        return ""
    return _url("search", report)


def _url(name: str, report: DatastoreReport) -> str:
    kwargs = {"vcenter": report.vcenter, "moref": report.moref}
    return reverse(f"horizon:admin:vmware_datastores:{name}", kwargs=kwargs)
