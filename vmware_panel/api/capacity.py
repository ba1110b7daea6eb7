"""What a cluster has in each book, what fits, and where an instance would land."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any

from django.http import HttpRequest

from vmware_panel.api import cloud
from vmware_panel.api.clusters import ClusterReport
from vmware_panel.api.context import access_of, scope_of, vcenters_of
from vmware_panel.api.inventories import inventory_source
from vmware_panel.api.placement import INVENTORIES, answers_of_all
from vmware_panel.api.reading import BooksReport
from vmware_panel.api.usages import Usages, read_usages
from vmware_panel.config import PanelConfig, get_config
from vmware_panel.domain.capacity import CapacityBooks, ClusterCapacity
from vmware_panel.domain.capacity_causes import capacity_of
from vmware_panel.domain.cloud import Flavor, Hypervisor, ResourceProvider
from vmware_panel.domain.cluster_detail import ClusterDetail
from vmware_panel.domain.clusters import ClusterBooks, Driven, join_clusters
from vmware_panel.domain.driver_sums import UNTOLD, DriverReport, DriverSettings, report_of
from vmware_panel.domain.fits import (
    Fit,
    LargestInstance,
    Room,
    fit_of,
    largest_instance,
    room_of,
)
from vmware_panel.domain.inventory import Cluster, Inventory
from vmware_panel.domain.outcome import Trouble
from vmware_panel.domain.snapshot import Snapshot
from vmware_panel.endpoints import client
from vmware_panel.openstack import gather, placement
from vmware_panel.openstack.access import DEFAULT_TIMEOUT_S

__all__ = [
    "CapacityReport",
    "ClusterFits",
    "FitsReport",
    "RegionBooks",
    "capacity_report",
    "driver_settings",
    "fits_report",
    "region_books",
]

DETAIL = "detail"
"""The part that asks vCenter: its threads are not those of the lists."""


@dataclass(frozen=True)
class CapacityReport:
    """One cluster's three books. `capacity` None: vCenter's book is not there.

    `read_at` is when vCenter was read: at that moment, or (`live` False) when a collector last
    did. `driven` False: no nova-compute drives the cluster. `regex_told`: whether the settings
    tell the `datastore_regex` of nova.conf.
    """

    capacity: ClusterCapacity | None = None
    read_at: datetime | None = None
    live: bool = False
    driven: bool = True
    regex_told: bool = True
    untold_others: tuple[str, ...] = ()
    troubles: tuple[Trouble, ...] = ()


@dataclass(frozen=True)
class ClusterFits:
    """One cluster's column. `fits` go with the report's flavors; empty where `room` is None."""

    books: ClusterBooks
    room: Room | None = None
    report: DriverReport | None = None
    largest: LargestInstance | None = None
    fits: tuple[Fit, ...] = ()
    regex_told: bool = True


@dataclass(frozen=True)
class FitsReport(BooksReport):
    """Every flavor against every cluster that Nova drives. `flavors` None: Nova did not tell."""

    flavors: tuple[Flavor, ...] | None
    clusters: tuple[ClusterFits, ...] = ()


def driver_settings(config: PanelConfig, compute_host: str) -> DriverSettings:
    """What the settings tell of one compute's nova.conf."""
    told = config.compute(compute_host)
    return DriverSettings(
        datastore_regex=told.datastore_regex,
        reserved_cpus=told.reserved_host_cpus,
        reserved_memory_mb=told.reserved_host_memory_mb,
        reserved_disk_mb=told.reserved_host_disk_mb,
    )


def capacity_report(request: HttpRequest, page: ClusterReport) -> CapacityReport:
    """Besides what the cluster's page has read: 2 calls to vCenter and 4 to Placement, the latter
    only where a nova-compute drives the cluster. Raises `ConfigError`.
    """
    entry = page.entry
    if entry is None or entry.books.inventory is None or entry.books.cluster is None:
        return CapacityReport()
    config = get_config()
    vcenter = next(v for v in vcenters_of(request) if v.name == page.vcenter)
    node = entry.books.hypervisor
    parts: dict[str, Callable[[], Any]] = {
        DETAIL: partial(client(vcenter).cluster_detail, page.moref)
    }
    access = access_of(request)
    if node:
        parts["provider"] = partial(placement.get_resource_provider, access, node.id)
        parts["allocations"] = partial(placement.list_allocations, access, node.id)
    answers = gather(parts, timeout_s=max(DEFAULT_TIMEOUT_S, vcenter.longest_read_s))
    detail: ClusterDetail | None = answers[DETAIL].value
    inventory = _overlaid(entry.books.inventory, detail)
    cluster = inventory.cluster_by_ref.get(page.moref, entry.books.cluster)
    others = _others(config, page, inventory)
    settings = driver_settings(config, node.service_host) if node else UNTOLD
    placements = page.whole.placements if page.whole else None
    books = CapacityBooks(
        cluster=cluster,
        inventory=inventory,
        settings=settings,
        hypervisor=node,
        service=entry.books.service,
        provider=answers["provider"].value if node else None,
        allocations=answers["allocations"].value if node else None,
        servers=None if placements is None else {p.server.id: p.server for p in placements},
        usage=detail.usage if detail else entry.usage,
        others=tuple(others),
    )
    return CapacityReport(
        capacity=capacity_of(books),
        read_at=detail.inventory.read_at if detail else inventory.read_at,
        live=detail is not None,
        driven=node is not None,
        regex_told=settings.datastore_regex is not None,
        untold_others=tuple(o.name for o, its in others if its.datastore_regex is None),
        troubles=tuple(o.trouble for o in answers.values() if o.trouble),
    )


