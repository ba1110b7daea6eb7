"""Lists and updates come in pieces, and things vanish between them: all are there, and none twice."""

import re
from collections.abc import Callable, Iterator

import pytest
from pyVmomi import vim

from tests.faults.deployment import Deployment, deployed
from tests.simulator import RunningSimulator
from tests.vsphere.certificates import Authority
from tests.vsphere.fault_proxy import (
    Exchange,
    rewritten,
    soap_fault,
    truncated_to,
    wait_until,
)
from tests.vsphere.rig import NOVA_VMS, OUTSIDE_VMS, VCenter, behind_proxy

pytestmark = pytest.mark.simulator

ALL = NOVA_VMS + OUTSIDE_VMS
MACHINES = 150
CHURN_S = 3


@pytest.fixture
def changing(
    start_simulator: Callable[..., RunningSimulator], authority: Authority
) -> Iterator[VCenter]:
    """A vCenter that the test may change."""
    simulator = start_simulator(nova_vms=MACHINES, outside_vms=0)
    with behind_proxy(simulator, authority) as vcenter:
        yield vcenter


def equals_a_bulk_read(deployment: Deployment) -> None:
    """What is still on its way arrives meanwhile."""

    def same() -> bool:
        whole, kept = deployment.client.read_inventory(), deployment.book
        return in_order(kept.vms) == in_order(whole.vms) and kept.hosts == whole.hosts

    deployment.until(same, "a book that equals a bulk read")


def in_order(vms: tuple) -> list:
    return sorted(vms, key=lambda vm: vm.moref)


@pytest.mark.parametrize(("seed", "objects"), [(1, 1), (2, 3), (3, 7), (4, 20)])
def test_fault_6_lists_and_updates_in_small_pieces_during_a_churn_lose_and_double_nothing(
    changing: VCenter, seed: int, objects: int
) -> None:
    control = changing.simulator.control
    control.limit_pages(objects)
    control.churn(100, CHURN_S, seed=seed)
    with deployed(changing) as deployment:
        deployment.until_watching()
        wait_until(lambda: not control.churn_state().running, timeout_s=30)
        assert control.churn_state().done > 50, "nothing to be told of"
        equals_a_bulk_read(deployment)
        assert deployment.vm_counts == {MACHINES}
        book = deployment.book
        assert len({vm.moref for vm in book.vms}) == MACHINES
        assert len({host.moref for host in book.hosts}) == len(book.hosts) == 6
    assert changing.proxy.count("CreateFilter") == 1, "no relist was needed"


def test_fault_6_a_vcenter_that_sends_fewer_objects_than_asked_for(vcenter: VCenter) -> None:
    vcenter.proxy.spoil("WaitForUpdatesEx", truncated_to(3))
    with deployed(vcenter) as deployment:
        deployment.until_watching()
        assert deployment.vm_counts == {ALL}
        assert len({vm.moref for vm in deployment.book.vms}) == ALL


def test_fault_4_a_vm_that_is_deleted_between_two_pages_goes_and_the_rest_stay(
    changing: VCenter,
) -> None:
    deleted: list[str] = []

    def delete(exchange: Exchange) -> None:
        with changing.simulator.login.connected() as service:
            content = service.RetrieveContent()
            view = content.viewManager.CreateContainerView(
                content.rootFolder, [vim.VirtualMachine], True
            )
            for machine in (view.view[0], view.view[-1]):  # of an early page and of a late one
                deleted.append(machine._moId)
                if machine.runtime.powerState == "poweredOn":
                    machine.PowerOffVM_Task()
                machine.Destroy_Task()
        exchange.hand_on()

    changing.proxy.spoil("WaitForUpdatesEx", delete, after=3, times=1)
    with deployed(changing) as deployment:
        deployment.until_watching()
        deployment.until(lambda: len(deployment.book.vms) == MACHINES - 2, "the two to go")
        assert not {vm.moref for vm in deployment.book.vms} & set(deleted)
        equals_a_bulk_read(deployment)
    assert changing.proxy.count("CreateFilter") == 1


def test_fault_4_a_row_whose_object_was_gone_when_its_properties_were_read_is_left_out(
    vcenter: VCenter,
) -> None:
    gone: list[str] = []
    row = re.compile(
        rb"(<objectSet><kind>enter</kind><obj type=\"VirtualMachine\">)([^<]*)(</obj>)"
        rb"(?:<changeSet>.*?</changeSet>)*(</objectSet>)",
        re.DOTALL,
    )

    def missing(match: "re.Match[bytes]") -> bytes:
        if gone:
            return match[0]
        gone.append(match[2].decode())
        return (
            match[1] + match[2] + match[3] + b"<missingSet><path>name</path><fault>"
            b'<fault xsi:type="ManagedObjectNotFound" '
            b'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
            b'<obj type="VirtualMachine">' + match[2] + b"</obj></fault>"
            b"<localizedMessage>gone</localizedMessage></fault></missingSet>" + match[4]
        )

    vcenter.proxy.spoil("WaitForUpdatesEx", rewritten(lambda body: row.sub(missing, body)))
    with deployed(vcenter) as deployment:
        deployment.until_watching()
        assert gone, "no row was spoilt"
        assert deployment.vm_counts == {ALL - 1}
        assert gone[0] not in {vm.moref for vm in deployment.book.vms}


def test_fault_4_a_fault_in_place_of_a_page_of_the_list_begins_it_anew(vcenter: VCenter) -> None:
    fault = soap_fault("ManagedObjectNotFound", inside='<obj type="VirtualMachine">vm-1</obj>')
    vcenter.proxy.spoil("WaitForUpdatesEx", fault, after=1, times=1)
    with deployed(vcenter) as deployment:
        deployment.until_watching()
        assert deployment.vm_counts == {ALL}
        assert vcenter.proxy.count("CreateFilter") == 2
