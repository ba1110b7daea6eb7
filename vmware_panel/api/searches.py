"""Having datastores searched out of turn, and how far the searches are."""

from collections.abc import Collection, Mapping, Sequence

from django.http import HttpRequest

from vmware_panel import audit
from vmware_panel.api.changing import Verdict
from vmware_panel.api.context import vcenters_of
from vmware_panel.api.scans import ask_scan, read_scans
from vmware_panel.domain.datastore_files import ScanProgress
from vmware_panel.domain.inventory import MoRef
from vmware_panel.domain.outcome import Trouble
from vmware_panel.domain.plans import ChangeKind


def search_afresh(request: HttpRequest, named: Sequence[str]) -> tuple[Trouble, ...]:
    """Has the datastores searched that are named `<vcenter>/<id>`, or all of the region.

    Returns what kept a collector from being asked. Raises `ConfigError`.
    """
    wanted: dict[str, list[MoRef]] = {}
    for key in named:
        vcenter, _, moref = key.partition("/")
        wanted.setdefault(vcenter, []).append(MoRef(moref))
    if not named:
        wanted = {vcenter.name: [] for vcenter in vcenters_of(request)}
    troubles: list[Trouble] = []
    for vcenter, datastores in wanted.items():
        troubles.extend(search_datastores(request, vcenter, datastores))
    return tuple(troubles)


def search_datastores(
    request: HttpRequest, vcenter: str, datastores: Collection[MoRef]
) -> tuple[Trouble, ...]:
    """As `ask_scan`. Harmless, and yet a change: it leaves one audit line."""
    troubles = ask_scan(request, vcenter, datastores)
    audit.record(
        request,
        ChangeKind.DATASTORE_SCAN.value,
        (Verdict.FAILED if troubles else Verdict.MADE).value,
        vcenter=vcenter,
        target=tuple(datastores) or "all datastores",
        trouble="; ".join(f"{t.kind}: {t.detail}" for t in troubles),
    )
    return troubles


def searches_under_way(request: HttpRequest) -> Mapping[str, ScanProgress]:
    """By vCenter, for those that search or are about to. Raises `ConfigError`."""
    progress = read_scans(vcenters_of(request)).progress
    return {name: its for name, its in progress.items() if its.under_way}
