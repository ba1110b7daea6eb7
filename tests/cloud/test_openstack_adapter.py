"""The OpenStack adapter against the lab's own Keystone, Nova, Glance, Cinder and Placement.

openstacksdk reads the same things its own way, and both must agree.
"""

import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from openstack.connection import Connection

from lab import cloud
from lab.connection import connect
from lab.settings import REGION, LabSettings
from tests.lab_run import RunningLab
from vmware_panel.domain.cloud import NovaPower, Server, ServiceState, parse_node_name
from vmware_panel.domain.outcome import TroubleKind
from vmware_panel.openstack import (
    Access,
    CloudError,
    Service,
    cinder,
    clients,
    counting,
    gather,
    glance,
    keystone,
    nova,
    placement,
)
from vmware_panel.openstack.access import endpoints_of
from vmware_panel.openstack.pages import read_all

pytestmark = pytest.mark.lab


@pytest.fixture(scope="module")
def lab_settings(lab: RunningLab) -> LabSettings:
    return lab.settings


def access_of(connection: Connection, **more: Any) -> Access:
    """What Horizon holds for the user who logged in: the token and the catalogue."""
    auth: Any = connection.session.auth
    ticket = auth.get_access(connection.session)
    catalog = ticket.service_catalog.catalog
    return Access(ticket.auth_token, endpoints_of(catalog, REGION), REGION, **more)


@pytest.fixture(scope="module")
def admin(lab_settings: LabSettings) -> Connection:
    return connect(lab_settings, "admin", "admin")


@pytest.fixture(scope="module")
def access(admin: Connection) -> Access:
    return access_of(admin)


@pytest.fixture(scope="module")
def member(lab_settings: LabSettings) -> Access:
    return access_of(connect(lab_settings, cloud.PROJECTS[0].member, cloud.PROJECTS[0].name))


@pytest.fixture
def servers(access: Access) -> dict[str, Server]:
    return {server.name: server for server in nova.list_servers(access, all_projects=True)}


def refused(read: Any, *args: Any, **kwargs: Any) -> TroubleKind:
    with pytest.raises(CloudError) as caught:
        read(*args, **kwargs)
    return caught.value.trouble.kind


def test_the_catalogue_names_every_service(access: Access) -> None:
    assert access.endpoints.keys() == set(Service)


def test_every_server_as_the_sdk_reads_it(
    admin: Connection, access: Access, servers: dict[str, Server]
) -> None:
    expected = {server.name: server for server in admin.compute.servers(all_projects=True)}
    assert servers.keys() == expected.keys() >= {server.name for server in cloud.SERVERS}
    for name, server in servers.items():
        other = expected[name]
        assert (server.id, server.status) == (other.id, other.status)
        assert (server.project_id, server.user_id) == (other.project_id, other.user_id)
        assert (server.vm_state, server.task_state) == (other.vm_state, other.task_state)
        assert server.power == NovaPower(other.power_state)
        assert server.compute_host == other.compute_host
        assert server.node == other.hypervisor_hostname
        assert server.availability_zone == other.availability_zone
        assert server.flavor_name == other.flavor.original_name
        assert server.flavor_vcpus == other.flavor.vcpus
        assert server.flavor_ram_mb == other.flavor.ram
        assert server.flavor_disk_gb == other.flavor.disk
        assert server.image_id == other.image.id
        assert list(server.volume_ids) == [volume.id for volume in other.attached_volumes]
        assert server.created and f"{server.created:%Y-%m-%dT%H:%M:%SZ}" == other.created_at


def test_one_server_reads_as_it_does_in_the_list(
    access: Access, servers: dict[str, Server]
) -> None:
    server = servers[cloud.SERVERS[0].name]
    with counting() as calls:
        assert nova.get_server(access, server.id) == server
    assert len(calls) == 1


def test_nodes_are_clusters_and_have_their_compute_service(
    lab_settings: LabSettings, access: Access, servers: dict[str, Server]
) -> None:
    nodes = nova.list_hypervisors(access)
    services = {service.host: service for service in nova.list_compute_services(access)}
    on_vmware = [node for node in nodes if node.is_vmware]
    assert {node.service_host for node in on_vmware} == set(lab_settings.compute_hosts())
    assert all(parse_node_name(node.node) for node in on_vmware)
    assert {node.service_host for node in nodes} == services.keys()
    for node in nodes:
        service = services[node.service_host]
        assert node.state == service.state == ServiceState.UP
        assert (node.enabled, service.forced_down) == (service.enabled, False)
    assert {server.node for server in servers.values() if server.node} <= {n.node for n in nodes}


