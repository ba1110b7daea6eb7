"""Disabling and enabling a compute service: what it would mean."""

from collections.abc import Iterable
from dataclasses import dataclass

from vmware_panel.domain.cloud import ComputeService, Server
from vmware_panel.domain.plans import (
    Caution,
    CautionKind,
    ChangeKind,
    Plan,
    Refusal,
    RefusalKind,
)

DRIVERS_REASON = "set by vmwareapi host_state"
"""`nova/virt/vmwareapi/host.py`, `VCState._set_host_enabled`: it lost vCenter, and takes it back."""


@dataclass(frozen=True, kw_only=True)
class ServicePlan(Plan):
    """`servers` are those that Nova has on it; None: they could not be listed."""

    service: ComputeService | None = None
    servers: tuple[Server, ...] | None = None


def service_plan(
    host: str,
    enable: bool,
    services: Iterable[ComputeService],
    servers: Iterable[Server] | None,
) -> ServicePlan:
    """For the one nova-compute on that host."""
    change = ChangeKind.SERVICE_ENABLE if enable else ChangeKind.SERVICE_DISABLE
    service = next((s for s in services if s.host == host and s.id), None)
    if service is None:
        refusal = Refusal(RefusalKind.NOT_THERE, host)
        return ServicePlan(change=change, target=host, refusals=(refusal,))
    its = None if servers is None else tuple(s for s in servers if s.compute_host == host)
    refusals = (Refusal(RefusalKind.ALREADY_SO, host),) if service.enabled is enable else ()
    return ServicePlan(
        change=change,
        target=host,
        refusals=refusals,
        cautions=_cautions(service, enable, its),
        basis=(service.id, str(service.enabled), service.disabled_reason),
        service=service,
        servers=its,
    )


def _cautions(
    service: ComputeService, enable: bool, servers: tuple[Server, ...] | None
) -> tuple[Caution, ...]:
    if enable:
        by_driver = service.disabled_reason == DRIVERS_REASON
        return (Caution(CautionKind.SET_BY_DRIVER, service.host),) if by_driver else ()
    count = "?" if servers is None else str(len(servers))
    return (Caution(CautionKind.STAYS_RUNNING, service.host, count),)
