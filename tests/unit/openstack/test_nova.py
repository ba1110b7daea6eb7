"""Nova's answers, read over real HTTP; see `fake_cloud` for what the shapes were taken from."""

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.unit.openstack.fake_cloud import FakeServer, Pages, say
from vmware_panel.domain.cloud import NovaPower, ServiceState
from vmware_panel.domain.outcome import TroubleKind
from vmware_panel.openstack import Access, CloudError, counting, nova

ID = "8d1a9b6e-2b53-4f0e-9c1e-0f4f7a4f0001"
NODE = "domain-c26.9d51f082-58a4-4449-beed-6fd205a5726b"


def server(server_id: str = ID, **more: Any) -> dict[str, Any]:
    """What Nova shows to an admin at 2.69, without what nobody here reads."""
    return {
        "id": server_id,
        "name": "web-1",
        "status": "ACTIVE",
        "tenant_id": "p1",
        "user_id": "u1",
        "created": "2026-11-22T16:00:00Z",
        "updated": "2026-11-22T16:05:10Z",
        "image": {"id": "image-1", "links": []},
        "flavor": {
            "vcpus": 2,
            "ram": 2048,
            "disk": 20,
            "ephemeral": 0,
            "swap": 0,
            "original_name": "m1.small",
            "extra_specs": {},
        },
        "OS-EXT-AZ:availability_zone": "nova",
        "OS-EXT-STS:task_state": None,
        "OS-EXT-STS:vm_state": "active",
        "OS-EXT-STS:power_state": 1,
        "OS-EXT-SRV-ATTR:host": "compute-a",
        "OS-EXT-SRV-ATTR:hypervisor_hostname": NODE,
        "OS-EXT-SRV-ATTR:user_data": "c2VjcmV0",
        "os-extended-volumes:volumes_attached": [
            {"id": "volume-1", "delete_on_termination": False}
        ],
    } | more


def shown(cloud: FakeServer, access: Access, **more: Any) -> Any:
    cloud.answers[f"/v2.1/servers/{ID}"] = say(200, {"server": server(**more)})
    return nova.get_server(access, ID)


def test_a_server_as_an_admin_sees_it(cloud: FakeServer, access: Access) -> None:
    found = shown(cloud, access)
    assert (found.id, found.name, found.project_id, found.user_id) == (ID, "web-1", "p1", "u1")
    assert (found.status, found.vm_state, found.task_state) == ("ACTIVE", "active", None)
    assert found.power is NovaPower.RUNNING
    assert (found.compute_host, found.node) == ("compute-a", NODE)
    assert found.availability_zone == "nova"
    assert (found.flavor_name, found.flavor_vcpus) == ("m1.small", 2)
    assert (found.flavor_ram_mb, found.flavor_disk_gb) == (2048, 20)
    assert found.image_id == "image-1"
    assert found.volume_ids == ("volume-1",)
    assert found.created == datetime(2026, 11, 22, 16, 0, tzinfo=UTC)
    assert found.updated == datetime(2026, 11, 22, 16, 5, 10, tzinfo=UTC)


def test_what_policy_hides_from_a_member_is_unknown(cloud: FakeServer, access: Access) -> None:
    seen = server()
    del seen["OS-EXT-SRV-ATTR:host"], seen["OS-EXT-SRV-ATTR:hypervisor_hostname"]
    found = nova.to_server(seen)
    assert (found.compute_host, found.node) == (None, None)


def test_a_server_without_a_host_yet_has_an_empty_one(cloud: FakeServer, access: Access) -> None:
    found = shown(
        cloud,
        access,
        **{"OS-EXT-SRV-ATTR:host": None, "OS-EXT-SRV-ATTR:hypervisor_hostname": None},
    )
    assert (found.compute_host, found.node) == ("", "")


@pytest.mark.parametrize("image", ["", None, {}])
def test_a_server_booted_from_a_volume_has_no_image(
    cloud: FakeServer, access: Access, image: object
) -> None:
    assert shown(cloud, access, image=image).image_id is None


