"""Where instances stand: one of them live, or all of them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any
from urllib.parse import quote

from django.http import HttpRequest

from vmware_panel.api import cloud
from vmware_panel.api.context import access_of, scope_of, vcenters_of
from vmware_panel.api.inventories import inventory_source, snapshot_store
from vmware_panel.api.joined import Joined, Joins
from vmware_panel.api.reading import BooksReport, Reading
from vmware_panel.api.servers import server_of
from vmware_panel.api.vcenters import read_instance
from vmware_panel.config import VCenterConfig
from vmware_panel.domain.cloud import Image, Server, Volume, parse_node_name
from vmware_panel.domain.inventory import MoRef, VCenter, VmPower
from vmware_panel.domain.kept import Kept
from vmware_panel.domain.outcome import Outcome, Trouble, TroubleKind
from vmware_panel.domain.placement import Overview, Placement, Whereabouts, join, place
from vmware_panel.domain.volume_disks import shadows_of
from vmware_panel.domain.volumes import ShadowVm
from vmware_panel.openstack import cinder, gather, glance, nova
from vmware_panel.openstack.access import DEFAULT_TIMEOUT_S
from vmware_panel.openstack.server_index import IndexedServers

__all__ = [
    "ClusterFacts",
    "ColumnsReport",
    "InstanceReport",
    "InstancesReport",
    "cluster_facts",
    "columns_report",
    "instance_report",
    "instances_report",
    "server_of",
]

VCENTERS = "vcenters"
KEPT = "kept"
INVENTORIES = "inventories"
"""Lists have threads of their own: those that hang do not keep the tabs waiting."""

_joins = Joins()

GRACE_S = 1.0
"""The page's own deadline comes after those of its parts, which say better what failed."""

LAST_SEEN_TIMEOUT_S = 3.0
"""For the store: by then the page has waited for vCenter in vain."""


@dataclass(frozen=True)
class InstanceReport:
    """One instance, read at that moment: for the tab of those who may see everything.

    `images` and `volumes` are those that its disks go back to, by id; an id that is missing there
    is gone or was not to be had (then `troubles` says so). `shadows` are Cinder's VMs of its volumes,
    from what the collectors keep; one that is missing there is unknown. `last_seen` is where the
    collectors last had it, for as long as vCenter itself does not tell; None if they do not know it or
    there is none. `client_url` leads to the VM in the vSphere Client. `configured` is False where the
    region has no vCenter in the settings.
    """

    placement: Placement
    read_at: datetime
    images: Mapping[str, Image] = field(default_factory=dict)
    volumes: Mapping[str, Volume] = field(default_factory=dict)
    shadows: Mapping[str, ShadowVm] = field(default_factory=dict)
    last_seen: Placement | None = None
    client_url: str | None = None
    troubles: tuple[Trouble, ...] = ()
    configured: bool = True


@dataclass(frozen=True, slots=True)
class ClusterFacts:
    """What a project's member may see where the policy lets them: no ESX host, no datastore."""

    vcenter_known: bool
    cluster: str | None = None
    vm_power: VmPower | None = None
    vcpus: int | None = None
    memory_mb: int | None = None
    troubles: tuple[Trouble, ...] = ()


@dataclass(frozen=True)
class InstancesReport(BooksReport):
    """Every instance of the region. `placements` is None where Nova did not answer."""

    placements: Kept[Placement] | None
    overview: Overview | None = None
    project_names: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ColumnsReport:
    """The placements of the servers on one page of Horizon's own table, by server id.

    `read_at` is when the book of each vCenter was read, by name. One that has a trouble too is
    shown as it was then; one that is missing there is unknown.
    """

    by_server: Mapping[str, Placement] = field(default_factory=dict)
    troubles: tuple[Trouble, ...] = ()
    read_at: Mapping[str, datetime] = field(default_factory=dict)


