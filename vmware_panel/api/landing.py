"""Where an instance of a flavor and an image would land."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from django.http import HttpRequest

from vmware_panel.api import cloud
from vmware_panel.api.capacity import ClusterFits, region_books
from vmware_panel.api.context import access_of, scope_of, vcenters_of
from vmware_panel.api.reading import BooksReport
from vmware_panel.domain.cloud import Flavor, Image
from vmware_panel.domain.clusters import Driven
from vmware_panel.domain.fits import resources_of
from vmware_panel.domain.inventory import MoRef
from vmware_panel.domain.landing import (
    Candidate,
    ClusterLanding,
    NewVm,
    VCenterPlace,
    Wanted,
    landing_on,
    traits_of,
)
from vmware_panel.domain.outcome import Outcome
from vmware_panel.domain.topology import TopologyError, cpu_topology
from vmware_panel.endpoints import client
from vmware_panel.openstack import Access, gather, placement
from vmware_panel.openstack.access import DEFAULT_TIMEOUT_S

__all__ = ["LandingReport", "landing_report"]

MOST_ASKED = 8
"""Clusters whose vCenter is asked for one page."""


@dataclass(frozen=True)
class LandingReport(BooksReport):
    """What may be chosen, and for a choice that can be made each cluster's answer.

    `flavors` and `images` None: Nova or Glance did not tell. `wanted` None: nothing was chosen,
    or not all of it exists (`problems`: field to the value that is not there). `landings` are by
    cluster, those where it may land first. `places` are vCenter's own answers, by vCenter and
    cluster, where it was asked.
    """

    flavors: tuple[Flavor, ...] | None
    images: tuple[Image, ...] | None
    zones: tuple[str, ...] = ()
    wanted: Wanted | None = None
    problems: Mapping[str, str] = field(default_factory=dict)
    landings: tuple[tuple[ClusterFits, ClusterLanding], ...] = ()
    places: Mapping[tuple[str, MoRef], Outcome[tuple[VCenterPlace, ...]]] = field(
        default_factory=dict
    )


def landing_report(
    request: HttpRequest,
    flavor_id: str = "",
    image_id: str = "",
    zone: str = "",
    *,
    ask_vcenter: bool = False,
) -> LandingReport:
    """Without a flavor only what may be chosen. No call to vCenter, unless it is to be asked: then
    one for each cluster where it may land, at most `MOST_ASKED`. Raises `ConfigError`.
    """
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
    places = _places(request, wanted, landings) if ask_vcenter and wanted else {}
    return LandingReport(
        flavors=flavors,
        images=images,
        zones=tuple(zones),
        wanted=wanted,
        problems=problems,
        landings=tuple(landings),
        places=places,
        inventories=region.inventories,
        snapshots=region.snapshots,
        troubles=region.troubles,
        configured=region.configured,
    )


def _places(
    request: HttpRequest, wanted: Wanted, landings: Sequence[tuple[ClusterFits, ClusterLanding]]
) -> Mapping[tuple[str, MoRef], Outcome[tuple[VCenterPlace, ...]]]:
    """Side by side, so that one that hangs does not keep the others waiting."""
    try:
        shape = cpu_topology(wanted.flavor, wanted.image.properties if wanted.image else None)
    except TopologyError:
        return {}
    flavor = wanted.flavor
    new = NewVm(flavor.name, flavor.vcpus, shape.cores, flavor.ram_mb)
    vcenters = {vcenter.name: vcenter for vcenter in vcenters_of(request)}
    asked = [
        (books.vcenter, books.moref)
        for books in (fits.books for fits, landing in landings if landing.possible)
        if books.vcenter in vcenters
    ][:MOST_ASKED]
    parts = {
        f"place {vcenter} {number}": partial(client(vcenters[vcenter]).place_vm, moref, new)
        for number, (vcenter, moref) in enumerate(asked)
    }
    waits = [vcenters[name].longest_read_s for name, _ in asked]
    answers = gather(parts, timeout_s=max((DEFAULT_TIMEOUT_S, *waits)))
    return dict(zip(asked, answers.values(), strict=True))


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
