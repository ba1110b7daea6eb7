"""Plans of maintenance mode and vMotion on the real cloud, and what they cost in calls."""

from collections.abc import Iterator

import pytest
from pyVmomi import vim

from lab.vcenter import wait
from tests.lab_run import RunningLab
from tests.vsphere.certificates import Authority
from tests.vsphere.fault_proxy import fault_proxy, hang_up, wait_until
from tests.vsphere.rig import authority
from tests.vsphere.test_maintenance import passed_on
from vmware_panel.api.changing import Verdict, carry_out, new_nonce, sent_before
from vmware_panel.api.context import vcenters_of
from vmware_panel.api.maintenance import EnterMaintenance, ExitMaintenance
from vmware_panel.api.migrations import MigrateInstance
from vmware_panel.api.tasks import followed_tasks
from vmware_panel.domain.inventory import MoRef
from vmware_panel.domain.plans import CautionKind, RefusalKind
from vmware_panel.openstack import counting as counting_openstack
from vmware_panel.vsphere import counting as counting_vcenter
from vmware_panel.vsphere import migrations

__all__ = ["authority"]  # a fixture

pytestmark = pytest.mark.lab

INSTANCE = "shop-frontend-1"
MOVE_S = 120.0


@pytest.fixture
def request_with_address(request_of) -> Iterator[object]:
    request = request_of()
    request.META = {}
    request.user.username, request.user.id = "admin", "1"
    return request


def standing_of(lab: RunningLab, server_id: str):
    with lab.login.connected() as service:
        host = lab.vm_of(service, server_id).runtime.host
        others = [MoRef(other._moId) for other in host.parent.host if other != host]
        return MoRef(host._moId), {vm.name for vm in host.vm}, others


def test_every_vm_of_the_host_is_in_the_plan_by_its_project(lab, configured, request_of):
    request = request_of()
    host, vms, _ = standing_of(lab, lab.server_id(INSTANCE))
    projects = {project.id: project.name for project in lab.admin.identity.projects()}
    owners = {s.name: projects[s.project_id] for s in lab.admin.compute.servers(all_projects=True)}
    with configured():
        plan = EnterMaintenance(request, vcenters_of(request)[0], host).plan()
    told = {m.vm_name: g.project for g in (*plan.leaving, *plan.staying) for m in g.moves}
    assert len(told) == len(vms)
    assert told[INSTANCE] == owners[INSTANCE]
    assert all(owners[name] == project for name, project in told.items() if project)
    assert plan.forecast


def test_the_number_of_calls_does_not_depend_on_what_stands_there(lab, configured, request_of):
    request = request_of()
    host, _, others = standing_of(lab, lab.server_id(INSTANCE))
    counts = []
    with configured():
        vcenter = vcenters_of(request)[0]
        EnterMaintenance(request, vcenter, host).plan()  # logged in, servers listed
        for one in (host, *others):
            change = EnterMaintenance(request, vcenter, one)
            with counting_vcenter() as of_vcenter, counting_openstack() as of_openstack:
                change.plan()
            counts.append((of_vcenter.total, len(of_openstack)))
    assert {vcenter for vcenter, _ in counts} == {5}, counts
    assert max(openstack for _, openstack in counts) <= 2, counts


def test_without_nova_the_plan_has_the_vms_and_says_what_is_missing(
    lab, configured, request_of, monkeypatch
):
    request = request_of()
    host, vms, _ = standing_of(lab, lab.server_id(INSTANCE))
    for entry in request.user.service_catalog:
        if entry["type"] == "compute":
            for endpoint in entry["endpoints"]:
                endpoint["url"] = "http://127.0.0.1:1/v2.1"
    with configured():
        plan = EnterMaintenance(request, vcenters_of(request)[0], host).plan()
    assert sum(len(g.moves) for g in (*plan.leaving, *plan.staying)) == len(vms)
    assert CautionKind.BOOKS_INCOMPLETE in {caution.kind for caution in plan.cautions}


def test_a_move_and_back_through_the_one_way_to_a_change(lab, configured, request_with_address):
    request = request_with_address
    server_id = lab.server_id(INSTANCE)
    here, _, (there, *_) = standing_of(lab, server_id)
    with configured():
        for destination in (there, here):
            change = MigrateInstance.of(request, server_id, destination)
            shown = change.plan()
            assert not shown.refused, shown.refusals
            assert shown.candidates
            nonce = new_nonce()
            result = carry_out(request, change, shown.fingerprint, nonce)
            assert result.verdict is Verdict.MADE
            again = carry_out(request, change, shown.fingerprint, nonce)
            assert again.verdict in (Verdict.REFUSED, Verdict.DIFFERS), "one form, two moves"
            wait_until_on(lab, server_id, destination)


