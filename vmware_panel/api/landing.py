"""Where an instance of a flavor and an image would land."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from django.http import HttpRequest

from vmware_panel.api import cloud
from vmware_panel.api.capacity import ClusterFits, region_books
from vmware_panel.api.context import access_of, scope_of
from vmware_panel.api.reading import oldest
from vmware_panel.domain.cloud import Flavor, Image
from vmware_panel.domain.clusters import Driven
from vmware_panel.domain.fits import resources_of
from vmware_panel.domain.inventory import Inventory
from vmware_panel.domain.landing import (
    Candidate,
    ClusterLanding,
    Wanted,
    landing_on,
    traits_of,
)
from vmware_panel.domain.outcome import Trouble
from vmware_panel.domain.snapshot import Snapshot
from vmware_panel.openstack import Access, placement

__all__ = ["LandingReport", "landing_report"]


@dataclass(frozen=True)
class LandingReport:
    """What may be chosen, and for a choice that can be made each cluster's answer.

    `flavors` and `images` None: Nova or Glance did not tell. `wanted` None: nothing was chosen,
    or not all of it exists (`problems`: field to the value that is not there). `landings` are by
    cluster, those where it may land first.
    """

    flavors: tuple[Flavor, ...] | None
    images: tuple[Image, ...] | None
    zones: tuple[str, ...] = ()
    wanted: Wanted | None = None
    problems: Mapping[str, str] = field(default_factory=dict)
    landings: tuple[tuple[ClusterFits, ClusterLanding], ...] = ()
    inventories: tuple[Inventory, ...] = ()
    troubles: tuple[Trouble, ...] = ()
    snapshots: Mapping[str, Snapshot] = field(default_factory=dict)
    configured: bool = True

    @property
    def read_at(self) -> datetime | None:
        return oldest(self.inventories)


def landing_report(
    request: HttpRequest, flavor_id: str = "", image_id: str = "", zone: str = ""
) -> LandingReport:
    """Without a flavor only what may be chosen. No call to vCenter. Raises `ConfigError`."""
    access, scope = access_of(request), scope_of(request)
    parts: dict[str, Callable[[], Any]] = {
        "flavors": partial(cloud.flavors, access, scope),
        "images": partial(cloud.images, access, scope),
    }
    if flavor_id:
        parts["candidates"] = partial(_candidates, access, scope, flavor_id, image_id)
    region = region_books(request, parts)
    flavors: tuple[Flavor, ...] | None = region.answers["flavors"]
    images: tuple[Image, ...] | None = region.answers["images"]
    zones = sorted({s.zone for one in region.clusters if (s := one.books.service) and s.zone})
    wanted, problems = _wanted(flavors, images, zones, (flavor_id, image_id, zone))
    landings = []
    if wanted is not None and not problems:
        candidates = region.answers.get("candidates")
        landings = [
            (one, landing_on(wanted, _candidate(one, candidates)))
            for one in region.clusters
            if one.room is not None and one.books.inventory is not None
        ]
        landings.sort(key=lambda pair: (not pair[1].possible, pair[1].room.cluster.name))
    return LandingReport(
        flavors=flavors,
        images=images,
        zones=tuple(zones),
        wanted=wanted,
        problems=problems,
        landings=tuple(landings),
        inventories=region.inventories,
        snapshots=region.snapshots,
        troubles=region.troubles,
        configured=region.configured,
    )


def _wanted(
    flavors: tuple[Flavor, ...] | None,
    images: tuple[Image, ...] | None,
    zones: list[str],
    chosen: tuple[str, str, str],
) -> tuple[Wanted | None, dict[str, str]]:
    flavor_id, image_id, zone = chosen
    problems = {}
    flavor = next((one for one in flavors or () if one.id == flavor_id), None)
    image = next((one for one in images or () if one.id == image_id), None)
    if flavor_id and flavor is None and flavors is not None:
        problems["flavor"] = flavor_id
    if image_id and image is None and images is not None:
        problems["image"] = image_id
    if zone and zone not in zones:
        problems["zone"] = zone
    missing = flavor is None or (bool(image_id) and image is None)
    return (None if missing or flavor is None else Wanted(flavor, image, zone)), problems


def _candidate(one: ClusterFits, candidates: frozenset[str] | None) -> Candidate:
    if one.room is None or one.books.inventory is None:
        raise ValueError("a cluster without vCenter's book has no room")
    return Candidate(
        room=one.room,
        inventory=one.books.inventory,
        service=one.books.service,
        provider=one.room.provider,
        candidates=candidates,
        driven=one.books.driven is not Driven.UNDRIVEN,
    )


def _candidates(
    access: Access, scope: str, flavor_id: str, image_id: str
) -> frozenset[str] | None:
    """Placement's own answer: one call, besides those for what was chosen."""
    flavor = next((f for f in cloud.flavors(access, scope) if f.id == flavor_id), None)
    if flavor is None:
        return None
    image = None
    if image_id:
        image = next((i for i in cloud.images(access, scope) if i.id == image_id), None)
    required, forbidden = traits_of(Wanted(flavor, image))
    return placement.list_candidates(
        access, resources_of(flavor), required=required, forbidden=forbidden
    )
