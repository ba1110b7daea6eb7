"""Clusters and ESX hosts: all of them for the lists, or one for its page.

From what the collectors keep: no page of these asks vCenter.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property, partial
from typing import Any

from django.http import HttpRequest

from vmware_panel.api import cloud
from vmware_panel.api.context import access_of, scope_of, vcenter_named, vcenters_of
from vmware_panel.api.inventories import inventory_source
from vmware_panel.api.placement import (
    INVENTORIES,
    answers_of_all,
    client_url,
    joined_of,
    parts_of_all,
)
from vmware_panel.api.reading import BooksReport
from vmware_panel.api.usages import Usages, read_usages
from vmware_panel.config import VCenterConfig
from vmware_panel.domain.cloud import ComputeService, Hypervisor, ResourceProvider
from vmware_panel.domain.clusters import (
    ClusterBooks,
    ClusterFigures,
    NodeCounts,
    counts_by_node,
    figures_of,
    is_instance,
    join_clusters,
)
from vmware_panel.domain.inventory import Cluster, EsxHost, Inventory, MoRef, VirtualMachine
from vmware_panel.domain.kept import Kept
from vmware_panel.domain.outcome import Outcome, Trouble, TroubleKind
from vmware_panel.domain.placement import Placement
from vmware_panel.domain.snapshot import Snapshot
from vmware_panel.domain.tasks import Series
from vmware_panel.domain.usage import HostUsage, Usage
from vmware_panel.endpoints import client
from vmware_panel.openstack import gather

__all__ = [
    "ClusterEntry",
    "ClusterReport",
    "ClustersReport",
    "HostEntry",
    "HostsReport",
    "cluster_report",
    "clusters_report",
    "day_of_cluster",
    "hosts_report",
]


LIVE_PATIENCE_S = 5.0
"""The part of a cluster's page that asks vCenter keeps the rest waiting no longer."""

_DAY = "cluster day"


@dataclass(frozen=True)
class ClusterEntry:
    """One cluster in all books.

    `figures` are vCenter's, None where its book is not there; `usage` None: not sampled yet.
    `counts` are Nova's, None where Nova did not list the instances. `provider` is Placement's
    book; None where no node drives the cluster, or Placement did not tell (`provider_known`).
    """

    books: ClusterBooks
    figures: ClusterFigures | None = None
    usage: Usage | None = field(default=None, repr=False)
    counts: NodeCounts | None = None
    provider: ResourceProvider | None = None
    provider_known: bool = False


@dataclass(frozen=True)
class ClustersReport(BooksReport):
    """Every cluster of the region. `entries` None: neither vCenter nor Nova answered.

    `placements` are all instances, None where Nova did not list them.
    """

    entries: tuple[ClusterEntry, ...] | None
    placements: Kept[Placement] | None = None
    project_names: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ClusterReport:
    """One cluster, from what the collectors keep.

    `vcenter` is the name in the settings. `inventory` None: that vCenter's book could not be had;
    `cluster` None: it is not in it. `entry` is the cluster in all books. `whole` is the report of
    all clusters that it was taken from. `client_url` leads to it in the vSphere Client.
    """

    vcenter: str
    moref: MoRef
    configured: bool = True
    inventory: Inventory | None = field(default=None, repr=False)
    entry: ClusterEntry | None = None
    whole: ClustersReport | None = field(default=None, repr=False)
    client_url: str | None = None

    @property
    def cluster(self) -> Cluster | None:
        return self.inventory.cluster_by_ref.get(self.moref) if self.inventory else None

    @property
    def troubles(self) -> tuple[Trouble, ...]:
        return self.whole.troubles if self.whole else ()

    @property
    def inventories(self) -> tuple[Inventory, ...]:
        return (self.inventory,) if self.inventory else ()

    @property
    def snapshots(self) -> Mapping[str, Snapshot]:
        return self.whole.snapshots if self.whole else {}

    @property
    def possible(self) -> bool:
        """False if the books say that there is no such cluster."""
        return self.configured and (self.inventory is None or self.cluster is not None)


@dataclass(frozen=True)
class HostEntry:
    """One ESX host in vCenter's book. `vms` are all on it, templates included."""

    inventory: Inventory = field(repr=False)
    host: EsxHost
    cluster: Cluster | None = None
    usage: HostUsage | None = None
    vms: tuple[VirtualMachine, ...] = field(default=(), repr=False)

    @cached_property
    def instances(self) -> int:
        return sum(is_instance(vm) for vm in self.vms)

    @property
    def other_vms(self) -> int:
        return len(self.vms) - self.instances


@dataclass(frozen=True)
class HostsReport(BooksReport):
    """Every ESX host of the region. `entries` None: no vCenter's book could be had."""

    entries: tuple[HostEntry, ...] | None