@pytest.mark.parametrize("number", [2, 5, 99, -1, None, "on", True])
def test_a_power_state_without_a_name_is_unknown(
    cloud: FakeServer, access: Access, number: object
) -> None:
    assert shown(cloud, access, **{"OS-EXT-STS:power_state": number}).power is None


def test_zero_is_a_power_state(cloud: FakeServer, access: Access) -> None:
    assert shown(cloud, access, **{"OS-EXT-STS:power_state": 0}).power is NovaPower.NOSTATE


@pytest.mark.parametrize("written", ["", "yesterday", None, 17])
def test_a_time_that_is_none_is_unknown(
    cloud: FakeServer, access: Access, written: object
) -> None:
    assert shown(cloud, access, updated=written).updated is None


def test_a_cloud_that_knows_no_microversions_gives_a_flavor_without_sizes(
    cloud: FakeServer, access: Access
) -> None:
    found = shown(cloud, access, flavor={"id": "42", "links": []})
    assert (found.flavor_name, found.flavor_vcpus, found.flavor_ram_mb) == (None, None, None)


def test_a_server_of_a_cell_that_is_down_is_there_and_unknown(
    cloud: FakeServer, access: Access
) -> None:
    stub = {"id": ID, "status": "UNKNOWN", "tenant_id": "p1", "created": "2026-11-22T16:00:00Z"}
    cloud.answers["/v2.1/servers/detail"] = Pages("servers", [stub])
    (found,) = nova.list_servers(access)
    assert (found.status, found.project_id, found.name) == ("UNKNOWN", "p1", "")
    assert (found.power, found.node, found.flavor_vcpus) == (None, None, None)


def test_a_name_that_no_page_can_be_encoded_with_is_mended(
    cloud: FakeServer, access: Access
) -> None:
    body = b'{"server": {"id": "%s", "name": "\\ud83d caf\\u00e9"}}' % ID.encode()
    cloud.answers[f"/v2.1/servers/{ID}"] = say(200, body)
    assert nova.get_server(access, ID).name == "? café"


def test_a_server_that_is_gone(cloud: FakeServer, access: Access) -> None:
    said = {"itemNotFound": {"code": 404, "message": f"Instance {ID} could not be found."}}
    cloud.answers["/v2.1/servers/.*"] = say(404, said)
    with pytest.raises(CloudError) as caught:
        nova.get_server(access, ID)
    assert caught.value.trouble.source == "nova"
    assert caught.value.trouble.kind is TroubleKind.NOT_FOUND
    assert "could not be found" in caught.value.trouble.detail


def test_an_id_cannot_lead_to_another_address(cloud: FakeServer, access: Access) -> None:
    with pytest.raises(CloudError):
        nova.get_server(access, "../os-services?x=")
    assert cloud.requests[0].path == "/v2.1/servers/..%2Fos-services%3Fx%3D"


def test_an_answer_without_the_server_is_a_bad_one(cloud: FakeServer, access: Access) -> None:
    cloud.answers["/v2.1/servers/.*"] = say(200, {"server": {"name": "no id"}})
    with pytest.raises(CloudError) as caught:
        nova.get_server(access, ID)
    assert caught.value.trouble.kind is TroubleKind.BAD_ANSWER


def test_the_version_is_asked_for_and_not_negotiated(cloud: FakeServer, access: Access) -> None:
    with counting() as calls:
        shown(cloud, access)
    assert len(calls) == len(cloud.requests) == 1
    assert cloud.requests[0].headers["OpenStack-API-Version"] == "compute 2.69"


def test_all_projects_and_filters_go_to_nova(cloud: FakeServer, access: Access) -> None:
    cloud.answers["/v2.1/servers/detail"] = Pages("servers", [server()])
    nova.list_servers(access)
    nova.list_servers(access, all_projects=True)
    nova.list_servers(
        access,
        changes_since=datetime(2026, 11, 22, 16, tzinfo=UTC),
        filters={"host": "compute a"},
    )
    assert [dict(request.query) for request in cloud.requests] == [
        {},
        {"all_tenants": "1"},
        {"host": "compute a", "changes-since": "2026-11-22T16:00:00+00:00"},
    ]


