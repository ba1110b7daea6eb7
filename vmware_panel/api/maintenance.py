"""Maintenance mode of one ESX host: into it and out of it."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.http import HttpRequest

from vmware_panel.api import cloud
from vmware_panel.api.changing import Made
from vmware_panel.api.context import access_of, scope_of, vcenter_named
from vmware_panel.config import VCenterConfig
from vmware_panel.domain.inventory import MoRef
from vmware_panel.domain.maintenance import (
    PRIVILEGE,
    MaintenancePlan,
    plan_entering,
    plan_leaving,
)
from vmware_panel.domain.maintenance_cautions import Nova
from vmware_panel.domain.outcome import SourceError, Trouble, TroubleKind
from vmware_panel.domain.plans import ChangeKind, Plan
from vmware_panel.domain.standing import Forecast, Standing
from vmware_panel.endpoints import client
from vmware_panel.openstack import gather
from vmware_panel.openstack.access import DEFAULT_TIMEOUT_S
from vmware_panel.vsphere import VCenterClient, VSphereError

_VCENTER = "vcenter"
_READS = 4  # one after the other, each with the vCenter's own time limit


@dataclass(frozen=True)
class _Read:
    """vCenter's side of one plan. `no_forecast` says why there is none, if it should be there."""

    standing: Standing
    missing: tuple[str, ...]
    forecast: Forecast | None = None
    no_forecast: str = ""


class EnterMaintenance:
    """`timeout_s` 0: vCenter waits until every VM has left, or is told to stop."""

    kind = ChangeKind.MAINTENANCE_ENTER

    def __init__(
        self,
        request: HttpRequest,
        vcenter: VCenterConfig,
        host: MoRef,
        *,
        evacuate_powered_off: bool = False,
        timeout_s: int = 0,
    ) -> None:
        self.vcenter = vcenter.name
        self.subject: str = host
        self._host = host
        self._config = vcenter
        self._client = client(vcenter)
        self._access, self._scope = access_of(request), scope_of(request)
        self._evacuate_powered_off = evacuate_powered_off
        self._timeout_s = timeout_s

    def plan(self) -> MaintenancePlan:
        """vCenter's side and Nova's at once: 5 calls to vCenter, whatever stands on the host, and
        none to Nova for each instance. Without Nova the plan has the VMs and not the instances.
        """
        parts: dict[str, Callable[[], Any]] = {
            _VCENTER: partial(_read, self._client, self._host),
            "servers": partial(cloud.all_servers, self._access, self._scope),
            "projects": partial(cloud.project_names, self._access, self._scope),
            "flavors": partial(cloud.flavors, self._access, self._scope),
        }
        timeout_s = max(DEFAULT_TIMEOUT_S, _READS * self._config.longest_read_s)
        answers = gather(parts, timeout_s=timeout_s + 1.0)
        read: _Read | None = answers[_VCENTER].value
        if read is None:
            trouble = answers[_VCENTER].trouble
            raise SourceError(trouble or Trouble(self.vcenter, TroubleKind.TIMEOUT))
        indexed = answers["servers"].value
        nova = Nova(
            servers={s.id.lower(): s for s in indexed.servers} if indexed is not None else None,
            names=answers["projects"].value,
            flavors=answers["flavors"].value or (),
        )
        return plan_entering(
            read.standing,
            read.forecast,
            nova,
            evacuate_powered_off=self._evacuate_powered_off,
            missing_privileges=read.missing,
            no_forecast=read.no_forecast,
        )

    def make(self, plan: Plan) -> Made:
        task = self._client.enter_maintenance(
            self._host,
            timeout_s=self._timeout_s,
            evacuate_powered_off=self._evacuate_powered_off,
        )
        return Made(task=task)

    def follow(self, plan: Plan) -> tuple[MoRef, ...]:
        return (self._host,)


class ExitMaintenance:
    kind = ChangeKind.MAINTENANCE_EXIT

    def __init__(self, vcenter: VCenterConfig, host: MoRef) -> None:
        self.vcenter = vcenter.name
        self.subject: str = host
        self._host = host
        self._client = client(vcenter)

    def plan(self) -> MaintenancePlan:
        """4 calls to vCenter. Raises `VSphereError`."""
        standing = self._client.standing(self._host)
        return plan_leaving(standing, missing_privileges=_missing(self._client, standing))

    def make(self, plan: Plan) -> Made:
        return Made(task=self._client.exit_maintenance(self._host))

    def follow(self, plan: Plan) -> tuple[MoRef, ...]:
        return (self._host,)


def missing_privileges(request: HttpRequest, vcenter: str, host: MoRef) -> tuple[str, ...]:
    """Which rights vCenter's account lacks for these changes; none where that cannot be told now:
    then the plan tells. Two calls. Raises `ConfigError`.
    """
    config = vcenter_named(request, vcenter)
    if config is None:
        return ()
    try:
        return client(config).missing_privileges([host], [PRIVILEGE])
    except VSphereError:
        return ()


def _read(its: VCenterClient, host: MoRef) -> _Read:
    standing = its.standing(host)
    missing = _missing(its, standing)
    cluster = standing.cluster
    if missing or cluster is None or standing.host is None or not standing.host.usable:
        return _Read(standing, missing)
    if not cluster.drs_enabled:
        return _Read(standing, missing)
    try:
        return _Read(standing, missing, its.maintenance_forecast(cluster.moref, host))
    except VSphereError as error:
        if not error.fault:
            raise
        return _Read(standing, missing, no_forecast=error.detail)


def _missing(its: VCenterClient, standing: Standing) -> tuple[str, ...]:
    """None of a host that is gone: then vCenter would refuse to say."""
    if standing.host is None:
        return ()
    return its.missing_privileges([standing.host_ref], [PRIVILEGE])