def _overlaid(book: Inventory, detail: ClusterDetail | None) -> Inventory:
    """The book of all VMs with the cluster, its hosts and its datastores as they are now.

    A host that is no longer in the cluster is taken out of it.
    """
    if detail is None:
        return book
    live = detail.inventory
    moref = next(iter(live.cluster_by_ref), None)
    return replace(
        book,
        clusters=tuple(live.cluster_by_ref.get(c.moref, c) for c in book.clusters),
        hosts=(*live.hosts, *(h for h in book.hosts if h.cluster != moref)),
        datastores=(
            *(live.datastore_by_ref.get(d.moref, d) for d in book.datastores),
            *(d for d in live.datastores if d.moref not in book.datastore_by_ref),
        ),
    )


def _others(
    config: PanelConfig, page: ClusterReport, inventory: Inventory
) -> list[tuple[Cluster, DriverSettings]]:
    """Clusters of the same vCenter that a nova-compute drives too."""
    entries = (page.whole.entries if page.whole else None) or ()
    return [
        (cluster, driver_settings(config, books.hypervisor.service_host))
        for books in (entry.books for entry in entries)
        if books.vcenter == page.vcenter
        and books.moref != page.moref
        and books.hypervisor
        and (cluster := inventory.cluster_by_ref.get(books.moref))
    ]


@dataclass(frozen=True)
class RegionBooks:
    """What the pages of all clusters' room stand on. `answers` holds what else was asked."""

    clusters: tuple[ClusterFits, ...]
    inventories: tuple[Inventory, ...]
    snapshots: Mapping[str, Snapshot]
    troubles: tuple[Trouble, ...]
    answers: Mapping[str, Any]
    configured: bool


def region_books(
    request: HttpRequest, more: Mapping[str, Callable[[], Any]] | None = None
) -> RegionBooks:
    """Every cluster's room, from what the collectors keep and what was lately asked of Nova and
    Placement: no call to vCenter. `more` are parts to be read beside. Raises `ConfigError`.
    """
    config = get_config()
    vcenters = vcenters_of(request)
    access, scope = access_of(request), scope_of(request)
    parts: dict[str, Callable[[], Any]] = {
        INVENTORIES: partial(inventory_source().read, vcenters),
        "services": partial(cloud.compute_services, access, scope),
        "hypervisors": partial(cloud.hypervisors, access, scope),
        "providers": partial(cloud.vmware_providers, access, scope),
        "usages": partial(read_usages, vcenters),
        **(more or {}),
    }
    answers = answers_of_all(parts, vcenters)
    hypervisors: tuple[Hypervisor, ...] | None = answers.get("hypervisors")
    usages: Usages = answers.get("usages", Usages())
    providers: Sequence[ResourceProvider] = answers.get("providers", ())
    joined = join_clusters(
        answers.reading.inventories,
        hypervisors,
        {service.host: service for service in answers.get("services", ())},
        complete=answers.reading.books.complete,
    )
    by_id = {provider.uuid: provider for provider in providers}
    return RegionBooks(
        clusters=tuple(_cluster_room(config, books, by_id, usages) for books in joined),
        inventories=answers.reading.inventories,
        snapshots=answers.reading.snapshots,
        troubles=tuple(dict.fromkeys((*answers.troubles, *usages.troubles))),
        answers={name: answers.get(name) for name in more or {}},
        configured=bool(vcenters),
    )


def _cluster_room(
    config: PanelConfig,
    books: ClusterBooks,
    providers: Mapping[str, ResourceProvider],
    usages: Usages,
) -> ClusterFits:
    node = books.hypervisor
    if books.inventory is None or books.cluster is None:
        return ClusterFits(books)
    settings = driver_settings(config, node.service_host) if node else UNTOLD
    report = report_of(books.cluster, books.inventory, settings)
    room = room_of(
        books.cluster,
        report,
        providers.get(node.id) if node else None,
        usages.by_vcenter.get(books.vcenter),
    )
    return ClusterFits(
        books,
        room=room,
        report=report,
        largest=largest_instance(room),
        regex_told=settings.datastore_regex is not None,
    )


def fits_report(request: HttpRequest) -> FitsReport:
    """Raises `ConfigError`."""
    access, scope = access_of(request), scope_of(request)
    region = region_books(request, {"flavors": partial(cloud.flavors, access, scope)})
    flavors: tuple[Flavor, ...] | None = region.answers["flavors"]
    driven = [one for one in region.clusters if one.books.driven is not Driven.UNDRIVEN]
    return FitsReport(
        flavors=flavors,
        clusters=tuple(
            replace(one, fits=tuple(fit_of(flavor, one.room) for flavor in flavors or ()))
            if one.room
            else one
            for one in driven
        ),
        inventories=region.inventories,
        snapshots=region.snapshots,
        troubles=region.troubles,
        configured=region.configured,
    )