def test_hypervisors(cloud: FakeServer, access: Access) -> None:
    # Nova 34 at 2.69, without the usage.
    node = {
        "id": "5f0c5a0e-6d5e-4f7a-b6a5-000000000001",
        "hypervisor_hostname": NODE,
        "hypervisor_type": "VMware vCenter Server",
        "hypervisor_version": 6005000,
        "state": "up",
        "status": "disabled",
        "host_ip": "127.0.0.1",
        "service": {"id": "s", "host": "compute-a", "disabled_reason": "maintenance"},
    }
    old = {"id": 7, "hypervisor_hostname": "kvm-1", "hypervisor_type": "QEMU"}  # below 2.53
    cloud.answers["/v2.1/os-hypervisors/detail"] = Pages("hypervisors", [node, old])
    vmware, kvm = nova.list_hypervisors(access)
    assert (vmware.id, vmware.node, vmware.is_vmware) == (node["id"], NODE, True)
    assert (vmware.state, vmware.enabled) == (ServiceState.UP, False)
    assert (vmware.host_ip, vmware.service_host) == ("127.0.0.1", "compute-a")
    assert (kvm.id, kvm.is_vmware, kvm.state, kvm.enabled) == ("7", False, None, None)


def test_compute_services(cloud: FakeServer, access: Access) -> None:
    service = {
        "id": "s-1",
        "binary": "nova-compute",
        "host": "compute-a",
        "zone": "nova",
        "status": "disabled",
        "state": "down",
        "updated_at": "2026-11-22T16:00:00.000000",
        "disabled_reason": "set by vmwareapi host_state",
        "forced_down": True,
    }
    unknown = {"binary": "nova-compute", "host": "compute-z", "status": "UNKNOWN"}
    cloud.answers["/v2.1/os-services"] = say(200, {"services": [service, unknown]})
    known, lost = nova.list_compute_services(access)
    assert cloud.requests[0].query == {"binary": "nova-compute"}
    assert (known.id, known.host, known.zone) == ("s-1", "compute-a", "nova")
    assert (known.state, known.enabled, known.forced_down) == (ServiceState.DOWN, False, True)
    assert known.disabled_reason == "set by vmwareapi host_state"
    assert known.updated == datetime(2026, 11, 22, 16, tzinfo=UTC)
    assert (lost.id, lost.host, lost.state, lost.enabled) == ("", "compute-z", None, None)


def test_flavors(cloud: FakeServer, access: Access) -> None:
    flavor = {
        "id": "42",
        "name": "m1.large",
        "vcpus": 4,
        "ram": 8192,
        "disk": 80,
        "OS-FLV-EXT-DATA:ephemeral": 10,
        "swap": "",
        "extra_specs": {"hw:cpu_max_sockets": "2"},
    }
    cloud.answers["/v2.1/flavors/detail"] = Pages("flavors", [flavor])
    (found,) = nova.list_flavors(access)
    assert cloud.requests[0].query == {"is_public": "None"}
    assert (found.id, found.name, found.vcpus, found.ram_mb) == ("42", "m1.large", 4, 8192)
    assert (found.disk_gb, found.ephemeral_gb, found.swap_mb) == (80, 10, 0)
    assert dict(found.extra_specs) == {"hw:cpu_max_sockets": "2"}


def test_a_flavor_without_its_memory_is_a_bad_answer(cloud: FakeServer, access: Access) -> None:
    cloud.answers["/v2.1/flavors/detail"] = Pages("flavors", [{"id": "1", "vcpus": 1, "disk": 1}])
    with pytest.raises(CloudError) as caught:
        nova.list_flavors(access)
    assert caught.value.trouble.detail == "'ram' is not a whole number"