def test_flavors_private_ones_and_extra_specs_included(admin: Connection, access: Access) -> None:
    made = admin.compute.create_flavor(
        name="adapter.private", vcpus=1, ram=64, disk=0, swap=8, is_public=False
    )
    try:
        admin.compute.create_flavor_extra_specs(made, {"hw:cpu_max_sockets": "2"})
        flavors = {flavor.name: flavor for flavor in nova.list_flavors(access)}
    finally:
        admin.compute.delete_flavor(made)
    assert {flavor.name for flavor in cloud.FLAVORS} <= flavors.keys()
    private = flavors["adapter.private"]
    assert (private.vcpus, private.ram_mb, private.disk_gb, private.swap_mb) == (1, 64, 0, 8)
    assert dict(private.extra_specs) == {"hw:cpu_max_sockets": "2"}
    assert flavors["db.large"].swap_mb == 0


def test_images_by_id_hidden_and_community_ones_included(
    admin: Connection, access: Access, servers: dict[str, Server]
) -> None:
    image = {
        "name": "adapter-hidden",
        "disk_format": "vmdk",
        "container_format": "bare",
        "visibility": "community",
        "os_hidden": True,
    }
    made = admin.image.post("/images", json=image).json()["id"]
    try:
        wanted = {server.image_id or "" for server in servers.values()} | {made, "gone"}
        names = {
            image_id: image.name for image_id, image in glance.images_of(access, wanted).items()
        }
        listed = {image.id: image for image in glance.list_images(access)}
    finally:
        admin.image.delete(f"/images/{made}")
    used = {image.id: image.name for image in admin.image.images() if image.id in wanted}
    assert names == used | {made: "adapter-hidden"}
    assert {image.name for image in cloud.IMAGES} <= {image.name for image in listed.values()}
    hidden = listed[made]
    assert (hidden.hidden, hidden.status, hidden.size_bytes) == (True, "queued", None)
    assert (hidden.visibility, hidden.disk_format) == ("community", "vmdk")


def test_volumes_and_their_servers(
    admin: Connection, access: Access, servers: dict[str, Server]
) -> None:
    volumes = {volume.name: volume for volume in cinder.list_volumes(access, all_projects=True)}
    expected = {volume.name: volume for volume in admin.block_storage.volumes(all_projects=True)}
    assert volumes.keys() == expected.keys() >= {volume.name for volume in cloud.VOLUMES}
    for name, volume in volumes.items():
        other = expected[name]
        assert (volume.id, volume.status, volume.size_gb) == (other.id, other.status, other.size)
        assert (volume.project_id, volume.backend_host) == (other.project_id, other.host)
        assert volume.bootable == other.is_bootable
        assert list(volume.server_ids) == [entry["server_id"] for entry in other.attachments]
    attached = next(volume for volume in cloud.VOLUMES if volume.attached_to)
    volume = volumes[attached.name]
    server = servers[attached.attached_to or ""]
    assert (volume.server_ids, server.volume_ids) == ((server.id,), (volume.id,))
    assert cinder.volumes_of(access, [volume.id, server.id]) == {volume.id: volume}


def test_providers_are_the_nodes_with_their_numbers(admin: Connection, access: Access) -> None:
    nodes = {node.id: node for node in nova.list_hypervisors(access) if node.is_vmware}
    with counting() as calls:
        providers = placement.list_resource_providers(access, of=nodes)
    assert len(calls) == 1 + 2 * len(nodes)
    assert {provider.uuid: provider.name for provider in providers} == {
        node.id: node.node for node in nodes.values()
    }
    for provider in providers:
        expected = {
            inventory.resource_class: inventory
            for inventory in admin.placement.resource_provider_inventories(provider.uuid)
        }
        found = {inventory.resource_class: inventory for inventory in provider.inventories}
        assert found.keys() == expected.keys() >= {"VCPU", "MEMORY_MB", "DISK_GB"}
        for name, inventory in found.items():
            assert (inventory.total, inventory.reserved) == (
                expected[name].total,
                expected[name].reserved,
            )
            assert inventory.max_unit == expected[name].max_unit
            assert inventory.allocation_ratio == expected[name].allocation_ratio
            assert inventory.used is not None


def test_project_names(access: Access) -> None:
    names = set(keystone.project_names(access).values())
    assert {"admin", *(project.name for project in cloud.PROJECTS)} <= names


