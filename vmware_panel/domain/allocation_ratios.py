"""Setting an allocation ratio in Placement: what it would come to."""

from dataclasses import dataclass
from decimal import Decimal

from vmware_panel.domain.capacity import placement_capacity
from vmware_panel.domain.cloud import ResourceInventory, ResourceProvider
from vmware_panel.domain.plans import (
    Caution,
    CautionKind,
    ChangeKind,
    Plan,
    Refusal,
    RefusalKind,
)

RESOURCE_CLASSES = ("VCPU", "MEMORY_MB", "DISK_GB")
LOWEST, HIGHEST = Decimal("0.01"), Decimal("1000")
"""Wider than anybody runs; Placement itself takes any number."""


@dataclass(frozen=True, kw_only=True)
class RatioPlan(Plan):
    """`before` is Placement's record; the capacities are what may be allocated in all."""

    provider: ResourceProvider | None = None
    before: ResourceInventory | None = None
    ratio: Decimal = Decimal(1)

    @property
    def capacity_before(self) -> int | None:
        return placement_capacity(self.before) if self.before else None

    @property
    def capacity_after(self) -> int | None:
        return placement_capacity(self.before, float(self.ratio)) if self.before else None


def ratio_plan(
    target: str, provider: ResourceProvider | None, resource_class: str, ratio: Decimal
) -> RatioPlan:
    """`target` is the cluster's name for people."""
    change = ChangeKind.ALLOCATION_RATIO
    records = provider.inventories if provider else ()
    before = next((r for r in records if r.resource_class == resource_class), None)
    if provider is None or before is None:
        subject = f"{resource_class}, {target}"
        refusal = Refusal(RefusalKind.NOT_THERE, subject)
        return RatioPlan(change=change, target=target, refusals=(refusal,), ratio=ratio)
    refusals: list[Refusal] = []
    if not LOWEST <= ratio <= HIGHEST:
        refusals.append(Refusal(RefusalKind.OUT_OF_BOUNDS, resource_class, str(ratio)))
    elif float(ratio) == before.allocation_ratio:
        refusals.append(Refusal(RefusalKind.ALREADY_SO, f"{resource_class}, {target}"))
    cautions = [Caution(CautionKind.CONFIG_MAY_WIN, target)]
    after = placement_capacity(before, float(ratio))
    if before.used is not None and before.used > after:
        cautions.append(
            Caution(CautionKind.BELOW_USED, resource_class, f"{before.used} > {after}")
        )
    return RatioPlan(
        change=change,
        target=target,
        refusals=tuple(refusals),
        cautions=tuple(cautions),
        basis=(
            provider.uuid,
            resource_class,
            f"{before.allocation_ratio} -> {ratio}",
            f"{before.total} {before.reserved}",
        ),
        provider=provider,
        before=before,
        ratio=ratio,
    )