def clusters_report(request: HttpRequest) -> ClustersReport:
    """All clusters, joined with Nova's nodes and Placement's providers. Raises `ConfigError`."""
    vcenters = vcenters_of(request)
    access, scope = access_of(request), scope_of(request)
    parts: dict[str, Callable[[], Any]] = {
        **parts_of_all(request, vcenters),
        "providers": partial(cloud.vmware_providers, access, scope),
        "projects": partial(cloud.project_names, access, scope),
        "usages": partial(read_usages, vcenters),
    }
    answers = answers_of_all(parts, vcenters)
    joined = joined_of(answers)
    usages: Usages = answers.get("usages", Usages())
    hypervisors: tuple[Hypervisor, ...] | None = answers.get("hypervisors")
    reading = answers.reading
    entries = None
    if reading.inventories or hypervisors is not None:
        entries = entries_of(
            reading.inventories,
            hypervisors,
            answers.get("services", ()),
            answers.get("providers"),
            joined.placements if joined else None,
            usages.by_vcenter,
            complete=reading.books.complete,
        )
    return ClustersReport(
        entries=entries,
        placements=joined.placements if joined else None,
        project_names=answers.get("projects", {}),
        inventories=reading.inventories,
        snapshots=reading.snapshots,
        troubles=tuple(dict.fromkeys((*answers.troubles, *usages.troubles))),
        configured=bool(vcenters),
    )


def entries_of(
    inventories: Sequence[Inventory],
    hypervisors: Sequence[Hypervisor] | None,
    services: Sequence[ComputeService],
    providers: Sequence[ResourceProvider] | None,
    placements: Kept[Placement] | None,
    usages: Mapping[str, Usage],
    *,
    complete: bool,
) -> tuple[ClusterEntry, ...]:
    """Each cluster with what every book says; None is a source that did not answer."""
    counts: Mapping[str, NodeCounts] | None = None
    if placements is not None:
        counts = placements.derived("by node", partial(counts_by_node, placements))
    by_id = {provider.uuid: provider for provider in providers or ()}
    by_host = {service.host: service for service in services}

    def entry(books: ClusterBooks) -> ClusterEntry:
        node = books.hypervisor
        usage = usages.get(books.vcenter)
        return ClusterEntry(
            books=books,
            figures=figures_of(books, usage),
            usage=usage,
            counts=counts.get(node.node, NodeCounts()) if counts is not None and node else None,
            provider=by_id.get(node.id) if node else None,
            provider_known=providers is not None,
        )

    return tuple(map(entry, join_clusters(inventories, hypervisors, by_host, complete=complete)))


def cluster_report(request: HttpRequest, vcenter: str, moref: MoRef) -> ClusterReport:
    """One cluster by its vCenter's name and its id there. Raises `ConfigError`."""
    vcenters = vcenters_of(request)
    if vcenter not in {its.name for its in vcenters}:
        return ClusterReport(vcenter, moref, configured=False)
    whole = clusters_report(request)
    inventory = _of(vcenter, whole.inventories)
    key = (vcenter, moref)
    entries = whole.entries or ()
    return ClusterReport(
        vcenter,
        moref,
        inventory=inventory,
        entry=next((e for e in entries if (e.books.vcenter, e.books.moref) == key), None),
        whole=whole,
        client_url=_client_url(inventory, vcenters, "cluster", "ClusterComputeResource", moref),
    )


def day_of_cluster(
    request: HttpRequest, vcenter: str, moref: MoRef, now: datetime
) -> Outcome[tuple[Series, ...]]:
    """What vCenter counted of the cluster in the day before `now`, from vCenter itself: one call,
    and what a new session takes. Waits `LIVE_PATIENCE_S` at most. Raises `ConfigError`.
    """
    its = vcenter_named(request, vcenter)
    if its is None:
        return Outcome(trouble=Trouble(vcenter, TroubleKind.CONFIGURATION))
    read = partial(client(its).series, moref, now - timedelta(days=1))
    outcome = gather({_DAY: read}, timeout_s=LIVE_PATIENCE_S)[_DAY]
    if outcome.trouble and outcome.trouble.source == _DAY:  # the page's own deadline came first
        return Outcome(trouble=replace(outcome.trouble, source=vcenter))
    return outcome


def hosts_report(request: HttpRequest) -> HostsReport:
    """All ESX hosts. Asks OpenStack nothing. Raises `ConfigError`."""
    vcenters = vcenters_of(request)
    parts: dict[str, Callable[[], Any]] = {
        INVENTORIES: partial(inventory_source().read, vcenters),
        "usages": partial(read_usages, vcenters),
    }
    answers = answers_of_all(parts, vcenters)
    usages: Usages = answers.get("usages", Usages())
    reading = answers.reading
    entries = tuple(
        host_entry(inventory, host, usages.by_vcenter.get(inventory.vcenter.name))
        for inventory in reading.inventories
        for host in inventory.hosts
    )
    return HostsReport(
        entries=entries if reading.inventories or not vcenters else None,
        inventories=reading.inventories,
        snapshots=reading.snapshots,
        troubles=tuple(dict.fromkeys((*answers.troubles, *usages.troubles))),
        configured=bool(vcenters),
    )


def host_entry(inventory: Inventory, host: EsxHost, usage: Usage | None) -> HostEntry:
    return HostEntry(
        inventory=inventory,
        host=host,
        cluster=inventory.cluster_by_ref.get(host.cluster) if host.cluster else None,
        usage=usage.by_host.get(host.moref) if usage else None,
        vms=inventory.vms_by_host.get(host.moref, ()),
    )


def _of(vcenter: str, inventories: Sequence[Inventory]) -> Inventory | None:
    return next((i for i in inventories if i.vcenter.name == vcenter), None)


def _client_url(
    inventory: Inventory | None,
    vcenters: Sequence[VCenterConfig],
    page: str,
    managed_type: str,
    moref: MoRef,
) -> str | None:
    if inventory is None:
        return None
    return client_url(inventory.vcenter, vcenters, page, managed_type, moref)
