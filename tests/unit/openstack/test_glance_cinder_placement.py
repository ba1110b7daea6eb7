"""Glance's, Cinder's and Placement's answers, read over real HTTP."""

import re
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.unit.openstack.fake_cloud import FakeServer, Handler, Pages, Request, say
from vmware_panel.domain.outcome import TroubleKind
from vmware_panel.openstack import (
    Access,
    CloudError,
    cinder,
    counting,
    glance,
    nova,
    placement,
)

IMAGE = {
    "id": "image-1",
    "name": "debian-12",
    "status": "active",
    "size": 1 << 30,
    "min_disk": 10,
    "disk_format": "vmdk",
    "visibility": "public",
    "os_hidden": False,
    "owner": "p1",
    "vmware_disktype": "streamOptimized",
}
HIDDEN = IMAGE | {"id": "image-2", "name": "debian-11", "os_hidden": True}
QUEUED = {"id": "image-3", "name": None, "status": "queued", "size": None, "min_disk": 0}


def images(handler: Handler, request: Request) -> None:
    """Glance's filters, as far as they are used: hidden ones apart, `id=in:` one or more."""
    hidden = request.query.get("os_hidden", "false") == "true"
    wanted = request.query.get("id", "").removeprefix("in:").split(",")
    found = [
        image
        for image in (IMAGE, HIDDEN, QUEUED)
        if image.get("os_hidden", False) == hidden and (wanted == [""] or image["id"] in wanted)
    ]
    Pages("images", found, glance_style=True)(handler, request)


@pytest.fixture(autouse=True)
def with_images(cloud: FakeServer) -> None:
    cloud.answers["/v2/images"] = images


def test_images_with_the_hidden_ones(cloud: FakeServer, access: Access) -> None:
    shown, queued, hidden = glance.list_images(access)
    assert (shown.id, shown.name, shown.status) == ("image-1", "debian-12", "active")
    assert (shown.size_bytes, shown.min_disk_gb, shown.disk_format) == (1 << 30, 10, "vmdk")
    assert (shown.visibility, shown.hidden, shown.owner) == ("public", False, "p1")
    assert (queued.name, queued.size_bytes) == ("", None)
    assert hidden.hidden
    assert all(request.query["visibility"] == "all" for request in cloud.requests)


def names_of(access: Access, ids: list[str]) -> dict[str, str]:
    return {image_id: image.name for image_id, image in glance.images_of(access, ids).items()}


def test_the_names_of_some_images_take_one_call(cloud: FakeServer, access: Access) -> None:
    with counting() as calls:
        assert names_of(access, ["image-1", "image-1"]) == {"image-1": "debian-12"}
    assert len(calls) == 1


def test_a_hidden_image_has_a_name_and_a_deleted_one_has_none(
    cloud: FakeServer, access: Access
) -> None:
    with counting() as calls:
        names = names_of(access, ["image-1", "image-2", "gone"])
    assert names == {"image-1": "debian-12", "image-2": "debian-11"}
    assert len(calls) == 2
    assert cloud.requests[1].query["id"] == "in:gone,image-2"


def test_many_names_go_in_batches(cloud: FakeServer, access: Access) -> None:
    with counting() as calls:
        glance.images_of(access, [f"id-{number}" for number in range(250)])
    assert len(calls) == 6
    assert max(len(request.query["id"]) for request in cloud.requests) < 4000


@pytest.mark.parametrize("ids", [[], ["a,b", '"', "", "x" * 37, "id\n"]])
def test_ids_that_no_image_can_have_are_not_asked_for(
    cloud: FakeServer, access: Access, ids: list[str]
) -> None:
    assert glance.images_of(access, ids) == {}
    assert not cloud.requests


def test_a_version_at_the_end_of_glances_address_does_not_count_twice(
    cloud: FakeServer, access: Access
) -> None:
    for path in ("/v2", "/v2/", "/v2.9", "/"):
        endpoints = {service: url + path for service, url in access.endpoints.items()}
        glance.list_images(Access(access.token, endpoints), with_hidden=False)
    assert {request.path for request in cloud.requests} == {"/v2/images"}


VOLUME = {
    "id": "volume-1",
    "name": "data",
    "status": "in-use",
    "size": 2,
    "bootable": "true",
    "attachments": [{"server_id": "server-1", "device": "/dev/sdb"}],
    "os-vol-host-attr:host": "cinder@vmdk#vmdk",
    "os-vol-tenant-attr:tenant_id": "p1",
    "os-vol-mig-status-attr:name_id": "volume-9",
    "volume_type": "gold",
    "volume_image_metadata": {"image_id": "image-1", "image_name": "debian-12"},
    "updated_at": "2026-11-22T03:00:01.500000",
}


