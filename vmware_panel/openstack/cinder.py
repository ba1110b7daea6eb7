"""Cinder's book: volumes."""

from collections.abc import Iterable
from urllib.parse import quote

from vmware_panel.domain.cloud import StoragePool, Volume, VolumeSnapshot
from vmware_panel.domain.outcome import TroubleKind
from vmware_panel.openstack import clients
from vmware_panel.openstack.access import Access
from vmware_panel.openstack.clients import Json
from vmware_panel.openstack.errors import CloudError
from vmware_panel.openstack.fields import (
    identity,
    inner,
    inners,
    known_text,
    moment,
    text,
    truth,
    whole,
)
from vmware_panel.openstack.pages import items, parse, read_all


def list_volumes(access: Access, *, all_projects: bool = False) -> tuple[Volume, ...]:
    """The project's volumes, or every project's (for those who are not admins still their own).

    One call for each 1,000 volumes (`osapi_max_limit` of the cloud), and one more where the number
    is a multiple of it. Raises `CloudError`.
    """
    params = {"all_tenants": 1} if all_projects else {}
    return read_all(clients.cinder(access), "/volumes/detail", "volumes", to_volume, params)


def list_snapshots(access: Access, *, all_projects: bool = False) -> tuple[VolumeSnapshot, ...]:
    """Snapshots of volumes, as `list_volumes` lists those. Raises `CloudError`."""
    params = {"all_tenants": 1} if all_projects else {}
    return read_all(clients.cinder(access), "/snapshots/detail", "snapshots", to_snapshot, params)


def list_pools(access: Access) -> tuple[StoragePool, ...]:
    """The pools that Cinder's scheduler has heard of lately; for admins. One call, which Cinder
    passes on to its scheduler. Raises `CloudError`.
    """
    reader = clients.cinder(access)
    body = reader.get("/scheduler-stats/get_pools", {"detail": "true"})
    return tuple(parse(reader, to_pool, item) for item in items(reader, body, "pools"))


def volumes_of(access: Access, volume_ids: Iterable[str]) -> dict[str, Volume]:
    """The volumes with these ids. One that was deleted or that the user cannot see is not in it.

    One call a volume, since Cinder has no filter for several ids: meant for the few volumes of one
    instance. Raises `CloudError`.
    """
    reader = clients.cinder(access)
    found: dict[str, Volume] = {}
    for volume_id in sorted(set(volume_ids)):
        try:
            body = reader.get(f"/volumes/{quote(volume_id, safe='')}")
        except CloudError as error:
            if error.trouble.kind is TroubleKind.NOT_FOUND:
                continue
            raise
        found[volume_id] = parse(reader, to_volume, inner(body, "volume"))
    return found


def to_volume(item: Json) -> Volume:
    """A volume from the JSON of `GET /volumes/detail` or `/volumes/{id}`.

    `backend_host`, `name_id` and the project are shown to admins only.
    """
    return Volume(
        id=identity(item),
        name=text(item, "name"),
        status=text(item, "status"),
        size_gb=whole(item, "size"),
        project_id=text(item, "os-vol-tenant-attr:tenant_id"),
        backend_host=known_text(item, "os-vol-host-attr:host"),
        bootable=truth(item, "bootable"),
        server_ids=tuple(
            server_id
            for attachment in inners(item, "attachments")
            if (server_id := text(attachment, "server_id"))
        ),
        type=text(item, "volume_type"),
        name_id=text(item, "os-vol-mig-status-attr:name_id"),
        image_id=text(inner(item, "volume_image_metadata"), "image_id"),
        created=moment(item, "created_at"),
        updated=moment(item, "updated_at"),
    )


def to_snapshot(item: Json) -> VolumeSnapshot:
    """A snapshot from the JSON of `GET /snapshots/detail`."""
    return VolumeSnapshot(
        id=identity(item),
        name=text(item, "name"),
        volume_id=text(item, "volume_id"),
        status=text(item, "status"),
        size_gb=whole(item, "size"),
        project_id=text(item, "os-extended-snapshot-attributes:project_id"),
    )


def to_pool(item: Json) -> StoragePool:
    """A pool from the JSON of `GET /scheduler-stats/get_pools?detail=true`."""
    capabilities = inner(item, "capabilities")
    return StoragePool(
        name=identity(item, "name"),
        protocol=text(capabilities, "storage_protocol").lower(),
        vendor=text(capabilities, "vendor_name"),
    )
