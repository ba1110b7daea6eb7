"""Nova's book: servers, hypervisors, compute services, flavors."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from urllib.parse import quote

from vmware_panel.domain.cloud import ComputeService, Flavor, Hypervisor, NovaPower, Server
from vmware_panel.openstack import clients
from vmware_panel.openstack.access import Access
from vmware_panel.openstack.clients import Json
from vmware_panel.openstack.fields import (
    identity,
    inner,
    inners,
    known_text,
    moment,
    needed,
    state,
    text,
    truth,
    whole,
)
from vmware_panel.openstack.pages import items, parse, parse_change, read_all

# `status` of a compute service; in a cell that is down it is UNKNOWN, and so is this.
ENABLED = {"enabled": True, "disabled": False}
POWER_BY_NUMBER: Mapping[int | None, NovaPower] = {power.value: power for power in NovaPower}


def list_servers(
    access: Access,
    *,
    all_projects: bool = False,
    changes_since: datetime | None = None,
    filters: Mapping[str, str] | None = None,
    on_page: Callable[[int], None] | None = None,
) -> tuple[Server, ...]:
    """The project's servers, or every project's (which Nova's policy leaves to admins).

    One call for each 1,000 servers (`[api] max_limit` of the cloud), and one more where the number
    is a multiple of it. With `changes_since` also those deleted since, with the status `DELETED`.
    `filters` are those of `GET /servers/detail`, such as `host` or `project_id`. `on_page` hears
    after each call how many were read so far.

    Servers in a cell that is down come with the status `UNKNOWN` and little else, as far as Nova
    gives them: not with filters, and none beyond the first page. Raises `CloudError`.
    """
    params: dict[str, str | int] = dict(filters or {})
    if all_projects:
        params["all_tenants"] = 1
    if changes_since is not None:
        params["changes-since"] = changes_since.astimezone(UTC).isoformat()
    # No limit of our own: with one, Nova leaves out the cells that are down.
    return read_all(clients.nova(access), "/servers/detail", "servers", to_server, params, on_page)


def get_server(access: Access, server_id: str) -> Server:
    """One server. Raises `CloudError`, with `not_found` if it is gone or another project's."""
    reader = clients.nova(access)
    return parse(
        reader, to_server, inner(reader.get(f"/servers/{quote(server_id, safe='')}"), "server")
    )


def list_hypervisors(access: Access) -> tuple[Hypervisor, ...]:
    """Nova's nodes, one for each vCenter cluster; admins only by default. Raises `CloudError`."""
    return read_all(clients.nova(access), "/os-hypervisors/detail", "hypervisors", to_hypervisor)


def list_compute_services(access: Access) -> tuple[ComputeService, ...]:
    """The nova-compute services; admins only by default. One call. Raises `CloudError`.

    Of a service in a cell that is down only the host is known: its id is empty.
    """
    reader = clients.nova(access)
    body = reader.get("/os-services", {"binary": "nova-compute"})
    return tuple(
        parse(reader, to_compute_service, item) for item in items(reader, body, "services")
    )


def set_service_enabled(
    access: Access, service_id: str, enabled: bool, reason: str = ""
) -> ComputeService:
    """Has the scheduler place instances on a nova-compute, or no longer; nothing running stops.

    `reason` is for disabling; Nova takes 1 to 255 characters and no blanks at its ends; empty
    stands for none. One call, sent once. Returns the service as Nova now has it. Raises
    `CloudError`: `Unanswered` where nobody knows whether it was done, `not_found` where the
    service is gone.
    """
    body: dict[str, object] = {"status": "enabled" if enabled else "disabled"}
    if reason and not enabled:
        body["disabled_reason"] = reason
    changer = clients.nova_change(access)
    answer = changer.put(f"/os-services/{quote(service_id, safe='')}", body)
    return parse_change(changer, to_compute_service, inner(answer, "service"))


def list_flavors(access: Access) -> tuple[Flavor, ...]:
    """All flavors for an admin, private ones included; for others those they may use.

    Raises `CloudError`.
    """
    return read_all(
        clients.nova(access), "/flavors/detail", "flavors", to_flavor, {"is_public": "None"}
    )


def to_server(item: Json) -> Server:
    """A server from the JSON of `GET /servers/detail` or `/servers/{id}`.

    Horizon's own instance objects hold the same JSON (`instance.to_dict()`). Below 2.47 the flavor
    is only a link: its name and sizes are then unknown.
    """
    flavor = inner(item, "flavor")
    return Server(
        id=identity(item),
        name=text(item, "name"),
        project_id=text(item, "tenant_id"),
        user_id=text(item, "user_id"),
        status=text(item, "status"),
        vm_state=text(item, "OS-EXT-STS:vm_state") or None,
        task_state=text(item, "OS-EXT-STS:task_state") or None,
        power=POWER_BY_NUMBER.get(whole(item, "OS-EXT-STS:power_state")),
        compute_host=known_text(item, "OS-EXT-SRV-ATTR:host"),
        node=known_text(item, "OS-EXT-SRV-ATTR:hypervisor_hostname"),
        availability_zone=known_text(item, "OS-EXT-AZ:availability_zone"),
        flavor_name=text(flavor, "original_name") or None,
        flavor_vcpus=whole(flavor, "vcpus"),
        flavor_ram_mb=whole(flavor, "ram"),
        flavor_disk_gb=whole(flavor, "disk"),
        image_id=text(inner(item, "image"), "id") or None,  # `"image": ""` without one
        volume_ids=tuple(
            volume_id
            for entry in inners(item, "os-extended-volumes:volumes_attached")
            if (volume_id := text(entry, "id"))
        ),
        created=moment(item, "created"),
        updated=moment(item, "updated"),
    )


def to_hypervisor(item: Json) -> Hypervisor:
    return Hypervisor(
        id=identity(item),
        node=text(item, "hypervisor_hostname"),
        type=text(item, "hypervisor_type"),
        state=state(item, "state"),
        enabled=ENABLED.get(text(item, "status")),
        host_ip=text(item, "host_ip"),
        service_host=text(inner(item, "service"), "host"),
        vcpus=whole(item, "vcpus"),
        memory_mb=whole(item, "memory_mb"),
        disk_gb=whole(item, "local_gb"),
    )


def to_compute_service(item: Json) -> ComputeService:
    return ComputeService(
        id=identity(item) if "id" in item else "",
        host=identity(item, "host"),
        zone=text(item, "zone"),
        enabled=ENABLED.get(text(item, "status")),
        disabled_reason=text(item, "disabled_reason"),
        state=state(item, "state"),
        forced_down=truth(item, "forced_down"),
        updated=moment(item, "updated_at"),
    )


def to_flavor(item: Json) -> Flavor:
    extra_specs = inner(item, "extra_specs")
    return Flavor(
        id=identity(item),
        name=text(item, "name"),
        vcpus=needed(item, "vcpus"),
        ram_mb=needed(item, "ram"),
        disk_gb=needed(item, "disk"),
        ephemeral_gb=whole(item, "OS-FLV-EXT-DATA:ephemeral") or 0,
        swap_mb=whole(item, "swap") or 0,  # "" for none below 2.75
        extra_specs=MappingProxyType({name: text(extra_specs, name) for name in extra_specs}),
    )