def test_volumes(cloud: FakeServer, access: Access) -> None:
    bare: dict[str, Any] = {
        "id": "volume-2",
        "name": None,
        "size": 1,
        "bootable": "false",
        "attachments": [],
    }
    cloud.answers["/v3/project/volumes/detail"] = Pages("volumes", [VOLUME, bare])
    volume, other = cinder.list_volumes(access, all_projects=True)
    assert cloud.requests[0].query == {"all_tenants": "1"}
    assert (volume.id, volume.name, volume.status) == ("volume-1", "data", "in-use")
    assert (volume.size_gb, volume.bootable) == (2, True)
    assert (volume.backend_host, volume.project_id) == ("cinder@vmdk#vmdk", "p1")
    assert volume.server_ids == ("server-1",)
    assert (volume.type, volume.name_id, volume.image_id) == ("gold", "volume-9", "image-1")
    assert volume.updated == datetime(2026, 11, 22, 3, 0, 1, 500000, tzinfo=UTC)
    assert (other.name, other.bootable, other.server_ids) == ("", False, ())
    assert (other.backend_host, other.type, other.updated) == (None, "", None)


def test_a_volume_without_a_backend_is_not_one_whose_backend_is_hidden(
    cloud: FakeServer, access: Access
) -> None:
    cloud.answers["/v3/project/volumes/detail"] = Pages(
        "volumes", [VOLUME | {"os-vol-host-attr:host": None}]
    )
    (volume,) = cinder.list_volumes(access)
    assert volume.backend_host == ""


def test_snapshots_of_volumes(cloud: FakeServer, access: Access) -> None:
    cloud.answers["/v3/project/snapshots/detail"] = Pages(
        "snapshots",
        [
            {
                "id": "snapshot-1",
                "name": "nightly",
                "volume_id": "volume-1",
                "status": "available",
                "size": 2,
                "os-extended-snapshot-attributes:project_id": "p1",
            }
        ],
    )
    (snapshot,) = cinder.list_snapshots(access, all_projects=True)
    assert cloud.requests[0].query == {"all_tenants": "1"}
    assert (snapshot.name, snapshot.volume_id, snapshot.size_gb) == ("nightly", "volume-1", 2)
    assert (snapshot.status, snapshot.project_id) == ("available", "p1")


def test_the_pools_of_backends(cloud: FakeServer, access: Access) -> None:
    capabilities = {
        "storage_protocol": "VMDK",
        "vendor_name": "VMware",
        "free_capacity_gb": "unknown",
    }
    cloud.answers["/v3/project/scheduler-stats/get_pools"] = say(
        200,
        {"pools": [{"name": "c@v#v", "capabilities": capabilities}, {"name": "c@w#w"}]},
    )
    pool, bare = cinder.list_pools(access)
    assert cloud.requests[0].query == {"detail": "true"}
    assert (pool.name, pool.protocol, pool.vendor) == ("c@v#v", "vmdk", "VMware")
    assert (bare.name, bare.protocol) == ("c@w#w", "")


def test_the_volumes_of_a_server(cloud: FakeServer, access: Access) -> None:
    cloud.answers["/v3/project/volumes/volume-1"] = say(200, {"volume": VOLUME})
    with counting() as calls:
        found = cinder.volumes_of(access, ["volume-1", "gone", "volume-1"])
    assert found.keys() == {"volume-1"}
    assert found["volume-1"].name == "data"
    assert len(calls) == 2


def test_no_volumes_take_no_call(cloud: FakeServer, access: Access) -> None:
    assert cinder.volumes_of(access, []) == {}
    assert not cloud.requests


def test_volumes_that_may_not_be_seen_are_not_volumes_that_are_gone(
    cloud: FakeServer, access: Access
) -> None:
    cloud.answers["/v3/.*"] = say(403, {"forbidden": {"code": 403, "message": "no"}})
    with pytest.raises(CloudError) as caught:
        cinder.volumes_of(access, ["volume-1"])
    assert caught.value.trouble.source == "cinder"
    assert caught.value.trouble.kind is TroubleKind.FORBIDDEN


