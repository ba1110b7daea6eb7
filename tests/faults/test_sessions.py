"""A session that ends shows in three ways, and in none of them as "no VMs"."""

import threading
from collections.abc import Callable
from typing import Literal

import pytest

from tests.faults.deployment import deployed
from tests.vsphere.fault_proxy import Fault, empty_answer, session_missing, soap_fault, wait_until
from tests.vsphere.rig import NOVA_VMS, OUTSIDE_VMS, VCenter
from vmware_panel.domain.outcome import TroubleKind
from vmware_panel.vsphere import VSphereError

pytestmark = pytest.mark.simulator

ALL = NOVA_VMS + OUTSIDE_VMS
MISSING = "00000000-0000-4000-8000-000000000000"
THREADS = 16

WITHOUT_A_SESSION = [
    pytest.param(empty_answer("RetrievePropertiesEx"), id="empty"),
    pytest.param(session_missing, id="missing"),
    pytest.param(soap_fault("NotAuthenticated"), id="fault"),
]


@pytest.mark.parametrize("reads", ["fault", "missing", "empty"])
def test_fault_2_and_3_an_expired_session_costs_the_collector_and_all_tabs_one_login(
    vcenter: VCenter, reads: Literal["fault", "missing", "empty"]
) -> None:
    with deployed(vcenter) as deployment:
        deployment.until_watching()
        version = deployment.version
        assert vcenter.proxy.count("Login") == 1
        vcenter.simulator.expire_sessions(reads)
        errors: list[VSphereError] = []

        def tab() -> None:
            try:
                deployment.client.read_vm(MISSING)
            except VSphereError as error:
                errors.append(error)

        tabs = [threading.Thread(target=tab) for _ in range(THREADS)]
        for thread in tabs:
            thread.start()
        for thread in tabs:
            thread.join(60)
        assert not errors
        deployment.until_newer_than(version)
        assert vcenter.proxy.count("Login") == 2
        assert deployment.vm_counts == {ALL}


@pytest.mark.parametrize("fault", WITHOUT_A_SESSION)
def test_fault_3_a_list_that_was_read_without_a_session_is_never_shown(
    vcenter: VCenter, fault: Fault
) -> None:
    """What the collector reads last is whether it was logged in."""
    vcenter.proxy.spoil("RetrievePropertiesEx", fault)
    with deployed(vcenter) as deployment:
        deployment.until_kind(TroubleKind.SESSION)
        assert not deployment.page().inventories
        vcenter.proxy.heal()
        deployment.until_watching()
        assert deployment.vm_counts == {ALL}


@pytest.mark.parametrize("page", [1, 2])
def test_fault_3_an_empty_page_of_the_first_list_is_never_taken_for_no_vms(
    vcenter: VCenter, page: int
) -> None:
    empty = empty_answer("WaitForUpdatesEx")
    vcenter.proxy.spoil("WaitForUpdatesEx", empty, after=page - 1, times=1)
    with deployed(vcenter) as deployment:
        deployment.until_watching()
        assert deployment.vm_counts == {ALL}


@pytest.mark.parametrize("fault", WITHOUT_A_SESSION)
def test_fault_3_waits_that_end_at_once_and_empty_are_asked_about_and_not_repeated_without_end(
    vcenter: VCenter, fault: Fault
) -> None:
    """As a vCenter may answer who has no session: nothing has changed, again and again."""
    with deployed(vcenter) as deployment:
        deployment.until_watching()
        version = deployment.version
        before = vcenter.proxy.count("WaitForUpdatesEx")
        vcenter.proxy.spoil("WaitForUpdatesEx", empty_answer("WaitForUpdatesEx"))
        vcenter.proxy.spoil("RetrievePropertiesEx", fault)
        wait_until(lambda: vcenter.proxy.count("Login") == 2, timeout_s=20)
        assert vcenter.proxy.count("WaitForUpdatesEx") - before < 5
        vcenter.proxy.heal()
        deployment.until_newer_than(version)
        assert deployment.vm_counts == {ALL}


@pytest.mark.parametrize("times", [1, 3])
def test_fault_5_an_invalid_collector_version_is_answered_by_a_whole_list_in_one_step(
    vcenter: VCenter, times: int
) -> None:
    with deployed(vcenter) as deployment:
        deployment.until_watching()
        book, version = deployment.book, deployment.version
        vcenter.simulator.control.fault("InvalidCollectorVersion", "WaitForUpdatesEx", times=times)
        deployment.until_newer_than(version)
        assert deployment.vm_counts == {ALL}, "half of a list was shown"
        assert deployment.book.vms == book.vms
        assert vcenter.proxy.count("Login") == 1


def test_fault_5_an_invalid_collector_version_in_the_middle_of_a_list_shows_nothing_of_it(
    vcenter: VCenter,
) -> None:
    after_a_page: Callable[..., None] = vcenter.simulator.control.fault
    after_a_page("InvalidCollectorVersion", "WaitForUpdatesEx", after=2, times=2)
    with deployed(vcenter) as deployment:
        deployment.until_watching()
        assert deployment.vm_counts == {ALL}
