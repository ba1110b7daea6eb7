"""One ESX host for its page: live from vCenter, and from the collectors' book where that fails."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from django.http import HttpRequest

from vmware_panel.api import cloud
from vmware_panel.api.context import access_of, scope_of, vcenter_named
from vmware_panel.api.inventories import inventory_source, snapshot_store
from vmware_panel.api.placement import client_url
from vmware_panel.api.reading import Reading
from vmware_panel.api.usages import Usages, read_usages
from vmware_panel.config import VCenterConfig
from vmware_panel.domain.cloud import Server
from vmware_panel.domain.host_detail import HostDetail
from vmware_panel.domain.inventory import EsxHost, Inventory, MoRef
from vmware_panel.domain.outcome import Outcome, Trouble, TroubleKind
from vmware_panel.domain.tasks import Series
from vmware_panel.domain.usage import HostUsage
from vmware_panel.endpoints import client
from vmware_panel.openstack import gather
from vmware_panel.openstack.access import DEFAULT_TIMEOUT_S
from vmware_panel.openstack.server_index import IndexedServers

DAY = timedelta(days=1)
GRACE_S = 1.0
"""The page's own deadline comes after those of its parts, which say better what failed."""

_DETAIL, _SERIES, _KEPT, _SAMPLE = "host", "series", "kept", "sample"


@dataclass(frozen=True)
class HostReport:
    """One ESX host by its vCenter's name in the settings and its id there.

    `detail` None: vCenter did not answer; then `kept` and `sample`, which the collectors left, stand
    for it. `series` None: its samples could not be had. `servers` by id; None: Nova did not answer.
    `gone`: vCenter answered that there is no such host. `asked_at` is when the samples end.
    `client_url` leads to the host in the vSphere Client.
    """

    vcenter: str
    moref: MoRef
    configured: bool = True
    gone: bool = False
    detail: HostDetail | None = field(default=None, repr=False)
    kept: Inventory | None = field(default=None, repr=False)
    sample: HostUsage | None = None
    sampled_at: datetime | None = None
    series: tuple[Series, ...] | None = field(default=None, repr=False)
    servers: Mapping[str, Server] | None = field(default=None, repr=False)
    project_names: Mapping[str, str] = field(default_factory=dict, repr=False)
    troubles: tuple[Trouble, ...] = ()
    asked_at: datetime = datetime.min.replace(tzinfo=UTC)
    client_url: str | None = None

    @property
    def inventory(self) -> Inventory | None:
        return self.detail.inventory if self.detail else self.kept

    @property
    def host(self) -> EsxHost | None:
        return self.inventory.host_by_ref.get(self.moref) if self.inventory else None

    @property
    def usage(self) -> HostUsage | None:
        return self.detail.usage if self.detail else self.sample

    @property
    def possible(self) -> bool:
        """False if the books say that there is no such host."""
        return self.configured and not self.gone and (self.inventory is None or bool(self.host))


def host_report(request: HttpRequest, vcenter: str, moref: MoRef) -> HostReport:
    """Two calls to that vCenter, and one more in a new session; to OpenStack those of a list.

    Raises `ConfigError`.
    """
    its = vcenter_named(request, vcenter)
    if its is None:
        return HostReport(vcenter, moref, configured=False)
    access, scope = access_of(request), scope_of(request)
    now = datetime.now(UTC)
    parts: dict[str, Callable[[], Any]] = {
        _DETAIL: partial(client(its).host_detail, moref),
        _SERIES: partial(client(its).series, moref, now - DAY),
        "servers": partial(cloud.all_servers, access, scope),
        "projects": partial(cloud.project_names, access, scope),
    }
    if snapshot_store() is not None:  # else the book would be read whole for this one host
        parts[_KEPT] = partial(inventory_source().read, [its])
        parts[_SAMPLE] = partial(read_usages, [its])
    outcomes = gather(parts, timeout_s=max(DEFAULT_TIMEOUT_S, its.longest_read_s) + GRACE_S)
    indexed: IndexedServers | None = outcomes["servers"].value
    detail = outcomes[_DETAIL]
    reading: Reading = _value(outcomes, _KEPT) or Reading()
    usages: Usages = _value(outcomes, _SAMPLE) or Usages()
    usage = usages.by_vcenter.get(vcenter)
    kept = next(iter(reading.inventories), None)
    book = detail.value.inventory if detail.value else kept
    return HostReport(
        vcenter,
        moref,
        gone=_is_gone(detail),
        detail=detail.value,
        kept=kept,
        sample=usage.by_host.get(moref) if usage else None,
        sampled_at=usage.read_at if usage else None,
        series=outcomes[_SERIES].value,
        servers={s.id.lower(): s for s in indexed.servers} if indexed else None,
        project_names=outcomes["projects"].value or {},
        troubles=_troubles(its, outcomes),
        asked_at=now,
        client_url=client_url(book.vcenter, [its], "host", "HostSystem", moref) if book else None,
    )


def _value(outcomes: Mapping[str, Outcome[Any]], part: str) -> Any:
    return outcomes[part].value if part in outcomes else None


def _is_gone(detail: Outcome[HostDetail]) -> bool:
    return detail.trouble is not None and detail.trouble.kind is TroubleKind.NOT_FOUND


def _troubles(vcenter: VCenterConfig, outcomes: Mapping[str, Outcome[Any]]) -> tuple[Trouble, ...]:
    """Each source's first. A part that ran into the page's own deadline bears the part's name."""
    found: dict[str, Trouble] = {}
    for part, outcome in outcomes.items():
        trouble = outcome.trouble
        if trouble is None:
            continue
        if part in (_DETAIL, _SERIES, _KEPT, _SAMPLE) and trouble.source == part:
            trouble = Trouble(vcenter.name, trouble.kind, trouble.detail)
        found.setdefault(trouble.source, trouble)
    return tuple(found.values())
