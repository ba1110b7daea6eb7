"""Disabling and enabling a compute service: what stays, what speaks against it."""

from tests.unit.domain import builders
from vmware_panel.domain.cloud import ComputeService, ServiceState
from vmware_panel.domain.plans import CautionKind, RefusalKind
from vmware_panel.domain.services import DRIVERS_REASON, service_plan

UP = ComputeService("7", "compute-1", "nova", state=ServiceState.UP)
DOWN_CELL = ComputeService("", "compute-9")


def kinds(items):
    return [item.kind for item in items]


def test_disabling_says_what_stays_running_there_and_nowhere_else():
    servers = [builders.server(1), builders.server(2, compute_host="compute-2")]
    plan = service_plan("compute-1", False, [UP], servers)
    assert [s.id for s in plan.servers or ()] == [servers[0].id]
    assert not plan.refused and kinds(plan.cautions) == [CautionKind.STAYS_RUNNING]
    assert plan.cautions[0].detail == "1"


def test_servers_that_could_not_be_listed_are_unknown_and_not_none():
    plan = service_plan("compute-1", False, [UP], None)
    assert plan.servers is None and plan.cautions[0].detail == "?"


def test_a_service_that_is_gone_or_in_a_cell_that_is_down_is_refused():
    for services in ([], [DOWN_CELL]):
        plan = service_plan("compute-9", False, services, [])
        assert kinds(plan.refusals) == [RefusalKind.NOT_THERE]


def test_what_is_so_already_is_refused():
    assert kinds(service_plan("compute-1", True, [UP], []).refusals) == [RefusalKind.ALREADY_SO]


def test_enabling_one_that_the_driver_disabled_says_that_it_will_do_so_itself():
    by_driver = ComputeService("7", "compute-1", enabled=False, disabled_reason=DRIVERS_REASON)
    by_admin = ComputeService("7", "compute-1", enabled=False, disabled_reason="patching")
    assert kinds(service_plan("compute-1", True, [by_driver], []).cautions) == [
        CautionKind.SET_BY_DRIVER
    ]
    assert service_plan("compute-1", True, [by_admin], []).cautions == ()


def test_another_reason_is_another_plan():
    before = service_plan("compute-1", True, [ComputeService("7", "compute-1", enabled=False)], [])
    since = ComputeService("7", "compute-1", enabled=False, disabled_reason="fire")
    assert service_plan("compute-1", True, [since], []).fingerprint != before.fingerprint
