"""Setting a ratio: what may be allocated then, and what speaks against it."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from vmware_panel.domain.allocation_ratios import HIGHEST, LOWEST, ratio_plan
from vmware_panel.domain.capacity import placement_capacity
from vmware_panel.domain.cloud import ResourceInventory, ResourceProvider
from vmware_panel.domain.plans import CautionKind, RefusalKind

NAME = "blue"


def provider(used: int | None = 40, ratio: float = 4.0, generation: int = 3) -> ResourceProvider:
    record = ResourceInventory("VCPU", 96, 0, ratio, 1, 32, 1, used)
    return ResourceProvider("p-1", "domain-c1.x", generation, inventories=(record,))


def kinds(items):
    return [item.kind for item in items]


def test_what_may_be_allocated_follows_the_ratio():
    plan = ratio_plan(NAME, provider(), "VCPU", Decimal("2.5"))
    assert (plan.capacity_before, plan.capacity_after, plan.refused) == (384, 240, False)
    assert kinds(plan.cautions) == [CautionKind.CONFIG_MAY_WIN]


def test_less_than_is_used_is_said_and_possible():
    plan = ratio_plan(NAME, provider(used=100), "VCPU", Decimal(1))
    assert CautionKind.BELOW_USED in kinds(plan.cautions) and not plan.refused


def test_an_unknown_use_is_not_held_to_be_none():
    plan = ratio_plan(NAME, provider(used=None), "VCPU", Decimal("0.01"))
    assert CautionKind.BELOW_USED not in kinds(plan.cautions)


def test_what_is_not_there_is_refused():
    assert kinds(ratio_plan(NAME, None, "VCPU", Decimal(1)).refusals) == [RefusalKind.NOT_THERE]
    found = ratio_plan(NAME, provider(), "DISK_GB", Decimal(1)).refusals
    assert kinds(found) == [RefusalKind.NOT_THERE]


def test_the_same_ratio_and_one_out_of_bounds_are_refused():
    same = ratio_plan(NAME, provider(ratio=4.0), "VCPU", Decimal("4.00"))
    assert kinds(same.refusals) == [RefusalKind.ALREADY_SO]
    for ratio in (Decimal(0), Decimal("-1"), HIGHEST + 1, LOWEST / 2):
        found = ratio_plan(NAME, provider(), "VCPU", ratio).refusals
        assert kinds(found) == [RefusalKind.OUT_OF_BOUNDS], ratio


def test_an_allocation_meanwhile_leaves_the_plan_as_it_is_and_another_ratio_does_not():
    shown = ratio_plan(NAME, provider(), "VCPU", Decimal(2))
    busier = ratio_plan(NAME, provider(used=41, generation=9), "VCPU", Decimal(2))
    changed = ratio_plan(NAME, provider(ratio=3.0), "VCPU", Decimal(2))
    assert busier.fingerprint == shown.fingerprint != changed.fingerprint


@given(
    st.integers(0, 10**7),
    st.integers(0, 10**6),
    st.floats(0.01, 1000, allow_nan=False),
)
def test_the_capacity_is_cut_and_never_more_than_the_product(total, reserved, ratio):
    record = ResourceInventory("VCPU", total, min(reserved, total), 1.0, 1, 1, 1)
    exact = (total - min(reserved, total)) * ratio
    assert exact - 1 < placement_capacity(record, ratio) <= exact