def wait_until_on(lab: RunningLab, server_id: str, wanted: MoRef) -> None:
    wait_until(lambda: standing_of(lab, server_id)[0] == wanted, MOVE_S)


def test_the_plan_of_a_move_costs_the_same_however_many_hosts_there_are(
    lab, configured, request_of, monkeypatch
):
    # Few looks at vCenter's check, however long a busy machine takes for it.
    monkeypatch.setattr(migrations, "_FIRST_PAUSE_S", 2.0)
    monkeypatch.setattr(migrations, "_LONGEST_PAUSE_S", 2.0)
    request = request_of()
    server_id = lab.server_id(INSTANCE)
    with configured():
        MigrateInstance.of(request, server_id).plan()
        with counting_vcenter() as of_vcenter, counting_openstack() as of_openstack:
            plan = MigrateInstance.of(request, server_id).plan()
    polls = of_vcenter.by_method["RetrievePropertiesEx"] - 3
    assert polls <= 4, "vCenter's check of three hosts took that long to end"
    assert of_vcenter.total - polls == 7, of_vcenter
    assert len(of_openstack) == 1
    assert plan.candidates


def test_out_of_maintenance_is_refused_for_a_host_that_is_not_in_it(lab, configured, request_of):
    request = request_of()
    host, _, _ = standing_of(lab, lab.server_id(INSTANCE))
    with configured():
        plan = ExitMaintenance(vcenters_of(request)[0], host).plan()
    assert plan.refused


def test_a_server_of_another_driver_has_nowhere_to_go(lab, configured, request_of):
    request = request_of()
    with configured():
        plan = MigrateInstance.of(request, lab.server_id("kvm-build-1")).plan()
    assert plan.refused


def test_a_lost_answer_is_followed_by_the_vms_tasks_and_nothing_is_sent_again(
    lab, configured, request_with_address, authority: Authority
):
    """The call reaches vCenter, and its answer does not come back."""
    request, server_id = request_with_address, lab.server_id(INSTANCE)
    here, _, (there, *_) = standing_of(lab, server_id)
    certificate = authority.issue("127.0.0.1", "localhost")
    with (
        fault_proxy(lab.settings.ports["vcenter"], *certificate) as proxy,
        configured(port=proxy.port, ca_file=str(authority.ca_file)),
    ):
        change, nonce = MigrateInstance.of(request, server_id, there), new_nonce()
        shown = change.plan()
        proxy.spoil("MigrateVM_Task", passed_on(hang_up), times=1)
        lost = carry_out(request, change, shown.fingerprint, nonce)
        assert lost.verdict is Verdict.UNANSWERED
        assert lost.made and lost.made.follow == (shown.moref,)
        before = sent_before(nonce)
        assert before and before.made and before.made.follow == (shown.moref,)
        wait_until_on(lab, server_id, there)
        vcenter = vcenters_of(request)[0]
        found = followed_tasks(vcenter, None, lost.made.follow, lost.since)
        assert any(task.action.endswith("migrate") for task in found), found
        assert carry_out(request, change, shown.fingerprint, nonce).verdict is not Verdict.MADE
        assert proxy.count("MigrateVM_Task") == 1
        back = MigrateInstance.of(request, server_id, here)
        made = carry_out(request, back, back.plan().fingerprint, new_nonce())
        assert made.verdict is Verdict.MADE
        wait_until_on(lab, server_id, here)


def test_a_vm_that_vcenter_moves_between_plan_and_change_is_shown_anew(
    lab, configured, request_with_address
):
    request, server_id = request_with_address, lab.server_id(INSTANCE)
    here, _, (there, *_) = standing_of(lab, server_id)
    with configured():
        change = MigrateInstance.of(request, server_id, there)
        shown = change.plan()
        with lab.login.connected() as service:
            vm = lab.vm_of(service, server_id)
            source, target = vm.runtime.host, vim.HostSystem(there, service._stub)
            wait([vm.MigrateVM_Task(host=target, priority="defaultPriority")])
            result = carry_out(request, change, shown.fingerprint, new_nonce())
            wait([vm.MigrateVM_Task(host=source, priority="defaultPriority")])
    assert result.verdict is Verdict.REFUSED
    assert result.plan and [r.kind for r in result.plan.refusals] == [RefusalKind.SAME_PLACE]
