"""Glance's book: images."""

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from vmware_panel.domain.cloud import Image
from vmware_panel.openstack import clients
from vmware_panel.openstack.access import Access
from vmware_panel.openstack.clients import Json, Reader
from vmware_panel.openstack.fields import identity, text, truth, whole
from vmware_panel.openstack.pages import read_all

PAGE_SIZE = 1000  # `api_limit_max`; without a limit a page has 25
IDS_PER_CALL = 100  # keeps the URL below 4 KB, which every proxy takes
_BOOT_PROPERTY = re.compile(r"(hw_|img_|vmware_|trait:)|(architecture|hypervisor_type)\Z")
_PLAIN_ID = re.compile(r"[\w-]{1,36}", re.ASCII)  # the rest would need quoting inside `in:`


def list_images(access: Access, *, with_hidden: bool = True) -> tuple[Image, ...]:
    """Every image that the user can see, community and other projects' included.

    One call for each 1,000 images, and the same again for the hidden ones, which Glance lists
    apart. Raises `CloudError`.
    """
    reader = clients.glance(access)
    images = _listed(reader, {"visibility": "all"})
    if with_hidden:
        images += _listed(reader, {"visibility": "all", "os_hidden": "true"})
    return images


def images_of(access: Access, image_ids: Iterable[str]) -> dict[str, Image]:
    """The images with these ids. One that was deleted or that the user cannot see is not in it.

    One call for each 100 ids, and one more for each 100 of those that were not found, as they may
    be hidden. None without ids. Raises `CloudError`.
    """
    wanted = {image_id for image_id in image_ids if _PLAIN_ID.fullmatch(image_id)}
    if not wanted:
        return {}
    reader = clients.glance(access)
    found: dict[str, Image] = {}
    for hidden in ("false", "true"):
        missing = sorted(wanted - found.keys())
        for start in range(0, len(missing), IDS_PER_CALL):
            some = missing[start : start + IDS_PER_CALL]
            params = {"visibility": "all", "os_hidden": hidden, "id": f"in:{','.join(some)}"}
            found |= {image.id: image for image in _listed(reader, params)}
    return found


def _listed(reader: Reader, params: Mapping[str, str]) -> tuple[Image, ...]:
    return read_all(reader, "/v2/images", "images", to_image, {"limit": PAGE_SIZE, **params})


def to_image(item: Json) -> Image:
    """An image from the JSON of `GET /v2/images`; its size is unknown while it is queued."""
    return Image(
        id=identity(item),
        name=text(item, "name"),
        status=text(item, "status"),
        size_bytes=whole(item, "size"),
        min_disk_gb=whole(item, "min_disk") or 0,
        disk_format=text(item, "disk_format"),
        container_format=text(item, "container_format"),
        visibility=text(item, "visibility"),
        hidden=truth(item, "os_hidden"),
        owner=text(item, "owner"),
        min_ram_mb=whole(item, "min_ram") or 0,
        properties=MappingProxyType(
            {name: text(item, name) for name in item if _BOOT_PROPERTY.match(name)}
        ),
    )
