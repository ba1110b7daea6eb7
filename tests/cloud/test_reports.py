"""What the pages are made of, on the real cloud, against openstacksdk and the simulator."""

import pytest
from django.test import override_settings

from tests.lab_run import RunningLab
from vmware_panel.api import cloud
from vmware_panel.api import placement as api
from vmware_panel.api.context import access_of, scope_of
from vmware_panel.domain.outcome import TroubleKind
from vmware_panel.domain.placement import Whereabouts
from vmware_panel.openstack import counting as counting_openstack
from vmware_panel.openstack import nova
from vmware_panel.openstack.server_index import ServerIndexes
from vmware_panel.vsphere import counting as counting_vcenter

pytestmark = pytest.mark.lab


def server_named(request, name):
    servers = nova.list_servers(access_of(request), all_projects=True)
    (found,) = [server for server in servers if server.name == name]
    return found


def test_every_instance_stands_where_the_simulator_says(lab: RunningLab, configured, request_of):
    with configured():
        report = api.instances_report(request_of())
    assert report.placements and not report.troubles
    with lab.login.connected() as service:
        for placement in report.placements:
            if placement.server.name == "kvm-build-1":
                assert placement.whereabouts is Whereabouts.NOT_ON_VCENTER
                continue
            vm = lab.vm_of(service, placement.server.id)
            host = vm.runtime.host
            assert placement.host and placement.host.name == host.name
            assert placement.cluster and placement.cluster.name == host.parent.name
            stores = {d.name for d in vm.datastore}
            assert {d.name for d in placement.datastores} == stores
            assert not placement.disagrees, f"{placement.server.name}: {placement.remarks}"


def test_the_report_names_every_project(lab: RunningLab, configured, request_of):
    with configured():
        report = api.instances_report(request_of())
    wanted = {project.id: project.name for project in lab.admin.identity.projects()}
    assert dict(report.project_names) == wanted


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"port": 1}, TroubleKind.UNREACHABLE),
        ({"password": "wrong"}, TroubleKind.LOGIN),
        ({"ca_file": "/etc/ssl/certs/ca-certificates.crt"}, TroubleKind.CERTIFICATE),
    ],
)
def test_a_vcenter_that_fails_leaves_the_openstack_half(
    lab: RunningLab, configured, request_of, changes, kind
):
    request = request_of()
    with configured(**changes):
        listed = api.instances_report(request)
        one = api.instance_report(request, server_named(request, "bastion"))
    assert [t.kind for t in listed.troubles] == [kind]
    assert [t.kind for t in one.troubles] == [kind]
    there = {server.id for server in lab.admin.compute.servers(all_projects=True)}
    assert listed.placements and {p.server.id for p in listed.placements} == there
    assert one.placement.whereabouts is Whereabouts.UNKNOWN
    assert one.placement.service and one.placement.service.host == "vmware-c0"


def test_a_refused_password_is_not_tried_again_at_each_page(lab, configured, request_of):
    request = request_of()
    with configured(password="wrong"):
        api.instances_report(request)
        lab.control.reset_calls()
        for _ in range(5):
            api.instances_report(request)
    assert lab.control.calls().failed_logins == 0


@pytest.mark.parametrize("service_type", ["image", "volumev3", "block-storage", "placement"])
def test_an_openstack_service_that_is_down_takes_only_its_part(
    configured, request_of, service_type
):
    request = request_of()
    for entry in request.user.service_catalog:
        if entry["type"] == service_type or (
            service_type in ("volumev3", "block-storage")
            and entry["type"] in ("volumev3", "block-storage")
        ):
            for endpoint in entry["endpoints"]:
                endpoint["url"] = "http://127.0.0.1:1/"
    with configured():
        report = api.instance_report(request, server_named(request, "orders-db-1"))
    assert report.placement.host and report.placement.service
    down = {"image": ["glance"], "placement": []}.get(service_type, ["cinder"])
    assert [trouble.source for trouble in report.troubles] == down