def instance_report(request: HttpRequest, server: Server) -> InstanceReport:
    """One instance, straight from vCenter: at most 3 calls to it on a warm session.

    Raises `ConfigError` if the settings cannot be read.
    """
    vcenters = vcenters_of(request)
    access = access_of(request)
    parts: dict[str, Callable[[], Any]] = {VCENTERS: partial(read_instance, vcenters, server)}
    if server.compute_host:
        parts["services"] = partial(nova.list_compute_services, access)
    if server.image_id:
        parts["images"] = partial(glance.images_of, access, (server.image_id,))
    if server.volume_ids:
        parts["volumes"] = partial(cinder.volumes_of, access, server.volume_ids)
        if snapshot_store() is not None:  # else the book would be read whole for these few
            parts[KEPT] = partial(inventory_source().read, vcenters)
    outcomes = gather(parts, timeout_s=_page_deadline_s(v.longest_read_s for v in vcenters))
    kept: Outcome[Reading] = outcomes.pop(KEPT, Outcome())
    answers = Answers(outcomes, vcenters)
    reading = answers.reading
    services = {s.host: s for s in answers.get("services", ())}
    placement = place(server, reading.books, services.get(server.compute_host or ""))
    return InstanceReport(
        placement=placement,
        read_at=reading.read_at or datetime.now(UTC),
        images=answers.get("images", {}),
        volumes=answers.get("volumes", {}),
        shadows=shadows_of(kept.value.books, server.volume_ids) if kept.value else {},
        last_seen=_last_seen(placement, kept.value, vcenters),
        client_url=_client_url(placement, vcenters),
        troubles=answers.troubles,
        configured=bool(vcenters),
    )


def _last_seen(
    placement: Placement, kept: Reading | None, vcenters: Sequence[VCenterConfig]
) -> Placement | None:
    """Looks into the collectors' books only where vCenter itself did not tell."""
    if placement.whereabouts is not Whereabouts.UNKNOWN or snapshot_store() is None:
        return None
    if kept is None:
        read = {KEPT: partial(inventory_source().read, vcenters)}
        kept = gather(read, timeout_s=LAST_SEEN_TIMEOUT_S)[KEPT].value or Reading()
    seen = place(placement.server, kept.books)
    return seen if seen.vm else None


def cluster_facts(request: HttpRequest, server: Server) -> ClusterFacts:
    """The part of `instance_report` that a member may see. Asks OpenStack nothing.

    Raises `ConfigError` if the settings cannot be read.
    """
    reading = read_instance(vcenters_of(request), server)
    placement = place(server, reading.books)
    vm = placement.vm
    return ClusterFacts(
        vcenter_known=vm is not None,
        cluster=placement.cluster.name if placement.cluster else None,
        vm_power=vm.power if vm else None,
        vcpus=vm.vcpus if vm else None,
        memory_mb=vm.memory_mb if vm else None,
        troubles=reading.troubles,
    )


def instances_report(request: HttpRequest) -> InstancesReport:
    """All instances of all projects, joined with every vCenter of the region.

    Raises `ConfigError` if the settings cannot be read.
    """
    vcenters = vcenters_of(request)
    access, scope = access_of(request), scope_of(request)
    parts = parts_of_all(request, vcenters)
    parts["projects"] = partial(cloud.project_names, access, scope)
    answers = answers_of_all(parts, vcenters)
    joined = joined_of(answers)
    return InstancesReport(
        placements=joined.placements if joined else None,
        overview=joined.overview if joined else None,
        project_names=answers.get("projects", {}),
        inventories=answers.reading.inventories,
        snapshots=answers.reading.snapshots,
        troubles=answers.troubles,
        configured=bool(vcenters),
    )


def parts_of_all(
    request: HttpRequest, vcenters: Sequence[VCenterConfig]
) -> dict[str, Callable[[], Any]]:
    """What the join of all instances stands on, as parts for `gather`."""
    access, scope = access_of(request), scope_of(request)
    return {
        INVENTORIES: partial(inventory_source().read, vcenters),
        "servers": partial(cloud.all_servers, access, scope),
        "services": partial(cloud.compute_services, access, scope),
        "hypervisors": partial(cloud.hypervisors, access, scope),
    }


