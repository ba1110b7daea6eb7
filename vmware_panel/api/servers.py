"""Horizon's own instance object, read as a `Server`."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from vmware_panel.domain.cloud import NovaPower, Server

_POWERS = {power.value: power for power in NovaPower}


def server_of(instance: object) -> Server:
    """The `Server` that Horizon's own instance object (a novaclient resource) stands for.

    Asks nobody. What Nova's policy hid is None, what Nova has not is empty (see `Server`).
    """
    # Horizon's wrapper passes on only some attributes, the node's name not among them, and puts
    # the image of a boot volume in the place of the server's own. And a novaclient resource that
    # is asked for an attribute it lacks may go and ask Nova: so only what it holds is read.
    held = vars(vars(instance).get("_apiresource") or instance)
    flavor = _mapping(held.get("flavor"))
    image = held.get("image")
    image_id = _mapping(image).get("id") or getattr(image, "id", None)
    return Server(
        id=str(held["id"]),
        name=str(held.get("name") or ""),
        project_id=str(held.get("tenant_id") or ""),
        user_id=str(held.get("user_id") or ""),
        status=str(held.get("status") or ""),
        vm_state=_extended(held, "OS-EXT-STS:vm_state"),
        task_state=_extended(held, "OS-EXT-STS:task_state") or None,
        power=_power(held.get("OS-EXT-STS:power_state")),
        compute_host=_extended(held, "OS-EXT-SRV-ATTR:host"),
        node=_extended(held, "OS-EXT-SRV-ATTR:hypervisor_hostname"),
        availability_zone=_extended(held, "OS-EXT-AZ:availability_zone"),
        flavor_name=flavor.get("original_name"),
        flavor_vcpus=flavor.get("vcpus"),
        flavor_ram_mb=flavor.get("ram"),
        flavor_disk_gb=flavor.get("disk"),
        image_id=str(image_id) if image_id else None,
        volume_ids=_volume_ids(held),
        created=_moment(held.get("created")),
        updated=_moment(held.get("updated")),
    )


def _extended(held: Mapping[str, Any], name: str) -> str | None:
    if name not in held:
        return None
    return str(held[name]) if held[name] else ""


def _power(value: object) -> NovaPower | None:
    return _POWERS.get(value) if isinstance(value, int) else None


def _moment(value: object) -> datetime | None:
    try:
        read = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return read if read.tzinfo else read.replace(tzinfo=UTC)


def _volume_ids(held: Mapping[str, Any]) -> tuple[str, ...]:
    attached = held.get("os-extended-volumes:volumes_attached") or ()
    return tuple(str(volume["id"]) for volume in attached)


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