def test_nova_down_is_said_and_not_taken_for_an_empty_cloud(configured, request_of):
    request = request_of()
    for entry in request.user.service_catalog:
        if entry["type"] == "compute":
            for endpoint in entry["endpoints"]:
                endpoint["url"] = "http://127.0.0.1:1/"
    with configured():
        report = api.instances_report(request)
    assert report.placements is None and report.overview is None
    assert {t.source for t in report.troubles} == {"nova"}


def test_without_a_vcenter_in_the_settings_nova_still_shows(request_of):
    with override_settings(VMWARE_PANEL={}):
        report = api.instances_report(request_of())
    assert report.placements and not report.configured
    assert {p.whereabouts for p in report.placements} == {
        Whereabouts.UNCONFIGURED,
        Whereabouts.NOT_ON_VCENTER,
    }


@pytest.mark.parametrize(("mode", "of_lists", "of_a_row"), [("embedded", 0, 0), ("off", 3, 2)])
def test_the_calls_of_each_page_are_these_and_no_more(
    lab: RunningLab, configured, request_of, at_one_moment, monkeypatch, mode, of_lists, of_a_row
):
    # Every page asks for the changes, as one does that comes seconds after the one before.
    monkeypatch.setattr(cloud, "_indexes", ServerIndexes(min_interval_s=0))
    request = request_of()
    server = server_named(request, "orders-db-1")
    with configured(mode=mode):
        api.cluster_facts(request, server)  # logs in

        def calls(page):
            with counting_vcenter() as vcenter, counting_openstack() as made:
                page()
            return vcenter.total, [f"{call.source} {call.path}" for call in made.made]

        _, first_cloud = calls(lambda: api.instances_report(request))
        listed, list_cloud = calls(lambda: api.instances_report(request))
        tab, tab_cloud = calls(lambda: api.instance_report(request, server))
        columns, columns_cloud = calls(lambda: api.columns_report(request, [server, server]))
        row, row_cloud = calls(lambda: api.columns_report(request, [server]))
    assert listed == columns == of_lists
    assert (tab, row) == (2, of_a_row)
    listing = "nova /servers/detail"
    others = [
        "keystone /projects",
        "nova /os-hypervisors/detail",
        "nova /os-services",
    ]
    assert sorted(first_cloud) == [*others, listing, listing], "a list, and what changed since"
    assert list_cloud == [listing]
    assert len(tab_cloud) == 3, tab_cloud
    assert columns_cloud == row_cloud == []


def test_a_second_page_within_seconds_asks_openstack_nothing(
    configured, request_of, at_one_moment
):
    request = request_of()
    with configured():
        first = api.instances_report(request)
        with counting_openstack() as calls:
            second = api.instances_report(request)
    assert not calls.made
    assert first.placements and second.placements
    assert [p.server for p in second.placements] == [p.server for p in first.placements]
    assert second.project_names == first.project_names


def test_a_member_is_refused_what_the_admins_page_has_just_read(configured, request_of):
    with configured():
        assert api.instances_report(request_of()).placements
        report = api.instances_report(request_of("wendy", "web"))
    assert report.placements is None and not report.project_names
    assert {t.kind for t in report.troubles} == {TroubleKind.FORBIDDEN}


def test_refresh_now_reads_everything_anew(configured, request_of):
    request = request_of()
    with configured():
        api.instances_report(request)
        cloud.refresh(scope_of(request))
        with counting_openstack() as calls:
            api.instances_report(request)
    # A list, what changed since, services, hypervisors, projects.
    assert len(calls) == 5, str(calls)


def test_a_member_gets_the_cluster_and_no_name_of_host_or_datastore(
    lab: RunningLab, configured, request_of
):
    """Nova hides the node from a member, so the VM is found by its id alone."""
    request = request_of("wendy", "web")
    own = nova.get_server(access_of(request), lab.server_id("shop-frontend-1"))
    assert own.node is None
    with configured(), counting_openstack() as calls:
        facts = api.cluster_facts(request, own)
    assert facts.cluster == "DC0_C0" and facts.vcpus == 1 and facts.memory_mb == 1024
    assert "esx-" not in repr(facts) and "-ds-" not in repr(facts)
    assert not calls.made