def test_real_pages_of_two_make_the_same_lists(
    access: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    with counting() as calls:
        paged = nova.list_servers(access, all_projects=True, filters={"limit": "2"})
    whole = nova.list_servers(access, all_projects=True)
    assert paged == whole
    assert len(calls) == len(whole) // 2 + 1
    small = {"all_tenants": 1, "limit": 1}
    assert read_all(
        clients.cinder(access), "/volumes/detail", "volumes", cinder.to_volume, small
    ) == cinder.list_volumes(access, all_projects=True)
    nodes = clients.nova(access), "/os-hypervisors/detail", "hypervisors", nova.to_hypervisor
    assert read_all(*nodes, {"limit": 1}) == nova.list_hypervisors(access)
    images = glance.list_images(access)
    monkeypatch.setattr(glance, "PAGE_SIZE", 1)
    assert glance.list_images(access) == images


@pytest.mark.parametrize(
    ("read", "path", "key"),
    [
        (clients.nova, "/servers/detail", "servers"),
        (clients.glance, "/v2/images", "images"),
    ],
)
def test_a_marker_that_is_gone_means_that_the_list_changed(
    access: Access, read: Callable[[Access], clients.Reader], path: str, key: str
) -> None:
    gone = {"marker": "11111111-1111-4111-8111-111111111111"}
    with pytest.raises(CloudError) as caught:
        read_all(read(access), path, key, lambda item: item, gone)
    assert caught.value.trouble.detail == (
        f"HTTP 400 for {path}: the list changed while it was read"
    )


def test_what_a_member_may_not_see(member: Access, servers: dict[str, Server]) -> None:
    own = nova.list_servers(member)
    project = cloud.PROJECTS[0].name
    assert {server.name for server in own} == {
        server.name for server in cloud.SERVERS if server.project == project
    }
    assert {(server.compute_host, server.node) for server in own} == {(None, None)}
    assert refused(nova.list_servers, member, all_projects=True) is TroubleKind.FORBIDDEN
    assert refused(nova.list_hypervisors, member) is TroubleKind.FORBIDDEN
    assert refused(nova.list_compute_services, member) is TroubleKind.FORBIDDEN
    assert refused(placement.list_resource_providers, member) is TroubleKind.FORBIDDEN
    assert refused(keystone.project_names, member) is TroubleKind.FORBIDDEN
    other = next(server for server in cloud.SERVERS if server.project != project)
    assert refused(nova.get_server, member, servers[other.name].id) is TroubleKind.NOT_FOUND


READS = {
    Service.NOVA: nova.list_servers,
    Service.GLANCE: glance.list_images,
    Service.CINDER: cinder.list_volumes,
    Service.PLACEMENT: placement.list_resource_providers,
    Service.KEYSTONE: keystone.project_names,
}


@pytest.mark.parametrize("service", READS)
def test_a_token_that_no_longer_counts(access: Access, service: Service) -> None:
    assert refused(READS[service], Access("stale", access.endpoints)) is TroubleKind.LOGIN


def test_a_version_that_the_cloud_does_not_have(
    access: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clients, "PLACEMENT_MICROVERSION", "1.999")
    with pytest.raises(CloudError) as caught:
        placement.list_resource_providers(access)
    trouble = caught.value.trouble
    assert trouble.kind is TroubleKind.BAD_ANSWER
    assert "HTTP 406, the service does not have API version placement 1.999" in trouble.detail


@pytest.fixture
def everything_logged(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, logger="keystoneauth")
    yield caplog


def test_a_page_that_needs_all_of_it(
    admin: Connection, access: Access, everything_logged: pytest.LogCaptureFixture
) -> None:
    away = access_of(admin)
    away = Access(away.token, {**away.endpoints, Service.CINDER: "http://127.0.0.1:9/v3"}, REGION)
    with counting() as calls:
        outcomes = gather(
            {
                "servers": lambda: nova.list_servers(away, all_projects=True),
                "hypervisors": lambda: nova.list_hypervisors(away),
                "services": lambda: nova.list_compute_services(away),
                "flavors": lambda: nova.list_flavors(away),
                "images": lambda: glance.list_images(away),
                "volumes": lambda: cinder.list_volumes(away, all_projects=True),
            },
            timeout_s=30,
        )
    assert (calls.of("nova"), calls.of("glance"), calls.of("cinder")) == (4, 2, 1)
    lost = outcomes.pop("volumes").trouble
    assert lost and (lost.source, lost.kind) == ("cinder", TroubleKind.UNREACHABLE)
    assert all(outcome.ok for outcome in outcomes.values())
    assert away.token not in everything_logged.text