def answers_of_all(
    parts: Mapping[str, Callable[[], Any]], vcenters: Sequence[VCenterConfig]
) -> "Answers":
    timeout_s = _page_deadline_s(v.longest_list_s for v in vcenters)
    return Answers(gather(parts, timeout_s=timeout_s), vcenters, INVENTORIES)


def joined_of(answers: "Answers") -> Joined | None:
    """The join of all instances; None where Nova did not list them."""
    indexed: IndexedServers | None = answers.get("servers")
    if indexed is None:
        return None
    return _joins.joined(
        indexed.servers,
        answers.reading,
        tuple(answers.get("services", ())),
        tuple(answers.get("hypervisors", ())),
    )


def columns_report(request: HttpRequest, servers: Iterable[Server]) -> ColumnsReport:
    """The servers of one page of Admin > Instances; asks OpenStack nothing more.

    Raises `ConfigError` if the settings cannot be read.
    """
    rows = tuple(servers)
    if not any(row.node is None or parse_node_name(row.node) for row in rows):
        reading = Reading()  # nothing on the page can be on a vCenter
    elif len(rows) == 1 and snapshot_store() is None:
        # A row that Horizon's page asks for again, every few seconds.
        reading = read_instance(vcenters_of(request), rows[0])
    else:
        reading = inventory_source().read(vcenters_of(request))
    return ColumnsReport(
        by_server={p.server.id: p for p in join(rows, reading.books)},
        troubles=reading.troubles,
        read_at={i.vcenter.name: i.read_at for i in reading.inventories},
    )


class Answers:
    """What the parts of a page answered, and the troubles of those that did not."""

    def __init__(
        self,
        outcomes: Mapping[str, Outcome[Any]],
        vcenters: Sequence[VCenterConfig],
        part: str = VCENTERS,
    ) -> None:
        self._outcomes = outcomes
        self._part = part
        reading = outcomes[part].value
        if reading is None:  # the page's own deadline passed before theirs
            reading = Reading((), tuple(Trouble(v.name, TroubleKind.TIMEOUT) for v in vcenters))
        self.reading: Reading = reading

    def get(self, part: str, default: Any = None) -> Any:
        """The part's value; the default if it failed or was not asked."""
        outcome = self._outcomes.get(part)
        return default if outcome is None or outcome.value is None else outcome.value

    @property
    def troubles(self) -> tuple[Trouble, ...]:
        ours = [
            o.trouble for name, o in self._outcomes.items() if name != self._part and o.trouble
        ]
        return (*self.reading.troubles, *dict.fromkeys(ours))


def _page_deadline_s(waits: Iterable[float]) -> float:
    return max((DEFAULT_TIMEOUT_S, *waits)) + GRACE_S


def _client_url(placement: Placement, vcenters: Sequence[VCenterConfig]) -> str | None:
    if placement.vm is None or placement.inventory is None:
        return None
    its = placement.inventory.vcenter
    return client_url(its, vcenters, "vm", "VirtualMachine", placement.vm.moref)


def client_url(
    vcenter: VCenter, vcenters: Sequence[VCenterConfig], page: str, managed_type: str, moref: MoRef
) -> str | None:
    """An object's page in the vSphere Client (the form that vSphere 6.7 to 8.0 understand).

    `page` is the client's word for the type (`vm`, `host`, `cluster`). None where the settings
    give no address of the client.
    """
    web_url = {v.name: v.web_url for v in vcenters}.get(vcenter.name)
    if not web_url:
        return None
    urn = f"urn:vmomi:{managed_type}:{moref}:{vcenter.instance_uuid}"
    return f"{web_url}/ui/app/{page};nav=h/{quote(urn, safe=':')}/summary"