PROVIDERS = ["11111111-0000-0000-0000-000000000001", "11111111-0000-0000-0000-000000000002"]
INVENTORY = {
    "total": 64,
    "reserved": 0,
    "min_unit": 1,
    "max_unit": 16,
    "step_size": 1,
    "allocation_ratio": 4.0,
}


@pytest.fixture
def providers(cloud: FakeServer) -> dict[str, Any]:
    listed = [
        {"uuid": uuid, "name": f"node-{uuid[-1]}", "generation": 3, "parent_provider_uuid": None}
        for uuid in PROVIDERS
    ]
    inventories = {"resource_provider_generation": 4, "inventories": {"VCPU": dict(INVENTORY)}}
    usages = {"resource_provider_generation": 4, "usages": {"VCPU": 5}}

    def details(handler: Handler, request: Request) -> None:
        body = inventories if request.path.endswith("inventories") else usages
        say(200, body)(handler, request)

    cloud.answers["/placement/resource_providers"] = say(200, {"resource_providers": listed})
    cloud.answers["/placement/resource_providers/[^/]+/(inventories|usages)"] = details
    return inventories


def test_resource_providers(cloud: FakeServer, access: Access, providers: Any) -> None:
    with counting() as calls:
        first, _ = placement.list_resource_providers(access)
    assert len(calls) == 5
    assert cloud.requests[0].headers["OpenStack-API-Version"] == "placement 1.26"
    assert (first.uuid, first.name, first.generation) == (PROVIDERS[0], "node-1", 4)
    (vcpu,) = first.inventories
    assert (vcpu.resource_class, vcpu.total, vcpu.reserved) == ("VCPU", 64, 0)
    assert (vcpu.min_unit, vcpu.max_unit, vcpu.step_size) == (1, 16, 1)
    assert (vcpu.allocation_ratio, vcpu.used) == (4.0, 5)


def test_many_providers_keep_their_order_and_two_calls_each(
    cloud: FakeServer, access: Access, providers: Any
) -> None:
    """They are read side by side; each call is still counted, and of this page."""
    uuids = [f"11111111-0000-0000-0000-{n:012d}" for n in range(20)]
    listed = [{"uuid": uuid, "name": uuid, "generation": 3} for uuid in uuids]
    cloud.answers["/placement/resource_providers"] = say(200, {"resource_providers": listed})
    with counting() as calls:
        found = placement.list_resource_providers(access)
    assert [provider.uuid for provider in found] == uuids
    assert len(calls) == 1 + 2 * len(uuids)


def test_only_the_providers_asked_for_cost_calls(
    cloud: FakeServer, access: Access, providers: Any
) -> None:
    with counting() as calls:
        (found,) = placement.list_resource_providers(access, of={PROVIDERS[1]})
    assert (found.uuid, len(calls)) == (PROVIDERS[1], 3)


def test_a_provider_deleted_meanwhile_is_left_out(
    cloud: FakeServer, access: Access, providers: Any
) -> None:
    gone = {f"/placement/resource_providers/{re.escape(PROVIDERS[0])}/usages": say(404, {})}
    cloud.answers = gone | cloud.answers
    (found,) = placement.list_resource_providers(access)
    assert found.uuid == PROVIDERS[1]


def test_a_usage_that_is_not_given_is_unknown(
    cloud: FakeServer, access: Access, providers: Any
) -> None:
    providers["inventories"]["CUSTOM_LICENSE"] = dict(INVENTORY)
    license_, vcpu = placement.list_resource_providers(access)[0].inventories
    assert (license_.resource_class, license_.used, vcpu.used) == ("CUSTOM_LICENSE", None, 5)


@pytest.mark.parametrize("field", INVENTORY)
def test_an_inventory_that_lacks_a_number_is_a_bad_answer(
    cloud: FakeServer, access: Access, providers: Any, field: str
) -> None:
    del providers["inventories"]["VCPU"][field]
    with pytest.raises(CloudError) as caught:
        placement.list_resource_providers(access)
    assert caught.value.trouble.kind is TroubleKind.BAD_ANSWER
    assert field in caught.value.trouble.detail


def test_a_region_without_a_service_says_so(cloud: FakeServer) -> None:
    lonely = Access("token", {}, region="north")
    with pytest.raises(CloudError) as caught:
        nova.list_servers(lonely)
    assert caught.value.trouble.kind is TroubleKind.CONFIGURATION
    assert caught.value.trouble.detail == (
        "the service catalogue has no compute endpoint in region north"
    )
